"""What qualifies a comparison besides what its claim is about."""

import pytest
from some_cell import cell

from genboost.analysis import confounds

PLAIN = cell()
SAM = PLAIN.replace(epochs=100, sam_rho=0.05)


def test_sam_has_half_the_updates_and_another_end_of_the_schedule():
    updates, end = confounds.of_pairs([(SAM, PLAIN)])
    assert updates == "half as many weight updates (100 epochs against 200)"
    assert end == "a schedule that ends at a rate of about zero, against nearly the full rate"
    assert confounds.of_pairs([(PLAIN, PLAIN.replace(weight_decay=1e-4))]) == []


def test_only_what_is_true_of_all_pairs_is_said():
    constant = PLAIN.replace(schedule="constant")
    (updates,) = confounds.of_pairs([(SAM, PLAIN), (SAM.replace(schedule="constant"), constant)])
    assert updates.startswith("half as many")
    assert confounds.of_pairs([(SAM, PLAIN), (PLAIN, SAM)]) == []


@pytest.mark.parametrize(
    ("rate", "edge"), [(1e-3, "lr 1e-3"), (3e-3, ""), (1e-2, "lr 1e-2")], ids=str
)
def test_the_edge_of_the_grid(rate, edge):
    cells = [PLAIN.replace(learning_rate=r, weight_decay=0.0) for r in (1e-3, 3e-3, 1e-2)]
    cells += [c.replace(weight_decay=w) for c in cells for w in (1e-4, 1e-3)]
    best = PLAIN.replace(learning_rate=rate, weight_decay=0.0)
    assert confounds.at_the_edge(best, cells) == edge  # no decay is less than none
    assert confounds.at_the_edge(best, cells[:2]) == ""  # two values have no middle
