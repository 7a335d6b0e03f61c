"""Replayed training steps: with a stand-in for CUDA graphs, and on a GPU where there is one.

The stand-in records a step's tensor operations on the CPU and repeats them on the same memory, as a
graph does on a GPU: Python runs once, and recording computes nothing.
"""

import dataclasses
import os
import subprocess
import sys
import weakref
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from shipped import DECK
from test_torch_engine import (
    KINDS,
    MANY,
    RADII,
    assert_same,
    some_kind,
    some_problem,
    train64,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from genboost import errors
from genboost.data.arrays import Data
from genboost.study import config, grid
from genboost.train import training
from genboost.train.engines import choice, cuda_graphs, optim, torch_engine
from genboost.train.engines.cuda_graphs import replayed
from genboost.train.problem import Problem


class Tape(TorchDispatchMode):
    """Stands in for `torch.cuda.CUDAGraph`; records what runs while it is entered.

    It refuses what a capture refuses.
    """

    # What copies from the GPU to the processor and waits, and what copies the other way.
    REFUSED = ("_local_scalar_dense", "nonzero", "equal", "lift_fresh")

    def __init__(self):
        super().__init__()
        self.calls = []
        self.overwritten = []
        self.outside, self.made = set(), {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function._schema.name.removeprefix("aten::") in self.REFUSED:
            raise RuntimeError("operation not permitted when stream is capturing\n(more)")
        self.outside |= {address(value) for value in tensors((args, kwargs))} - self.made.keys()
        if self.writes(function):
            self.overwritten.append((args[0], args[0].clone()))
        results = function(*args, **kwargs)
        for value in tensors(results):
            if address(value) not in self.outside:
                self.made.setdefault(address(value), value)
        self.calls.append((function, args, kwargs, results))
        return results

    @staticmethod
    def writes(function) -> bool:
        return function._schema.is_mutable

    def undo(self) -> None:
        """Leave the memory as if nothing had run, and junk where the results are to be."""
        for value, content in reversed(self.overwritten):
            value.copy_(content)
        for value in self.made.values():
            value.fill_(1e6)

    def replay(self) -> None:
        with torch.no_grad():
            for function, args, kwargs, results in self.calls:
                returned = function._schema.returns
                if any(one.alias_info for one in returned) and not self.writes(function):
                    continue  # a view, which is where it was
                for kept, value in zip(
                    tensors(results), tensors(function(*args, **kwargs)), strict=True
                ):
                    if kept is not value:
                        kept.copy_(value)


def tensors(tree) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def address(value: torch.Tensor) -> int:
    return value.untyped_storage().data_ptr()


class Stream:
    """Stands in for `torch.cuda.Stream`."""

    def __init__(self, name: str, log: list[str]):
        self.name, self.log = name, log

    def wait_stream(self, other: "Stream") -> None:
        self.log.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def log(monkeypatch) -> list[str]:
    """Have steps replayed on the CPU; return what happens to streams and graphs."""
    log: list[str] = []
    streams = [Stream("main", log)]

    @contextmanager
    def on(stream):
        streams.append(stream)
        try:
            yield
        finally:
            streams.pop()

    @contextmanager
    def recording(tape, stream):
        log.append(f"record on {stream.name}")
        weakref.finalize(tape, log.append, "delete")
        assert streams[-1] is stream
        try:
            with tape:
                yield
        except RuntimeError:
            raise RuntimeError("operation failed due to a previous error during capture")  # noqa: B904
        with torch.no_grad():
            tape.undo()

    monkeypatch.setattr(torch.cuda, "Stream", lambda: Stream("side", log))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: streams[-1])
    monkeypatch.setattr(torch.cuda, "stream", on)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Tape)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    monkeypatch.setattr(torch_engine, "replayable", lambda step, _, name: replayed(step, name))
    return log


def outcomes(problem, monkeypatch, dtype=torch.float32):
    """Return what becomes of a problem by plain steps, and what by replayed ones."""
    with monkeypatch.context() as patch:
        patch.setattr(torch_engine, "replayable", lambda step, device, name: step)
        plain = torch_engine.train(problem, dtype=dtype)
    return plain, torch_engine.train(problem, dtype=dtype)


def assert_all_same(ours, other) -> None:
    for k in range(len(ours.weights)):
        assert_same(ours, k, other, k)


# ---- replayed steps against plain ones ----


@pytest.mark.parametrize("radius", RADII.values(), ids=RADII)
@pytest.mark.parametrize("decoupled", [False, True], ids=["l2", "decoupled"])
@pytest.mark.parametrize("kind", KINDS)
def test_replaying_gives_the_same_bits(log, monkeypatch, kind, decoupled, radius):
    for epochs in (1, 4):
        problem = some_kind(
            kind,
            3,
            **radius,
            weight_decay=[0.3, 0.0, 0.1],
            rate=[0.02, 0.01, 0.03],
            decoupled=decoupled,
            epochs=epochs,
        )
        assert_all_same(*outcomes(problem, monkeypatch))
    assert log.count("record on side") == 2 * 2  # batches of 8 rows and of 5


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ({"batch_size": 7}, 1),  # 21 rows
        ({"batch_size": 21}, 1),
        ({"batch_size": 1000}, 1),
        ({"batch_size": 1}, 1),
        ({"batch_size": 20}, 2),
        ({"hidden_layers": 0}, 2),
        ({"rows": 1}, 1),
        ({"activation": "silu"}, 2),
        ({"activation": "gelu"}, 2),
    ],
    ids=str,
)
def test_every_shape_is_replayed(log, monkeypatch, shape, sizes):
    assert_all_same(*outcomes(some_problem(["adam"] * 2, rho=0.05, **shape), monkeypatch))
    assert log.count("record on side") == sizes


def test_all_kinds_at_once_are_replayed(log, monkeypatch):
    assert_all_same(*outcomes(some_problem(**MANY, epochs=5), monkeypatch))


def test_a_diverging_model_and_its_neighbours_are_replayed(log, monkeypatch):
    problem = some_problem(["sgd"] * 3, rate=[0.02, 1e4, 0.01], activation="relu", epochs=8)
    plain, ours = outcomes(problem, monkeypatch)
    assert plain.epochs_run[1] < 8
    assert_all_same(plain, ours)


def test_replayed_training_stops_when_no_model_is_left(log, monkeypatch):
    problem = some_problem(["sgd"], rate=1e4, activation="relu", epochs=50)
    plain, ours = outcomes(problem, monkeypatch)
    assert np.isnan(ours.train_loss[0, 10:]).all()
    assert_all_same(plain, ours)


def test_a_step_runs_in_python_for_warming_up_and_once_more(log, monkeypatch):
    calls = []
    forward = torch_engine.forward
    monkeypatch.setattr(torch_engine, "forward", lambda *args: calls.append(0) or forward(*args))
    torch_engine.train(some_problem(["sgd"], epochs=20))
    # Two sizes of batches, test and validation rows after each epoch, training rows at the end.
    assert len(calls) == 2 * (cuda_graphs.WARM_UPS + 1) + 2 * 20 + 1


def test_recording_is_in_order_with_what_comes_before_and_after(log):
    torch_engine.train(some_problem(["sgd", "adam"], batch_size=21))
    # A kind's graphs are gone before the next kind's are there.
    once = ["side waits for main", "record on side", "main waits for side", "delete"]
    assert log == once * 2


def test_a_step_works_without_the_processors_memory(monkeypatch):
    # Tensors on the device "meta" have no content, and do not mix with the processor's.
    class Done(Exception):  # noqa: N818 - no error
        pass

    def once(step, device, name):
        def replay(state, *inputs):
            new = step(state, *inputs)
            assert [value.device.type for value in new] == ["meta"] * len(state)
            raise Done

        return replay

    monkeypatch.setattr(torch_engine, "replayable", once)
    for kind in KINDS:
        for radius in RADII.values():
            for classes in (0, 7):
                problem = some_kind(kind, **radius, weight_decay=0.1, classes=classes)
                with pytest.raises(Done):
                    torch_engine.train(problem, device="meta")


def test_on_the_cpu_a_step_is_left_as_it_is():
    def step():
        pass

    assert cuda_graphs.replayable(step, "cpu", "") is step


def test_matrices_are_multiplied_in_full_precision_and_the_setting_is_left_as_it_was(monkeypatch):
    during = []
    monkeypatch.setattr(
        torch_engine,
        "replayable",
        lambda step, *_: during.append(torch.get_float32_matmul_precision()) or step,
    )
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        torch_engine.train(some_problem(["sgd"]))
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
    assert during == ["highest"]


# ---- rules that somebody adds ----


class Differences(optim.SGD):
    """Follows the last two gradients; its new state is partly its old one."""

    @staticmethod
    def start(weights, problem):
        return torch.zeros_like(weights), torch.zeros_like(weights)

    @staticmethod
    def step(state, gradient, learning_rate, t):
        last, before = state
        return -learning_rate * (gradient + last / t - 0.5 * before), (gradient, last)


class Branching(optim.SGD):
    """Looks into a tensor."""

    @staticmethod
    def step(state, gradient, learning_rate, t):
        return (-learning_rate if t > 2 else learning_rate) * gradient, state


class Constant(optim.SGD):
    """Makes a tensor of a number."""

    @staticmethod
    def step(state, gradient, learning_rate, t):
        return -learning_rate * gradient * torch.tensor(0.5, device=gradient.device), state


class Growing(optim.SGD):
    """Has another state after a step."""

    @staticmethod
    def start(weights, problem):
        return (weights[:, :1],)

    @staticmethod
    def step(state, gradient, learning_rate, t):
        return -learning_rate * gradient, (gradient,)


class Counting(optim.SGD):
    """Counts in Python, against the rules."""

    count = 0

    @classmethod
    def step(cls, state, gradient, learning_rate, t):
        cls.count += 1
        return -learning_rate * gradient / cls.count, state


RULES = {rule.__name__.lower(): rule for rule in (Differences, Branching, Constant, Growing)}


@pytest.fixture
def rules(monkeypatch):
    for name, rule in RULES.items():
        monkeypatch.setitem(optim.OPTIMIZERS, name, rule)


def test_a_state_may_pass_from_one_tensor_to_another(log, rules, monkeypatch):
    assert_all_same(*outcomes(some_problem(["differences"] * 2, epochs=4), monkeypatch))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (
            "branching",
            "grid.optimizer: branching cannot train on a GPU, where its step is recorded and "
            "replayed: operation not permitted when stream is capturing; let it",
        ),
        ("constant", "grid.optimizer: constant cannot train on a GPU"),
        ("growing", "grid.optimizer: growing: a step changed the shape or dtype of its state"),
    ],
)
def test_a_rule_that_cannot_be_replayed_is_named_in_one_line(log, rules, optimizer, message):
    with pytest.raises(SystemExit) as ended:
        errors.exit_cleanly(lambda: torch_engine.train(some_problem(["sgd", optimizer])))
    assert ended.value.code.startswith(f"error: {message}")
    assert "\n" not in ended.value.code


def test_such_rules_train_on_the_cpu(rules):
    torch_engine.train(some_problem(["branching", "constant"]))


def test_a_number_kept_in_python_would_be_noticed_by_these_tests(log, monkeypatch):
    monkeypatch.setitem(optim.OPTIMIZERS, "counting", Counting)
    plain, ours = outcomes(some_problem(["counting"]), monkeypatch)
    assert np.abs(plain.weights - ours.weights).max() > 1e-3


# ---- with a GPU ----

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
DEVICES = ["cpu", pytest.param("cuda", marks=on_gpu)]
"""A test that runs on both goes on working where there is no GPU."""

CURVES = ("train_loss", "test_mse", "validation_mse")


def with_all(**options) -> Problem:
    return some_problem(**MANY, epochs=10, **options)


def layered(problem: Problem) -> Problem:
    architecture = dataclasses.replace(problem.architecture, normalization="layer")
    return dataclasses.replace(problem, architecture=architecture)


def with_two_rates() -> Problem:
    problem = layered(with_all())
    return dataclasses.replace(problem, normalized_rate=problem.learning_rate * 1.5)


def some_adam() -> Problem:
    return some_problem(["adam"] * 4, rho=[np.nan, np.nan, 0.05, 0.05], epochs=12)


def stopping() -> Problem:
    problem = some_adam()
    stop_at = train64(problem).train_mse * [1.2, np.nan, 1.2, 0.5]
    return dataclasses.replace(problem, stop_at=stop_at)


SETTINGS = {
    "l2": with_all,
    "decoupled": lambda: with_all(decoupled=True),
    "classes": lambda: with_all(classes=7),
    "summed": lambda: dataclasses.replace(with_all(), summed=True),
    "all rows, in order": lambda: with_all(batch_size=1000),
    "gelu": lambda: with_all(activation="gelu"),
    "layer": lambda: layered(with_all()),
    "two rates": with_two_rates,
    "stopping": stopping,
    "snapshots": lambda: dataclasses.replace(some_adam(), snapshots=(2, 7)),
}
"""What poses a problem with each setting that changes what a step or an epoch does."""


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("pose", SETTINGS.values(), ids=SETTINGS)
def test_replayed_steps_agree_with_the_cpu_in_float64(pose, device, request):
    if device == "cpu":
        request.getfixturevalue("log")
    problem = pose()
    ours, cpu = torch_engine.train(problem, device, torch.float64), train64(problem)
    for name in (field.name for field in dataclasses.fields(cpu)):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(cpu, name), rtol=1e-8, atol=1e-10, err_msg=name
        )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("reference", ["torch", "simd"])
def test_a_device_agrees_with_the_cpu_to_float32_rounding(reference, device):
    problem = some_problem(**MANY)
    (ours,) = choice.choose("torch", device, []).train(problem)
    for group in choice.choose(reference, "cpu", []).train(problem):
        models = list(group.models)
        for name in ("weights", *CURVES):
            np.testing.assert_allclose(
                getattr(ours.outcome, name)[models],
                getattr(group.outcome, name),
                rtol=1e-3,
                atol=1e-4,
            )


@on_gpu
def test_a_replay_does_on_the_gpu_what_plain_steps_do(monkeypatch):
    problem = some_problem(**MANY, epochs=5)
    replayed = torch_engine.train(problem, "cuda", torch.float64)
    monkeypatch.setattr(torch_engine, "replayable", lambda step, device, name: step)
    plain = torch_engine.train(problem, "cuda", torch.float64)
    np.testing.assert_allclose(replayed.weights, plain.weights, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(replayed.train_loss, plain.train_loss, rtol=1e-10)


@on_gpu
def test_a_gpu_gives_the_same_bits_again():
    problem = some_problem(**MANY)
    assert_all_same(torch_engine.train(problem, "cuda"), torch_engine.train(problem, "cuda"))


@on_gpu
def test_a_diverging_model_does_not_disturb_its_neighbours_on_a_gpu():
    problem = some_problem(["sgd"] * 3, rate=[0.02, 1e4, 0.01], activation="relu", epochs=8)
    steady = dataclasses.replace(
        problem, learning_rate=np.where(np.arange(3)[:, None] == 1, 0.02, problem.learning_rate)
    )
    outcome, without = torch_engine.train(problem, "cuda"), torch_engine.train(steady, "cuda")
    assert outcome.epochs_run[1] < 8
    for k in (0, 2):
        assert_same(outcome, k, without, k)


@on_gpu
def test_a_rule_that_cannot_be_recorded_ends_training_with_its_name():
    # In a process of its own: after a capture has failed, a process's GPU is of no more use.
    code = """
from test_cuda_graphs import Branching, some_problem
from genboost import errors
from genboost.train.engines import optim, torch_engine
optim.OPTIMIZERS["branching"] = Branching
errors.exit_cleanly(lambda: torch_engine.train(some_problem(["branching"]), "cuda"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode
    assert "error: grid.optimizer: branching cannot train on a GPU" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_trains_the_whole_grid_as_the_kernel_does(device):
    models = [
        (model.cell.replace(epochs=model.cell.epochs // 50), model.seed)
        for model in grid.models(grid.studies(config.resolve(DECK)))
    ]
    assert len(models) == 648
    random = np.random.default_rng(3)
    x = random.normal(size=(2000, 16)).astype(np.float32)
    y = np.clip(3 + x[:, :4].sum(axis=1), 0, 6).astype(np.float32)
    data = Data(x[:1688], y[:1688], x[1688:], y[1688:])
    ours, kernels = (
        dict(training.train(models, data, choice.choose(engine, of, []).train))
        for engine, of in (("torch", device), ("simd", "cpu"))
    )
    assert sorted(ours) == list(range(648))
    both = [k for k in ours if not ours[k].diverged and not kernels[k].diverged]
    assert len(both) > 600
    ratios = np.array([ours[k].test_mse[-1] / kernels[k].test_mse[-1] for k in both])
    # Rounding grows from step to step; a model of the highest rate can end elsewhere.
    assert np.median(np.abs(ratios - 1)) < 1e-4
    assert np.mean(np.abs(ratios - 1) < 0.05) > 0.9
    assert abs(np.log(ratios).mean()) < 0.01
