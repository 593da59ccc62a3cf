"""The heat map of the search: the right figures at the right places, or no map where there was no search."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sor.report.files.folder import write
from sor.report.pictures.search_map import _best, _saved, has_search, search_map
from sor.report.report import Report


def test_every_candidate_is_at_its_place(router_report: Report) -> None:
    search = router_report.search
    assert search.costs is not None
    cube = _saved(router_report)
    grid = search.grid
    places = product(*(range(len(levels)) for levels in (grid.lambda_over, grid.lambda_under, grid.theta_queue)))
    for place, candidate, cost in zip(places, grid.candidates(), search.costs, strict=True):
        i, j, k = place
        at = (grid.lambda_over[i], grid.lambda_under[j], grid.theta_queue[k])
        assert at == (candidate.lambda_over, candidate.lambda_under, candidate.theta_queue)
        assert cube[place] == -cost


def test_the_cross_is_at_the_largest_saving(router_report: Report) -> None:
    cube = _saved(router_report)
    assert cube[_best(router_report)] == cube.max()
    assert cube.max() == pytest.approx(
        float(router_report.data["search"]["in_sample_savings_vs_X_M_bps"]["best"]), abs=1e-6
    )


def test_the_maps_show_the_cuts_through_the_best(router_report: Report) -> None:
    cube, (over, under, theta) = _saved(router_report), _best(router_report)
    figure = search_map(router_report)
    first, second = (np.asarray(ax.images[0].get_array()) for ax in figure.axes[:2])
    assert np.array_equal(first, cube[:, :, theta].T)
    assert np.array_equal(second, cube[over, :, :])
    crosses = [(line.get_xdata()[0], line.get_ydata()[0]) for ax in figure.axes[:2] for line in ax.lines]  # type: ignore[index]
    assert crosses == [(over, under), (theta, under)]


@pytest.mark.parametrize(
    "levels", [{"lambda_over": "1.5x"}, {"lambda_over": "1.5x,2x", "lambda_under": "2x", "theta_queue": "0"}]
)
def test_thin_grids_can_be_drawn(made: Callable[..., Report], levels: dict[str, Any]) -> None:
    report = made(strategy="cont_kukanov", **levels)
    if has_search(report):
        search_map(report).savefig(BytesIO(), format="png")


def test_no_search_no_map(static_report: Report) -> None:
    assert not has_search(static_report)
    with pytest.raises(ValueError, match="no search"):
        search_map(static_report)


@pytest.mark.long
def test_files_of_an_earlier_run_do_not_stay_beside_this_ones(
    router_report: Report, made: Callable[..., Report], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert {path.name for path in write(router_report, tmp_path)} >= {"search.png", "search.svg"}
    write(made(), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "overview.png" in names
    assert not names & {"search.png", "search.svg"}
    assert (tmp_path / "notes.txt").read_text() == "mine"
