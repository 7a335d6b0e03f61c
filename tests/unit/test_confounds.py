"""What qualifies a comparison besides what its claim is about."""

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


def test_bests_at_the_edge_of_their_grid_are_named():
    slow, middle, fast = (PLAIN.replace(learning_rate=rate) for rate in (1e-3, 3e-3, 1e-2))
    cells = [slow, middle, fast]
    first, second = confounds.of_bests(cells, cells, slow, fast)
    assert first == "its best cell is at the edge of the grid (lowest lr)"
    assert second == "the best cell compared with it is at the edge of the grid (highest lr)"
    assert confounds.of_bests(cells, cells, middle, middle) == []
    assert confounds.of_bests([], [], slow, fast) == []
