"""The search as a heat map: what each candidate of the grid would have saved in sample, and how flat it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sor.core.spec import PENALTIES, Level
from sor.report.format import signed
from sor.report.model import ReportData
from sor.report.pictures.style import INK, QUIET, look, picture, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


CUTS = ((0, 1), (2, 1))  # the axes of each map: x, y; the third parameter is the best candidate's


def has_search(report: ReportData) -> bool:
    """Whether a search took place over more than one candidate."""
    return report.search.costs is not None and report.search.candidates > 1


def search_map(report: ReportData) -> Figure:
    """Two cuts through the best candidate of the grid, on one colour scale; the cross is the best candidate.

    ValueError where there was no search.
    """
    if not has_search(report):
        raise ValueError("no search took place over more than one candidate")
    cube, best = _saved(report), _best(report)
    with look():
        figure = picture(13, 5)
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.12)  # type: ignore[union-attr, call-arg]
        figure.suptitle(_headline(report, cube), x=0.014, ha="left", fontsize=13.5, fontweight="bold", color=INK)
        axes = figure.subplots(1, 2)
        for ax, (x, y) in zip(axes, CUTS, strict=True):
            image = _map(report, ax, cube, best, x, y)
        bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.015)
        bar.set_label("bps saved against X_M, in sample", color=QUIET)
        bar.outline.set_visible(False)
    return figure


def _saved(report: ReportData) -> NDArray[Any]:
    """Savings against X_M in bps by lambda_over, lambda_under and theta_queue."""
    grid = report.search.grid
    shape = tuple(len(getattr(grid, name)) for name in PENALTIES)
    return -np.array(report.search.costs, dtype=np.float64).reshape(shape)


def _best(report: ReportData) -> tuple[int, ...]:
    search = report.search
    return tuple(getattr(search.grid, name).index(getattr(search.best, name)) for name in PENALTIES)


def _map(report: ReportData, ax: Axes, cube: NDArray[Any], best: tuple[int, ...], x: int, y: int) -> Any:
    (fixed,) = {0, 1, 2} - {x, y}
    cut = np.moveaxis(cube, (y, x, fixed), (0, 1, 2))[:, :, best[fixed]]
    levels = [getattr(report.search.grid, name) for name in PENALTIES]
    there = f"{PENALTIES[fixed]} {levels[fixed][best[fixed]]}"
    title(ax, f"{PENALTIES[y]} and {PENALTIES[x]}", f"at {there}, the best candidate's")
    image = ax.imshow(cut, origin="lower", aspect="auto", cmap="cividis", vmin=cube.min(), vmax=cube.max())
    ax.plot(best[x], best[y], marker="X", markersize=11, color="white", markeredgecolor=INK, linestyle="none")
    _ticks(ax.xaxis, levels[x])
    _ticks(ax.yaxis, levels[y])
    ax.set_xlabel(PENALTIES[x])
    ax.set_ylabel(PENALTIES[y])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return image


def _ticks(axis: Any, levels: tuple[Level, ...]) -> None:
    step = max(1, -(-len(levels) // 8))
    places = range(0, len(levels), step)
    axis.set_ticks(places, [str(levels[i]) for i in places])
    axis.set_tick_params(length=0)


def _headline(report: ReportData, cube: NDArray[Any]) -> str:
    spread = f"{signed(cube.min())} to {signed(cube.max())} bps"
    return f"Search over {report.search.candidates:,} candidates   {spread} against X_M, in sample"
