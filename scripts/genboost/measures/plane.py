"""Losses on the plane through three models' weights, and on the line between two of them.

Lines: Goodfellow et al. 2015, arXiv:1412.6544. Planes: Garipov et al. 2018, arXiv:1802.10026,
figure 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from genboost.measures.network import Network

MARGIN = 0.25  # beyond the models, of the plane's longer side and of the line
RESOLUTION = 61  # places along each side of the plane
BETWEEN = 40  # parts of the line from the first model to the second


@dataclass(frozen=True)
class Plane:
    """The plane through three points of the space of weights; the first is its origin.

    Attributes
    ----------
    origin : array [P]
    axes : array [2, P]
        Orthonormal; the first points from the first point to the second.
    points : array [3, 2]
        Where the three points are on the plane, in Euclidean lengths.
    """

    origin: np.ndarray
    axes: np.ndarray
    points: np.ndarray

    @classmethod
    def through(cls, weights: np.ndarray) -> "Plane | None":
        """Return the plane through three weights [3, P]; None if they lie on a line."""
        origin, *others = weights
        first, second = (other - origin for other in others)
        length = np.linalg.norm(first)
        along = first / length if length else first
        aside = second - (second @ along) * along
        height = np.linalg.norm(aside)
        if not length or height <= 1e-9 * np.linalg.norm(second):
            return None
        axes = np.array([along, aside / height])
        points = np.array([[0.0, 0.0], [length, 0.0], [second @ along, height]])
        return cls(origin, axes, points)

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the weights [..., P] at places [..., 2]."""
        return self.origin + places @ self.axes


def survey(
    models: Mapping[str, np.ndarray | None], networks: Mapping[str, Network]
) -> dict[str, Any]:
    """Return the losses on the plane through three models, and on the line from first to second.

    Parameters
    ----------
    models
        The weights [P] of each, by its name; None if it diverged.
    networks
        The network on the rows of each loss, by the loss's name.

    Returns
    -------
    dict
        For JSON. ``places``: of the models on the plane, by name. ``x`` and ``y``: a grid on it.
        Each loss there, as lists [y][x]. ``line``: each loss by the ``share`` of the way. If there
        is no such plane, only ``obstacle``: why, otherwise null.
    """
    diverged = [name for name, weights in models.items() if weights is None]
    if diverged:
        return {"obstacle": f"{', '.join(diverged)} diverged"}
    plane = Plane.through(np.array([*models.values()], float))
    if plane is None:
        return {"obstacle": f"{', '.join(models)} lie on a line"}
    low, high = plane.points.min(axis=0), plane.points.max(axis=0)
    margin = MARGIN * (high - low).max()
    x, y = np.linspace(low - margin, high + margin, RESOLUTION).T
    rows = [plane.at(np.stack([x, np.full_like(x, height)], axis=-1)) for height in y]
    beyond = round(MARGIN * BETWEEN)
    share = np.arange(-beyond, BETWEEN + beyond + 1) / BETWEEN
    line = plane.at(share[:, None] * plane.points[1])
    return {
        "obstacle": None,
        "places": dict(zip(models, plane.points.tolist(), strict=True)),
        "x": x.tolist(),
        "y": y.tolist(),
        **{name: [net.losses(row).tolist() for row in rows] for name, net in networks.items()},
        "line": {
            "share": share.tolist(),
            **{name: net.losses(line).tolist() for name, net in networks.items()},
        },
    }
