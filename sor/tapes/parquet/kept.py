"""The snapshots of row groups that were read, kept for callers that want them again: many orders of one tape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from sor.core.market.batch import SnapshotBatch
from sor.sources.snapshot_buffer import SnapshotBuffer


class KeptGroups:
    """Reads a row group when it is first wanted; after that it comes from a spool. That is a file from its first batch
    on: a sweep has several tapes open, and the system gives the memory in which it holds a file to any that needs it.

    An instant is never divided between row groups, so each can be read alone and in any order.
    """

    def __init__(self, read: Callable[[int], Iterable[SnapshotBatch]]) -> None:
        self._read = read
        self._spool: SnapshotBuffer | None = SnapshotBuffer(memory_budget=0)
        self._appended = 0
        self._places: dict[int, range] = {}  # by group its batches in the spool

    def batches(self, groups: Iterable[int]) -> Iterator[SnapshotBatch]:
        for group in groups:
            if self._spool is not None and group not in self._places:
                self._keep(group, self._spool)
            if self._spool is None:
                yield from self._read(group)
            else:
                place = self._places[group]
                yield from islice(self._spool.batches(place.start), len(place))

    def _keep(self, group: int, spool: SnapshotBuffer) -> None:
        first = self._appended
        try:
            for batch in self._read(group):
                spool.append(batch)
                self._appended += 1
        except OSError:  # no room for it, which the tape itself does not need
            spool.close()
            self._spool = None
        self._places[group] = range(first, self._appended)
