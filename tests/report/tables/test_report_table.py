"""The printed report: what is there, that it fits, and that no colour is needed to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from sor.report.format import signed
from sor.report.report import Report
from sor.report.tables.cells import judged_savings
from sor.report.tables.report_table import print_report


def printed(report: Report, *, width: int = 80, **kwargs: object) -> str:
    out = StringIO()
    print_report(report.data, Console(file=out, width=width, highlight=False, **kwargs))  # type: ignore[arg-type]
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
        if entry["kind"] == "strategy":
            shares = row(text[text.index("\nShares") :], name)
            assert shares[1:3] == [f"{entry['total_cash']:,.2f}", f"{entry['filled']:,}"]
        assert float(words[2]) == pytest.approx(float(entry["slippage_bps"]), abs=0.005)


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
    text, data = printed(router_report), router_report.data
    words, slices = " ".join(text.split()), data["headline"]["slices"]
    assert f"all market on the same slices: {signed(data['headline']['mean_savings_bps'])} bps" in words
    assert f"{slices['judged']} of {slices['of']} slices" in words
    for model in data["router"]["queue_models"]["models"]:
        assert row(text, model)


def test_where_nothing_was_tuned_nothing_is_said_to_be(router_report: Report) -> None:
    data = router_report.data
    one = {**data, "search": {**data["search"], "candidates": 1, "parameters_matter": False}}
    words = " ".join(printed(replace(router_report, data=one)).split())
    assert "slices in another way than X_M, and was shown the past only." in words
    assert "tuned on the past" not in words
    assert "Best in sample" not in words
    assert "Nothing was tuned" in words


def test_the_market_comes_first_and_other_schedules_are_named(router_report: Report) -> None:
    data = router_report.data
    assert next(iter(data["savings_vs_baselines_bps"])) == "X_M"
    assert next(iter(data["out_of_sample"]["mean_savings_bps"])) == "X_M"
    text = printed(router_report)
    walk = text[text.index("Walk forward against") :].splitlines()[3:]
    assert walk[0].startswith("X_M ")
    others = [line.split() for line in walk if "another schedule" in line]
    assert {words[0]: words[2] for words in others} == {"best_ask": "-", "twap": "-"}
    assert any(line.startswith("X_L_43") and "all limit at NYSE Arca" in line for line in walk)
    sample = data["out_of_sample"]
    for name in sample["other_schedules"]:  # the JSON has the figures of the rule for every baseline
        assert sample["mean_savings_bps"][name] is not None
        assert [type(sample[key][name]) for key in ("ci95", "verdict")] == [list, str]


def test_a_report_is_one_line_and_its_tables_in_a_notebook(router_report: Report) -> None:
    line = repr(router_report)
    assert "\n" not in line
    assert len(line) < 120
    assert f"{signed(router_report.data['headline']['mean_savings_bps'])} bps against X_M" in line
    html = router_report._repr_html_()
    assert html.startswith('<div class="sor cell">')
    assert router_report.data["headline"]["verdict"] in html
    assert "all limit at NYSE Arca" in html


def test_html_escapes_what_a_tape_brings(made: Callable[..., Report]) -> None:
    report = made()
    data = {**report.data, "tape": {**report.data["tape"], "name": "<script>alert(1)</script>"}}
    assert "<script" not in Report(data, report.ledger, report.path, report.search)._repr_html_()


def test_nothing_out_of_sample_prints_nothing(static_report: Report) -> None:
    assert static_report.data["out_of_sample"]["slices"] == 0
    assert static_report.data["headline"] is None
    assert "Walk forward" not in printed(static_report)


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


@pytest.mark.parametrize(
    ("verdict", "style"),
    [("no evidence of a difference", ""), ("", ""), ("cheaper", "green"), ("more expensive", "red")],
)
def test_what_was_saved_has_a_colour_only_where_there_is_a_verdict(verdict: str, style: str) -> None:
    mean = Decimal("-1.5" if style == "red" else "1.5")
    assert str(judged_savings(mean, verdict).style) == style


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
    assert row(text[text.index("\nShares") :], "best_ask")[1:3] == ["0.00", "0"]
