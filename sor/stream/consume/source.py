"""One run of a topic as a Source: read live on the first pass, from a spool on every other (docs/stream.md)."""

from __future__ import annotations

import time
import weakref
import zlib
from collections.abc import Iterator

from sor.core.market.batch import Form, SnapshotBatch
from sor.errors import RunError, SorError
from sor.sources.snapshot_buffer import SnapshotBuffer
from sor.sources.source import StreamFacts, TapeFacts
from sor.stream.consume.assembly import BareRun, HeadedRun
from sor.stream.consume.checkpoint import Checkpoint
from sor.stream.consume.idle import IdleTimer
from sor.stream.consume.runs import StreamRun, envelope_of
from sor.stream.kafka.commits import Commits
from sor.stream.kafka.connection import Record
from sor.stream.kafka.dead_letters import DeadLetters
from sor.stream.kafka.reader import Messages
from sor.stream.progress import Meter
from sor.stream.wire.decode import decode
from sor.stream.wire.envelope import Ahead

GROUP = "sor-backtest"
BROKER_SECONDS = 300.0  # a broker that is away for longer than this does not come back by itself
TOPIC_SECONDS = 10.0  # grace for a producer that is just being started
CHECKPOINT_SECONDS = 1.0
POLL_SECONDS = 0.5


class KafkaSource:
    """One run of a topic. `open_source` makes it, once the run's first message is there."""

    def __init__(
        self,
        reader: Messages,
        run: StreamRun,
        first: Record,
        quiet: IdleTimer,
        meter: Meter,
        snapshot_rule: str | None = None,
        commit: bool = True,
    ) -> None:
        self._reader, self._run, self._quiet, self._meter = reader, run, quiet, meter
        self._rule = snapshot_rule
        self._letters = DeadLetters(reader.servers, reader.topic, reader.partition)
        self._commits = Commits(reader.servers, reader.topic, GROUP) if commit else None
        self._ahead, self._hint_bids = _hints(first)
        self._assembler = self._new_assembler()
        # Tells it from a run of the same name in a topic that was made again.
        self._birth = [first.offset, first.timestamp, zlib.crc32(first.value or b"")]
        self._position = self._saved_position = run.read_from
        self._saved_at = time.monotonic()
        self._tail_to: int | None = None  # after the end marker: read on to here for copies and what is unreadable
        self._over = self._resumed = False
        self._reading = 0.0  # seconds of it, without whatever is done with the snapshots in between
        self._checkpoint = Checkpoint.hold(reader.servers, reader.topic, run.name)
        self._spool = self._resume() or self._fresh_spool()
        self._removable = [self._over]
        self._release = weakref.finalize(self, _release, self._checkpoint, self._removable)
        reader.seek(self._position)

    def _new_assembler(self) -> HeadedRun | BareRun:
        run, reject = self._run.id, self._letters.put
        return BareRun(reject) if run is None else HeadedRun(run, reject, self.form)

    # --- Source ---

    @property
    def form(self) -> Form:
        return self._ahead.form if self._ahead else Form.VENUE

    @property
    def prints_late(self) -> int:
        return self._ahead.prints_late if self._ahead else 0

    @property
    def run(self) -> str:
        """The run's id; `bare@OFFSET` for messages without headers."""
        return self._run.name

    @property
    def has_bids(self) -> bool:
        return self._hint_bids or self._assembler.tally.bids

    @property
    def stated(self) -> tuple[int, int] | None:
        return self._ahead.extent if self._ahead is not None else None

    def bounds(self) -> tuple[int, int] | None:
        if self._ahead is not None:
            return self._ahead.first, self._ahead.last
        tally = self._assembler.tally
        return (tally.first_ts, tally.last_ts) if self._over and tally.first_ts >= 0 else None

    def batches(self) -> Iterator[SnapshotBatch]:
        yield from self._spool.batches()
        while not self._over:
            yield from self._advance()

    def tape_facts(self) -> TapeFacts:
        facts = self._assembler.facts if isinstance(self._assembler, HeadedRun) else None
        return facts or TapeFacts(None, self._ahead.symbol if self._ahead else None, None, None, None, None)

    def stream_facts(self) -> StreamFacts:
        run = self._assembler
        rejected, warnings = run.tally.rejected, tuple(self._warnings())
        if isinstance(run, BareRun):
            return StreamFacts(None, run.received, run.duplicates, 0, rejected, None, warnings)
        complete = run.expected == run.received
        return StreamFacts(run.expected, run.received, run.sequence.duplicates, run.gaps, rejected, complete, warnings)

    def close(self) -> None:
        """Done with this source; where the run was read to its end, nothing of it is left behind."""
        self._reader.close()
        if self._commits is not None:
            self._commits.close()
        self._letters.close()
        self._spool.close()
        self._release()

    # --- reading ---

    def _advance(self) -> list[SnapshotBatch]:
        """One poll: what it brought, spooled."""
        began = time.monotonic()
        records = self._reader.poll(POLL_SECONDS)
        if records:
            self._quiet.heard()
            batches = self._accept(records)
            self._position = records[-1].offset + 1
            if self._assembler.ended:
                self._look_behind(records)
        elif self._assembler.ended or self._quiet.heard_nothing(began):
            batches, self._over = self._assembler.give_up(), True
        else:
            batches = []
        for batch in batches:
            self._spool.append(batch)
        if not self._over:
            self._save()
        self._reading += time.monotonic() - began
        if self._over:
            self._finish()
        unread = max(0, self._reader.known_end() - self._position)
        doing = "reading" if records else "waiting for messages"
        self._meter.update(doing, len(self._spool), self._done(), unread=unread)
        return batches

    def _accept(self, records: list[Record]) -> list[SnapshotBatch]:
        try:
            return self._assembler.accept(records)
        except RunError:
            self._removable[0] = True  # there is nothing to go on from
            raise

    def _look_behind(self, records: list[Record]) -> None:
        """Behind the end marker: what is already there and belongs to no other run is still looked at."""
        if self._tail_to is None:
            self._tail_to = self._reader.known_end()
        last = envelope_of(records[-1])
        other = last is not None and last.run != self._run.id
        self._over = isinstance(self._assembler, BareRun) or other or self._position >= self._tail_to

    def _finish(self) -> None:
        self._letters.close()
        self._commit()  # in its own time; close() waits for it
        if self._resumed or self._saved_position > self._run.read_from:
            self._write()  # a long run: a kill during later passes then loses nothing either
        self._removable[0] = True
        count, seconds = len(self._spool), self._reading
        rate = f" ({count / seconds:,.0f}/s)" if seconds > 0 and not self._resumed else ""
        self._meter.note("reading", f"read {count:,} snapshots of run {self.run} in {seconds:,.1f} s{rate}")

    def _save(self) -> None:
        """Spool, checkpoint and commit, in this order, now and then."""
        if self._position == self._saved_position or time.monotonic() - self._saved_at < CHECKPOINT_SECONDS:
            return
        self._checkpoint_now()

    def _checkpoint_now(self) -> None:
        if self._assembler.settled:
            self._letters.flush()
            self._write()
            self._commit()
            self._saved_at, self._saved_position = time.monotonic(), self._position

    def _commit(self) -> None:
        if self._commits is not None:
            self._commits.commit(self._position)

    def _write(self) -> None:
        if self._checkpoint is None:
            return
        self._spool.sync()
        self._checkpoint.write(
            {
                "birth": self._birth,
                "position": self._position,
                "spool": self._spool.position,
                "snapshots": len(self._spool),
                "over": self._over,
                "run": self._assembler.state(),
            }
        )

    def _fresh_spool(self) -> SnapshotBuffer:
        if self._checkpoint is None:
            return SnapshotBuffer()
        self._checkpoint.forget()
        return SnapshotBuffer(self._checkpoint.spool)

    def _resume(self) -> SnapshotBuffer | None:
        """Go on from the checkpoint of one that was killed, if it is of this very run.

        One that is damaged is no loss: the topic still has everything.
        """
        try:
            state = self._checkpoint.read() if self._checkpoint else None
            if self._checkpoint is None or state is None or state["birth"] != self._birth:
                return None
            spool = SnapshotBuffer.resume(self._checkpoint.spool, state["spool"])
            assembler = self._new_assembler()
            assembler.restore(state["run"])
            position, over = int(state["position"]), bool(state["over"])
        except SorError as error:
            self._meter.note("reading", f"run {self.run} is read from its start: what an earlier reading left: {error}")
            return None
        self._assembler, self._position, self._saved_position = assembler, position, position
        self._over, self._resumed = over, True
        self._meter.note("reading", f"going on with run {self.run} after {len(spool):,} snapshots")
        return spool

    # --- words ---

    def _done(self) -> float | None:
        if self._ahead is None or self._ahead.last <= self._ahead.first:
            return None
        share = (self._assembler.tally.last_ts - self._ahead.first) / (self._ahead.last - self._ahead.first)
        return min(1.0, max(0.0, share))

    def _warnings(self) -> Iterator[str]:
        run, tally = self._assembler, self._assembler.tally
        ended = "another run began" if run.ended else f"nothing came for {self._quiet.idle_timeout:g} s"
        if isinstance(run, BareRun):
            yield (
                "stream: completeness is not proven: its messages carry no run id, sequence number or end marker; "
                f"the run was taken to end where {ended}"
            )
        else:
            yield from self._sequence_warnings(run)
        made_by = self._ahead.rule if self._ahead else None
        if self._rule and made_by and made_by != self._rule:
            yield (
                f"stream: run {self.run} was produced with --snapshot-rule {made_by}, and {self._rule} was asked for: "
                f"for the same figures as from the file, produce it with --snapshot-rule {self._rule}"
            )
        if tally.rejected:
            kept = f"could not be kept ({self._letters.trouble})" if self._letters.trouble else "are kept"
            yield f"stream: {_messages(tally.rejected)} could not be read; they {kept} in {self._letters.name}"
        if tally.strays:
            yield f"stream: {_messages(tally.strays)} without headers lay among those of the run and were left out"

    def _sequence_warnings(self, run: HeadedRun) -> Iterator[str]:
        if run.expected is None:
            yield (
                f"stream: run {self.run} is incomplete: no end marker came within {self._quiet.idle_timeout:g} s "
                f"after {run.received:,} snapshots"
            )
        if run.gaps:
            yield f"stream: run {self.run} is incomplete: {run.gaps:,} of its snapshots are missing{_places(run)}"
        if run.tally.disordered:
            yield f"stream: {run.tally.disordered:,} snapshots were earlier than the one before and were left out"
        if run.sequence.late:
            yield f"stream: {run.sequence.late:,} snapshots came after their place had been given up"
        if run.sequence.beyond:
            yield f"stream: {run.sequence.beyond:,} snapshots had numbers beyond the end marker's count; left out"
        if run.expected is not None and run.received > run.expected:
            yield f"stream: the end marker of run {self.run} counts fewer snapshots than came before it"
        if run.expected == run.received and not run.proven:
            yield (
                f"stream: the end marker of run {self.run} has no checksum (an older producer's): all of its snapshots "
                "are here by their numbers, and nothing proves that they are the ones that were sent"
            )


def _places(run: HeadedRun) -> str:
    spans = run.sequence.missing
    texts = [f"{first}" if last == first + 1 else f"{first} to {last - 1}" for first, last in spans[:3]]
    return f" (number {', '.join(texts)}{', ...' if len(spans) > 3 else ''})" if texts else ""


def _messages(count: int) -> str:
    return f"{count:,} message{'s' if count != 1 else ''}"


def _hints(first: Record) -> tuple[Ahead | None, bool]:
    """What the first message says of the rest: its header, or only whether it has bids itself."""
    found = envelope_of(first)
    if found is not None and found.ahead is not None:
        return found.ahead, found.ahead.bids
    return None, decode([first.value]).has_bids


def _release(checkpoint: Checkpoint | None, removable: list[bool]) -> None:
    if checkpoint is not None:
        checkpoint.release(remove=removable[0])
