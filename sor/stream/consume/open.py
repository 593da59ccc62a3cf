"""A run of a topic, once its first message is there."""

from __future__ import annotations

import time

from sor.errors import StreamError
from sor.stream.consume.find_run import find_run
from sor.stream.consume.idle import IdleTimer, outlast
from sor.stream.consume.runs import LATEST, StreamRun, envelope_of
from sor.stream.consume.source import BROKER_SECONDS, POLL_SECONDS, TOPIC_SECONDS, KafkaSource
from sor.stream.kafka.connection import Record
from sor.stream.kafka.properties import in_use
from sor.stream.kafka.reader import TopicReader
from sor.stream.kafka.topic_setup import check_partitions
from sor.stream.progress import Meter, Show, silent
from sor.stream.wire.decode import decode

CHECK_SECONDS = 0.25


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
    reader = TopicReader(servers, topic)
    try:
        count = wait_for_topic(reader, min(idle_timeout, TOPIC_SECONDS), broker_timeout, meter)
        check_partitions(topic, count, "use another --topic, or --group to work on all its symbols")
        quiet = IdleTimer(reader, idle_timeout, broker_timeout, meter)
        run, first = outlast(lambda: _find(reader, wanted, quiet, meter), servers, broker_timeout, meter)
        return KafkaSource(reader, run, first, quiet, meter, snapshot_rule)
    except BaseException:
        reader.close()
        raise


def wait_for_topic(reader: TopicReader, seconds: float, broker_timeout: float, meter: Meter) -> int:
    """The number of the topic's partitions, once it is there. Time without a broker is no waiting for the topic."""
    waited, told = 0.0, False
    while not (count := outlast(reader.partitions, reader.servers, broker_timeout, meter)):
        if waited >= seconds:
            raise StreamError(
                f"topic {reader.topic!r} does not exist at {reader.servers}: sor produce makes and fills it, "
                "sor kafka topics lists what is there" + (" and what this user may see" if in_use() else "")
            )
        if not told:
            meter.note("waiting", f"topic {reader.topic!r} does not exist yet; waiting {seconds:g} s for it")
            told = True
        time.sleep(CHECK_SECONDS)
        waited += CHECK_SECONDS
    return count


def _find(reader: TopicReader, wanted: str, quiet: IdleTimer, meter: Meter) -> tuple[StreamRun, Record]:
    found = find_run(reader, wanted, quiet.poll, lambda count: meter.update("looking for runs", count))
    if found.run is not None:
        return found.run, _first_of(found.run, reader, quiet)
    return _await_run(reader, found.end, wanted, found.others, quiet, meter)


def _first_of(run: StreamRun, reader: TopicReader, quiet: IdleTimer) -> Record:
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
    reader: TopicReader, end: int, wanted: str, others: list[str], quiet: IdleTimer, meter: Meter
) -> tuple[StreamRun, Record]:
    """Wait for the first message of a run that has not begun yet."""
    what = "a run" if wanted == LATEST else f"run {wanted}"
    there = f" (it has: {', '.join(others[-5:])})" if others else ""
    meter.note("waiting", f"topic {reader.topic!r} does not have {what} yet{there}; waiting for it")
    reader.seek(end)
    unreadable: int | None = None
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
                unreadable = record.offset if unreadable is None else unreadable
                continue
            read_from = record.offset if unreadable is None else unreadable
            run = StreamRun(found.run if found else None, record.offset, record.offset, read_from)
            if run.is_wanted(wanted):
                return run, record
            unreadable = None
