"""Who trains what, as the configuration has it; what the machine has to say is in `choice`."""

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
    """Return the settings of a cell for which the compiled kernel does not know the value."""
    return [name for name, known in KERNEL.items() if cell[name] not in known]


def by_kernel(engine: str, device: str, cells: Collection[Cell]) -> bool:
    """Say whether the compiled kernel is meant to do the work.

    Parameters
    ----------
    engine : ``auto``, ``simd`` or ``torch``
    device : ``auto``, ``cpu`` or ``cuda``
    cells
        Those of the models to train.
    """
    may = engine == "auto" and device != "cuda"
    return engine == "simd" or (may and not any(map(beyond_kernel, cells)))


def accepted(
    engine: str, device: str, cells: Collection[Cell], kernel: bool
) -> list[tuple[str, str]]:
    """Return what may have trained a model, as engine and device; the first is what is meant to.

    Parameters
    ----------
    engine, device, cells
        Those of `by_kernel`.
    kernel
        Whether the compiled kernel can be had. Where it can, what torch trained on the CPU in its
        place is not accepted, so that it is trained again.
    """
    devices = ["cpu", "cuda"] if device == "auto" else [device]
    if engine == "torch" or not by_kernel(engine, device, cells):
        return [("torch", name) for name in devices]
    if engine == "simd":
        return [("simd", "cpu")]
    stand_ins = [("torch", name) for name in devices if name == "cuda" or not kernel]
    return [("simd", "cpu"), *stand_ins]


def wants_gpu(engine: str, device: str, cells: Collection[Cell]) -> bool:
    """Say whether training should be given a GPU; the parameters are `by_kernel`'s."""
    return device != "cpu" and not by_kernel(engine, device, cells)


def mistakes(engine: str, cells: Collection[Cell]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what an engine cannot train: the configuration's key, and what is wrong with it."""
    if engine == "simd":
        unknown = {cell[name]: None for cell in cells for name in beyond_kernel(cell)}
        if unknown:
            what = ", ".join(unknown)
            yield ("execution", "engine"), f"simd does not know {what}; set it to auto or torch"
