"""The page of a report: its figures are the report's, names from outside are text, a browser finds nothing to say."""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from browsing import check_page, open_page, start
from hypothesis import given, settings
from hypothesis import strategies as st
from page_figures import figures, resolve

from sor import backtest
from sor.core.units import NANO
from sor.options.zones import Zone
from sor.report.pages.axis import Axis, clock_ticks, steps
from sor.report.pages.pictures import cost_paths
from sor.report.pages.report_page import PageContent, command, page
from sor.report.pages.tca_view import horizon, tca_view
from sor.report.report import Report
from sor.request import REQUEST_FIELDS, BacktestRequest

OUTLIER: dict[str, Any] = {"order": 2, "implementation_shortfall_bps": Decimal("9.5"), "reason": "its fees and rebates"}
HOSTILE = '"><script>alert(1)</script><img src="http://127.0.0.1:9/x" onerror=alert(2)>\u202e\x1b[31m'


def shown(report: Report) -> PageContent:
    return PageContent(report.data, report.fill_records, report.path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from start()


@pytest.fixture(scope="module")
def over_orders() -> Report:
    return backtest(start="13:31:00", end="13:33:00", quantity=500, orders=3, side="sell")


@pytest.fixture(scope="module")
def sensitive() -> Report:
    return backtest(start="13:31:00", end="13:32:00", quantity=20_000, strategy="best_ask", take_fade="0.5", impact="1")


def hostile(report: Report) -> PageContent:
    """The report as if everything that a tape or a user can name had been named by an enemy."""
    data = json.loads(report.to_json(), parse_float=Decimal)
    data["tape"] |= {"name": HOSTILE, "symbol": HOSTILE}
    data["tape"]["files"][0]["name"] = HOSTILE
    data["warnings"].append(HOSTILE)
    data["request"] = {"tape": [HOSTILE], "symbol": HOSTILE}
    for venue in data["optimized"]["venues"] + data["tape"]["venues"]:
        venue["name"] = HOSTILE
    name = data["rules"]["strategy"]
    data["strategies"] = {(HOSTILE if key == name else key): value for key, value in data["strategies"].items()}
    data["rules"]["strategy"] = HOSTILE
    fills = [_named(fill, HOSTILE) if fill.strategy == name else fill for fill in report.fill_records]
    return PageContent(data, fills, report.path)


def _named(fill: Any, name: str) -> Any:
    renamed = copy.copy(fill)
    object.__setattr__(renamed, "strategy", name)
    return renamed


@pytest.mark.parametrize("which", ["static_report", "router_report", "over_orders", "sensitive"])
def test_every_figure_is_the_reports(which: str, request: pytest.FixtureRequest) -> None:
    report: Report = request.getfixturevalue(which)
    data = json.loads(report.to_json(), parse_float=Decimal)
    found = figures(page(shown(report)))
    assert len(found) > 80
    for at, value, text in found:
        said = resolve(data, at)
        assert value == str(resolve(report.data, at))
        if isinstance(said, Decimal | int) and not isinstance(said, bool):
            assert Decimal(value) == said
            _check_rounded(text, said)


def _check_rounded(text: str, exact: Decimal | int) -> None:
    digits = text.replace(",", "").replace("−", "-")
    per_cent = digits.endswith(" %")
    number = Decimal(digits.removesuffix(" %"))
    last = Decimal(1).scaleb(int(number.as_tuple().exponent))
    assert abs(number - exact * (100 if per_cent else 1)) <= last / 2 * Decimal("1.000001")


def test_the_headline_comes_first(router_report: Report) -> None:
    text = page(shown(router_report))
    at = [
        text.index(f'id="{name}"') for name in ("headline", "savings", "price", "cost", "strategies", "venues", "again")
    ]
    assert at == sorted(at)
    first = next(at for at, _, _ in figures(text[at[0] :]))
    assert first == "/headline/mean_savings_bps"


def test_all_baselines_strategies_and_warnings_are_there(router_report: Report) -> None:
    places = {at for at, _, _ in figures(page(shown(router_report)))}
    data = router_report.data
    for name, interval in data["out_of_sample"]["ci95"].items():
        assert f"/out_of_sample/mean_savings_bps/{name}" in places
        withheld = not interval or name in data["out_of_sample"]["other_schedules"]
        assert (f"/out_of_sample/ci95/{name}/1" in places) is not withheld
    assert all(f"/strategies/{name}/avg_fill_px" in places for name in data["strategies"])
    text = page(shown(router_report))
    assert data["warnings"]
    assert all(f"<li>{warning}</li>" in text for warning in data["warnings"])


def test_sensitivities_and_outliers_are_there_where_they_were_asked_for(sensitive: Report, over_orders: Report) -> None:
    places = {at for at, _, _ in figures(page(shown(sensitive)))}
    assert "/sensitivities/take_fade/1/strategies/best_ask/cost_bps" in places
    assert "/sensitivities/impact/strategies/best_ask/charge_bps" in places
    data = {**over_orders.data, "orders": {**over_orders.data["orders"], "outliers": [OUTLIER]}}
    text = page(PageContent(data, None, None))
    assert OUTLIER["reason"] in text
    assert "/orders/outliers/0/implementation_shortfall_bps" in text


def test_a_page_needs_nothing_else(router_report: Report) -> None:
    text = page(shown(router_report))
    assert not re.findall(r"<(script|iframe|object|embed|form|base)\b", text)
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["'](?!#|data:,)""", text)
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_hostile_names_are_text(router_report: Report) -> None:
    text = page(hostile(router_report))
    assert "<script" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\\u202e\\x1b[31m" in text


@pytest.mark.long
@pytest.mark.parametrize("which", ["static_report", "router_report", "over_orders"])
def test_a_browser_has_nothing_to_say(which: str, browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(shown(request.getfixturevalue(which))), encoding="utf-8")
    check_page(browser, path)


@pytest.mark.long
def test_a_browser_shows_hostile_names_and_obeys_none(browser: Any, router_report: Report, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(page(hostile(router_report)), encoding="utf-8")
    check_page(browser, path)
    assert "<script>alert(1)</script>" in browser.find_element("tag name", "h1").text
    assert browser.find_elements("tag name", "img") == []


@pytest.mark.long
def test_a_browser_shows_the_headline_in_both_schemes(browser: Any, router_report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(shown(router_report)), encoding="utf-8")
    colours = set()
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        open_page(browser, path)
        script = "const s = getComputedStyle(document.documentElement); return [s.color, s.backgroundColor]"
        ink, paper = browser.execute_script(script)
        assert _contrast(ink, paper) > 7
        quiet = browser.execute_script("return getComputedStyle(document.querySelector('.quiet')).color")
        assert _contrast(quiet, paper) > 4.5
        colours.add(paper)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(colours) == 2


def _contrast(one: str, other: str) -> float:
    """WCAG 2's ratio of two colours rgb(r, g, b)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_cost_lines_end_at_slippage(router_report: Report) -> None:
    data = router_report.data
    names = ["cont_kukanov", "X_M", "best_ask", "twap"]
    drawn = cost_paths(data, router_report.fill_records, names)
    assert drawn is not None
    assert drawn.zero is not None
    assert [line.name for line in drawn.lines] == names
    zero, one = drawn.zero, next(tick for tick in drawn.y_ticks if float(tick.label))
    pixels_a_bp = (one.at - zero) / float(one.label)
    for line in drawn.lines:
        end = float(re.split("[HV]", line.path)[-1])
        slippage = float(data["strategies"][line.name]["slippage_bps"])
        assert (end - zero) / pixels_a_bp == pytest.approx(slippage, abs=0.05)


def test_curves_are_the_reports(router_report: Report) -> None:
    """A curve ends at the part of the orders that the report says, and its band holds it."""
    found = tca_view(router_report.data, "cont_kukanov")
    assert found is not None
    assert found.curves is not None
    times = router_report.data["tca"]["strategies"]["cont_kukanov"]["time_to_fill"]
    full, none = (next(tick.at for tick in found.curves.y_ticks if tick.label == label) for label in ("100", "0"))
    for line, name in zip(found.curves.lines, ("first_fill", "completion"), strict=True):
        end = float(re.split("[HV]", line.path)[-1])
        assert (end - none) / (full - none) == pytest.approx(float(times[name]["filled"][-1]), abs=0.001)
    assert found.curves.band.startswith("M")
    assert found.curves.band.endswith("Z")


def test_horizons_are_said_in_their_unit() -> None:
    assert [horizon(s) for s in ("0.05", 1, "15.0", 60, 300)] == ["50 ms", "1 s", "15 s", "1 min", "5 min"]


def test_no_arrival_price_no_cost_path(made: Callable[..., Report]) -> None:
    report = made(asks=False)
    text = page(shown(report))
    assert 'id="cost"' not in text
    assert "never was a quote on both sides" in text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.booleans())
def test_an_axis_keeps_order_and_holds_its_values(values: list[float], up: bool) -> None:
    axis = Axis.over(values, size=100, up=up)
    places = [axis.at(value) for value in sorted(values, reverse=up)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    ticks = axis.ticks()
    assert len(ticks) <= 7
    assert all(-0.1 <= tick.at <= 100.1 for tick in ticks)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2 * 10**18), st.integers(1, 400_000 * NANO))
def test_clock_ticks_lie_in_the_window(start: int, span: int) -> None:
    ticks = clock_ticks(start, start + span, Zone.named("America/New_York"))
    assert len(ticks) <= 8
    assert all(0 <= tick.at <= 100 for tick in ticks)


def test_steps_hold_a_value_until_the_next() -> None:
    assert steps([(0, 1.0), (10, 2.0)]) == "M0 1H10V2"
    assert steps([]) == ""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"side": "sell", "quantity": 700, "clip": True, "lambda_over": ["1.5x", "2x"], "fees": "none"},
        {"latency_us": "150,2=80", "start": "13:31:00", "adverse_selection": True, "tape": ["a b.csv", "2=c.csv"]},
        {"strategy": "twap", "limit_price": "99.5", "symbol": "A'B"},
    ],
)
def test_the_command_asks_for_the_same(options: dict[str, Any]) -> None:
    from sor.cli.backtest import command as typed

    asked = BacktestRequest(**options).asked()
    words = shlex.split(command({"request": asked}))
    assert words[:2] == ["sor", "backtest"]
    context = typed.make_context("backtest", words[2:])
    assert isinstance(context, click.Context)
    again = BacktestRequest(**{name: context.params[name] for name in REQUEST_FIELDS})
    assert again.asked() == asked
