"""Losses on the plane through three models' weights (Garipov et al. 2018, arXiv:1802.10026, 2)."""

from dataclasses import dataclass

import numpy as np


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
    def through(cls, weights: np.ndarray) -> "Plane":
        """Return the plane through three weights [3, P].

        Raises
        ------
        ValueError
            If they lie on a line.
        """
        origin, *others = weights
        first, second = (other - origin for other in others)
        length = np.linalg.norm(first)
        along = first / length if length else first
        aside = second - (second @ along) * along
        height = np.linalg.norm(aside)
        if not length or height < 1e-9 * np.linalg.norm(second):
            raise ValueError("three weights on a line span no plane")
        axes = np.array([along, aside / height])
        points = np.array([[0.0, 0.0], [length, 0.0], [second @ along, height]])
        return cls(origin, axes, points)

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the weights [K, P] at places [K, 2]."""
        return self.origin + places @ self.axes
