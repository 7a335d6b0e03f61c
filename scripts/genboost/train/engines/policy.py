"""Which engine trains what, by the configuration; `choice` adapts that to the machine."""

from collections.abc import Collection, Iterator

from genboost.study.cells import Cell
from genboost.train.problem import (
    KERNEL_ACTIVATIONS,
    KERNEL_LOSSES,
    KERNEL_NORMALIZATIONS,
    KERNEL_OPTIMIZERS,
)

KERNEL = {
    "optimizer": KERNEL_OPTIMIZERS,
    "activation": KERNEL_ACTIVATIONS,
    "normalization": KERNEL_NORMALIZATIONS,
    "loss": KERNEL_LOSSES,
}


def beyond_kernel(cell: Cell) -> list[str]:
    """Return the settings of a cell whose values the compiled kernel does not know."""
    return [name for name, known in KERNEL.items() if cell[name] not in known]


def by_kernel(engine: str, device: str, cells: Collection[Cell]) -> bool:
    """Say whether the compiled kernel should train.

    Parameters
    ----------
    engine : ``auto``, ``simd`` or ``torch``
    device : ``auto``, ``cpu`` or ``cuda``
    cells
        The cells of the models to train.
    """
    may = engine == "auto" and device != "cuda"
    return engine == "simd" or (may and not any(map(beyond_kernel, cells)))


def accepted(
    engine: str, device: str, cells: Collection[Cell], kernel: bool
) -> list[tuple[str, str]]:
    """Return the engines and devices that may have trained a model; the intended one is first.

    Parameters
    ----------
    engine, device, cells
        See `by_kernel`.
    kernel
        Whether the compiled kernel is available. If so, models that torch trained on the CPU in its
        place are not accepted, and are trained again.
    """
    devices = ["cpu", "cuda"] if device == "auto" else [device]
    if engine == "torch" or not by_kernel(engine, device, cells):
        return [("torch", name) for name in devices]
    if engine == "simd":
        return [("simd", "cpu")]
    stand_ins = [("torch", name) for name in devices if name == "cuda" or not kernel]
    return [("simd", "cpu"), *stand_ins]


def wants_gpu(engine: str, device: str, cells: Collection[Cell]) -> bool:
    """Say whether training should get a GPU; for the parameters, see `by_kernel`."""
    return device != "cpu" and not by_kernel(engine, device, cells)


def mistakes(engine: str, cells: Collection[Cell]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what an engine cannot train: the configuration's key, and what is wrong with it."""
    if engine == "simd":
        unknown = {cell[name]: None for cell in cells for name in beyond_kernel(cell)}
        if unknown:
            what = ", ".join(unknown)
            yield ("execution", "engine"), f"simd does not know {what}; set it to auto or torch"
