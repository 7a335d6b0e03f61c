"""Made-up results of any study, to draw and report without training."""

import json
import math

import numpy as np
import pandas as pd

from genboost.analysis import aggregation, deck
from genboost.analysis import curves as summed_up
from genboost.data.arrays import marked
from genboost.measures import registry
from genboost.report import exhibits, findings, page
from genboost.report.figures import draw, drawing
from genboost.report.figures.material import Curves, Material
from genboost.report.results import Results
from genboost.study import axes, config, grid

BASELINES = {
    "mean": {"train_mse": 3.9, "test_mse": 4.2},
    "ridge": {"train_mse": 2.0, "test_mse": 2.2},
    "gradient_boosted_trees": {"train_mse": 0.1, "test_mse": 0.5},
}
PROVENANCE = {"obesity": {"synthetic": False, "time": "2020-01-01T00:00:00+00:00"}}
DESCRIPTION = """# A data set

24 rows of people.

| input | mean |
| --- | --- |
| Age | 24 |

## Source

- file
"""
RUN = {"seconds": 0.5, "engine": "torch", "device": "cpu", "versions": {"numpy": "2.0"}}


def mse(model: grid.Model) -> float:
    """Return a test MSE for a model that looks like one."""
    cell = model.cell
    rate = math.log10(cell.learning_rate or 1e-9) + 2.5
    noise = np.random.default_rng([model.seed, round(1e6 * cell.learning_rate)]).normal()
    return 0.8 + rate**2 / 3 + 5 * cell.weight_decay + 9 * (cell.sam_rho or 0) + 0.05 * noise


def curves(model: grid.Model) -> Curves:
    """Return curves that end at a model's test MSE."""
    epochs = np.arange(1, model.cell.epochs + 1)
    errors = mse(model) + 3 / epochs
    rates = [model.cell.learning_rate] * len(epochs)
    return Curves(list(errors - 0.1), list(errors), rates, epochs)


def data(study: grid.Study, synthetic=()) -> str:
    """Return the name of a study's data."""
    return marked(study.data["dataset"], grid.raw(study.data) in synthetic)


def as_svg(figure):
    """Return the text of a figure's SVG file."""
    return dict(drawing.contents(figure, ["svg"]))["svg"].decode()


class Made:
    """A study that never was; `audit` and `plane` can be set to what was found.

    Parameters
    ----------
    settings
        A configuration, or what differs from the defaults.
    errors
        Returns a model's test MSE; NaN for a run that diverged.
    measured
        By the name of a quantity, what returns a model's.
    """

    audit = None
    plane = None

    def __init__(self, settings=None, errors=mse, synthetic=(), optimizers=None, **measured):
        self.settings = settings or {}
        self.config = config.resolve(self.settings)
        for study in self.config["studies"].values() if optimizers else ():
            for grid_of_study in study["grid"]:
                grid_of_study["optimizer"] = optimizers
        whole = grid.studies(self.config)
        studies = [study.over_splits() for study in whole]
        self.models = grid.models(whole)
        shown = axes.shown_settings(cell for study in whole for cell in study.cells)
        rows = [
            {
                "data": data(study, synthetic),
                "study": study.name,
                **aggregation.columns(model.cell, shown),
                "seed": model.seed,
                "test_mse": errors(model),
            }
            for study in whole
            for model in study.models
        ]
        models = pd.DataFrame(rows).assign(train_mse=lambda frame: frame["test_mse"] - 0.1)
        models["status"] = models["test_mse"].isna().map({True: "diverged", False: "finished"})
        models["engine"] = "simd"
        errors = [error.name for error in registry.ERRORS]
        for name, measure in measured.items():
            values = [measure(model) for study in whole for model in study.models]
            models.insert(models.columns.get_loc("status") if name in errors else models.shape[1],
                          name, values)  # fmt: skip
        self.results = Results(
            studies=studies,
            models=models,
            summary=aggregation.summarize(aggregation.over_splits(models)),
            figures=deck.load(),
            baselines={variant: BASELINES for study in studies for variant in study.variants},
            of_the_mean={
                variant: BASELINES["mean"]["test_mse"]
                for study in whole
                for variant in study.variants
            },
            synthetic=frozenset(synthetic),
            **self.config["tables"],
        )
        found = findings.find(
            self.results,
            self.config["comparisons"],
            self.config["schemes"],
            registry.drawn(self.config),
        )
        self.statistics = json.loads(findings.files(found)["statistics.json"])

    def figures(self, read=curves, wanted=lambda exhibit: True):
        """Yield the name of each figure that is wanted, and the figure."""
        found = self.config, self.results, self.statistics, read, self.audit, self.plane
        material = Material(*found)
        found = filter(wanted, exhibits.of(exhibits.FIGURES, self.config))
        return ((exhibit.name, draw.figure(material, exhibit)) for exhibit in found)

    def figure(self, name, read=curves):
        """Return one figure."""
        ((_, figure),) = self.figures(read, lambda exhibit: exhibit.name == name)
        return figure

    def drawings(self, wanted=lambda exhibit: True):
        """Return the text of the SVG file of each figure that is wanted."""
        return {name: as_svg(figure) for name, figure in self.figures(wanted=wanted)}

    def shown(self):
        """Return the drawings that the report shows."""
        return self.drawings(lambda exhibit: exhibit.section)

    def curves(self, read=curves):
        """Return the learning curves of each cell."""
        whole = grid.studies(self.config)
        return summed_up.summarize(whole, lambda model: (read(model).epoch, read(model).test_mse))

    def report(self, drawings=None, runs=None, provenance=None, commit=None):
        """Return the report's text, by default with the drawings that it shows."""
        inputs = page.Inputs(
            config=self.config,
            provenance=provenance or PROVENANCE,
            descriptions={variant: DESCRIPTION for variant in self.results.baselines},
            drawings=drawings or self.shown(),
            statistics=self.statistics,
            audit=self.audit,
            runs=aggregation.run_facts(runs or [RUN] * len(self.models)),
            curves=self.curves(),
            commit=commit,
        )
        return page.compose(self.results, inputs)
