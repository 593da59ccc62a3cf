"""Where a tape has snapshots and where it has none: what decides whether a window lies on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sor.core.market.batch import Ints, SnapshotBatch, distinct
from sor.core.units import NANO

HOLE = 30 * 60 * NANO  # without any snapshot: long enough for a night, a halt or a missing file

Hole = tuple[int, int]  # the last snapshot before it and the first one after it, in ns


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times in ns. first, last: of the first and of the last snapshot. holes: in order of time.

    stated: from when to when the source itself says that it reaches, None where it does not say. venues: empty where
    they are not known yet.
    """

    first: int
    last: int
    holes: tuple[Hole, ...] = ()
    venues: tuple[int, ...] = ()
    stated: tuple[int, int] | None = None

    @property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """The parts of the tape between its holes: first and last snapshot of each."""
        starts = (self.first, *(after for _, after in self.holes))
        ends = (*(before for before, _ in self.holes), self.last)
        return tuple(zip(starts, ends, strict=True))


@dataclass(slots=True)
class HoleFinder:
    """Finds holes in times that come in ascending pieces."""

    last: int | None = None
    holes: list[Hole] = field(default_factory=list)

    def on_times(self, ts: Ints) -> None:
        self.holes.extend(self.found_in(ts))

    def found_in(self, ts: Ints) -> Iterator[Hole]:
        """The holes that these times, which follow those before, end or contain."""
        if not len(ts):
            return
        if self.last is not None and int(ts[0]) - self.last >= HOLE:
            yield self.last, int(ts[0])
        self.last = int(ts[-1])
        for at in np.flatnonzero(np.diff(ts) >= HOLE).tolist():
            yield int(ts[at]), int(ts[at + 1])


def timeline_of(batches: Iterable[SnapshotBatch], stated: tuple[int, int] | None = None) -> Timeline | None:
    """The timeline of all these snapshots; None where there are none."""
    finder, first, venues = HoleFinder(), None, set[int]()
    for batch in batches:
        if len(batch):
            first = int(batch.ts[0]) if first is None else first
            finder.on_times(batch.ts)
            venues.update(distinct(batch.venue))
    if first is None or finder.last is None:
        return None
    return Timeline(first, finder.last, tuple(finder.holes), tuple(sorted(venues)), stated)
