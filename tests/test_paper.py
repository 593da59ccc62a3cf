"""`sor paper`: the numbers of the reproduction, and that its tables and figure are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sor.cli.paper import _MARKS, _write
from sor.paper import reproduce, tables


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
    if row.printed is not None:
        assert row.optimum < row.printed


def test_a_sheet_as_markdown() -> None:
    text = tables.thresholds_sheet(reproduce.figure_2_thresholds()).markdown()
    lines = text.splitlines()
    assert lines[2].startswith("| outflow | lambda_u |")
    assert len(lines) == 4 + 6
    assert "| Exp(2200) | all limit up to | 0.037962 | 0.037962 |" in text


def test_the_command_writes_tables_and_figure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run = subprocess.run(
        [sys.executable, "-m", "sor", "paper", "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "Table 1: cost in cents a share" in run.stdout
    assert "1.543" in run.stdout
    page = (tmp_path / "paper.md").read_text()
    assert "| 1 | 790 | 210 | 1.543 |" in page
    assert (tmp_path / "img" / "paper.png").read_bytes().startswith(b"\x89PNG")


def test_a_page_with_marks_keeps_what_is_around_them(tmp_path: Path) -> None:
    page = tmp_path / "model.md"
    page.write_text(f"before\n{_MARKS[0]}\nold\n{_MARKS[1]}\nafter\n")
    assert _write(tmp_path, "new") == page
    assert page.read_text() == f"before\n{_MARKS[0]}\n\nnew\n\n{_MARKS[1]}\nafter\n"
    assert _write(tmp_path, "new") == page
    assert page.read_text().count("new") == 1
    page.write_text("no marks")
    assert _write(tmp_path, "new") == tmp_path / "paper.md"
    assert page.read_text() == "no marks"
