"""The order of a run by its sequence numbers: every snapshot once, in order, and what is missing is known.

Kafka keeps the order of one producer, so nearly always the next message is the next snapshot. A producer that was
killed and run again under the same run id sends everything again (duplicates), a rejected message leaves a hole, and
a foreign producer may swap neighbours: a small window waits for what is late before it is called a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from sor.core.market.batch import SnapshotBatch

WINDOW = 256


@dataclass(slots=True)
class Sequencer:
    """Takes snapshots with their numbers, gives them back in order. received + gaps == next at every moment."""

    next: int = 0
    received: int = 0
    duplicates: int = 0
    late: int = 0  # came after their place had been given up; left out, and still counted as gaps
    beyond: int = 0  # had numbers that the end marker does not count; left out
    missing: list[tuple[int, int]] = field(default_factory=list)  # [first, last) of what was given up
    held: dict[int, SnapshotBatch] = field(default_factory=dict)

    @property
    def gaps(self) -> int:
        """Snapshots that are missing."""
        return sum(last - first for first, last in self.missing)

    def accept(self, seq: int, batch: SnapshotBatch) -> list[SnapshotBatch]:
        """Snapshots numbered seq, seq + 1, ...; what is now in order comes back."""
        if seq == self.next and not self.held:
            self.next += len(batch)
            self.received += len(batch)
            return [batch]
        ready: list[SnapshotBatch] = []
        for i in range(len(batch)):
            ready += self._one(seq + i, batch.slice(i, i + 1))
        return ready

    def remaining(self, count: int | None) -> list[SnapshotBatch]:
        """No more will come: what waits is given up, up to `count` where an end marker said it."""
        if count is not None:
            beyond = [seq for seq in self.held if seq >= count]
            self.beyond += len(beyond)
            for seq in beyond:
                del self.held[seq]
        ready: list[SnapshotBatch] = []
        while self.held:
            ready += self._skip()
        if count is not None and count > self.next:
            self._give_up(count)
        return ready

    def state(self) -> dict[str, Any]:
        """For a checkpoint, which is taken only while nothing is held."""
        assert not self.held
        names = ("next", "received", "duplicates", "late", "beyond", "missing")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(**{**state, "missing": [(first, last) for first, last in state["missing"]]})

    def _one(self, seq: int, item: SnapshotBatch) -> list[SnapshotBatch]:
        if seq < self.next:
            if any(first <= seq < last for first, last in self.missing):
                self.late += 1
            else:
                self.duplicates += 1
            return []
        if seq in self.held:
            self.duplicates += 1
            return []
        self.held[seq] = item
        ready = self._drain()
        return ready if len(self.held) <= WINDOW else ready + self._skip()

    def _drain(self) -> list[SnapshotBatch]:
        ready = []
        while self.next in self.held:
            ready.append(self.held.pop(self.next))
            self.next += 1
            self.received += 1
        return ready

    def _skip(self) -> list[SnapshotBatch]:
        self._give_up(min(self.held))
        return self._drain()

    def _give_up(self, until: int) -> None:
        if self.missing and self.missing[-1][1] == self.next:
            self.missing[-1] = (self.missing[-1][0], until)
        else:
            self.missing.append((self.next, until))
        self.next = until
