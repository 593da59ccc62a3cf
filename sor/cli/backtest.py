"""`sor backtest`: tape or stream to report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sor.cli.options.config_file import config_option
from sor.cli.options.metrics import metrics_option, run_metrics
from sor.cli.options.run_of_topic import run_of_topic
from sor.cli.options.suggest import FILE, STRATEGY, Suggest
from sor.cli.options.tape_options import clock_option, format_option, lot_option, symbol_in_option, tape_option
from sor.errors import InputError, StreamError
from sor.options.order_options import ORDER_OPTIONS, OrderOption
from sor.request import REQUEST_FIELDS, BacktestRequest
from sor.running.collector import collect_seldom
from sor.text import say

if TYPE_CHECKING:
    from sor.core.spec import Spec
    from sor.sources.source import Source


# What only a command line has to know of some of them.
_MORE: dict[str, dict[str, Any]] = {
    "profile": {"default": "default"},
    "fees": {"type": FILE},
    "strategy": {"type": STRATEGY},
    "param": {"multiple": True},
}


def order_options(command: Any) -> Any:
    """The options that describe an order, a tape and a strategy; the terminal interface has the same."""
    tape = [tape_option(), clock_option, symbol_in_option, format_option, lot_option]
    for decorate in reversed([*tape, *map(_option, ORDER_OPTIONS)]):
        command = decorate(command)
    return command


def _option(option: OrderOption) -> Any:
    if not option.metavar:
        return click.option(f"--{option.typed}", is_flag=True, help=option.help_text())
    more: dict[str, Any] = {"type": Suggest(lambda: option.words)} if option.words else {}
    more |= _MORE.get(option.name, {})
    return click.option(f"--{option.typed}", metavar=option.metavar, help=option.help_text(), **more)


@click.command(
    epilog="Example: sor backtest --tape day.csv.gz --side sell --quantity 2000 --start 13:40:00 --json > report.json"
)
@config_option
@order_options
@click.option("--from-kafka", is_flag=True, help="Read a run from a Kafka topic instead of a tape.")
@run_of_topic
@metrics_option
@click.option(
    "--workers",
    metavar="N",
    default="1",
    show_default=True,
    help="Processes that share the work on a tape; the report stays the same.",
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
    metrics: Path | None,
    workers: str,
    group: str | None,
    as_json: bool,
    out: str | None,
    **options: Any,
) -> None:
    """Route a parent order over a tape or a stream and report the savings."""
    collect_seldom()  # already while modules are loaded
    from sor.cli.progress import work_progress
    from sor.core.backtest.two_pass import can_be_shared
    from sor.options.option_values import whole
    from sor.running.backtest_workers import MOST_WORKERS, worker_pool
    from sor.running.run import run

    if from_kafka and options["tape"]:
        raise click.UsageError("--tape and --from-kafka are two sources: choose one")
    if metrics is not None and (not from_kafka or group is not None):
        raise InputError("--metrics is about one run of a topic: it goes with --from-kafka and without --group")
    request = BacktestRequest(**{name: options[name] for name in REQUEST_FIELDS})
    count = whole("workers", workers, least=1, most=MOST_WORKERS)
    if from_kafka and count > 1:
        raise InputError("--workers is for tapes: a stream is worked as it comes, by one process")
    if group is not None:
        from sor.cli.backtest_group import work

        if not from_kafka:
            raise InputError("--group is for --from-kafka: a tape is read by one process (or use sor sweep)")
        work(request, group, out, as_json, bootstrap_servers, topic, run_id, idle_timeout)
        return
    spec = request.spec()
    if out is not None:
        from sor.report.files.folder import check_writable

        check_writable(Path(out))
    if count > 1 and not can_be_shared(spec):
        say(f"--workers has nothing to share for {spec.strategy}: one process works it")
    opened = _stream(request, bootstrap_servers, topic, run_id, idle_timeout, metrics) if from_kafka else _tape(request)
    with worker_pool(request, spec, count) as pool, opened as source, _timed(spec) as spec:
        report = run(source, spec, None if from_kafka else work_progress(), request.asked(), pool)
    if out is not None:
        for path in report.write(Path(out)):
            say(f"wrote {path}")
    if as_json:
        sys.stdout.write(report.to_json())
    else:
        from sor.report.tables.report_table import print_report

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

    from sor.plug_ins.decision_times import DecisionTimes

    times = DecisionTimes(spec.plug_in.name, perf_counter)
    with times.patience():
        yield replace(spec, plug_in=times.timed(spec.plug_in))
    if remark := times.remark():
        say(remark)


@contextmanager
def _tape(request: BacktestRequest) -> Iterator[Source]:
    from sor.cli.progress import bytes_progress
    from sor.running.tape_source import tape_source

    with bytes_progress("reading the tape") as progress:
        yield tape_source(request, progress)


@contextmanager
def _stream(
    request: BacktestRequest, bootstrap_servers: str, topic: str, run_id: str, idle_timeout: float, metrics: Path | None
) -> Iterator[Source]:
    from sor.cli.progress import stream_progress
    from sor.stream import open_stream

    with stream_progress() as show, run_metrics("backtest", topic, metrics) as figures:
        source = open_stream(
            bootstrap_servers=bootstrap_servers,
            topic=topic,
            run=run_id,
            idle_timeout=idle_timeout,
            progress=figures.watching(show),
            snapshot_rule=request.rule(),
        )
        figures.begin(source.run)
        with closing(source):
            yield source
            facts = source.stream_facts()
            figures.read(facts, incomplete=facts.complete is False)
