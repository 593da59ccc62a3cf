"""`sor produce`: tape to topic."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from sor.cli.options.kafka_config import bootstrap_servers, kafka_config
from sor.cli.options.metrics import metrics_option, run_metrics
from sor.cli.options.tape_options import (
    clock_option,
    format_option,
    lot_option,
    strict_option,
    symbol_in_option,
    tape_option,
)
from sor.errors import InputError
from sor.request import BacktestRequest
from sor.stream import TOPIC
from sor.text import say

if TYPE_CHECKING:
    from sor.cli.options.metrics import RunMetrics
    from sor.core.spec import Spec
    from sor.sources.source import Source, TimelineSource
    from sor.stream.produce.pacing import Pace
    from sor.stream.produce.producer import Sent

ALL = "*"  # as in a sweep


@click.command(epilog="Example: sor produce --tape day.csv.gz --speed 10    (ten times as fast as the market was)")
@tape_option()
@clock_option
@symbol_in_option
@format_option
@lot_option
@strict_option
@click.option(
    "--speed", default="1", show_default=True, metavar="1|10|max", help="Any positive number; max: no waiting."
)
@click.option("--start", metavar="TIME", help="HH:MM:SS[.fff] or ISO 8601.  [default: the tape's first snapshot]")
@click.option("--end", metavar="TIME", help="The last moment to send.  [default: the tape's last snapshot]")
@click.option("--day", metavar="YYYY-MM-DD", help="The day of --start and --end; alone, 09:30 to 16:00 New York.")
@click.option("--tz", metavar="ZONE", help="Time zone of --start and --end.  [default: UTC]")
@click.option("--clip", is_flag=True, help="Send the part of the window that is on the tape.")
@click.option(
    "--symbol", metavar="NAME|*", help="Which symbol, if the tape has several; '*': each as a run of its own."
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Of the topic, if --symbol '*' makes it: symbols are spread over them by their key.  [default: 8]",
)
@click.option(
    "--snapshot-rule",
    type=click.Choice(["last", "first"]),
    default="last",
    show_default=True,
    help="Which message of a venue counts at one time.",
)
@click.option("--run-id", metavar="ID", help="Name of the run.  [default: time and a few random characters]")
@kafka_config
@bootstrap_servers
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
@metrics_option
def command(
    speed: str,
    start: str | None,
    end: str | None,
    day: str | None,
    tz: str | None,
    clip: bool,
    **options: Any,
) -> None:
    """Stream a tape to a Kafka topic as a live market would."""
    from sor.stream.names import check_family, check_run_id, check_servers
    from sor.stream.produce.pacing import Pace, parse_speed

    pace = Pace(parse_speed(speed))
    request = BacktestRequest(start=start, end=end, day=day, tz=tz, clip=clip, fees="none")
    check_servers(options["bootstrap_servers"])
    if options["run_id"] is not None:
        (check_family if options["symbol"] == ALL else check_run_id)(options["run_id"])
    if options["symbol"] == ALL:
        sent = _send_all(_sources(request, options), pace, options)
    elif options["partitions"] is not None:
        raise InputError("--partitions is for --symbol '*': one run needs one partition")
    else:
        sent = _send(_source(request, options["symbol"], options), pace, options)
    say(_words(sent, options["topic"]))
    if not sent.complete:
        sys.exit(130)


def _source(request: BacktestRequest, symbol: str | None, options: dict[str, Any]) -> Source:
    from sor.cli.progress import bytes_progress
    from sor.paths import bundled_tape
    from sor.tapes import open_tape

    spec = request.spec()
    with bytes_progress("reading the tape") as progress:
        source = open_tape(
            options["tape"] or bundled_tape(),
            symbol=symbol,
            symbol_in=options["symbol_in"],
            clock=options["clock"],
            format=options["format"],
            lot=options["lot"],
            snapshot_rule=options["snapshot_rule"],
            strict=options["strict"],
            progress=progress,
        )
    return _windowed(spec, source)


def _windowed(spec: Spec, source: TimelineSource) -> Source:
    """What of a source lies in the window. InputError where nothing does."""
    from sor.options.windows import choose_window
    from sor.stream.produce.producer import SourceWindow

    if _is_whole(spec):
        return source
    window = choose_window(spec, source.timeline())
    for warning in window.warnings:
        say(f"sor: {warning}")
    return SourceWindow(source, window.order.start, window.order.end)


def _is_whole(spec: Spec) -> bool:
    return (spec.start, spec.end, spec.day) == (None, None, None)


def _sources(request: BacktestRequest, options: dict[str, Any]) -> dict[str, Source]:
    """Every symbol of the tape that has a snapshot in the window."""
    from sor.cli.progress import bytes_progress
    from sor.paths import bundled_tape
    from sor.tapes.apart import open_symbols
    from sor.tapes.options import ReadOptions

    spec = request.spec()
    read = ReadOptions(options["format"], options["lot"], options["clock"])
    with bytes_progress("reading the tape") as progress:
        tape = options["tape"] or bundled_tape()
        symbols = open_symbols(tape, options["symbol_in"], read, options["snapshot_rule"], options["strict"], progress)
    found: dict[str, Source] = {}
    left_out = []
    for symbol, source in symbols.items():
        if not symbol:
            raise InputError("--symbol '*': the tape has rows without a symbol; leave --symbol out")
        try:
            found[symbol] = _windowed(spec, source)
        except InputError:
            if _is_whole(spec):
                raise
            left_out.append(symbol)
    if not found:
        raise InputError("no snapshot of the tape lies between --start and --end")
    if left_out:
        say(f"sor: nothing between --start and --end: {', '.join(left_out)}")
    return found


def _send(source: Source, pace: Pace, options: dict[str, Any]) -> Sent:
    from sor.stream.produce.producer import produce

    with _sending(pace, options) as (passed, metrics):
        sent = produce(source, options["bootstrap_servers"], options["topic"], **passed)
        metrics.sent(sent)
        return sent


def _send_all(sources: dict[str, Source], pace: Pace, options: dict[str, Any]) -> Sent:
    from sor.stream.produce.producer import PARTITIONS, produce_symbols

    count = options["partitions"] or PARTITIONS
    with _sending(pace, options) as (passed, metrics):
        sent = produce_symbols(sources, options["bootstrap_servers"], options["topic"], partitions=count, **passed)
        metrics.sent(sent)
        return sent


@contextmanager
def _sending(pace: Pace, options: dict[str, Any]) -> Iterator[tuple[dict[str, Any], RunMetrics]]:
    """What one run and many have in common, with progress shown and signals handled."""
    from sor.cli.progress import stream_progress
    from sor.stream.names import new_run_id

    run = options["run_id"] or new_run_id()
    figures = run_metrics("produce", options["topic"], options["metrics"])
    with stream_progress() as show, figures as metrics, _stopped_by_signals(pace):
        metrics.begin(run)
        passed = {
            "pace": pace,
            "run_id": run,
            "timeout": options["timeout"],
            "compression": None if options["compression"] == "none" else options["compression"],
            "rule": options["snapshot_rule"],
            "progress": metrics.watching(show),
        }
        yield passed, metrics


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
