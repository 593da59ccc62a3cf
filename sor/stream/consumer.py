"""One run of a topic as a Source: read live on the first pass, from a spool on every other (DESIGN section 9)."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator

from sor.core.market import SnapshotBatch
from sor.errors import SorError, StreamError
from sor.source import StreamFacts, TapeFacts
from sor.spool import Spool
from sor.stream.assembly import BareRun, HeadedRun
from sor.stream.checkpoint import Checkpoint
from sor.stream.client import Commits, DeadLetters, Reader, Record, check_partitions
from sor.stream.codec import decode
from sor.stream.envelope import Ahead
from sor.stream.progress import Meter, Show, silent
from sor.stream.runs import LATEST, Run, catalogue, envelope_of

GROUP = "sor-backtest"
BROKER_SECONDS = 300.0  # a broker that is away for longer than this does not come back by itself
TOPIC_SECONDS = 10.0  # grace for a producer that is just being started
CHECKPOINT_SECONDS = 1.0
POLL_SECONDS = 0.5


class Quiet:
    """How long nothing has come although the broker was there, and how long it has not been there."""

    def __init__(self, reader: Reader, idle_timeout: float, broker_timeout: float, meter: Meter) -> None:
        self._reader, self._meter = reader, meter
        self.idle_timeout, self._broker_timeout = idle_timeout, broker_timeout
        self.idle = 0.0
        self._away_since: float | None = None

    def heard(self) -> None:
        """A message came."""
        self.idle = 0.0
        if self._away_since is not None:
            self._back()

    def heard_nothing(self, since: float) -> bool:
        """After a poll without messages that began at `since`: True once that has gone on for too long.

        What the caller does between two polls is not silence: we were not listening.
        """
        if self._reader.end() is not None:
            if self._away_since is not None:
                self._back()
            else:
                self.idle += time.monotonic() - since
            return self.idle >= self.idle_timeout
        if self._away_since is None:
            self._away_since = since
            self._meter.note("waiting", f"the broker at {self._reader.servers} is away; waiting for it")
        if time.monotonic() - self._away_since >= self._broker_timeout:
            raise StreamError(
                f"the broker at {self._reader.servers} has been away for {self._broker_timeout:g} s; "
                "run this again when it is back, and the reading goes on where it stopped"
            )
        return False

    def poll(self, seconds: float) -> list[Record]:
        """What comes next, a broker that is away being waited for; nothing where nothing has come for too long."""
        while True:
            began = time.monotonic()
            if records := self._reader.poll(seconds):
                self.heard()
                return records
            if self.heard_nothing(began):
                return []

    def _back(self) -> None:
        self._away_since = None
        self._meter.note("reading", f"the broker at {self._reader.servers} is back")


class KafkaSource:
    """One run of a topic. `open_source` makes it, once the run's first message is there."""

    def __init__(
        self,
        reader: Reader,
        run: Run,
        first: Record,
        quiet: Quiet,
        meter: Meter,
        snapshot_rule: str | None = None,
        commit: bool = True,
    ) -> None:
        self._reader, self._run, self._quiet, self._meter = reader, run, quiet, meter
        self._rule = snapshot_rule
        self._letters = DeadLetters(reader.servers, reader.topic, reader.partition)
        self._commits = Commits(reader.servers, reader.topic, GROUP) if commit else None
        self._ahead, self._hint_bids = _hints(first)
        self._assembler: HeadedRun | BareRun = (
            BareRun(self._letters.put) if run.id is None else HeadedRun(run.id, self._letters.put)
        )
        self._birth = [first.offset, first.timestamp]  # tells it from a run of the same name in a topic made anew
        self._position = self._saved_position = run.read_from
        self._saved_at = time.monotonic()
        self._tail_to: int | None = None  # after the end marker: read on to here for copies and rubbish
        self._over = self._resumed = False
        self._reading = 0.0  # seconds of it, without whatever is done with the snapshots in between
        self._checkpoint = Checkpoint.hold(reader.servers, reader.topic, run.name)
        self._spool = self._resume() or self._fresh_spool()
        self._removable = [self._over]
        self._release = weakref.finalize(self, _release, self._checkpoint, self._removable)
        reader.seek(self._position)

    # --- Source ---

    @property
    def run(self) -> str:
        """The run's id; `bare@OFFSET` for messages without headers."""
        return self._run.name

    @property
    def has_bids(self) -> bool:
        return self._hint_bids or self._assembler.tally.bids

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
        complete = run.expected == run.received and not run.tally.other_tape
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
            batches = self._assembler.take(records)
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
        self._meter.look("reading" if records else "waiting for messages", len(self._spool), self._done())
        return batches

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

    def _fresh_spool(self) -> Spool:
        if self._checkpoint is None:
            return Spool()
        self._checkpoint.forget()
        return Spool(self._checkpoint.spool)

    def _resume(self) -> Spool | None:
        """Go on from the checkpoint of one that was killed, if it is of this very run."""
        state = self._checkpoint.read() if self._checkpoint else None
        if self._checkpoint is None or state is None or state["birth"] != self._birth:
            return None
        try:
            spool = Spool.resume(self._checkpoint.spool, state["spool"])
        except SorError:
            return None  # a damaged spool is no loss: the topic still has everything
        if len(spool) != state["snapshots"]:
            return None
        self._assembler.restore(state["run"])
        self._position = self._saved_position = state["position"]
        self._over, self._resumed = state["over"], True
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
        if run.tally.other_tape:
            yield f"stream: run id {self.run} was used for two different tapes; what is here may be a mixture"


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


# --- finding the run ---


def open_source(
    servers: str,
    topic: str,
    wanted: str = LATEST,
    idle_timeout: float = 90.0,
    progress: Show = silent,
    broker_timeout: float = BROKER_SECONDS,
    snapshot_rule: str | None = None,
) -> KafkaSource:
    """The wanted run of a topic, once its first message is there.

    StreamError where there is no broker, no topic, or no message of the run within `idle_timeout`.
    """
    meter = Meter(progress)
    reader = Reader(servers, topic)
    try:
        count = wait_for_topic(reader, min(idle_timeout, TOPIC_SECONDS), meter)
        check_partitions(topic, count, "use another --topic, or --group to work on all its symbols")
        quiet = Quiet(reader, idle_timeout, broker_timeout, meter)
        run, first = _find(reader, wanted, quiet, meter)
        return KafkaSource(reader, run, first, quiet, meter, snapshot_rule)
    except BaseException:
        reader.close()
        raise


def wait_for_topic(reader: Reader, seconds: float, meter: Meter) -> int:
    """The number of the topic's partitions, once it is there."""
    deadline = time.monotonic() + seconds
    told = False
    while not (count := reader.partitions()):
        if time.monotonic() >= deadline:
            raise StreamError(
                f"topic {reader.topic!r} does not exist at {reader.servers}: sor produce makes and fills it, "
                "sor kafka topics lists what is there"
            )
        if not told:
            meter.note("waiting", f"topic {reader.topic!r} does not exist yet; waiting {seconds:g} s for it")
            told = True
        time.sleep(0.25)
    return count


def _find(reader: Reader, wanted: str, quiet: Quiet, meter: Meter) -> tuple[Run, Record]:
    runs, end = catalogue(reader, quiet.poll, lambda count: meter.look("looking for runs", count))
    matches = [run for run in runs if run.is_wanted(wanted)]
    if matches:
        return matches[-1], _first_of(matches[-1], reader, quiet)
    return _await_run(reader, end, wanted, [run.name for run in runs], quiet, meter)


def _first_of(run: Run, reader: Reader, quiet: Quiet) -> Record:
    """The message that was seen a moment ago; a broker that has gone away since is waited for."""
    while True:
        began = time.monotonic()
        first = reader.at(run.first)
        if first is not None and first.offset == run.first:
            quiet.heard()
            return first
        if first is not None or quiet.heard_nothing(began):
            raise StreamError(f"the first message of run {run.name} cannot be read at {reader.servers}; try again")


def _await_run(
    reader: Reader, end: int, wanted: str, others: list[str], quiet: Quiet, meter: Meter
) -> tuple[Run, Record]:
    """Wait for the first message of a run that has not begun yet."""
    what = "a run" if wanted == LATEST else f"run {wanted}"
    there = f" (it has: {', '.join(others[-5:])})" if others else ""
    meter.note("waiting", f"topic {reader.topic!r} does not have {what} yet{there}; waiting for it")
    reader.seek(end)
    rubbish: int | None = None
    while True:
        began = time.monotonic()
        records = reader.poll(POLL_SECONDS)
        if records:
            quiet.heard()
        elif quiet.heard_nothing(began):
            raise StreamError(
                f"no message of {what} came to topic {reader.topic!r} within {quiet.idle_timeout:g} s{there}: "
                "start one with sor produce, or wait longer with --idle-timeout"
            )
        for record in records:
            found = envelope_of(record)
            if found is None and not len(decode([record.value]).batch):
                rubbish = record.offset if rubbish is None else rubbish
                continue
            read_from = record.offset if rubbish is None else rubbish
            run = Run(found.run if found else None, record.offset, record.offset, read_from)
            if run.is_wanted(wanted):
                return run, record
            rubbish = None
