"""The eigenvalues of symmetric matrices: all of them, or the largest alone."""

from collections.abc import Callable

import numpy as np


def all_of(matrix: np.ndarray) -> np.ndarray:
    """Return all eigenvalues of a symmetric matrix, in ascending order.

    Of a few thousand rows they take PyTorch, which comes with MKL on most processors, half as long
    as NumPy; they are most of the work on such a network.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums depend on the number of threads
    try:
        return torch.linalg.eigvalsh(torch.from_numpy(matrix)).numpy()
    finally:
        torch.set_num_threads(threads)


def largest(product: Callable[[np.ndarray], np.ndarray], size: int) -> float:
    """Return the largest eigenvalue of a symmetric matrix given by its products, by Lanczos.

    Every vector is made orthogonal to all before it, and it stops at a residual of rounding: a
    power iteration that stops when its value hardly changes is off by one in a hundred.
    """
    v = np.random.Generator(np.random.PCG64(0)).standard_normal(size)
    vectors = np.empty((size, size))
    diagonal, beside = [], []
    v /= np.linalg.norm(v)
    for k in range(size):
        vectors[k] = v
        u = product(v)
        diagonal.append(u @ v)
        for _ in range(2):  # twice is enough (Parlett)
            u -= vectors[: k + 1].T @ (vectors[: k + 1] @ u)
        norm = np.linalg.norm(u)
        if k % 5 == 4 or norm == 0 or k == size - 1:
            tridiagonal = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
            values, coordinates = np.linalg.eigh(tridiagonal)
            if norm * abs(coordinates[-1, -1]) <= 1e-13 * np.abs(values).max():
                break
        beside.append(norm)
        v = u / norm
    return values[-1]
