"""`sor backtest`: tape or stream to report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sor.cli.suggest import FILE, LIQUIDITY, PROFILE, QUEUE_MODEL, SIDE, SNAPSHOT_RULE, STRATEGY
from sor.errors import InputError, StreamError
from sor.request import REQUEST_FIELDS, Request

if TYPE_CHECKING:
    from sor.source import Source


def order_options(command: Any) -> Any:
    """The options that describe an order, a tape and a strategy; the terminal interface has the same."""
    option = click.option
    options = [
        option("--tape", type=FILE, metavar="FILE", help="CSV, DBN or Parquet tape.  [default: the bundled tape]"),
        option(
            "--profile",
            type=PROFILE,
            default="default",
            metavar="default|seed",
            help="seed: the original system's rules.",
        ),
        option("--symbol", help="Which symbol, where the tape has several."),
        option("--side", type=SIDE, metavar="buy|sell", help="[default: buy]"),
        option("--quantity", metavar="SHARES", help="[default: 5000]"),
        option("--start", metavar="TIME", help="HH:MM:SS[.fff] UTC or ISO 8601.  [default: the tape's first snapshot]"),
        option("--end", metavar="TIME", help="The window is closed.  [default: the tape's last snapshot]"),
        option("--interval", metavar="SECONDS", help="TWAP's slices.  [default: 60]"),
        option(
            "--liquidity",
            type=LIQUIDITY,
            metavar="consume|replenish",
            help="What was taken stays taken, or not.  [default: consume]",
        ),
        option(
            "--snapshot-rule",
            type=SNAPSHOT_RULE,
            metavar="last|first",
            help="Which message of a venue counts at one time.  [default: last]",
        ),
        option(
            "--fees",
            type=FILE,
            metavar="FILE|none",
            help='{"2": {"take": 0.003, "make": 0.002}}.  [default: the bundled table]',
        ),
        option(
            "--strategy",
            type=STRATEGY,
            metavar="NAME",
            help="Which one is `optimized` in the report.  [default: cont_kukanov]",
        ),
        option(
            "--lambda-over", metavar="LEVELS", help="Penalty for buying too much: dollars or multiples (1.5x), commas."
        ),
        option("--lambda-under", metavar="LEVELS", help="Penalty for buying too little."),
        option("--theta-queue", metavar="LEVELS", help="Penalty for joining the queues."),
        option("--router-interval", metavar="SECONDS", help="The router's slices.  [default: 5]"),
        option(
            "--queue-model",
            type=QUEUE_MODEL,
            metavar="NAME",
            help="conservative, proportional or optimistic.  [default: conservative]",
        ),
        option("--limit-price", metavar="DOLLARS", help="Nothing trades beyond it."),
        option("--latency-us", metavar="MICROSECONDS", help="Time from a decision to the market.  [default: 0]"),
        option("--max-quote-age", metavar="SECONDS", help="Older quotes do not take part.  [default: no limit]"),
        option(
            "--orders", metavar="N", help="Spread N parent orders over the window for a distribution.  [default: 1]"
        ),
        option("--seed", metavar="N", help="Seed of whatever is random.  [default: 0]"),
        option("--adverse-selection", is_flag=True, help="Lower the rebate by the mid's mean move against past fills."),
        option("--strict", is_flag=True, help="A bad row of the tape is an error."),
    ]
    for decorate in reversed(options):
        command = decorate(command)
    return command


@click.command(
    epilog="Example: sor backtest --tape day.csv.gz --side sell --quantity 2000 --start 13:40:00 --json > report.json"
)
@order_options
@click.option("--from-kafka", is_flag=True, help="Read a run from a Kafka topic instead of a tape.")
@click.option("--bootstrap-servers", envvar="SOR_BOOTSTRAP_SERVERS", default="127.0.0.1:9092", show_default=True)
@click.option("--topic", default="mock_l1_stream", show_default=True)
@click.option(
    "--run", "run_id", default="latest", show_default=True, metavar="latest|ID", help="Which run of the topic."
)
@click.option(
    "--idle-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=90.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this silence.",
)
@click.option("--group", metavar="NAME", help="Share the symbols of a run with the other members; needs --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON and nothing else on standard output.")
@click.option("--out", type=FILE, metavar="DIR", help="Write report.json, fills and plots there.")
def command(
    from_kafka: bool,
    bootstrap_servers: str,
    topic: str,
    run_id: str,
    idle_timeout: float,
    group: str | None,
    as_json: bool,
    out: str | None,
    **wishes: Any,
) -> None:
    """Route a parent order over a tape or a stream and report the savings."""
    from sor.run import run

    if from_kafka and wishes["tape"] is not None:
        raise click.UsageError("--tape and --from-kafka are two sources: choose one")
    request = Request(**{name: wishes[name] for name in REQUEST_FIELDS})
    if group is not None:
        from sor.cli.backtest_group import work

        if not from_kafka:
            raise InputError("--group is for --from-kafka: a tape is read by one process (or use sor sweep)")
        work(request, group, out, as_json, bootstrap_servers, topic, run_id, idle_timeout)
        return
    spec = request.spec()
    if out is not None:
        from sor.report.files import check_writable

        check_writable(Path(out))
    opened = _stream(request, bootstrap_servers, topic, run_id, idle_timeout) if from_kafka else _tape(request)
    with opened as source:
        report = run(source, spec)
    if out is not None:
        for path in report.write(Path(out)):
            click.echo(f"wrote {path}", err=True)
    if as_json:
        sys.stdout.write(report.to_json())
    else:
        from sor.report.table import print_report

        print_report(report)
    if report.data["stream"]["complete"] is False:
        raise StreamError("the run is incomplete, and the report covers what arrived: see `stream` and its warnings")


@contextmanager
def _tape(request: Request) -> Iterator[Source]:
    from sor.api import tape_source
    from sor.cli.progress import bytes_progress

    with bytes_progress("reading the tape") as progress:
        yield tape_source(request, progress)


@contextmanager
def _stream(request: Request, bootstrap_servers: str, topic: str, run_id: str, idle_timeout: float) -> Iterator[Source]:
    from sor.cli.progress import stream_progress
    from sor.stream import open_stream

    with stream_progress() as progress:
        source = open_stream(
            bootstrap_servers=bootstrap_servers,
            topic=topic,
            run=run_id,
            idle_timeout=idle_timeout,
            progress=progress,
            snapshot_rule=request.rule(),
        )
        with closing(source):
            yield source
