"""From the messages of a topic to the snapshots of one run: the same whatever came twice, broken or in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from msgspec import convert

from sor.core.market.batch import Form, SnapshotBatch
from sor.errors import RunError
from sor.sources.source import TapeFacts
from sor.stream.consume.sequence import Sequencer
from sor.stream.kafka.connection import Record
from sor.stream.wire.checksum import RunChecksum
from sor.stream.wire.decode import MessageError, decode
from sor.stream.wire.envelope import SCHEMA_HEADER, Ahead, Envelope, end_facts, open_envelope

Reject = Callable[[Record, str], None]


@dataclass(slots=True)
class AssemblyCounts:
    """What has been met on the way, apart from the sequence. Times in ns; -1 before the first snapshot."""

    rejected: int = 0
    strays: int = 0  # bare messages in the midst of a run that has headers
    disordered: int = 0  # earlier than the snapshot before
    bids: bool = False
    first_ts: int = -1
    last_ts: int = -1


class HeadedRun:
    """A run whose messages carry headers."""

    def __init__(self, run: str, reject: Reject, form: Form = Form.VENUE) -> None:
        self._run, self._reject, self._form = run, reject, form
        self._run_header = ("run", run.encode())
        self.sequence = Sequencer()
        self.checksum = RunChecksum()
        self._due: dict[int, bytes] = {}  # checksums of so many snapshots, to be compared once they are there
        self._agreed = -1  # how many snapshots were there when a checksum last agreed
        self.tally = AssemblyCounts()
        self.ahead: Ahead | None = None
        self.expected: int | None = None
        self.facts: TapeFacts | None = None
        self.ended = False  # nothing of this run comes any more

    @property
    def received(self) -> int:
        return self.sequence.received - self.tally.disordered

    @property
    def gaps(self) -> int:
        """Snapshots that are missing: received + gaps is what was expected."""
        return self.sequence.gaps + self.tally.disordered

    @property
    def proven(self) -> bool:
        """The end marker's checksum is that of the snapshots that are here."""
        return self.expected is not None and self._agreed == self.expected

    @property
    def settled(self) -> bool:
        """Nothing is held back: what has been given and `state` agree."""
        return not self.sequence.held

    def accept(self, records: Sequence[Record]) -> list[SnapshotBatch]:
        """Takes messages in the order of the topic, gives the snapshots of its run in the order of the run."""
        ready: list[SnapshotBatch] = []
        stretch: list[Record] = []  # consecutive snapshots of this run
        seq = self.sequence.next
        for record in records:
            headers = record.headers
            # Nearly every message is the next one of this run, with headers exactly as the producer writes them.
            if headers == [self._run_header, ("seq", b"%d" % seq), SCHEMA_HEADER] and not self.ended:
                stretch.append(record)
                seq += 1
                continue
            found = self._look(record)
            if found is None:
                continue
            ready += self._flush(stretch, seq)
            stretch, seq = [], found.seq
            if found.sum is not None and not self.ended and found.seq >= self.checksum.count:
                self._due[found.seq] = found.sum
                self._compare()
            if found.end is not None:
                ready += self._end(found.end, record)
            else:
                self._note_ahead(found.ahead)
                stretch, seq = [record], found.seq + 1
        return ready + self._flush(stretch, seq)

    def give_up(self) -> list[SnapshotBatch]:
        """No more will come: the rest of what was held back."""
        return self._checked(self.sequence.remaining(None))

    def state(self) -> dict[str, Any]:
        return {
            "sequence": self.sequence.state(),
            "checksum": self.checksum.state(),
            "agreed": self._agreed,
            "tally": asdict(self.tally),
            "ahead": asdict(self.ahead) if self.ahead else None,
            "expected": self.expected,
            "facts": asdict(self.facts) if self.facts else None,
            "ended": self.ended,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.sequence = Sequencer.from_state(state["sequence"])
        self.checksum, self._agreed = RunChecksum(state["checksum"]), state["agreed"]
        self.tally = AssemblyCounts(**state["tally"])
        self.ahead = convert(state["ahead"], Ahead | None)
        self.expected = state["expected"]
        self.facts = convert(state["facts"], TapeFacts | None)
        self.ended = state["ended"]

    def _look(self, record: Record) -> Envelope | None:
        """The envelope of a message of this run; None for all that is not, after looking after it."""
        try:
            found = open_envelope(record.headers)
        except MessageError as error:
            self._refuse(record, str(error))
            return None
        if found is None:
            self._bare(record)
            return None
        if found.run != self._run:
            return None
        found.check_schema()
        return found

    def _bare(self, record: Record) -> None:
        decoded = decode([record.value])
        if decoded.rejected:
            self._refuse(record, decoded.rejected[0][1])
        else:
            self.tally.strays += 1

    def _refuse(self, record: Record, reason: str) -> None:
        self.tally.rejected += 1
        self._reject(record, reason)

    def _note_ahead(self, ahead: Ahead | None) -> None:
        if ahead is None:
            return
        if self.ahead is not None and self.ahead != ahead:
            raise _mixture(self._run)
        self.ahead = self.ahead or ahead

    def _flush(self, stretch: list[Record], after: int) -> list[SnapshotBatch]:
        """Decode a stretch of messages whose numbers end just before `after`, and put them into the sequence."""
        if not stretch:
            return []
        seq = after - len(stretch)
        decoded = decode([record.value for record in stretch], self._form)
        self.tally.bids = self.tally.bids or decoded.has_bids
        ready: list[SnapshotBatch] = []
        done = start = 0
        for index, reason in decoded.rejected:
            self._refuse(stretch[index], reason)
            ready += self._put(seq + start, decoded.batch.slice(done, done + index - start))
            done, start = done + index - start, index + 1
        last = decoded.batch if not decoded.rejected else decoded.batch.slice(done, len(decoded.batch))
        return ready + self._put(seq + start, last)

    def _put(self, seq: int, batch: SnapshotBatch) -> list[SnapshotBatch]:
        if not len(batch):
            return []
        if self.ended:
            self.sequence.duplicates += len(batch)  # the run is over; these are copies behind its end marker
            return []
        return self._checked(self.sequence.accept(seq, batch))

    def _end(self, count: int, record: Record) -> list[SnapshotBatch]:
        if self.ended:
            self.sequence.duplicates += 1
            return []
        try:
            self.facts = end_facts(record.value)
        except MessageError as error:
            self._refuse(record, str(error))
            return []
        self.expected, self.ended = count, True
        rest = self._checked(self.sequence.remaining(count))
        self._due.clear()
        return rest

    def _checked(self, batches: list[SnapshotBatch]) -> list[SnapshotBatch]:
        """Time never goes back within a run; a snapshot that does is left out and counted."""
        ready = []
        for batch in batches:
            self.checksum.on_batch(batch)
            self._compare()
            before = np.maximum.accumulate(np.concatenate(([self.tally.last_ts], batch.ts)))
            kept = np.flatnonzero(batch.ts >= before[:-1]).tolist()
            self.tally.disordered += len(batch) - len(kept)
            if self.tally.first_ts < 0:
                self.tally.first_ts = int(batch.ts[0])
            self.tally.last_ts = int(before[-1])
            ready += _pick(batch, kept)
        return ready

    def _compare(self) -> None:
        """What the producer says of so many snapshots against what is here, where nothing is missing."""
        count = self.checksum.count
        said = self._due.pop(count, None) if self._due else None
        if said is None or self.sequence.gaps:
            return
        if said != self.checksum.text():
            raise _mixture(self._run)
        self._agreed = count


def _mixture(run: str) -> RunError:
    return RunError(
        f"run {run} is not one tape: what came is not what its producer sent (the topic was made again while it was "
        "read, or the run's id was used for two tapes): run this again, and if it stays so, produce the run again"
    )


class BareRun:
    """Messages in the seed's form, without headers: one run until a message at or before its first time.

    What repeats the message before it, or is earlier than it, is left out as a duplicate: without sequence numbers
    that is all that can be known.
    """

    def __init__(self, reject: Reject) -> None:
        self._reject = reject
        self.tally = AssemblyCounts()
        self.received = self.duplicates = 0
        self.ended = False
        self._last: bytes | None = None

    @property
    def settled(self) -> bool:
        return True

    def accept(self, records: Sequence[Record]) -> list[SnapshotBatch]:
        bare = [record for record in records if not any(name == "run" for name, _ in record.headers)]
        if self.ended or not bare:
            return []
        decoded = decode([record.value for record in bare])
        bad = dict(decoded.rejected)
        good = [record for index, record in enumerate(bare) if index not in bad]
        kept, end = self._sort_out(decoded.batch.ts.tolist(), good)
        for index, reason in bad.items():
            if end is None or bare[index].offset < end:
                self.tally.rejected += 1
                self._reject(bare[index], reason)
        self.tally.bids = self.tally.bids or decoded.has_bids
        self.received += len(kept)
        return _pick(decoded.batch, kept)

    def give_up(self) -> list[SnapshotBatch]:
        return []

    def state(self) -> dict[str, Any]:
        last = self._last.decode("latin-1") if self._last is not None else None
        counts = {"received": self.received, "duplicates": self.duplicates, "ended": self.ended, "last": last}
        return {"tally": asdict(self.tally), **counts}

    def restore(self, state: dict[str, Any]) -> None:
        self.tally = AssemblyCounts(**state["tally"])
        self.received, self.duplicates, self.ended = state["received"], state["duplicates"], state["ended"]
        self._last = state["last"].encode("latin-1") if state["last"] is not None else None

    def _sort_out(self, times: list[int], records: list[Record]) -> tuple[list[int], int | None]:
        """Which of these are new snapshots of this run, and the offset where the next run begins, if it does."""
        kept: list[int] = []
        for index, (ts, record) in enumerate(zip(times, records, strict=True)):
            if record.value != self._last and begins_again(ts, self.tally.first_ts, self.tally.last_ts):
                self.ended = True
                return kept, record.offset
            if record.value == self._last or ts < self.tally.last_ts:
                self.duplicates += 1
                continue
            kept.append(index)
            self._last, self.tally.last_ts = record.value, ts
            if self.tally.first_ts < 0:
                self.tally.first_ts = ts
        return kept, None


def begins_again(ts: int, first_ts: int, last_ts: int) -> bool:
    """Does a bare message at `ts` begin another run? It does at, or before, the first time of the one so far."""
    return ts < first_ts or (ts == first_ts < last_ts)


def _pick(batch: SnapshotBatch, kept: list[int]) -> list[SnapshotBatch]:
    """These snapshots of a batch, in as few pieces as they lie in."""
    if len(kept) == len(batch):
        return [batch] if kept else []
    pieces: list[tuple[int, int]] = []
    for index in kept:
        if pieces and pieces[-1][1] == index:
            pieces[-1] = (pieces[-1][0], index + 1)
        else:
            pieces.append((index, index + 1))
    return [batch.slice(start, stop) for start, stop in pieces]
