"""Verdicts on claims, with errors made so that the right answer is known."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import ttest_1samp
from some_cell import studies_of

from genboost.analysis import aggregation, choices, verdicts
from genboost.analysis.values import Measured
from genboost.study import axes, config, grid

STUDY = {"study": "grid", "optimizer": "adam", "weight_decay": 0.0, "epochs": 200}


def models(errors: dict[tuple, list[float]], **others) -> pd.DataFrame:
    """Return a table of models from the errors of (sam_rho, learning_rate) cells, seed by seed."""
    rows = [
        {**STUDY, **others, "sam_rho": rho, "learning_rate": rate, "seed": seed, "test_mse": error}
        for (rho, rate), values in errors.items()
        for seed, error in enumerate(values)
    ]
    return pd.DataFrame(rows)


def claim(a: dict, b: dict | None, direction: str = "lower", by: str = "best") -> dict:
    """Return a claim about cells that have single values, or one of a list."""
    sides = [
        side and {key: v if isinstance(v, list) else [v] for key, v in side.items()}
        for side in (a, b)
    ]
    return {
        "title": "A claim", "claim": direction, "by": by, "a": sides[0], "b": sides[1],
        "quantity": "test_mse", "scale": "difference", "margin": 0.05,
        "slope_on": None,
    }  # fmt: skip


def measured(table: pd.DataFrame) -> Measured:
    return Measured(studies_of(table), table)


def judge(table: pd.DataFrame, *claims: dict) -> list[verdicts.Verdict]:
    return verdicts.verdicts({f"c{n}": c for n, c in enumerate(claims)}, measured(table))


def choose(table: pd.DataFrame) -> list[choices.Choice]:
    study, *_ = studies_of(table)
    return choices.choices(measured(table), [(study, "all", study.cells)])


A, B = {"learning_rate": 0.1}, {"learning_rate": 0.2}
CLEAR = models({("none", 0.1): [1.0 + s / 100 for s in range(10)],
                ("none", 0.2): [1.5 + s / 90 for s in range(10)]})  # fmt: skip


def test_a_clear_difference_is_decided_in_its_direction():
    (lower,) = judge(CLEAR, claim(A, B, "lower"))
    (higher,) = judge(CLEAR, claim(A, B, "higher"))
    assert (lower.verdict, higher.verdict) == ("supported", "contradicted")
    assert lower.difference == pytest.approx(-0.505)
    assert lower.high < 0
    assert lower.p == lower.p_holm == 2.0**-9
    assert (lower.a_error, lower.b_error) == pytest.approx((1.045, 1.55))


def test_holm_makes_many_claims_harder():
    found = judge(CLEAR, *[claim(A, B)] * 30)
    assert {v.p_holm for v in found} == {30 * 2.0**-9}
    assert {v.verdict for v in found} == {"undecided"}
    assert "30 comparisons take at least 11" in found[0].reason


def test_a_single_claim_is_one_comparison():
    (found,) = judge(CLEAR[CLEAR["seed"] < 3], claim(A, B))
    assert "; 1 comparison takes at least" in found.reason


def test_three_seeds_never_decide_and_say_so():
    table = CLEAR[CLEAR["seed"] < 3]
    (found,) = judge(table, claim(A, B))
    assert (found.verdict, found.n, found.p) == ("undecided", 3, 0.25)
    assert "too few seeds: with 3 to compare, p cannot fall below 0.25" in found.reason
    assert found.seeds_needed == found.seeds_least == 6  # the least n with 2**(1 - n) <= 0.05
    assert found.too_few == "seeds"
    assert found.subsets == 0


@pytest.mark.parametrize(("seeds", "told"), [(4, False), (5, True)])
def test_an_interval_takes_five_seeds(seeds, told):
    (found,) = judge(CLEAR[CLEAR["seed"] < seeds], claim(A, B))
    assert math.isfinite(found.difference)
    ends = (found.low, found.high, found.p_lower_low, found.p_lower_high)
    assert {math.isfinite(end) for end in ends} == {told}


def test_chance_is_undecided():
    random = np.random.default_rng(0)
    table = models(
        {("none", 0.1): random.normal(1, 0.1, 30), ("none", 0.2): random.normal(1, 0.1, 30)}
    )
    (found,) = judge(table, claim(A, B))
    assert found.verdict == "undecided"
    assert found.low < 0 < found.high
    assert found.seeds_needed > 30 > found.seeds_least == 6
    assert not found.too_few


def test_a_large_set_does_not_win_by_luck():
    """One cell against 60 of the same error: comparing lowest means would favour the 60."""
    rates = [round(0.001 * n, 3) for n in range(1, 62)]
    decided = naive = 0
    for study in range(40):
        random = np.random.default_rng(study)
        table = models({("none", rate): random.normal(1, 0.2, 12) for rate in rates})
        (found,) = judge(table, claim({"learning_rate": rates[1:]}, {"learning_rate": rates[0]}))
        assert (found.a_cells, found.b_cells, found.choosing, found.n) == (60, 1, 4, 8)
        decided += found.verdict != "undecided"
        means = table.groupby("learning_rate")["test_mse"].mean()
        naive += means[rates[1:]].min() < means[rates[0]] - 0.05
    assert naive >= 38
    assert decided <= 5  # 2 are to be expected


def test_a_rival_as_good_as_the_best_leaves_it_undecided():
    """It was not chosen, for bad luck on the seeds that choose, but it may be the best."""
    noise = [0.0, 0.02, -0.01, 0.03, 0.01, 0.0, 0.02, 0.01, 0.03, 0.02, -0.01, 0.0]
    best = [1.0 + e for e in noise]
    chosen = [1.2 + 2 * e for e in noise]
    rival = [9.0] * 4 + [1.0 + 3 * e * (-1) ** n for n, e in enumerate(noise[4:])]
    alone = models({("none", 0.1): best, ("0.02", 0.1): chosen})
    both = models({("none", 0.1): best, ("0.02", 0.1): chosen, ("0.02", 0.2): rival})
    sam = claim({"sam_rho": None}, {"sam_rho": 0.02})
    (clear,), (found,) = judge(alone, sam), judge(both, sam)
    assert clear.verdict == "supported"
    assert math.isnan(clear.stability)  # nothing to choose
    assert (found.b, found.difference) == (
        clear.b,
        pytest.approx(np.mean(best[4:]) - np.mean(chosen[4:])),
    )
    assert (found.verdict, found.high > 0) == ("undecided", True)
    assert 0.5 < found.stability < 1


def test_without_b_it_is_the_rest_of_the_study():
    others = models({("none", 0.1): [0.0] * 10}, study="other")
    (found,) = judge(pd.concat([CLEAR, others]), claim({"study": "grid", **A}, None))
    assert (found.a_cells, found.b_cells) == (1, 1)
    assert found.b == "Adam, no SAM, 200 epochs, lr 0.2, wd 0"


def test_each_compares_cells_with_their_partners():
    noise = [0.0, 0.02, -0.01, 0.03, 0.01, 0.0, 0.02, 0.01]
    table = models(
        {
            ("none", 0.1): [1.0 + e for e in noise],
            ("none", 0.2): [2.0 + e for e in noise],
            ("0.02", 0.1): [1.1 + e for e in noise],
            ("0.02", 0.2): [2.3 + 2 * e for e in noise],
            ("0.02", 0.3): [9.0] * 8,
        }
    )
    (found,) = judge(table, claim({"sam_rho": 0.02}, {"sam_rho": None}, "higher", "each"))
    assert found.a_cells == 2
    assert found.difference == pytest.approx(0.2 + np.mean(noise) / 2)
    assert found.verdict == "supported"


def test_each_needs_one_partner():
    table = models({("none", 0.1): [1.0] * 8, ("0.02", 0.1): [1.1] * 8, ("0.05", 0.1): [1.2] * 8})
    (found,) = judge(table, claim({"sam_rho": [0.02, 0.05]}, {"sam_rho": None}, by="each"))
    assert found.verdict == "untested"
    assert "one match" in found.reason


def test_cells_that_are_not_there_or_diverged_are_untested():
    table = CLEAR.copy()
    table.loc[(table["learning_rate"] == 0.2) & (table["seed"] == 4), "test_mse"] = math.nan
    gone, diverged = judge(table, claim({"optimizer": "sgd"}, B), claim(A, B))
    assert (gone.verdict, diverged.verdict) == ("untested", "untested")
    assert gone.reason == "no study has a cell like a"
    assert diverged.reason == "every cell like b has a model that diverged"


def test_untested_claims_do_not_count_for_holm():
    gone, found = judge(CLEAR, claim({"optimizer": "sgd"}, B), claim(A, B))
    assert found.p_holm == 2.0**-9
    assert math.isnan(gone.p_holm)


def test_how_often_three_seeds_mislead():
    """Better by 0.2 on five seeds of six and worse by 0.7 on one: on average, better by 0.05."""
    table = models({("none", 0.1): [1.0] * 5 + [1.9], ("none", 0.2): [1.2] * 6})
    (found,) = judge(table, claim(A, B))
    assert found.difference == pytest.approx(-0.05)
    # All 10 of the 20 subsets with the bad seed say -0.2 - 0.2 + 0.7 > 0; the others never vary.
    assert found.subsets == 20
    assert found.wrong_direction == 0.5
    assert (found.decided_right, found.decided_wrong) == (0.5, 0.0)


def test_three_seeds_decide_where_a_t_test_does():
    random = np.random.default_rng(1)
    a, b = random.normal(1, 0.1, 9), random.normal(1.2, 0.1, 9)
    (found,) = judge(models({("none", 0.1): list(a), ("none", 0.2): list(b)}), claim(A, B))
    few = [list(seeds) for seeds in itertools.combinations(range(9), 3)]
    decided = [ttest_1samp(a[seeds] - b[seeds], 0).pvalue < 0.05 for seeds in few]
    assert found.subsets == len(few) == 84
    assert found.decided_right + found.decided_wrong == pytest.approx(np.mean(decided))
    assert 0.2 < np.mean(decided) < 0.8


def test_the_best_cell_and_its_unbiased_error():
    random = np.random.default_rng(2)
    rates = [round(0.001 * n, 3) for n in range(1, 51)]
    table = models({("none", rate): random.normal(1, 0.2, 12) for rate in rates})
    (found,) = choose(table)
    assert (found.cells, found.choosing, found.n, found.few) == (50, 4, 8, 3)
    assert found.table < 0.9
    assert found.low < 1 < found.high
    # The lowest of 50 means of 3: 2.25 standard errors of 0.2 / sqrt(3) below.
    assert found.optimism == pytest.approx(0.26, abs=0.05)
    assert found.honest - found.apparent == pytest.approx(found.optimism)
    assert choose(table[table["seed"] == 0]) == []


@pytest.mark.parametrize(("seeds", "judging"), [(6, 4), (7, 5)])
def test_an_interval_takes_five_errors(seeds, judging):
    """From two, an MSE's would be from below zero to three times its mean."""
    (found,) = choose(CLEAR[CLEAR["seed"] < seeds])
    assert found.n == judging
    assert math.isnan(found.low) == math.isnan(found.high) == (judging < 5)
    assert found.unbiased > 0


def test_cells_are_chosen_and_matched_by_any_axis():
    """`each` pairs the cells of two widths at the same batch size, whatever else there is."""
    studies = grid.studies(config.resolve(yaml.safe_load("""
        grid: {optimizer: adam, sam_rho: none, learning_rate: 1e-3, weight_decay: 0, seeds: 8}
        studies:
          one: {grid: {width: [9, 18], batch_size: [8, 32]}}
          other: {grid: {batch_size: [8]}}
    """)))  # fmt: skip
    settings = axes.shown_settings(cell for study in studies for cell in study.cells)
    rows = [
        {
            "study": study.name,
            **aggregation.columns(model.cell, settings),
            "seed": model.seed,
            "test_mse": model.cell.batch_size + (model.cell.width == 9) + model.seed / 100,
        }
        for study in studies
        for model in study.models
    ]
    table = Measured(studies, pd.DataFrame(rows))
    narrow, wide = {"study": ["one"], "width": [9]}, {"study": ["one"], "width": [18]}
    (each,) = verdicts.verdicts({"c": claim(narrow, wide, "higher", "each")}, table)
    assert (each.a_cells, each.b_cells, each.difference) == (2, 2, pytest.approx(1))
    assert each.verdict == "supported"
    # An axis that does not vary chooses all or nothing.
    assert len(table.select({"t_max": [100]}).cells) == 5
    assert not table.select({"t_max": [99]}).cells
    (best,) = verdicts.verdicts({"c": claim(narrow, wide)}, table)
    assert best.a == "width 9, batch size 8, Adam, no SAM, 200 epochs, lr 1e-3, wd 0"
    (best,) = verdicts.verdicts({"c": claim(narrow, {"study": ["other"]})}, table)
    assert best.a.startswith("one: width 9, batch size 8, Adam")
    assert best.b.startswith("other: width 18, batch size 8, Adam")


def on_splits(random, splits, seeds, gap, by_split=0.2):
    """Return a table of two cells that differ by `gap`, and by what each split favours."""
    rows = []
    for split, favoured in enumerate(random.normal(0, by_split, splits)):
        for seed in range(seeds):
            for rate, shift in ((0.1, 0.0), (0.2, gap + favoured)):
                row = {**STUDY, "sam_rho": "none", "learning_rate": rate, "split_seed": split}
                error = 1 + shift + random.normal(0, 0.02)
                rows.append({**row, "seed": seed, "test_mse": error})
    return pd.DataFrame(rows)


def test_what_holds_on_one_split_is_not_taken_for_what_holds_on_others():
    table = on_splits(np.random.default_rng(1), 10, 12, 0.0)
    over_both, *_ = judge(table, claim(A, B))
    assert (over_both.verdict, over_both.over) == ("undecided", "seeds and splits")
    assert (over_both.splits, over_both.n, len(over_both.differences)) == (10, 12, 120)
    assert over_both.corrected_p > over_both.p  # it asks for more: other rows
    first = table[table["split_seed"] == 0].drop(columns="split_seed")
    alone, *_ = judge(first, claim(A, B))
    assert (alone.verdict, alone.over) == ("supported", "seeds")
    assert math.isnan(alone.corrected_p)
    # Three seeds on one split decide, and often wrongly.
    assert over_both.decided_wrong > 0.1


def test_what_holds_on_all_splits_is_supported_beyond_them():
    (found,) = judge(on_splits(np.random.default_rng(2), 9, 4, 0.5, by_split=0.1), claim(A, B))
    assert (found.verdict, found.over, found.reason) == ("supported", "seeds and splits", "")
    assert found.low < -0.5 < found.high < 0
    assert (found.p_lower, found.p_lower_high) == (1, 1)
    assert 0.6 < found.p_lower_low < 1
    assert (found.seeds_needed, found.too_few) == (None, "")


@pytest.mark.parametrize("margin", [None, 0.05], ids=["lower", "equal"])
def test_a_handful_of_splits_is_told_to_be_too_few(margin):
    wanted = claim(A, B) if margin is None else claim(A, B, "equal")
    few, enough = (
        judge(on_splits(np.random.default_rng(1), count, 6, 0.0), wanted)[0] for count in (4, 5)
    )
    assert few.verdict == enough.verdict == "undecided"
    assert few.reason == "too few splits: an interval over 4 is very wide; 20 are usual"
    assert (few.too_few, enough.too_few) == ("splits", "")
    assert enough.reason.startswith("the difference may be")


def test_with_a_single_seed_more_splits_are_needed_and_not_seeds():
    (found,) = judge(on_splits(np.random.default_rng(1), 4, 1, 0.5), claim(A, B))
    assert found.reason.startswith("too few splits: with 4 to compare, p cannot fall below 0.12")
    assert (found.too_few, found.seeds_needed, found.seeds_least) == ("splits", None, None)


def test_the_best_over_splits_is_chosen_apart():
    table = on_splits(np.random.default_rng(4), 9, 6, 0.5, by_split=0.0)
    (choice,) = choose(table)
    assert choice.cells == 2  # not eighteen: splits are repetitions
    assert choice.unbiased == pytest.approx(1, abs=0.02)
    assert choice.low < choice.unbiased < choice.high
