"""What tests take in the place of config.yaml, and the mark of tests of what users edit.

No test of the code depends on config.yaml, studies/ or workflow/datasets, which are anybody's to
edit. `.ci/run` and ``CHECK_SHIPPED=1 make test`` test these files as the project ships them.
"""

import os

import pytest

DECK = {
    "name": "deck",
    "studies": {
        "grid": {"title": "The grid"},
        "second_chance": {
            "title": "A second chance for SAM",
            "training": {"epochs_sam": 200},
            "grid": {"optimizer": ["adam"], "sam_rho": [0.02]},
        },
    },
    "comparisons": {
        "sam_does_not_improve_adam": {
            "claim": "higher",
            "a": {"study": "grid", "optimizer": "adam", "sam_rho": [0.02, 0.05, 0.1]},
            "b": {"study": "grid", "optimizer": "adam", "sam_rho": "none"},
        },
        "sam_200_sets_no_record": {
            "claim": "higher",
            "a": {"study": "second_chance"},
            "b": {"study": "grid"},
        },
    },
}
"""The deck's study, with two of its claims: what config.yaml is before anyone edits it."""

AS_SHIPPED = "CHECK_SHIPPED" in os.environ
as_shipped = pytest.mark.skipif(
    not AS_SHIPPED,
    reason="tests files that are yours to edit as the project ships them: set CHECK_SHIPPED=1",
)
