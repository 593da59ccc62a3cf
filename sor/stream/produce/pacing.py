"""Market time turned into the time of a wall clock: each snapshot is due at an absolute moment.

Waiting for differences would add up every delay; waiting for moments never does. A change of speed or a pause only
moves the anchor: (market time, monotonic time) of the last change.
"""

from __future__ import annotations

import math
import threading
import time

from sor.core.units import NANO
from sor.errors import InputError

MAX = math.inf


class Pace:
    """How fast market time runs. Any thread may set the speed, pause, resume or stop; one thread waits.

    speed: market seconds a second; MAX does not wait at all.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._changed = threading.Condition()
        self._speed = _checked(speed)
        self._paused = False
        self._stopped = False
        self._anchor: tuple[int, int] | None = None  # (market ns, monotonic ns)

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def flat_out(self) -> bool:
        """Full speed and nothing in the way: no need to wait or to ask anything."""
        return self._speed == MAX and not self._paused and not self._stopped

    @property
    def stopped(self) -> bool:
        return self._stopped

    def set_speed(self, speed: float) -> None:
        with self._changed:
            self._reanchor()
            self._speed = _checked(speed)
            self._changed.notify_all()

    def pause(self) -> None:
        with self._changed:
            self._reanchor()
            self._paused = True

    def resume(self) -> None:
        with self._changed:
            if self._paused:
                self._paused = False
                self._anchor = (self._anchor[0], time.monotonic_ns()) if self._anchor else None
                self._changed.notify_all()

    def stop(self) -> None:
        """Any thread that waits returns at once. Not undone: a stopped run is over."""
        # No lock: a signal handler calls this in the very thread that may hold it.
        self._stopped = True

    def due(self, ts: int) -> int | None:
        """The monotonic moment of market time `ts` in ns; None at full speed or in a pause. The first call starts."""
        with self._changed:
            if self._anchor is None:
                self._anchor = (ts, time.monotonic_ns())
            if self._paused or math.isinf(self._speed):
                return None
            market, wall = self._anchor
            return wall + round((ts - market) / self._speed)

    def left(self, ts: int) -> int | None:
        """Nanoseconds until market time `ts`, 0 or less when it is due; None in a pause."""
        due = self.due(ts)
        if due is None:
            return None if self._paused else 0
        return due - time.monotonic_ns()

    def moment(self) -> int | None:
        """The market time of now; None at full speed, in a pause and before the start."""
        with self._changed:
            if self._anchor is None or self._paused or math.isinf(self._speed):
                return None
            market, wall = self._anchor
            return market + round((time.monotonic_ns() - wall) * self._speed)

    def wait(self, ts: int, longest: float = 0.05) -> int | None:
        """Wait until market time `ts`, at most `longest` seconds so that the caller can look after other things.

        How late we are in ns (0 or more; 0 at full speed), or None if it is not time yet.
        """
        end = time.monotonic_ns() + round(longest * NANO)
        while not self._stopped:
            due = self.due(ts)
            if due is None and not self._paused:
                return 0
            now = time.monotonic_ns()
            if due is not None and now >= due:
                return now - due
            if now >= end:
                return None
            self._sleep((end if due is None else min(due, end)) - now)
        return None

    def _sleep(self, ns: int) -> None:
        # No watching of the last stretch: a sleep ends a tenth of a millisecond late, and a thread that burns the
        # processor is made to wait by the system when others want it.
        with self._changed:
            if self._paused or ns > 50_000_000:
                self._changed.wait(min(ns, 50_000_000) / NANO)
                return
        time.sleep(ns / NANO)

    def _reanchor(self) -> None:
        """Go on from the present market time at whatever speed comes next."""
        if self._anchor is None or self._paused:
            return
        market, wall = self._anchor
        now = time.monotonic_ns()
        # At full speed there is no market time; the next snapshot to be due starts the clock again.
        self._anchor = None if math.isinf(self._speed) else (market + round((now - wall) * self._speed), now)


def _checked(speed: float) -> float:
    if not speed > 0:
        raise InputError(f"speed {speed} is not a positive number (1 is real time, max does not wait)")
    return speed


def parse_speed(text: str) -> float:
    """`1`, `10`, `0.5` or `max`."""
    if text.strip().lower() == "max":
        return MAX
    try:
        return _checked(float(text))
    except ValueError:
        raise InputError(f"speed {text!r} is neither a positive number nor max") from None
