"""Market time against an absolute clock. No test here asserts how long anything took, only the arithmetic of it."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.core.units import NANO
from sor.errors import InputError
from sor.stream.produce import pacing
from sor.stream.produce.pacing import MAX, Pace, parse_speed


class Clock:
    """A monotonic clock that stands still until told, and moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000

    def monotonic_ns(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * NANO)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pacing, "time", clock)
    return clock


def due(pace: Pace, ts: int) -> int:
    found = pace.due(ts)
    assert found is not None
    return found


@given(st.floats(0.01, 1000), st.lists(st.integers(0, 10**12), min_size=1))
def test_due_moments_are_differences_divided_by_the_speed(speed: float, times: list[int]) -> None:
    pace = Pace(speed)
    start = due(pace, times[0])
    for ts in times:
        assert abs(due(pace, ts) - start - (ts - times[0]) / speed) <= 1 + abs(ts) * 1e-9


def test_lateness_never_accumulates(clock: Clock) -> None:
    pace = Pace(1)
    pace.due(0)
    clock.now += 5 * NANO  # something took five seconds
    assert pace.wait(2 * NANO) == 3 * NANO
    assert pace.wait(5 * NANO) == 0
    assert pace.due(6 * NANO) == clock.now + NANO


def test_it_is_not_time_yet(clock: Clock) -> None:
    pace = Pace(1)
    pace.due(0)
    clock.now += NANO
    assert pace.wait(NANO + 10_000_000, longest=0.0) is None


def test_a_change_of_speed_keeps_the_market_time_reached(clock: Clock) -> None:
    pace = Pace(1)
    start = due(pace, 0)
    clock.now += 10 * NANO
    pace.set_speed(10)
    assert pace.due(10 * NANO) == start + 10 * NANO
    assert pace.due(20 * NANO) == start + 11 * NANO


def test_a_pause_takes_no_market_time(clock: Clock) -> None:
    pace = Pace(2)
    start = due(pace, 0)
    clock.now += NANO
    pace.pause()
    assert pace.paused
    assert pace.due(4 * NANO) is None
    clock.now += 60 * NANO
    pace.resume()
    assert pace.due(4 * NANO) == start + 62 * NANO


def test_full_speed_waits_for_nothing_and_the_clock_starts_anew_after_it(clock: Clock) -> None:
    pace = Pace(MAX)
    assert pace.flat_out
    assert pace.wait(10**18) == 0
    pace.set_speed(1)
    assert not pace.flat_out
    assert pace.due(5 * NANO) == clock.now
    assert pace.due(6 * NANO) == clock.now + NANO


def test_stop_wakes_a_thread_that_waits() -> None:
    pace = Pace(0.001)
    pace.due(0)
    results: list[int | None] = []
    waiting = threading.Thread(target=lambda: results.append(pace.wait(3600 * NANO, longest=3600)))
    waiting.start()
    pace.stop()
    waiting.join(10)
    assert results == [None]
    assert pace.stopped
    assert not pace.flat_out


@pytest.mark.parametrize(("text", "speed"), [("1", 1), ("10", 10), ("0.5", 0.5), (" MAX ", math.inf), ("1e3", 1000)])
def test_speeds(text: str, speed: float) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "", "nan"])
def test_wrong_speeds(text: str) -> None:
    with pytest.raises(InputError, match="speed"):
        parse_speed(text)
