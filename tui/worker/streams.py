"""The tape as a paced stream, with or without Kafka between: what the worker feeds to the backtest.

Time before and after the order's window takes no waiting: a speed of 1 begins with the order.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator

import numpy as np

from sor.core.market.batch import SnapshotBatch
from sor.core.market.timeline import Timeline
from sor.core.units import NANO
from sor.sources.source import Source, StreamFacts, TimelineSource, WrappedSource, stated_of
from sor.stream.produce.pacing import MAX, Pace

CHUNK = 4096  # snapshots at a time at full speed: their books are a megabyte, and more at a time is not faster
TICK = 0.1  # seconds between the batches of a paced stream


class StopReading(Exception):  # noqa: N818 (not an error)
    """Raised inside a source's progress callback to leave a wait for messages."""


class Throttle:
    """The speed that the user has chosen, and the pace that is kept: they differ outside the order's window."""

    def __init__(self, speed: float) -> None:
        self.pace = Pace(MAX)
        self._wanted = speed
        self._inside = False

    def set_speed(self, speed: float) -> None:
        self._wanted = speed
        if self._inside:
            self.pace.set_speed(speed)

    def enter(self, inside: bool) -> None:
        self._inside = inside
        wanted = self._wanted if inside else MAX
        if self.pace.speed != wanted:
            self.pace.set_speed(wanted)

    @property
    def stopped(self) -> bool:
        return self.pace.stopped


class Windowed(WrappedSource):
    """A source whose batches end where the order's window begins and ends, and which sets the throttle there."""

    def __init__(self, source: TimelineSource, throttle: Throttle, start: int, end: int) -> None:
        super().__init__(source)
        self._tape, self._throttle, self._start, self._end = source, throttle, start, end

    def timeline(self) -> Timeline:
        return self._tape.timeline()

    def batches(self) -> Iterator[SnapshotBatch]:
        for batch in self._source.batches():
            a = int(np.searchsorted(batch.ts, self._start, "left"))
            b = int(np.searchsorted(batch.ts, self._end, "right"))
            for first, last, inside in ((0, a, False), (a, b, True), (max(a, b), len(batch), False)):
                if last > first:
                    self._throttle.enter(inside)
                    yield batch.slice(first, last)


class Played(WrappedSource):
    """A source on which a run is played once, as fast as the throttle says, and read again as fast as it goes.

    Stopped in the first pass, it ends there for every later one, and its facts say that it is not complete.
    """

    def __init__(
        self, source: Source, throttle: Throttle, on_played: Callable[[int, int, float | None], None], *, cut: bool
    ) -> None:
        """`on_played` gets (pass, snapshots so far, seconds behind the pace). cut: by time, as the pace says."""
        super().__init__(source)
        self._throttle, self._on_played, self._cut = throttle, on_played, cut
        self._passes = 0
        self._played = 0
        self._tick = 0.0
        self.partial = False

    @property
    def stopped(self) -> bool:
        return self.partial

    def stream_facts(self) -> StreamFacts:
        facts = self._source.stream_facts()
        if not self.partial:
            return facts
        warning = (
            f"stopped after {self._played:,} snapshots, before the end of the stream: this report covers what was "
            "worked until then, and no share was forced"
        )
        warnings = (warning, *facts.warnings)
        counts = (facts.duplicates, facts.gaps, facts.rejected)
        return StreamFacts(facts.expected, self._played, *counts, False, warnings)

    @property
    def stated(self) -> tuple[int, int] | None:
        return stated_of(self._source)

    def batches(self) -> Iterator[SnapshotBatch]:
        self._passes += 1
        return self._play() if self._passes == 1 else self._again(self._passes)

    def _play(self) -> Iterator[SnapshotBatch]:
        pieces = self._pieces()
        while True:
            try:
                piece = next(pieces)
            except StopIteration:
                return
            except StopReading:
                self.partial = True
                return
            self._played += len(piece)
            yield piece
            self._on_played(1, self._played, None)
            if self._throttle.stopped:
                self.partial = not self._is_whole()
                return

    def _is_whole(self) -> bool:
        return self._played == self._source.stream_facts().expected

    def _pieces(self) -> Iterator[SnapshotBatch]:
        for batch in self._source.batches():
            start = 0
            while start < len(batch):
                stop = self._due(batch, start)
                yield batch.slice(start, stop)
                start = stop

    def _due(self, batch: SnapshotBatch, start: int) -> int:
        """Where to cut: behind everything whose time has come, as soon as that is the snapshot at `start`."""
        pace, first = self._throttle.pace, int(batch.ts[start])
        last = min(start + CHUNK, len(batch))
        while not pace.stopped:
            if not pace.paused:
                if pace.flat_out or not self._cut:
                    return last
                self._await_tick()
            late = pace.wait(first, TICK)
            if late is None:
                self._on_played(1, self._played, None)
            elif self._cut and not pace.flat_out:
                self._on_played(1, self._played, max(0.0, late / NANO - TICK))
                return self._behind(batch, start, last)
        raise StopReading

    def _behind(self, batch: SnapshotBatch, start: int, last: int) -> int:
        pace, now = self._throttle.pace, time.monotonic_ns()
        due = bisect_right(range(last), now, start, last, key=lambda i: pace.due(int(batch.ts[i])) or 0)
        return max(start + 1, due)

    def _await_tick(self) -> None:
        """Ten batches a second are enough for a screen, and cost less than a hundred."""
        now = time.monotonic()
        if now < self._tick:
            time.sleep(self._tick - now)
        self._tick = max(now, self._tick) + TICK

    def _again(self, number: int) -> Iterator[SnapshotBatch]:
        left = self._played
        for batch in self._source.batches():
            for start in range(0, len(batch), CHUNK):
                piece = batch.slice(start, min(len(batch), start + CHUNK, start + left))
                left -= len(piece)
                yield piece
                self._on_played(number, self._played - left, None)
                if not left:
                    return


class PlayedTape(Played):
    """A tape that is played: where it has snapshots is known before it is played."""

    def timeline(self) -> Timeline:
        assert isinstance(self._source, TimelineSource)
        return self._source.timeline()
