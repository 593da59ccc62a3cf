"""`sor backtest`: tape or stream to report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sor.cli.kafka_config import kafka_config
from sor.cli.suggest import FILE, LIQUIDITY, PROFILE, QUEUE_MODEL, SIDE, SNAPSHOT_RULE, STRATEGY
from sor.cli.tape_options import clock_option, format_option, lot_option, symbol_in_option, tape_option
from sor.errors import InputError, StreamError
from sor.request import REQUEST_FIELDS, BacktestRequest
from sor.text import say

if TYPE_CHECKING:
    from sor.core.spec import Spec
    from sor.source import Source


def order_options(command: Any) -> Any:
    """The options that describe an order, a tape and a strategy; the terminal interface has the same."""
    option = click.option
    options = [
        tape_option(),
        clock_option,
        symbol_in_option,
        format_option,
        lot_option,
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
        option("--start", metavar="TIME", help="HH:MM:SS[.fff] or ISO 8601.  [default: the tape's first snapshot]"),
        option("--end", metavar="TIME", help="The window is closed.  [default: the tape's last snapshot]"),
        option("--day", metavar="YYYY-MM-DD", help="The day of --start and --end; alone, 09:30 to 16:00 New York."),
        option("--tz", metavar="ZONE", help="Time zone of times typed and shown.  [default: UTC]"),
        option("--clip", is_flag=True, help="Work the part of the window that is on the tape."),
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
            metavar="NAME|FILE.py:NAME",
            help="Which one is `optimized` in the report; one of your own by its file.  [default: cont_kukanov]",
        ),
        option("--param", multiple=True, metavar="KEY=VALUE", help="A parameter of your own strategy; repeatable."),
        option(
            "--lambda-over", metavar="LEVELS", help="Penalty for buying too much: dollars or multiples (1.5x), commas."
        ),
        option("--lambda-under", metavar="LEVELS", help="Penalty for buying too little."),
        option("--theta-queue", metavar="LEVELS", help="Penalty for joining the queues."),
        option(
            "--max-shortfall",
            metavar="SHARES",
            help="Shares that a slice may leave missing on average, in place of --lambda-under; commas make a grid.",
        ),
        option("--router-interval", metavar="SECONDS", help="The router's slices.  [default: 5]"),
        option(
            "--queue-model",
            type=QUEUE_MODEL,
            metavar="NAME",
            help="conservative, proportional, power:2 to power:8, or optimistic.  [default: conservative]",
        ),
        option("--limit-price", metavar="DOLLARS", help="Nothing trades beyond it."),
        option(
            "--latency-us",
            metavar="MICROSECONDS",
            help="From a decision to the market; by venue: 150,2=80,43=310.  [default: 0]",
        ),
        option(
            "--cancel-latency-us",
            metavar="MICROSECONDS",
            help="From a cancel to its effect, likewise.  [default: as orders]",
        ),
        option("--child-min", metavar="SHARES", help="Smaller child orders are not sent.  [default: 1]"),
        option("--child-lot", metavar="SHARES", help="Child orders are whole multiples of it.  [default: 1]"),
        option("--max-quote-age", metavar="SECONDS", help="Older quotes do not take part.  [default: no limit]"),
        option(
            "--stale-crossed",
            metavar="SECONDS",
            help="A quote that crosses one newer by more is left out until its venue speaks again.  [default: off]",
        ),
        option(
            "--take-fade",
            metavar="PARTS",
            help="Again with only these parts of the displayed size there when takes arrive: 0.8,0.5.  [default: off]",
        ),
        option(
            "--impact",
            metavar="Y",
            help="Charge of Y x volatility x root of the part of the volume, above 1 % of it.  [default: off]",
        ),
        option(
            "--orders", metavar="N", help="Spread N parent orders over the window for a distribution.  [default: 1]"
        ),
        option(
            "--decision-time",
            metavar="TIME",
            help="When the parent order was decided, for its delay cost.  [default: the start]",
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
@kafka_config
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
@click.option(
    "--out", type=FILE, metavar="DIR", help="Write report.json, a page to mail, fills, orders and plots there."
)
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
    from sor.cli.progress import work_progress
    from sor.run import run

    if from_kafka and wishes["tape"]:
        raise click.UsageError("--tape and --from-kafka are two sources: choose one")
    request = BacktestRequest(**{name: wishes[name] for name in REQUEST_FIELDS})
    if group is not None:
        from sor.cli.backtest_group import work

        if not from_kafka:
            raise InputError("--group is for --from-kafka: a tape is read by one process (or use sor sweep)")
        work(request, group, out, as_json, bootstrap_servers, topic, run_id, idle_timeout)
        return
    spec = request.spec()
    if out is not None:
        from sor.report.folder import check_writable

        check_writable(Path(out))
    opened = _stream(request, bootstrap_servers, topic, run_id, idle_timeout) if from_kafka else _tape(request)
    with opened as source, _timed(spec) as spec:
        report = run(source, spec, None if from_kafka else work_progress(), request.asked())
    if out is not None:
        for path in report.write(Path(out)):
            say(f"wrote {path}")
    if as_json:
        sys.stdout.write(report.to_json())
    else:
        from sor.report.table import print_report

        print_report(report.data)
    if report.data["stream"]["complete"] is False:
        raise StreamError("the run is incomplete, and the report covers what arrived: see `stream` and its warnings")


@contextmanager
def _timed(spec: Spec) -> Iterator[Spec]:
    """The same, and a remark at the end if code of the user's own is slow: no figure shows it."""
    if spec.plug_in is None:
        yield spec
        return
    from time import perf_counter

    from sor.decision_times import DecisionTimes

    times = DecisionTimes(spec.plug_in.name, perf_counter)
    with times.patience():
        yield replace(spec, plug_in=times.of(spec.plug_in))
    if remark := times.remark():
        say(remark)


@contextmanager
def _tape(request: BacktestRequest) -> Iterator[Source]:
    from sor.api import tape_source
    from sor.cli.progress import bytes_progress

    with bytes_progress("reading the tape") as progress:
        yield tape_source(request, progress)


@contextmanager
def _stream(
    request: BacktestRequest, bootstrap_servers: str, topic: str, run_id: str, idle_timeout: float
) -> Iterator[Source]:
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
