"""Windows: off the tape, over a night, in a time zone, of a day; where there is no answer, what to type instead."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sor.core.market.timeline import Timeline
from sor.core.units import NANO, format_time, parse_time
from sor.errors import InputError
from sor.options.windows import Window, choose_window
from sor.request import BacktestRequest

MINUTE = 60 * NANO


def ns(text: str) -> int:
    return parse_time(text)


# One regular session in New York, in UTC, and the next day's.
FIRST, LAST = ns("2024-06-03T13:30:00.5Z"), ns("2024-06-03T20:00:00Z")
NEXT_FIRST, NEXT_LAST = ns("2024-06-04T08:00:00Z"), ns("2024-06-04T23:59:00Z")
ONE_DAY = Timeline(FIRST, LAST, venues=(2, 43))
TWO_DAYS = Timeline(FIRST, NEXT_LAST, ((LAST, NEXT_FIRST),), (2, 43))


def window(tape: Timeline, judged: bool = True, **options: Any) -> Window:
    return choose_window(BacktestRequest(fees="none", **options).spec(), tape, judged=judged)


def times(tape: Timeline, **options: Any) -> tuple[str, str]:
    order = window(tape, **options).order
    return format_time(order.start)[:19], format_time(order.end)[:19]


def refusal(tape: Timeline, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        window(tape, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def typed(message: str) -> dict[str, Any]:
    """The --start and --end that a message offers."""
    found = re.search(r"--start (\S+) --end ([^\s,;]+)", message)
    assert found
    return {"start": found[1], "end": found[2]}


# -- off the tape --------------------------------------------------------------------------------------------------


def test_a_second_off_the_tape_is_not_worth_a_word() -> None:
    found = window(ONE_DAY, start=FIRST - NANO, end=LAST + NANO)
    assert found.warnings == ()
    assert (found.order.start, found.order.end) == (FIRST - NANO, LAST + NANO)


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [
        (FIRST - 2 * NANO, LAST, "starts 2.0 s before the tape"),
        (FIRST, LAST + 60 * NANO, "ends 60 s after the tape"),
        # A twentieth of 200 minutes is ten minutes.
        (LAST - 190 * MINUTE, LAST + 10 * MINUTE, "ends 600 s after the tape"),
    ],
)
def test_a_little_off_the_tape_is_a_warning(start: int, end: int, word: str) -> None:
    [warning] = window(ONE_DAY, start=start, end=end).warnings
    assert word in warning


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (LAST - 10 * MINUTE, LAST + 60 * NANO + 1),
        (FIRST - 25 * MINUTE, FIRST + 10 * MINUTE),
        (LAST - 190 * MINUTE, LAST + 10 * MINUTE + 1000),
    ],
)
def test_further_off_is_an_error_that_says_what_to_type(start: int, end: int) -> None:
    message = refusal(ONE_DAY, start=start, end=end)
    for ts in (start, end, FIRST, LAST):
        assert format_time(ts) in message
    assert "--clip" in message
    assert window(ONE_DAY, **typed(message)).warnings == ()


def test_nowhere_near_the_tape_is_an_error_even_with_clip() -> None:
    start = ns("2025-01-02T14:30:00Z")
    message = refusal(ONE_DAY, start=start, end=start + MINUTE, clip=True)
    assert window(ONE_DAY, **typed(message)).warnings == ()


def test_clip_works_the_part_that_is_there_and_keeps_what_was_asked() -> None:
    found = window(ONE_DAY, start=FIRST - 60 * MINUTE, end=FIRST + 10 * MINUTE, clip=True, quantity=700)
    assert (found.order.start, found.order.end, found.order.quantity) == (FIRST, FIRST + 10 * MINUTE, 700)
    assert found.asked == (FIRST - 60 * MINUTE, FIRST + 10 * MINUTE)
    assert window(ONE_DAY, start=FIRST, end=LAST, clip=True).asked is None


def test_a_stated_extent_is_strict_and_reaches_further_than_its_snapshots() -> None:
    stated = Timeline(FIRST, LAST, venues=(2,), stated=(FIRST - 5 * MINUTE, LAST + 5 * MINUTE))
    assert window(stated, start=FIRST - 5 * MINUTE, end=LAST + 5 * MINUTE).warnings == ()
    message = refusal(stated, start=FIRST, end=LAST + 5 * MINUTE + 1)
    assert "is stated to run" in message
    assert window(stated, **typed(message)).warnings == ()


def test_silence_between_the_last_snapshot_and_a_stated_end_is_said() -> None:
    stated = Timeline(FIRST, LAST, venues=(2,), stated=(FIRST, LAST + 40 * MINUTE))
    [warning] = window(stated, start=FIRST, end=LAST + 40 * MINUTE).warnings
    assert "no snapshot for 40 minutes" in warning


def test_a_stream_that_states_nothing_cannot_be_judged() -> None:
    [warning] = window(ONE_DAY, judged=False, start=FIRST, end=LAST + 300 * MINUTE).warnings
    assert "does not say" in warning


def test_the_seed_profile_needs_a_tape_that_covers_its_window() -> None:
    assert "2024-06-03T13:45:14" in refusal(Timeline(FIRST, FIRST + 10 * MINUTE), profile="seed")
    assert times(ONE_DAY, profile="seed") == ("2024-06-03T13:36:32", "2024-06-03T13:45:14")
    assert times(ONE_DAY, profile="seed", tz="Asia/Tokyo") == ("2024-06-03T13:36:32", "2024-06-03T13:45:14")


def test_a_window_that_ends_before_it_starts() -> None:
    assert "before it starts" in refusal(ONE_DAY, start="15:00", end="14:00")


# -- nights and other holes ----------------------------------------------------------------------------------------


def test_a_night_is_an_error_and_all_that_it_offers_works() -> None:
    message = refusal(TWO_DAYS)
    for day in re.findall(r"--day (\S+?),? ", message):
        assert window(TWO_DAYS, day=day).warnings == ()
    assert window(TWO_DAYS, **typed(message)).warnings == ()
    assert len(re.findall("--day", message)) == 2


def test_a_hole_without_a_change_of_date_is_named() -> None:
    halt = Timeline(FIRST, LAST, ((FIRST + 60 * MINUTE, FIRST + 95 * MINUTE),), (2,))
    [warning] = window(halt).warnings
    assert "35 minutes" in warning
    assert format_time(FIRST + 60 * MINUTE) in warning
    assert window(halt, start=FIRST, end=FIRST + 50 * MINUTE).warnings == ()


def test_dates_change_in_new_york_whatever_zone_is_shown() -> None:
    # From 19:50 to 20:20 in New York UTC's date changes, New York's does not.
    late = Timeline(
        FIRST, ns("2024-06-04T03:00:00Z"), ((ns("2024-06-03T23:50:00Z"), ns("2024-06-04T00:20:00Z")),), (2,)
    )
    assert "30 minutes" in window(late).warnings[0]
    assert "holds a night" in refusal(Timeline(late.first, late.last, late.holes, (1,)))  # no US equity: that of --tz


def test_the_trading_day_begins_after_the_last_night() -> None:
    assert window(ONE_DAY).day_start == FIRST
    assert window(TWO_DAYS, day="2024-06-03").day_start == FIRST
    assert window(TWO_DAYS, day="2024-06-04").day_start == NEXT_FIRST
    halt = Timeline(FIRST, LAST, ((FIRST + 60 * MINUTE, FIRST + 95 * MINUTE),), (2,))
    assert window(halt, start=FIRST + 100 * MINUTE).day_start == FIRST  # a halt is no night


# -- days and zones ------------------------------------------------------------------------------------------------


def test_a_day_alone_is_the_session_where_the_tape_covers_it() -> None:
    assert times(TWO_DAYS, day="2024-06-04") == ("2024-06-04T13:30:00", "2024-06-04T20:00:00")
    assert times(TWO_DAYS, day="2024-06-03") == ("2024-06-03T13:30:00", "2024-06-03T20:00:00")
    assert window(TWO_DAYS, day="2024-06-03").order.start == FIRST
    evening = Timeline(ns("2024-06-03T21:00:00Z"), ns("2024-06-03T22:00:00Z"), (), (2,))
    assert times(evening, day="2024-06-03") == ("2024-06-03T21:00:00", "2024-06-03T22:00:00")


def test_a_day_that_is_not_on_the_tape_lists_those_that_are() -> None:
    message = refusal(TWO_DAYS, day="2024-06-05")
    assert "2024-06-03, 2024-06-04" in message


def test_times_of_day_belong_to_the_day_given() -> None:
    assert times(TWO_DAYS, day="2024-06-04", start="14:00", end="15:00") == (
        "2024-06-04T14:00:00",
        "2024-06-04T15:00:00",
    )
    assert times(TWO_DAYS, day="2024-06-04", start="14:00") == ("2024-06-04T14:00:00", "2024-06-04T20:00:00")


def test_times_of_day_belong_to_the_one_day_on_which_they_lie() -> None:
    assert times(TWO_DAYS, start="09:00", end="10:00") == ("2024-06-04T09:00:00", "2024-06-04T10:00:00")
    message = refusal(TWO_DAYS, start="14:00", end="15:00")
    assert "2024-06-03, 2024-06-04" in message
    assert "--day" in message


def test_times_are_of_the_zone_given() -> None:
    options = {"tz": "America/New_York", "start": "10:00", "end": "11:00"}
    assert times(ONE_DAY, **options) == ("2024-06-03T14:00:00", "2024-06-03T15:00:00")
    iso = {"tz": "America/New_York", "start": "2024-06-03T10:00:00", "end": "2024-06-03T15:00:00Z"}
    assert times(ONE_DAY, **iso) == ("2024-06-03T14:00:00", "2024-06-03T15:00:00")
    assert "2024-06-03T09:30:00.500000000-04:00" in refusal(ONE_DAY, tz="America/New_York", start="08:00")


@pytest.mark.parametrize(("start", "word"), [("2024-03-10T02:30:00", "never"), ("2024-11-03T01:30:00", "twice")])
def test_a_time_that_a_change_of_clocks_skips_or_repeats_needs_its_offset(start: str, word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        BacktestRequest(tz="America/New_York", start=start).spec()
    offered = str(caught.value).rsplit(" ", 1)[1]
    assert BacktestRequest(tz="America/New_York", start=offered).spec().start is not None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"tz": "Mars/Olympus"}, "no time zone"),
        ({"tz": "../../etc/passwd"}, "no time zone"),
        ({"day": "June 3"}, "YYYY-MM-DD"),
        ({"start": "25:00"}, "not a time"),
    ],
)
def test_what_is_no_zone_day_or_time(options: dict[str, Any], word: str) -> None:
    assert word in refusal(ONE_DAY, **options)


def test_more_slices_than_can_be_worked_are_refused_with_what_to_give() -> None:
    hour: dict[str, Any] = {"start": "14:00", "end": "15:00"}
    assert refusal(ONE_DAY, **hour, router_interval="0.000000001") == (
        "router-interval: the window would have 3,600,000,000,000 slices, at most 5,000,000 can be worked: "
        "give at least 0.00072 seconds"
    )
    assert times(ONE_DAY, **hour, router_interval="0.00072") == times(ONE_DAY, **hour)
    assert times(ONE_DAY, **hour, strategy="twap", router_interval="0.000000001") == times(ONE_DAY, **hour)
