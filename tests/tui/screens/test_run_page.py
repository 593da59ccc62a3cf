"""What the run page says: schedule, savings, what comes next, where it traded and why."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from driving import SHORT, driving
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_snapshots import _live, _view
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Input

from sor.core.backtest.live_view import FillLine, RestingLine, ScheduleLine, SliceLine
from sor.core.units import NANO
from tui import format as words
from tui import theme
from tui.widgets.drawing.canvas import Canvas, Label, beside, ticks
from tui.widgets.fills import FillRows, ShownFill, reason
from tui.widgets.live.charts import LOOKS, PLACES, _bps_path, _sides
from tui.widgets.live.next_step import next_step
from tui.widgets.live.slices_panel import _where
from tui.widgets.live.venue_panel import _ColumnWidths
from tui.widgets.panel import MARK
from tui.widgets.row_table import Filtered

VIEW = _view()[-1]


def said(**more: object) -> str:
    return next_step(replace(VIEW, **more), lambda ts: words.clock(ts))  # type: ignore[arg-type]


def test_what_comes_next_in_words() -> None:
    ends, done = VIEW.ts + NANO, VIEW.strategy.shares
    schedule = ScheduleLine(5, 8, VIEW.ts - NANO, VIEW.ts + 2 * NANO, done, done + 64, 74)
    resting = tuple(RestingLine(venue, 1, 40, 8, 10, ends) for venue in (2, 8))
    at, over = words.clock(ends), words.clock(schedule.ends)
    assert said(schedule=schedule, resting=resting) == (
        f"rests 64 at 2 venues until {at}, then takes what is missing; next slice: 74 shares"
    )
    assert said(schedule=schedule, resting=resting[:1]).startswith("rests 32 at Nasdaq until")
    assert said(schedule=schedule, resting=()) == (
        f"takes 64 at the best price, as it is shown; next slice: 74 shares at {over}"
    )
    assert said(schedule=replace(schedule, target=done, following=0), resting=()) == (
        f"this slice is done; this is the last slice, it ends at {over}"
    )
    assert said(ts=VIEW.start - 1) == f"waits for {words.clock(VIEW.start)}"
    assert said(ts=VIEW.end).startswith("nothing: the window is over, ")
    assert said(quantity=done) == "nothing: all is done"


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(1e-6, 1e5), st.integers(1, 8))
def test_ticks_are_few_round_and_inside(low: float, width: float, most: int) -> None:
    assume(width >= abs(low) * 1e-4)  # as charts of prices have it; beyond it a float's own steps show
    found = ticks(low, low + width, most)
    assert len(found) <= most
    assert all(low - width * 1e-6 <= value <= low + width * (1 + 1e-6) for value in found)
    if most >= 5:
        assert len(found) >= 2
    apart = {round((b - a) / width, 6) for a, b in pairwise(found)}
    assert len(apart) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=8), st.integers(1, 6))
def test_labels_beside_a_drawing_have_a_row_each_in_their_order(values: list[float], height: int) -> None:
    canvas = Canvas(10, height, 0.0, 1.0)
    rows = beside([Label(value, str(value)) for value in values], canvas)
    assert len(rows) == min(height, len(values))
    assert all(0 <= row < height for row in rows)
    shown = [rows[row].value for row in sorted(rows)]
    assert shown == sorted(shown, reverse=True)


def test_what_comes_next_has_room_on_a_small_screen() -> None:
    ends = VIEW.ts + NANO
    schedule = ScheduleLine(5, 8, VIEW.ts - NANO, VIEW.ts + 2 * NANO, 0, 2_064, 1_074)
    resting = tuple(RestingLine(venue, 1, 400, 0, 10, ends) for venue in (2, 8, 15))
    text = next_step(replace(VIEW, schedule=schedule, resting=resting), words.clock, 68)
    assert text == f"rests 1,200 at 3 venues to {words.clock(ends)}, then takes; next: 1,074 shares"
    assert len(text) <= 68


def test_curves_end_at_this_moment_as_the_figures_do() -> None:
    assert VIEW.arrival is not None
    for one in VIEW.strategies:
        path = _bps_path(one, VIEW.arrival)
        assert path[-1] == words.bps(one.cost, VIEW.arrival * one.shares)
        assert len(path) == len(one.path) + 1
    bids, asks = _sides(VIEW)
    assert (bids[-1], asks[-1]) == VIEW.national
    assert VIEW.national == (
        max(v.bid_px for v in VIEW.venues if v.bid_px is not None),
        min(v.ask_px for v in VIEW.venues if v.ask_px is not None),
    )
    full = replace(VIEW, ts=VIEW.end, band=((1, 2),) * PLACES)
    assert len(_sides(full)[0]) == PLACES


def test_where_we_rest_is_said_at_80_columns_too() -> None:
    resting = RestingLine(2, 149_840_000_000, 40, 8, 10, VIEW.end)
    shape = _ColumnWidths.for_view(VIEW, 78)
    row = shape.row(VIEW.venues[0], 40, 8, resting).plain
    assert row.split()[-5:] == ["40", "8", "32", "10", "149.84"]
    assert len(row) <= 78 >= len(shape.head().plain)


@pytest.mark.parametrize("room", [18, 25, 60, 200])
def test_a_reason_is_whole_in_any_room(room: int) -> None:
    kinds = [FillLine(0, 2, 1, 25, "make", "traded", 1_300, 240), FillLine(0, 2, 1, 25, "make", "traded", 300, 0)]
    kinds += [
        FillLine(0, 2, 1, 25, kind, why, 0, 0)
        for kind, why in (("make", "quoted through"), ("take", ""), ("forced", ""))
    ]
    for fill in kinds:
        assert len(reason(fill, room)) <= room
        assert kinds.index(fill) > 1 or f"{fill.volume:,}" in reason(fill, room)


def test_a_slice_that_rests_at_more_venues_than_have_room_says_how_many_more() -> None:
    one = SliceLine(5, 0, 0, 1, ((2, 69), (8, 20), (43, 70)), (), 0, "")
    assert _where(one, 60) == "Nasdaq 69, Cboe EDGX 20, NYSE Arca 70"
    assert _where(one, 36) == "Nasdaq 69, Cboe EDGX 20 +1 more"
    assert _where(one, 5) == "3 venues"


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda look: look.name)
def test_the_curves_colours_are_far_apart(look: Theme) -> None:
    found = {**look.to_color_system().generate(), **look.variables}
    hues = [
        Color.parse(found[style.removeprefix("$")]).hsl.h for style in (MARK, *(style for style, _ in LOOKS.values()))
    ]
    apart = [min(abs(a - b), 1 - abs(a - b)) for a, b in combinations(hues, 2)]
    assert min(apart) > 0.15


def test_each_venue_has_one_name() -> None:
    names = [words.venue(v.venue) for v in VIEW.venues]
    assert len(set(names)) == len(names)
    assert all(len(name) <= words.LONGEST for name in names)
    assert words.venue(2) == "Nasdaq"


def test_every_fill_has_its_reason() -> None:
    live = _live()
    kinds = {fill.kind for fill in live.fills}
    assert kinds == {"make", "take"}
    for fill in live.fills:
        text = reason(fill)
        assert text == "took what was shown" if fill.kind == "take" else text.startswith(("a trade ", "a quote "))
        if text.startswith("a trade "):
            assert f"{fill.volume:,}" in text
            assert fill.in_front < fill.volume


@pytest.mark.long
async def test_every_panel_is_reached_by_keys_and_fills_are_filtered() -> None:
    size = (80, 24)
    async with driving({**SHORT, "speed": "1", "end": "13:31:40"}, size, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.played(0.2)
        await d.press("space")
        await d.sees("✓ on schedule", "X_M", "twap", "slippage", "timing", "Cost of shares done", "Venues", "last fill")
        assert "paused" in d.text()
        assert "/s " not in d.text()  # no rate of some time ago
        for key, title in (("1", "Market"), ("2", "Cost of"), ("3", "Venues"), ("5", "Slices"), ("6", "Stream")):
            await d.press(key)
            await d.sees(title, "slippage")
            assert d.text().count("─") < 2 * size[0]  # one panel's line and the bar of the order
            await d.press(key)
        await d.press("f")
        rows = d.app.screen.query_one(FillRows)
        assert rows.has_focus
        await d.sees("took what was shown")
        total = len(rows.items)
        assert total == len(d.app.app_state.live.fills)  # type: ignore[union-attr]
        await d.press("slash", *"maker")
        assert isinstance(d.app.focused, Input)
        assert d.app.app_state.live is not None
        assert d.app.app_state.live.paused  # what is typed is no command
        assert {item.fill.kind for item in rows.items} == {"make"}
        assert 0 < len(rows.items) < total
        await d.press("enter", "home")
        assert rows.at == 0
        await d.press("escape")
        assert len(rows.items) == total
        await d.press("z")
        await d.sees("Cost of shares done", "Venues")
        await d.press("z", "z", "s")
        await d.finished()


@pytest.mark.long
async def test_a_hundred_thousand_fills_are_drawn_as_few() -> None:
    fill = _live().fills[0]
    rows = FillRows()
    async with driving(tape_is_read=False) as d:
        table = Filtered(rows)
        await d.app.screen.mount(table)
        rows.set_items([ShownFill("router", replace(fill, qty=n), words.clock) for n in range(1, 100_001)])
        rows.focus()
        await d.press("end")
        assert rows.chosen is not None
        assert rows.chosen.fill.qty == 100_000
        await d.press("home", "pagedown")
        assert 1 < rows.at < 100
        rows.filter("no such word")
        assert rows.chosen is None
