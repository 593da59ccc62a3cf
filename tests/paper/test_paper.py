"""`sor paper`: the numbers of the reproduction, and that its tables and figure are written."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sor.cli import cli
from sor.cli.paper import _MARKS, _write
from sor.core.place import Placement, Problem, costs, place
from sor.core.place.closed_form import solve_single, split_value
from sor.core.place.draw import draw
from sor.core.place.stochastic import Projection, approximate, nonnegative
from sor.errors import InputError
from sor.paper import reproduce, tables
from sor.paper.decomposition import parts
from sor.paper.first_version import convergence, first_version
from sor.paper.printed import read_other_tables, read_printed
from sor.paper.sensitivity import PANELS, alone, steps_at
from sor.paper.two_exchanges import VOLUMES, exchanges


def test_thresholds_are_the_references() -> None:
    found = reproduce.figure_2_thresholds()
    assert [one.law for one in found] == ["Exp(2200)", "Exp(2500)", "Pareto(5, 1760)"]
    for one in found:
        assert (one.lower, one.upper) == pytest.approx(one.reference, abs=1e-6)


def test_curves_rise_from_all_limit_to_all_market() -> None:
    for curve, mark in zip(reproduce.figure_2_curves(41), reproduce.figure_2_thresholds(), strict=True):
        assert list(curve.market_share) == sorted(curve.market_share)
        for under, share in zip(curve.lambda_under, curve.market_share, strict=True):
            assert (share == 0) == (under <= mark.lower)
            assert (share == 1) == (under >= mark.upper)


@pytest.mark.parametrize(("k", "cents"), [(1, 1.543), (3, -0.074), (5, -1.672)])
def test_table_1_rows(k: int, cents: float) -> None:
    row = reproduce.table_1_row(k)
    assert row.optimum == pytest.approx(cents, abs=0.0005 + 4 * row.std_error)
    slack = 4 * max(row.std_error, 0.002)
    for other in (row.all_market, row.all_limit, row.equal_split, row.approximation):
        assert other >= row.optimum - slack


PRINTED = Path(__file__).parents[3] / "shared" / "data" / "paper_tables.json"


printed = pytest.mark.skipif(not PRINTED.is_file(), reason="the paper's printed numbers are not at hand")


@printed
@pytest.mark.parametrize("size", [500, 1000, 5000])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_table_1_is_a_thousand_steps_from_an_equal_split(size: int, k: int) -> None:
    """The print is one run of ours: M, every limit and the cost within three standard deviations and half a digit."""
    problem, row = reproduce.several(k, 0.6, size), read_printed(PRINTED)[size, k]
    found = np.array([reproduce.approximation(problem, seed) for seed in range(12)])
    outflows, scale = draw(problem, 1 << 12, 1), 100 / size
    values = np.array([scale * costs(problem, outflows, x) for x in found])
    drawn = values[0].std() / 1000**0.5  # what a mean over the paper's N = 1,000 outcomes is sure to
    ours = values.mean(axis=1)
    assert abs(ours.mean() - row.cost) < 0.005 + 3 * np.hypot(ours.std(ddof=1), drawn)
    gap = np.abs(scale * found.mean(axis=0) - row.shares)
    assert (gap < 0.5 + 3 * scale * found.std(axis=0, ddof=1)).all()


@printed
@pytest.mark.parametrize("size", [500, 1000, 5000])
def test_for_one_venue_the_print_is_dearer_than_proposition_3(size: int) -> None:
    """And no slip: its allocation does cost what it says."""
    problem, row = reproduce.several(1, 0.6, size), read_printed(PRINTED)[size, 1]
    shares = np.array(row.shares) * size / 100
    assert 100 * split_value(problem, shares) / size == pytest.approx(row.cost, abs=0.03)
    assert 100 * split_value(problem, solve_single(problem)) / size < row.cost - 0.02


@printed
def test_table_2_is_of_the_same_allocations() -> None:
    rows = read_other_tables(PRINTED).table_2
    for k in range(1, 6):
        problem = reproduce.several(k, 0.6, 500)
        x = reproduce.approximation(problem, 2)
        found = parts(problem, draw(problem, 1 << 12, 1), x)
        fees, impact, penalties, _, short, over, short_often, over_often = rows[500, k]
        assert (found.fees, found.penalties) == pytest.approx((fees, penalties), abs=0.1 if k == 1 else 0.03)
        assert found.impact == pytest.approx(impact, abs=0.006)
        assert (found.short, found.over) == pytest.approx((short, over), abs=2)
        assert (found.short_often, found.over_often) == pytest.approx((short_often, over_often), abs=4)


@printed
@pytest.mark.parametrize("project", [nonnegative, lambda x, size: np.maximum(x - max(x.sum() - size, 0) / 2, 0)])
def test_other_projections_do_not_give_the_printed_row_of_one_venue(project: Projection) -> None:
    """X >= 0 only, and the nearest point of M + L <= S: M stays near the optimum's 79 %."""
    problem, row = reproduce.several(1, 0.6), read_printed(PRINTED)[1000, 1]
    x = approximate(problem, reproduce.independent(problem, 1000, 0), project=project)
    assert x[0] / 10 < row.shares[0] - 10


def test_the_parts_of_a_cost_sum_to_it() -> None:
    problem = reproduce.several(3, 0.6, 900)
    outflows, x = draw(problem, 1 << 10, 3), np.array([300.0, 250.0, 180.0, 400.0])
    found = parts(problem, outflows, x)
    assert found.total == pytest.approx(found.fees + found.impact + found.penalties)
    assert found.total == pytest.approx(costs(problem, outflows, x).mean() / 9)


@printed
@pytest.mark.parametrize("size", [500, 1000, 5000])
def test_the_first_versions_table_is_a_thousand_steps_too(size: int) -> None:
    rows = read_other_tables(PRINTED).first
    for k in range(1, 6):
        problem = first_version(k, size)
        x = np.mean([reproduce.approximation(problem, seed) for seed in range(3)], axis=0) / size
        assert (x[0], x[1:].mean()) == pytest.approx(rows[size, k][:2], abs=0.025)


@printed
@pytest.mark.parametrize("steps", [10, 200, 1000])
def test_figure_3_has_the_first_versions_penalties(steps: int) -> None:
    found = convergence(steps)
    assert (found.value, found.place) == pytest.approx(read_other_tables(PRINTED).figure_3[steps], rel=0.06)


@printed
def test_figures_7_and_8_are_a_thousand_steps() -> None:
    """The ends of some curves, as read from the print to 5 shares; a run of ours adds as much."""
    read, panels = read_other_tables(PRINTED).figures, {panel.name.split(",")[0]: panel for panel in PANELS}
    curves = (
        ("fig7L", "7 left", 1, "L1"),
        ("fig7L", "7 left", 2, "L2"),
        ("fig8L", "8 left", 0, "M"),
        ("fig8R", "8 right", 0, "M"),
    )
    for key, name, part, label in curves:
        panel = panels[name]
        ends = re.search(rf"\b{label} (\d+)->(\d+)", read[key])
        assert ends is not None
        for value, there in zip((panel.points[0], panel.points[-1]), ends.groups(), strict=True):
            assert steps_at(panel.problem(value))[part] == pytest.approx(float(there), abs=12)
    assert alone(panels["4 left"].problem(1000.0))[1] == pytest.approx(214, abs=1)


def test_table_3_turns_the_right_way() -> None:
    """More volume at BATS: less to the market, no less to BATS; and its third penalty is out of the model's bounds."""
    for penalty in (0.010, 0.009):
        answers = [place(exchanges(penalty, chance), samples=1024) for chance in VOLUMES.values()]
        assert [one.M for one in answers] == sorted((one.M for one in answers), reverse=True)
        assert [one.L[0] for one in answers] == sorted(one.L[0] for one in answers)
    assert place(exchanges(0.009, VOLUMES["low"])).M < place(exchanges(0.010, VOLUMES["low"])).M
    with pytest.raises(InputError, match="A2"):
        exchanges(0.005, 0.1)


def test_the_cost_of_two_venues_is_not_convex() -> None:
    """Between two points of the set that holds an optimum, with Table 1's parameters and S = 400."""
    problem = reproduce.several(2, 0.6, 400)
    outflows = draw(problem, 1 << 12, 0)
    low, middle, high = (
        float(costs(problem, outflows, np.array([100.0, 300.0, last])).mean()) for last in (120.0, 210.0, 300.0)
    )
    assert middle > (low + high) / 2 + 0.5


def test_first_order_conditions_are_equations_only_where_a_hit_of_s_is_no_atom() -> None:
    """P(A < S) = (h + f + theta + lambda_o) / Lambda for two venues; for one, where A = S is likely, it is below."""
    for k, tight in ((2, True), (1, False)):
        problem = reproduce.several(k, 0.6)
        answer = place(problem, samples=8192)
        wanted = (problem.h + problem.f + problem.theta + problem.lambda_over) / problem.lam
        found = parts(problem, draw(problem, 1 << 14, 7), np.array([answer.M, *answer.L]))
        below, at_most = found.short_often / 100, 1 - found.over_often / 100
        assert below <= wanted + 0.02
        assert at_most >= wanted - 0.02
        assert (abs(below - wanted) < 0.02) == tight
        _check_the_first_limit(problem, answer)


def _check_the_first_limit(problem: Problem, answer: Placement) -> None:
    """Lambda P(A < S | filled) <= theta / P(filled) + lambda_o - h - r <= Lambda P(A <= S | filled)."""
    venue, limits = problem.venues[0], np.array(answer.L)
    room = draw(problem, 1 << 14, 7) - venue.queue
    bought = answer.M + np.minimum(np.maximum(room, 0), limits).sum(axis=1)
    filled = room[:, 0] > limits[0]
    between = problem.theta / filled.mean() + problem.lambda_over - problem.h - venue.rebate
    below, at_most = (problem.lam * (bought[filled] < problem.size + slack).mean() for slack in (-1e-6, 1e-6))
    assert below <= between + 0.003
    assert at_most >= between - 0.003


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"v4": {"table1": {"rows": {"x": [[1, [1], 1, [1]]]}}}}'])
def test_a_file_of_other_numbers_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(InputError, match="is no JSON with the rows of Table 1"):
        read_printed(tmp_path / "f.json")


@pytest.mark.parametrize("text", ['{"v4": {}}', "[" * 100_000, '{"v4": {}, "v4": {}}'])
def test_a_file_without_the_other_tables_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(InputError, match="Tables 2 and 3"):
        read_other_tables(tmp_path / "f.json")
    with pytest.raises(InputError, match="No such file"):
        read_other_tables(tmp_path / "g.json")


def test_a_sheet_as_markdown() -> None:
    text = tables.thresholds_sheet(reproduce.figure_2_thresholds()).markdown()
    lines = text.splitlines()
    assert lines[2].startswith("| outflow | lambda_u |")
    assert len(lines) == 4 + 6
    assert "| Exp(2200) | all limit up to | 0.037962 | 0.037962 |" in text


@pytest.mark.long
def test_the_command_writes_tables_and_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On few outcomes: that the figures are right is asked above, and K = 1 needs none."""
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(reproduce, "place", partial(place, samples=64))
    monkeypatch.setattr(reproduce, "FRESH", 1 << 6)
    run = CliRunner().invoke(cli, ["paper", "--out", str(tmp_path)])
    assert run.exit_code == 0, run.output
    assert "Table 1: cost in cents a share" in run.stdout
    page = (tmp_path / "paper.md").read_text()
    rows = re.findall(r"^\| (500|1000|5000) \| ([1-5]) \|", page, re.M)
    assert rows == [(size, k) for size in ("500", "1000", "5000") for k in "12345"]
    assert "| 1000 | 1 | 790 | 210 | 1.543 |" in page
    assert (tmp_path / "img" / "paper.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_command_as_a_user_runs_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run = subprocess.run(
        [sys.executable, "-m", "sor", "paper", "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "1.543" in run.stdout


def test_a_page_with_marks_keeps_what_is_around_them(tmp_path: Path) -> None:
    page = tmp_path / "paper.md"
    page.write_text(f"before\n{_MARKS[0]}\nold\n{_MARKS[1]}\nafter\n")
    assert _write(tmp_path, "new") == page
    assert page.read_text() == f"before\n{_MARKS[0]}\n\nnew\n\n{_MARKS[1]}\nafter\n"
    _write(tmp_path, "new")
    assert page.read_text().count("new") == 1
    page.write_text("no marks")
    _write(tmp_path, "new")
    assert page.read_text() == "# The paper, computed again\n\nnew\n"
