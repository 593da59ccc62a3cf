"""What reports must share to be compared: one order, and on one day one tape and one window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sor.comparison.given import GivenReport
from sor.errors import InputError
from sor.report.format import money, side_and_shares, window_words
from sor.text import shorten

OF_A_TAPE = ("form", "first", "last", "trades_in_window", "volume_in_window")  # a stream of it has the same


def day_of(data: Mapping[str, Any]) -> str:
    """The date on which the order began."""
    return str(data["order"]["start"])[:10]


def check(reports: Sequence[GivenReport]) -> None:
    """InputError in one line that names the first two reports that cannot be compared, and why."""
    first = reports[0]
    of_day: dict[str, GivenReport] = {}
    for one in reports:
        if _order(one.data) != _order(first.data):
            raise _apart(one, first, "order", order_words(one.data), order_words(first.data))
        same_day = of_day.setdefault(day_of(one.data), one)
        if _window(one.data) != _window(same_day.data):
            raise _apart(one, same_day, "window", window_words(one.data), window_words(same_day.data))
        if _tape(one.data) != _tape(same_day.data):
            raise _apart(one, same_day, "tape", _tape_words(one.data), _tape_words(same_day.data))


def order_words(data: Mapping[str, Any]) -> str:
    """Buy 5,000 SYNT, limit 99.50."""
    what, limit = side_and_shares(data), data["order"].get("limit_price")
    return what if limit is None else f"{what}, limit {money(limit)}"


def _order(data: Mapping[str, Any]) -> tuple[Any, ...]:
    order = data["order"]
    return (data["tape"].get("symbol"), order["side"], order["quantity"], order.get("limit_price"))


def _window(data: Mapping[str, Any]) -> tuple[Any, ...]:
    return data["order"]["start"], data["order"]["end"]


def _tape(data: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(data["tape"].get(key) for key in OF_A_TAPE)


def _tape_words(data: Mapping[str, Any]) -> str:
    tape = data["tape"]
    volume = tape.get("volume_in_window")
    return f"{tape.get('name') or 'a stream'}" + ("" if volume is None else f", {volume:,} shares traded")


def _apart(one: GivenReport, other: GivenReport, what: str, mine: str, theirs: str) -> InputError:
    return InputError(
        f"{one.name} and {other.name} cannot be compared: another {what} ({shorten(mine)}; {shorten(theirs)}); "
        "compare one order over routers, options or days"
    )
