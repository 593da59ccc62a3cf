"""The printed report: what is there, that it fits, and that no colour is needed to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from sor.report.model import Report
from sor.report.table import print_report


def printed(report: Report, *, width: int = 80, **kwargs: object) -> str:
    out = StringIO()
    print_report(report, Console(file=out, width=width, highlight=False, **kwargs))  # type: ignore[arg-type]
    return out.getvalue()


def row(text: str, name: str) -> list[str]:
    """The words of the first line that begins with this name."""
    line = next(line for line in text.splitlines() if line.lstrip("> ").startswith(name + " "))
    return line.lstrip("> ").split()


def test_every_strategy_has_a_row_with_its_figures(static_report: Report) -> None:
    text = printed(static_report)
    for name, entry in static_report.data["strategies"].items():
        words = row(text, name)
        assert words[1] == f"{entry['avg_fill_px']:,.4f}"
        assert words[2] == f"{entry['total_cash']:,.2f}"
        assert float(words[3]) == pytest.approx(float(entry["slippage_bps"]), abs=0.005)


def test_the_chosen_strategy_is_marked_without_colours(static_report: Report) -> None:
    assert "\n> static " in printed(static_report)
    assert "\n> twap " not in printed(static_report)


def test_savings_and_warnings_are_printed(static_report: Report) -> None:
    text = " ".join(printed(static_report).split())
    for name, saved in static_report.data["savings_vs_baselines_bps"].items():
        assert f"{name} {saved:+.2f}" in text
    assert "no one can trade it" in text
    assert static_report.data["warnings"]
    for warning in static_report.data["warnings"]:
        assert warning in text


def test_the_routers_blocks_are_printed(router_report: Report) -> None:
    text = printed(router_report)
    assert f"{router_report.data['out_of_sample']['slices']} slices, tuned on the past only" in text
    mean = router_report.data["out_of_sample"]["mean_savings_bps"]["X_M"]
    assert f"{mean:+.2f}" in text
    for model in router_report.data["router"]["queue_models"]:
        assert row(text, model)


def test_nothing_out_of_sample_prints_nothing(static_report: Report) -> None:
    assert static_report.data["out_of_sample"]["slices"] == 0
    assert "Out of sample" not in printed(static_report)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_and_no_figure_is_cut(router_report: Report, static_report: Report, width: int) -> None:
    for report in (router_report, static_report):
        lines = printed(report, width=width).splitlines()
        assert max(len(line) for line in lines) <= min(width, 80)
        assert not [line for line in lines if re.search(r"[\d.+-]…", line)] or width < 80


def test_without_a_terminal_there_is_no_escape_sequence(static_report: Report) -> None:
    assert "\x1b" not in printed(static_report)


def test_sixteen_colours_are_enough(static_report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = printed(static_report, force_terminal=True, color_system="truecolor")
    assert "\x1b[" in text
    assert "38;2;" not in text
    assert "38;5;" not in text


def test_no_color_is_honoured(static_report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(static_report, force_terminal=True, color_system="standard")
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", text) for code in found.split(";")}
    assert codes <= {"", "0", "1", "2"}  # bold and dim are no colours


def test_figures_that_do_not_exist_are_a_dash(made: Callable[..., Report]) -> None:
    report = made(asks=False)
    assert report.data["optimized"]["total_cash"] is None
    assert row(printed(report), "twap")[1:] == ["-"] * 6


def test_shares_left_by_a_limit_price_are_shown_with_the_shortfall(made: Callable[..., Report]) -> None:
    report = made(limit_price="99")
    text = printed(report)
    assert "limit 99.00" in text
    assert "shortfall" in text
    assert row(text, "best_ask")[1:3] == ["-", "0.00"]
