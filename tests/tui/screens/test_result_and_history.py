"""What a run leaves behind: the result with its forest plot and tabs, and the folder of kept reports."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from driving import SHORT, driving
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.content import Content
from textual.widgets import Input

from sor.errors import InputError
from tui.app import SorApp
from tui.screens import history
from tui.screens.history import Compared, KeptRows
from tui.screens.result import ResultPage
from tui.state import kept
from tui.state.app_state import open_report
from tui.state.kept_list import KeptLine, read_line
from tui.widgets.fills import FillRows
from tui.widgets.form.choice import Choice
from tui.widgets.panel import BAD, GOOD
from tui.widgets.report.forest import ForestRow, estimates, forest
from tui.widgets.report.verdict import verdict

REPORT = Path(__file__).parent.parent / "report.json"
TABS = {
    "1": ("Cost against arrival", "Shares"),
    "2": ("Where cont_kukanov traded", "Nasdaq"),
    "3": ("Under each queue model", "cost, bps"),
    "4": ("2,000 SYNT", "Best in sample"),
}


@pytest.mark.parametrize("width", [80, 200])
async def test_no_tab_of_the_result_is_cut_and_nothing_is_there_twice(width: int) -> None:
    async with driving(size=(width, 120), app=SorApp({}, open_report(str(REPORT)))) as d:
        await d.sees("cont_kukanov bought 2,000", "X_M", "other schedule", "benchmark")
        for key, words in TABS.items():
            await d.press(key)
            await d.sees(*words)
            assert "…" not in d.text()
            assert d.text().count("95 % intervals") == 1
            assert d.text().count("includes zero") == 1
        await d.press("5")
        await d.sees("opened from a file")


@cache
def whole() -> Any:
    return json.loads(REPORT.read_text(), parse_float=Decimal)


def data(mean: float, low: float, high: float) -> Any:
    """The report with other figures against X_M."""
    sample, between = whole()["out_of_sample"], [Decimal(str(low)), Decimal(str(high))]
    verdict = "cheaper" if low > 0 else "more expensive" if high < 0 else "no evidence of a difference"
    return whole() | {
        "out_of_sample": sample
        | {
            "mean_savings_bps": sample["mean_savings_bps"] | {"X_M": Decimal(str(mean))},
            "ci95": sample["ci95"] | {"X_M": between},
            "verdict": sample["verdict"] | {"X_M": verdict},
        },
        "headline": whole()["headline"] | {"mean_savings_bps": Decimal(str(mean)), "ci95": between, "verdict": verdict},
    }


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.floats(-20, 20)] * 3), st.integers(60, 200))
def test_colour_only_where_the_interval_excludes_zero(figures: tuple[float, ...], width: int) -> None:
    low, mean, high = (round(value, 4) for value in sorted(figures))
    found = data(mean, low, high)
    first = estimates(found)[0]
    assert first.name == "X_M"
    assert first.style == (GOOD if low > 0 else BAD if high < 0 else "")
    lines = forest(found, width)
    assert len(lines) == len(estimates(found)) + 3
    assert all(one.cell_length <= width + 60 * (one is lines[-1] or one is lines[0]) for one in lines)
    assert any(one.plain.startswith("X_M") and ("●" in one.plain) for one in lines)


def test_what_is_not_sure_for_all_baselines_together_has_no_colour() -> None:
    found = data(1.0, 0.5, 1.5)
    found["out_of_sample"]["verdict"]["X_M"] = "no evidence of a difference"
    assert (estimates(found)[0].style, estimates(found)[0].note) == ("", "not after Holm")


def test_a_mean_beyond_the_axis_is_an_arrow_at_its_end() -> None:
    found = data(1.0, 0.5, 1.5)
    found["out_of_sample"]["ci95"].pop("twap")
    found["out_of_sample"]["mean_savings_bps"]["twap"] = Decimal(90)
    row = next(one.plain for one in forest(found, 80) if one.plain.startswith("twap "))
    assert row.split()[:4] == ["twap", "│", "▸", "+90.00"]


def test_the_verdict_in_plain_words() -> None:
    against = "against X_M (all market), out of sample; the 95 % interval"
    assert verdict(data(0.57, -0.06, 1.18), 140) == (
        f"No evidence of a saving: +0.57 bps {against} -0.06 to +1.18 includes zero."
    )
    assert verdict(data(0.57, -0.06, 1.18), 76) == (
        "No evidence of a saving: +0.57 bps against X_M, -0.06 to +1.18 includes zero."
    )
    assert verdict(data(0.57, 0.06, 1.18), 140) == (
        f"cont_kukanov saved: +0.57 bps {against} +0.06 to +1.18 excludes zero."
    )
    assert verdict(data(-2.0, -3.0, -1.0), 140).startswith("cont_kukanov cost more: -2.00 bps against X_M")
    alone = data(0.57, 0.06, 1.18)
    alone["headline"]["verdict"] = "no evidence of a difference"
    assert verdict(alone, 160).startswith("No evidence of a saving: +0.57 bps")
    assert verdict(alone, 160).endswith("+0.06 to +1.18 excludes zero only before Holm's correction.")
    assert "too few slices for an interval" in verdict(whole() | {"headline": alone["headline"] | {"ci95": None}}, 140)
    assert verdict(whole() | {"headline": None}, 140).startswith("No verdict: nothing was judged out of sample")


def test_every_benchmark_is_in_the_first_table() -> None:
    rows = {one.name: one for one in estimates(whole())}
    mine = whole()["optimized"]["avg_fill_px"]
    for name in ("vwap", "market_vwap"):
        theirs = whole()["strategies"][name]["avg_fill_px"]
        order = rows[name].order
        assert order is not None
        assert abs(order - (theirs - mine) / theirs * 10_000) < Decimal("1e-4")
        assert (rows[name].note, rows[name].style) == ("benchmark", "")


async def test_a_hundred_kept_reports_are_read_once_and_only_those_in_sight_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = REPORT.read_text()
    read: list[Path] = []
    drawn: set[str] = set()
    for at in range(kept.KEEP_REPORTS):
        kept.keep(text.replace('"quantity": 2000', f'"quantity": {3000 + at}', 1), b"run")
    draw = KeptRows.draw

    def noted_line(path: Path) -> KeptLine | None:
        read.append(path)
        return read_line(path)

    def noted_draw(rows: KeptRows, item: KeptLine, width: int) -> Content:
        drawn.add(item.name)
        return draw(rows, item, width)

    monkeypatch.setattr(history, "read_line", noted_line)
    monkeypatch.setattr(KeptRows, "draw", noted_draw)
    async with driving(size=(80, 24), tape_is_read=False) as d:
        await d.press("f5")
        await d.sees("buy 3,099 SYNT")
        rows = d.app.screen.query_one(KeptRows)
        await d.until(lambda: len(rows.items) == kept.KEEP_REPORTS)
        assert len(drawn) <= d.app.size.height
        await d.press("end")
        await d.sees("buy 3,000 SYNT")
        await d.press("slash", *"3,042", "enter")
        assert [item.order for item in rows.items] == ["buy 3,042 SYNT"]
        await d.press("f2", "f5")
        await d.still()
        assert sorted(read) == sorted(kept.reports())  # each once


def test_a_baseline_without_an_interval_has_no_colour() -> None:
    assert ForestRow("twap", 2.0, None, Decimal(2), None, "", True).style == ""
    found = data(1.0, 0.5, 1.5)
    assert {one.name for one in estimates(found)} >= {"X_M", "twap", "vwap"}
    assert replace(estimates(found)[0], ends=(0.0, 1.0)).style == ""


@pytest.mark.long
async def test_runs_are_kept_found_compared_and_opened_with_their_fills(state: Path) -> None:
    async with driving({**SHORT, "strategy": "best_ask"}, size=(140, 40), tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        first = d.app.app_state.shown
        await d.press("r")
        await d.until(lambda: d.app.app_state.count == 2)
        second = d.app.app_state.shown
        await d.press("f2")
        d.app.screen.query_one("#side", Choice).value = "sell"
        await d.pause()
        await d.press("ctrl+r")
        await d.until(lambda: d.app.app_state.count == 3)
        assert first is not None
        assert second is not None
        assert first.text == second.text
        assert first.name != second.name  # two runs never look alike
    # another session finds them
    async with driving(size=(80, 24), tape_is_read=False) as d:
        await d.press("f5")
        await d.sees("sell 1,000 SYNT", "buy 1,000 SYNT", first.name, second.name)
        rows = d.app.screen.query_one(KeptRows)
        assert len(rows.items) == 3
        await d.press("slash", *"buy", "enter")
        assert isinstance(d.app.focused, KeptRows)
        assert [item.name for item in rows.items] == [second.name, first.name]
        await d.press("c")
        await d.told("mark two")
        await d.press("m", "m", "c")
        await d.until(lambda: isinstance(d.app.screen, Compared))
        await d.sees(first.name, second.name, "149.", "slippage")
        await d.press("escape", "home", "enter")
        assert isinstance(d.app.screen, ResultPage)
        assert d.app.app_state.shown is not None
        assert d.app.app_state.shown.text == second.text
        await d.press("5")
        fills = d.app.screen.query_one(FillRows)
        await d.until(lambda: len(fills.items))
        best = second.data["optimized"]
        mine = [item.fill for item in fills.items if item.strategy == "best_ask"]
        assert len(mine) == best["fills"]
        assert sum(fill.qty for fill in mine) == best["filled"] + best["forced"]
        assert fills.items[0].strategy == "best_ask"
        await d.press("w")
        d.app.screen.query_one("#path", Input).value = str(state / "again")
        await d.press("enter")
        await d.told("saved in")
        assert (state / "again" / "report.json").read_text() == second.text
        (state / "again" / "report.html").touch()
        d.app.show_report(open_report(str(state / "again")))
        await d.sees("b opens it")


def test_the_folder_holds_so_many_and_each_has_a_name_of_its_own(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEEP_REPORTS", 3)
    text = REPORT.read_text()
    paths = [kept.keep(text, b"run") for _ in range(5)]
    assert kept.reports() == [path for path in reversed(paths) if path is not None][:3]
    assert len(list((state / "reports").iterdir())) == 6
    found = [read_line(path) for path in kept.reports()]
    assert all(one is not None and one.order == "buy 2,000 SYNT" for one in found)
    assert all(path is None or kept.run_of(path) in ("", str(path.with_suffix(".run"))) for path in paths)
    (state / "reports" / "sor-report-x.json").write_text("{}")
    assert read_line(state / "reports" / "sor-report-x.json") is None


def test_a_report_of_another_version_says_so(tmp_path: Path) -> None:
    found = json.loads(REPORT.read_text())
    del found["strategies"]["X_M"]["avg_fill_px"]
    (tmp_path / "old.json").write_text(json.dumps(found))
    with pytest.raises(InputError, match="misses 'avg_fill_px' in it: run it again"):
        open_report(str(tmp_path / "old.json"))


def test_a_run_that_this_version_cannot_read_says_so(tmp_path: Path) -> None:
    from sor.errors import SorError
    from tui.worker.kept_run import fills

    with pytest.raises(SorError, match="no longer kept"):
        fills(str(tmp_path / "gone.run"))
    (tmp_path / "old.run").write_bytes(b"not a run")
    with pytest.raises(SorError, match="another version of sor"):
        fills(str(tmp_path / "old.run"))
