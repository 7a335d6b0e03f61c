"""The training and the test error on planes through three minima, as Garipov et al. 2018 do it."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit, choices_of_planes, chosen_cells
from genboost.report.figures.drawing import COLORMAP, INK, PAPER, in_lines, start
from genboost.report.figures.material import Material, Minimum
from genboost.study import axes as settings
from genboost.study.grid import Model

POINTS = 41  # along each side
MARGIN = 0.35  # of the triangle's size, around it
MOST = 50  # times the lowest error; what is higher is not told apart


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure: a line of two panels for each plane."""
    through = [
        [chosen_cells(material.results.studies, {key: choice})[0] for key, choice in plane.items()]
        for plane in choices_of_planes(material.config)
    ]
    figure = start(7.2, 0.6 + 3.1 * len(through), title)
    grid = figure.subplots(len(through), 2, squeeze=False)
    for line, chosen in zip(grid, through, strict=True):
        cells = [cell for _, cell in chosen]
        apart = settings.varying(cells)
        names = [settings.describe(cell, apart) or study.title for study, cell in chosen]
        minima = [material.minimum(Model(cell, study.seeds[0])) for study, cell in chosen]
        _draw_plane(figure, line, minima, names)
    return figure


def _draw_plane(
    figure: Figure, line: Sequence[Axes], minima: Sequence[Minimum], names: Sequence[str]
) -> None:
    origin, across, up, corners = plane([minimum.weights for minimum in minima])
    if not (np.linalg.norm(across) and np.linalg.norm(up)):
        line[0].text(0.5, 0.5, "these are no three minima", ha="center")
        return
    span = MARGIN * np.ptp(corners, axis=0).max()
    x, y = (np.linspace(c.min() - span, c.max() + span, POINTS) for c in corners.T)
    networks = {"training MSE": minima[0].train, "test MSE": minima[0].test}
    for axes, (name, network) in zip(line, networks.items(), strict=True):
        errors = errors_on(network.losses, origin, across, up, x, y)
        at = network.losses(origin + corners @ np.stack([across, up]))
        low = max(errors[np.isfinite(errors)].min(), 1e-12)
        levels = low * np.geomspace(1, MOST, 22)
        shown = np.clip(np.nan_to_num(errors, nan=np.inf), low, levels[-1])
        filled = axes.contourf(x, y, shown, levels, cmap=COLORMAP, norm=LogNorm(low, levels[-1]))
        axes.contour(x, y, shown, levels[1:-1:3], colors=INK, linewidths=0.3)
        for (right, above), error, words in zip(corners, at, names, strict=True):
            axes.plot(right, above, "x", color=INK, mew=1.4)
            outside = 1 if above > corners[:, 1].mean() else -1
            axes.annotate(f"{in_lines(words)}\n{error:.2f}", (right, above), fontsize=6,
                          xytext=(0, 9 * outside), textcoords="offset points", ha="center",
                          va="bottom" if outside > 0 else "top",
                          bbox={"boxstyle": "round,pad=0.2", "fc": PAPER, "ec": "none",
                                "alpha": 0.75})  # fmt: skip
        axes.set(title=name, xlabel="distance of weights", aspect="equal")
        axes.grid(False)
        bar = figure.colorbar(filled, ax=axes, shrink=0.85)
        ticks = low * np.geomspace(1, MOST, 5)
        bar.set_ticks(ticks, labels=[f"{tick:.2g}" for tick in ticks])


def plane(
    weights: Sequence[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the first of three weights [P], two directions at right angles, and where all lie.

    Returns
    -------
    origin, across, up : array [P]
        The directions have norm 1, or 0 where the weights lie on a line.
    corners : array [3, 2]
        The weights are origin + corners @ [across, up] (Garipov et al. 2018, appendix A.2).
    """
    origin, second, third = weights
    across = _unit(second - origin)
    up = _unit(third - origin - ((third - origin) @ across) * across)
    directions = np.stack([across, up])
    return origin, across, up, np.stack([w - origin for w in weights]) @ directions.T


def errors_on(
    losses: Callable[[np.ndarray], np.ndarray],
    origin: np.ndarray,
    across: np.ndarray,
    up: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Return the losses [y, x] at origin + x across + y up."""
    right = x[:, None] * across
    return np.stack([losses(origin + right + above * up) for above in y])


def _unit(vector: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(vector)
    return vector / norm if norm > 1e-9 else 0 * vector
