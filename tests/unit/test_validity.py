"""The table of errors by origin: the cells' from the measures, the simple methods' from theirs."""

from dataclasses import replace

from made_up import Made

from genboost.report import validity

ORIGIN = {"respondent": 2.7, "interpolated": 0.25}
GRID = {"learning_rate": [1e-3], "weight_decay": [0], "optimizer": ["adam"], "sam_rho": ["none"]}


def test_errors_on_people_stand_beside_those_on_interpolated_rows():
    made = Made({"grid": GRID, "tables": {"digits": 4}}).results
    columns = {"test_mse[origin=respondent]": 1.5, "test_mse[origin=interpolated]": 0.6}
    simple = {"ridge": {"train_mse": 2.0, "test_mse": 2.2, "test_mse_by_origin": ORIGIN}}
    results = replace(
        made,
        summary=made.summary.assign(**columns),
        baselines=dict.fromkeys(made.baselines, simple),
    )
    table = validity.origin_table(results)
    assert table.header[2:] == ["test MSE", "on respondents", "on interpolated rows"]
    rows = {method: errors for _, method, *errors in table.rows}
    assert rows["ridge regression"][1:] == ["2.7000", "0.2500"]
    assert rows["best cell of “The grid”"][1:] == ["1.5000", "0.6000"]


def test_where_the_origin_is_not_known_there_is_no_table():
    assert validity.origin_table(Made({"grid": GRID}).results) is None
