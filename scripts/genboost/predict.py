"""Trained models that predict new rows: a record as a torch.nn.Module."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genboost.data.coding import Coding
from genboost.errors import UserError
from genboost.train import record
from genboost.train.engines.torch_engine import ACTIVATIONS
from genboost.train.problem import LAYER_NORM_EPSILON, Architecture


class Model(torch.nn.Module):
    """A network, and how rows are coded for it.

    Parameters
    ----------
    weights : float32 array [P]
        Laid out as in `genboost.train.problem.Problem`, which is the order of `parameters()`.
    """

    def __init__(self, architecture: Architecture, weights: np.ndarray, coding: Coding):
        super().__init__()
        linear = [
            torch.nn.utils.skip_init(torch.nn.Linear, *sizes) for sizes in architecture.layers
        ]
        self.layers = torch.nn.ModuleList(linear)
        self.activation = ACTIVATIONS[architecture.activation]
        self.normalization = torch.nn.Identity()
        if architecture.normalization == "layer":
            width = architecture.width
            self.normalization = torch.nn.LayerNorm(
                width, eps=LAYER_NORM_EPSILON, elementwise_affine=False
            )
        self.coding = coding
        torch.nn.utils.vector_to_parameters(torch.tensor(weights), self.parameters())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs for coded rows [rows, inputs].

        They are the predictions [rows] or, of a model trained by cross-entropy, the logits
        [rows, classes].
        """
        for layer in self.layers[:-1]:
            x = self.activation(self.normalization(layer(x)))
        return self.layers[-1](x).squeeze(-1)

    def predict(self, columns: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return the predictions, float32 [rows], for raw rows: of classes, the expected code.

        The parameter and errors are those of `Coding.codes`; a prediction that is too large to be a
        number is an error, too.
        """
        outputs = self._outputs(columns)
        if outputs.dim() == 1:
            return outputs.numpy()
        return (outputs.softmax(1) @ torch.arange(outputs.shape[1]).float()).numpy()

    def classify(self, columns: Mapping[str, Sequence[Any]]) -> list[str]:
        """Return the class of raw rows: the most probable, or that with the nearest code.

        For parameter and errors see `predict`. The label must have classes.
        """
        outputs = self._outputs(columns)
        return self.coding.nearest_classes(
            outputs.numpy() if outputs.dim() == 1 else outputs.argmax(1).numpy()
        )

    @torch.no_grad()
    def _outputs(self, columns: Mapping[str, Sequence[Any]]) -> torch.Tensor:
        outputs = self(torch.from_numpy(self.coding.apply(columns)))
        finite = outputs.isfinite().view(len(outputs), -1).all(dim=1)
        if not finite.all():
            raise UserError(
                f"row {finite.int().argmin() + 1}: its values are too large to predict from"
            )
        return outputs


def load(path: str | Path, coding: str | Path | None = None) -> Model:
    """Return the model of a record.

    Parameters
    ----------
    coding
        The file that says how its data are coded; by default that of the results folder in which
        the record is.

    Raises
    ------
    UserError
        If one of the two files is missing or damaged, if they do not belong together, or if the
        model diverged.
    """
    try:
        entries = record.read(path)
    except record.DamagedError:
        raise UserError(
            f"{path} is not a model's record, or is damaged; in that case, run snakemake again"
        ) from None
    weights = record.weights(entries)
    if weights is None:
        raise UserError(f"{path}: the model diverged in training, so it cannot predict")
    found = Coding.load(coding or coding_of(path), entries["data"])
    settings = entries["settings"]
    shape = [settings[name] for name in ("hidden_layers", "width", "activation")]
    # A record may be older than these settings.
    shape.append(settings.get("normalization", "none"))
    shape.append(len(found.classes) if settings.get("loss") == "cross_entropy" else 1)
    return Model(Architecture(len(found.inputs), *shape), weights, found).eval()


def coding_of(path: str | Path) -> Path:
    """Return where a results folder has the coding of the data that a record's model is trained on.

    Raises
    ------
    UserError
        If the record is not in a results folder.
    """
    for variant in Path(path).absolute().parents:
        if variant.parent.name == "models":
            return variant.parent.parent / "data" / variant.name / "coding.json"
    raise UserError(
        f"{path} is not in a folder results/models, so the coding of its data cannot be found; "
        "name that file too: results/data/.../coding.json"
    )
