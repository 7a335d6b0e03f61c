"""The choice of an engine, on machines of all kinds."""

import sys
import types

import numpy as np
import pytest
import torch
from some_cell import cell, posed

from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.train.engines import choice, policy, torch_engine
from genboost.train.engines.choice import Engine
from genboost.train.problem import Architecture

SIMD = Engine("simd avx2", "cpu", lambda problem: iter(()))


class KernelUnavailable(Exception):  # noqa: N818 - as in kernel_build
    pass


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Return a machine to set up: without a GPU, with a compiler."""
    machine = types.SimpleNamespace(kernel=True, gpu=False, visible=["0"], threads=None)

    def start(threads):
        if not machine.kernel:
            raise KernelUnavailable("no C compiler was found")
        machine.threads = threads
        return SIMD

    fakes = {
        "kernel_build": types.SimpleNamespace(KernelUnavailable=KernelUnavailable),
        "simd_engine": types.SimpleNamespace(start=start),
    }
    for name, fake in fakes.items():
        monkeypatch.setitem(sys.modules, f"genboost.train.engines.{name}", fake)
        monkeypatch.setattr(f"genboost.train.engines.{name}", fake, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: machine.gpu)
    monkeypatch.setattr(torch, "set_num_threads", lambda n: setattr(machine, "threads", n))
    monkeypatch.setattr(choice.gpus, "visible", lambda: machine.visible if machine.gpu else [])
    return machine


def cells(*optimizers: str) -> list:
    return [cell(optimizer=name) for name in optimizers]


def kind(engine: Engine) -> tuple[str, str]:
    return engine.name.split()[0], engine.device


@pytest.mark.parametrize(
    ("engine", "device", "kernel", "gpu", "expected"),
    [
        ("auto", "auto", True, False, ("simd", "cpu")),
        ("auto", "auto", True, True, ("torch", "cuda")),
        ("auto", "cpu", True, True, ("simd", "cpu")),
        ("auto", "cuda", True, True, ("torch", "cuda")),
        ("auto", "auto", False, False, ("torch", "cpu")),
        ("auto", "cpu", False, True, ("torch", "cpu")),
        ("simd", "auto", True, True, ("simd", "cpu")),
        ("simd", "cpu", True, False, ("simd", "cpu")),
        ("torch", "auto", True, False, ("torch", "cpu")),
        ("torch", "auto", True, True, ("torch", "cuda")),
        ("torch", "cpu", True, True, ("torch", "cpu")),
        ("torch", "cuda", True, True, ("torch", "cuda")),
    ],
)
def test_what_is_chosen(machine, engine, device, kernel, gpu, expected):
    machine.kernel, machine.gpu = kernel, gpu
    assert kind(choice.choose(engine, device, cells("sgd", "adam"))) == expected


@pytest.mark.parametrize(
    ("engine", "device", "optimizers", "kernel", "message"),
    [
        (
            "simd",
            "auto",
            ("rmsprop", "adam"),
            True,
            "simd does not know rmsprop; set it to auto or torch",
        ),
        ("simd", "cuda", ("adam",), True, "simd runs on the CPU; set execution.device to cpu"),
        ("simd", "cpu", ("adam",), False, "simd, but no C compiler was found"),
        ("auto", "cuda", ("adam",), True, "torch finds no GPU; set it to cpu or auto"),
        ("torch", "cuda", ("adam",), True, "torch finds no GPU; set it to cpu or auto"),
    ],
)
def test_what_cannot_be_had_is_said(machine, engine, device, optimizers, kernel, message):
    machine.kernel = kernel
    with pytest.raises(UserError, match=message):
        choice.choose(engine, device, cells(*optimizers))


def test_an_optimizer_that_the_kernel_does_not_know_goes_to_torch():
    assert kind(choice.choose("auto", "auto", cells("adam", "rmsprop"))) == ("torch", "cpu")


def test_an_activation_that_the_kernel_does_not_know_goes_to_torch():
    unknown = [cell(), cell(activation="mish")]
    assert kind(choice.choose("auto", "auto", unknown)) == ("torch", "cpu")
    assert policy.wants_gpu("auto", "auto", unknown)
    assert not policy.by_kernel("auto", "auto", unknown)
    with pytest.raises(UserError, match=r"execution\.engine: simd does not know mish; set it to"):
        choice.choose("simd", "cpu", unknown)
    (mistake,) = policy.mistakes("simd", unknown)
    assert mistake[0] == ("execution", "engine")
    assert list(policy.mistakes("auto", unknown)) == []


def test_falling_back_to_torch_is_said(machine, capsys):
    machine.kernel = False
    choice.choose("auto", "auto", cells("adam"))
    assert "many times slower: no C compiler was found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("engine", "device", "optimizers", "expected"),
    [
        ("auto", "auto", ("sgd", "adam"), False),
        ("auto", "auto", ("adam", "rmsprop"), True),
        ("auto", "cpu", ("rmsprop",), False),
        ("auto", "cuda", ("adam",), True),
        ("torch", "auto", ("adam",), True),
        ("torch", "cpu", ("adam",), False),
        ("simd", "auto", ("adam",), False),
    ],
)
def test_a_gpu_is_for_what_the_kernel_does_not_train(engine, device, optimizers, expected):
    assert policy.wants_gpu(engine, device, cells(*optimizers)) == expected


def test_a_gpu_that_the_job_was_not_given_is_left_alone(machine):
    machine.gpu, machine.visible = True, []
    assert kind(choice.choose("auto", "auto", cells("adam"))) == ("simd", "cpu")


def test_a_gpu_that_torch_cannot_use_is_left_alone(machine, monkeypatch):
    machine.gpu = True
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert kind(choice.choose("auto", "auto", cells("adam"))) == ("simd", "cpu")


@pytest.mark.parametrize("engine", ["simd", "torch"])
def test_the_cores_that_were_given_are_used(machine, engine):
    choice.choose(engine, "cpu", cells("adam"), threads=3)
    assert machine.threads == 3


def test_the_torch_engine_hands_back_all_models_in_one_group():
    data = Data(*(np.zeros(shape, np.float32) for shape in [(3, 2), (3,), (1, 2), (1,)]))
    problem = posed(
        2,
        data,
        architecture=Architecture(2, 0, 1, "relu"),
        batch_size=2,
        weights=np.ones((2, 3)),
        optimizer=["sgd", "adam"],
        learning_rate=np.full((2, 2), 0.1),
    )
    engine = choice.choose("torch", "cpu", cells("adam"))
    assert engine.name == f"torch {torch.__version__}"
    (group,) = engine.train(problem)
    assert list(group.models) == [0, 1]
    assert group.seconds > 0
    np.testing.assert_array_equal(group.outcome.weights, torch_engine.train(problem).weights)
