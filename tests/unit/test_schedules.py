"""Learning rates: torch's own scheduler, bit by bit, on both sides of T_max."""

import numpy as np
import pytest
import torch

from genboost.train import schedules


def torchs_cosine(learning_rate: float, epochs: int, t_max: int, eta_min: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=learning_rate)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, t_max, eta_min)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("learning_rate", [3e-5, 1e-3, 2e-2, 0.0])
@pytest.mark.parametrize("eta_min", [0.0, 1e-4, 0.5])
@pytest.mark.parametrize("t_max", [1, 2, 3, 7, 100])
def test_cosine_is_torchs_to_the_bit(learning_rate, t_max, eta_min):
    epochs = int(2.5 * t_max) + 5  # down, up, and down again
    ours = schedules.cosine(learning_rate, epochs, t_max, eta_min)
    assert ours.dtype == np.float64
    assert ours.tolist() == torchs_cosine(learning_rate, epochs, t_max, eta_min)


def test_cosine_is_zero_at_t_max_and_back_at_the_top_at_twice_that():
    rates = schedules.cosine(0.02, 201, t_max=100, eta_min=0.0)
    assert rates[0] == 0.02
    assert rates[50] == pytest.approx(0.01)
    assert rates[100] == 0
    assert rates[150] == pytest.approx(0.01)
    assert rates[200] == pytest.approx(0.02)


def test_a_run_of_half_the_epochs_has_the_same_rates_as_the_first_half():
    long, short = (schedules.cosine(0.02, epochs, 100, 0.0) for epochs in (200, 100))
    np.testing.assert_array_equal(long[:100], short)


def test_constant():
    assert schedules.constant(0.003, 4).tolist() == [0.003] * 4


def test_in_place_of_decay_a_constant_rate_grows_exponentially():
    rates = schedules.in_place_of_decay(np.full(4, 0.1), 0.5)
    np.testing.assert_allclose(rates, 0.1 * 0.95 ** -np.array([1.0, 3, 5, 7]))
    assert schedules.in_place_of_decay(np.array([0.1, 0.0]), 0.0).tolist() == [0.1, 0.0]
