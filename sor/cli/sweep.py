"""`sor sweep`: many orders over many tapes, and what they answer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from sor.errors import InputError
from sor.options.order_options import BY_NAME
from sor.sweep.request import SINGLES, SweepRequest, read_config
from sor.text import say

MOST_PRICE = 1e6  # dollars an hour; beyond it someone has mistaken the unit
RUN_KEYS = ("out", "workers", "scheduler")  # keys of a TOML file that are not about the table

_NAMES = (
    "tape", "clock", "format", "lot", "symbol", "symbol_in", "side", "quantity", "start", "end", "day", "tz", "every",
    "horizon", "interval", "strategy", "param", "lambda_over", "lambda_under", "theta_queue", "router_interval",
    "queue_model", "liquidity", "latency_us", "max_quote_age", "stale_crossed", "limit_price", "adverse_selection",
    "fees", "snapshot_rule", "seed", "lookback",
)  # fmt: skip
# What a sweep says of an order's option stands in their table; these are of its own, or of how tapes are read.
_WORDS = {
    "tape": "File, glob, folder or address; a day's files by venue are one tape.  [default: the bundled tape]",
    "clock": "event or recv: which time of a row counts.  [default: event]",
    "format": "Format of the files, if their headers do not say it: see `sor data formats`.",
    "lot": "Shares in a unit of displayed size, whatever the format says.",
    "symbol": "Symbols; '*' is every one of each tape.  [default: the tape's only one]",
    "symbol_in": "FILE=ID: which instrument_id of a file without symbols is the stock; repeatable.",
    "every": "Seconds between the starts of orders.  [default: one order]",
    "horizon": "Seconds that an order may take.  [default: --every, else to the end]",
    "lookback": "Seconds of a tape worked before an order.  [default: all that can matter]",
}


def _wish_options(command: Any) -> Any:
    """What is swept, in the order of --help. Lists are given with commas or repeatedly."""
    for name in reversed(_NAMES):
        text = _WORDS[name] if name in _WORDS else BY_NAME[name].sweep_text()
        many = name not in SINGLES
        typed = f"--{name.replace('_', '-')}"
        command = click.option(typed, metavar="LIST" if many else "VALUE", help=text, multiple=many)(command)
    return command


@click.group(
    "sweep",
    invoke_without_command=True,
    epilog="Example: sor sweep --tape 'days/*.parquet' --every 600 --strategy cont_kukanov,twap --out out/sweep",
)
@click.option("--config", metavar="FILE", help="A TOML file with the same names; options here go before it.")
@_wish_options
@click.option("--strict", is_flag=True, help=BY_NAME["strict"].sweep_text())
@click.option("--clip", is_flag=True, help=BY_NAME["clip"].sweep_text())
@click.option("--out", metavar="DIR", help="Where the table goes; an unfinished one is continued.")
@click.option("--workers", metavar="N", help="Processes on this machine.  [default: its cores]")
@click.option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler, tcp://host:8786, in their place.")
@click.option("--dry-run", is_flag=True, help="Say how many cells it is, and how long it takes, and stop.")
@click.option("--price", type=float, metavar="DOLLARS", help="Of one worker for an hour, for the dry run's estimate.")
@click.option("--retry-failed", is_flag=True, help="Do failed cells again.")
def command(
    config: str | None,
    out: str | None,
    workers: str | None,
    scheduler: str | None,
    dry_run: bool,
    price: float | None,
    retry_failed: bool,
    **given: Any,
) -> None:
    """Run many orders over many tapes and parameters, in parallel; `sor sweep report DIR` says what came out."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        return
    from sor.sweep.plan import plan

    request, settings = _request(config, given)
    out = out or settings.get("out")
    scheduler = settings.get("scheduler") if scheduler is None else scheduler
    count = _workers(workers if workers is not None else settings.get("workers"))
    if scheduler is not None:
        from sor.sweep.dask_cluster import check_address

        check_address(scheduler)
    if price is not None and not 0 <= price < MOST_PRICE:
        raise InputError(f"--price {price}: wanted the dollars that one worker costs an hour, as 0.04")
    if out is None and not dry_run:
        raise InputError("name the folder for the table with --out (or look first with --dry-run)")
    planned = plan(request)
    if dry_run:
        from sor.sweep.estimate import estimate, words

        say(*words(estimate(planned), count, price), to=sys.stdout)
        return
    from sor.sweep.progress import shown, summary
    from sor.sweep.run import sweep
    from sor.sweep.store import Store

    with Store(Path(str(out)), planned).opened() as store, shown() as show:
        tally = sweep(store, show, workers=count, scheduler=scheduler, retry_failed=retry_failed)
    say(*summary(tally, None if scheduler else count, out))
    if tally.failed and not tally.done and not tally.before:
        ctx.exit(1)


def _request(config: str | None, given: dict[str, Any]) -> tuple[SweepRequest, dict[str, Any]]:
    """The request, and the settings of the run that a TOML file may hold as well."""
    from sor.paths import bundled_tape

    file = {} if config is None else read_config(Path(config))
    found = {key.replace("-", "_"): value for key, value in file.items()}
    settings = {key: found.pop(key) for key in RUN_KEYS if key in found}
    typed = {name: value for name, value in given.items() if value not in ((), None, False)}
    asked = {"tape": str(bundled_tape()), **found, **typed}
    return SweepRequest.from_mapping(asked, config or "the sweep"), settings


def _workers(text: object) -> int:
    from sor.options.option_values import whole

    return len(os.sched_getaffinity(0)) if text is None else whole("workers", text, least=1, most=1024)


@command.command("report", epilog="Example: sor sweep report out/sweep --html out/sweep.html")
@click.argument("folder", metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON and nothing else on standard output.")
@click.option("--html", metavar="FILE", help="Write one self-contained page with plots.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def report(folder: str, as_json: bool, html: str | None, seed: int) -> None:
    """Does it save money, where, and is it luck? From the table of a sweep."""
    from sor.sweep.report.analysis import answer

    found = answer(Path(folder), seed=seed)
    if html is not None:
        from sor.sweep.report.page import write_page

        write_page(found, Path(html))
        say(f"wrote {html}")
    if as_json:
        from sor.report.encode import encode

        sys.stdout.write(encode(found.data))
    else:
        from sor.sweep.report.tables import print_answer

        print_answer(found)
