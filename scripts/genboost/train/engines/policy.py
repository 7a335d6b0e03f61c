"""Who trains what, as the configuration has it; what the machine has to say is in `choice`."""

from genboost.train.problem import KERNEL_OPTIMIZERS


def by_kernel(engine: str, device: str, optimizers: set[str]) -> bool:
    """Say whether the compiled kernel is meant to do the work.

    Parameters
    ----------
    engine : ``auto``, ``simd`` or ``torch``
    device : ``auto``, ``cpu`` or ``cuda``
    optimizers
        The optimizers that are to be used.
    """
    may = engine == "auto" and device != "cuda" and optimizers <= KERNEL_OPTIMIZERS
    return engine == "simd" or may


def accepted(engine: str, device: str, optimizers: set[str], kernel: bool) -> list[tuple[str, str]]:
    """Return what may have trained a model, as engine and device; the first is what is meant to.

    Parameters
    ----------
    engine, device, optimizers
        Those of `by_kernel`.
    kernel
        Whether the compiled kernel can be had. Where it can, what torch trained on the CPU in its
        place is not accepted, so that it is trained again.
    """
    devices = ["cpu", "cuda"] if device == "auto" else [device]
    if engine == "torch" or not by_kernel(engine, device, optimizers):
        return [("torch", name) for name in devices]
    if engine == "simd":
        return [("simd", "cpu")]
    stand_ins = [("torch", name) for name in devices if name == "cuda" or not kernel]
    return [("simd", "cpu"), *stand_ins]


def wants_gpu(engine: str, device: str, optimizers: set[str]) -> bool:
    """Say whether training should be given a GPU; the parameters are `by_kernel`'s."""
    return device != "cpu" and not by_kernel(engine, device, optimizers)
