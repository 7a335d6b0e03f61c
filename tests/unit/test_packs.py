"""Packs: every model in one job, jobs that cost about the same, and full vectors."""

import pytest
import yaml

from genboost.study import axes, config, grid
from genboost.study.grid import Model
from genboost.study.packs import LANES, packs
from genboost.study.packs import cost as cost_of
from genboost.train import training
from genboost.train.engines import policy

ALL = [*axes.AXES, "seed"]


def by_kernel(cell) -> bool:
    return policy.by_kernel("auto", "cpu", [cell])


def share_out(models: list[Model], fused: list[str], at_least: int) -> list[list[Model]]:
    return packs(models, fused, at_least, by_kernel, training.alike)


def cost(pack: list[Model]) -> int:
    return sum(map(cost_of, pack))


def all_models(text: str = "{}") -> list[Model]:
    return grid.models(grid.studies(config.resolve(yaml.safe_load(text))))


SPLIT = """
    studies:
      a: {}
      wide: {model: {width: 36}, grid: {optimizer: [adam], sam_rho: [none], seeds: 1}}
      scaled: {data: {scaling: minmax}, grid: {learning_rate: [1], weight_decay: [0], seeds: 1}}
      long: {training: {epochs_sam: 1000}}
    """


@pytest.mark.parametrize("text", ["{}", SPLIT, "grid: {seeds: 1, sam_rho: [none]}"])
@pytest.mark.parametrize("at_least", [1, 2, 3, 8, 13, 64, 10_000])
@pytest.mark.parametrize("fused", [ALL, ["seed"], ["learning_rate", "sam_rho"], []])
def test_packs_have_every_model_once_and_what_is_fused_only(text, fused, at_least):
    some = all_models(text)
    found = share_out(some, fused, at_least)
    assert sorted(m.record for pack in found for m in pack) == sorted(m.record for m in some)
    assert len(found) >= min(at_least, len(some))
    for pack in found:
        assert pack
        assert len({axes.variant(model.cell) for model in pack}) == 1
        for axis in set(ALL) - set(fused):
            assert len({m.cell.get(axis, m.seed) for m in pack}) == 1, axis


@pytest.mark.parametrize("text", ["{}", "studies: {a: {}, b: {training: {epochs_sam: 700}}}"])
@pytest.mark.parametrize("at_least", [2, 3, 8, 16])
def test_packs_cost_about_the_same(text, at_least):
    found = share_out(all_models(text), ALL, at_least)
    share = sum(map(cost, found)) / at_least
    dearest = max(cost_of(model) for pack in found for model in pack)
    # Whole vectors are kept together: a pack is at most one vector from its share.
    assert max(abs(cost(pack) - share) for pack in found) <= LANES * dearest


def test_a_pack_may_hold_networks_of_any_shape_but_one_engine_does_it():
    text = """
        studies:
          a: {grid: {width: [9, 64], hidden_layers: [1, 4], batch_size: [8, 32], seeds: 1}}
        """
    some = all_models(text)
    (everything,) = share_out(some, ALL, 1)
    assert len({training.alike(model.cell) for model in everything}) == 16
    kernels = [{by_kernel(model.cell) for model in pack} for pack in share_out(some, ALL, 8)]
    assert kernels == [{True}] * 8
    torch = [model for model in some if model.cell.width == 9]
    found = packs(some, ALL, 1, lambda cell: cell.width, training.alike)
    assert sorted(map(len, found)) == [len(torch), len(torch)]


def test_a_wider_network_costs_more():
    costs = [cost_of(model) for model in all_models("grid: {width: [9, 18, 64], seeds: 1}")]
    assert costs[0] < costs[192] < costs[384]


def test_the_costlier_group_gets_more_packs():
    text = "studies: {a: {}, b: {data: {scaling: standard}, grid: {seeds: 1, optimizer: [adam]}}}"
    found = share_out(all_models(text), ALL, 7)
    assert [len(pack) for pack in found] == [96] * 7
    assert [axes.variant(pack[0].cell) for pack in found] == ["default"] * 6 + ["scaling~standard"]


def test_packs_of_one_kind_are_as_equal_as_can_be():
    some = all_models("grid: {sam_rho: [none], seeds: 8}")  # 384 models, 24 vectors
    sizes = [len(pack) for pack in share_out(some, ALL, 8)]
    assert sizes == [48] * 8
    sizes = [len(pack) for pack in share_out(some, ALL, 100)]
    assert sorted(set(sizes)) == [3, 4]


def test_packs_keep_models_of_a_kind_together():
    found = share_out(all_models(), ALL, 4)
    kinds = [sorted({(m.cell.sam_rho is None, m.cell.optimizer) for m in pack}) for pack in found]
    assert kinds == [
        [(False, "adam")],
        [(False, "adam"), (False, "sgd")],
        [(False, "sgd")],
        [(True, "adam"), (True, "sgd")],
    ]


def test_no_models_make_no_packs():
    assert share_out([], ALL, 8) == []
