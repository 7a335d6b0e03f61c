"""Training steps without launch overhead: recorded once as a CUDA graph, then replayed.

The networks are so small that a GPU computes an operation faster than Python can launch it. A
replay launches a whole step at once. It repeats the same operations on the same memory and runs no
Python, so a step has to be a function of tensors alone. (See "CUDA Graphs" in PyTorch's notes on
CUDA semantics.)
"""

from collections.abc import Callable

import torch
from torch import Tensor

from genboost.errors import UserError

State = tuple[Tensor, ...]
Step = Callable[..., State]

WARM_UPS = 3  # as in PyTorch's notes: libraries allocate memory and choose algorithms in the first


def replayable(step: Step, device: str, name: str) -> Step:
    """Return a function that does what a step does, in the fastest way on a device.

    Parameters
    ----------
    step
        ``step(state, *inputs)`` returns the new state: as many tensors, of the same shapes and
        dtypes. It may change the tensors of the state in place, and no others.
    device
        ``cpu`` or ``cuda``.
    name
        The rule that makes the step, for error messages.

    Returns
    -------
    callable
        For the CPU the step itself; see `replayed` for a GPU.
    """
    return replayed(step, name) if device == "cuda" else step


def replayed(step: Step, name: str) -> Step:
    """Return a function that replays a step, recorded once for each size of its inputs.

    It returns the same tensors every time, with new content.

    Raises
    ------
    UserError
        When the returned function is called, if the step cannot be recorded.
    """
    # A separate stream: libraries keep memory for each stream until a graph recorded on it is
    # deleted. Only these graphs may use it, as they are deleted together.
    stream = torch.cuda.Stream()
    recorded: dict[tuple[torch.Size, ...], tuple[State, Callable[[], None]]] = {}

    def record(memory: State, length: int) -> Callable[[], None]:
        state, inputs = memory[:length], memory[length:]

        def run() -> None:
            new = step(state, *inputs)
            if [(t.shape, t.dtype) for t in new] != [(t.shape, t.dtype) for t in state]:
                raise UserError(f"{name}: a step changed the shape or dtype of its state")
            held = {_address(kept) for kept in state}
            for kept, value in [
                # A tensor's new content may be another's old content.
                (kept, value.clone() if _address(value) in held else value)
                for kept, value in zip(state, new, strict=True)
                if value is not kept
            ]:
                kept.copy_(value)

        try:
            return _capture(run, stream)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = str(error.__context__ or error).partition("\n")[0]
            raise UserError(
                f"{name} cannot train on a GPU, where its step is recorded and replayed: {reason}; "
                "let it neither look into tensors nor make tensors of numbers (see "
                "scripts/genboost/train/engines/optim.py), or set execution.device to cpu"
            ) from None

    def replay(state: State, *inputs: Tensor) -> State:
        given = (*state, *inputs)
        sizes = tuple(value.shape for value in inputs)
        if sizes not in recorded:
            # Warm-up changes this copy, which is filled again below.
            memory = tuple(value.clone() for value in given)
            recorded[sizes] = memory, record(memory, len(state))
        memory, run = recorded[sizes]
        for kept, value in zip(memory, given, strict=True):
            if value is not kept:
                kept.copy_(value)
        run()
        return memory[: len(state)]

    return replay


def _capture(run: Callable[[], None], stream: torch.cuda.Stream) -> Callable[[], None]:
    """Record a function's GPU operations in a CUDA graph, and return its replay."""
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            run()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    return graph.replay


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
