"""`sor produce`: tape to topic."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sor.errors import InputError
from sor.stream import BOOTSTRAP_SERVERS, TOPIC

if TYPE_CHECKING:
    from sor.source import Source
    from sor.stream.pacing import Pace
    from sor.stream.producer import Sent

ALL = "*"  # as in a sweep


@click.command(epilog="Example: sor produce --tape day.csv.gz --speed 10    (ten times as fast as the market was)")
@click.option("--tape", metavar="FILE", help="CSV, DBN or Parquet tape.  [default: the bundled tape]")
@click.option(
    "--speed", default="1", show_default=True, metavar="1|10|max", help="Any positive number; max: no waiting."
)
@click.option("--start", metavar="TIME", help="HH:MM:SS[.fff] UTC or ISO 8601.  [default: the tape's first snapshot]")
@click.option("--end", metavar="TIME", help="The last moment to send.  [default: the tape's last snapshot]")
@click.option(
    "--symbol", metavar="NAME|*", help="Which symbol, where the tape has several; '*': each as a run of its own."
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Of the topic, where --symbol '*' makes it: symbols are spread over them by their key.  [default: 8]",
)
@click.option(
    "--snapshot-rule",
    type=click.Choice(["last", "first"]),
    default="last",
    show_default=True,
    help="Which message of a venue counts at one time.",
)
@click.option("--run-id", metavar="ID", help="Name of the run.  [default: time and a few random characters]")
@click.option("--bootstrap-servers", envvar="SOR_BOOTSTRAP_SERVERS", default=BOOTSTRAP_SERVERS, show_default=True)
@click.option("--topic", default=TOPIC, show_default=True, help="Made if it is not there.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up when the broker is away for so long.",
)
@click.option(
    "--compression",
    type=click.Choice(["none", "gzip"]),
    default="none",
    show_default=True,
    help="gzip: a twelfth of the disk, a fifth slower.",
)
def command(tape: str | None, speed: str, start: str | None, end: str | None, **options: Any) -> None:
    """Stream a tape to a Kafka topic as a live market would."""
    from sor.stream.names import check_family, check_run_id, check_servers
    from sor.stream.pacing import Pace, parse_speed

    pace = Pace(parse_speed(speed))
    check_servers(options["bootstrap_servers"])
    if options["run_id"] is not None:
        (check_family if options["symbol"] == ALL else check_run_id)(options["run_id"])
    if options["symbol"] == ALL:
        sent = _send_all(_sources(tape, start, end, options["snapshot_rule"]), pace, options)
    elif options["partitions"] is not None:
        raise InputError("--partitions is for --symbol '*': one run needs one partition")
    else:
        sent = _send(_source(tape, start, end, options["symbol"], options["snapshot_rule"]), pace, options)
    click.echo(_words(sent, options["topic"]), err=True)
    if not sent.complete:
        sys.exit(130)


def _source(tape: str | None, start: str | None, end: str | None, symbol: str | None, rule: Any) -> Source:
    from sor.bundled import bundled_tape
    from sor.cli.progress import bytes_progress
    from sor.stream.producer import Window
    from sor.tapes import open_tape

    with bytes_progress("reading the tape") as progress:
        source = open_tape(tape or bundled_tape(), symbol=symbol, snapshot_rule=rule, progress=progress)
        bounds = source.bounds()
    if start is None and end is None:
        return source
    assert bounds is not None  # a tape knows them
    return Window(source, _moment(start, bounds[0], "--start"), _moment(end, bounds[0], "--end"))


def _sources(tape: str | None, start: str | None, end: str | None, rule: Any) -> dict[str, Source]:
    """Every symbol of the tape that has a snapshot between --start and --end."""
    from sor.bundled import bundled_tape
    from sor.tapes.reading import symbols_on

    found: dict[str, Source] = {}
    left_out = []
    for symbol in symbols_on(Path(tape or bundled_tape())):
        if not symbol:
            raise InputError("--symbol '*': the tape has rows without a symbol; leave --symbol out")
        try:
            found[symbol] = _source(tape, start, end, symbol, rule)
        except InputError:
            if start is None and end is None:
                raise
            left_out.append(symbol)
    if not found:
        raise InputError("no snapshot of the tape lies between --start and --end")
    if left_out:
        click.echo(f"sor: nothing between --start and --end: {', '.join(left_out)}", err=True)
    return found


def _moment(text: str | None, first_ts: int, option: str) -> int | None:
    from sor.request import when

    return None if text is None else when(option, text).resolve(first_ts)


def _send(source: Source, pace: Pace, options: dict[str, Any]) -> Sent:
    from sor.stream.producer import produce

    with _sending(pace, options) as wishes:
        return produce(source, options["bootstrap_servers"], options["topic"], **wishes)


def _send_all(sources: dict[str, Source], pace: Pace, options: dict[str, Any]) -> Sent:
    from sor.stream.producer import PARTITIONS, produce_symbols

    count = options["partitions"] or PARTITIONS
    with _sending(pace, options) as wishes:
        return produce_symbols(sources, options["bootstrap_servers"], options["topic"], partitions=count, **wishes)


@contextmanager
def _sending(pace: Pace, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What one run and many have in common, with progress shown and signals heeded."""
    from sor.cli.progress import stream_progress

    with stream_progress() as show, _stopped_by_signals(pace):
        yield {
            "pace": pace,
            "run_id": options["run_id"],
            "timeout": options["timeout"],
            "compression": None if options["compression"] == "none" else options["compression"],
            "rule": options["snapshot_rule"],
            "progress": show,
        }


@contextmanager
def _stopped_by_signals(pace: Pace) -> Iterator[None]:
    """The first Ctrl-C (or systemd's SIGTERM) ends the run in order, the second one at once."""

    def stop(number: int, frame: Any) -> None:
        if pace.stopped:
            raise KeyboardInterrupt
        pace.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _words(sent: Sent, topic: str) -> str:
    rate = sent.snapshots / sent.seconds if sent.seconds > 0 else 0.0
    took = f"in {sent.seconds:,.1f} s ({rate:,.0f}/s)"
    if not sent.complete:
        return (
            f"sor: interrupted: {sent.snapshots:,} snapshots of run {sent.run} are in {topic}, without an end marker "
            f"(--run-id {sent.run} sends it again, whole)"
        )
    late = ""
    if sent.late_p99 is not None and sent.late_max is not None:
        late = f", late by at most {sent.late_p99 * 1e3:.2f} ms for 99 % of them, {sent.late_max * 1e3:.1f} ms at worst"
    return f"sor: sent {sent.snapshots:,} snapshots and the end marker of run {sent.run} to {topic} {took}{late}"
