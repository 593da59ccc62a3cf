"""The Python API for notebooks: `from sor import backtest`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sor.backtest_workers import MOST_WORKERS, worker_pool
from sor.options.option_values import one_of, whole
from sor.paths import bundled_tape
from sor.report.report import Report
from sor.request import BacktestRequest, request_of
from sor.run import run
from sor.sources.source import Charted

Progress = Callable[[int, int], None]


def backtest(
    request: BacktestRequest | None = None, /, *, progress: Progress | None = None, workers: int = 1, **options: Any
) -> Report:
    """Route a parent order over a tape and report what each strategy would have paid.

    Takes a BacktestRequest, or its fields as keywords: backtest(tape="day.csv.gz", side="sell", quantity=2_000).
    Without arguments: buy 5,000 shares over the bundled tape. `progress` is called with (bytes read, bytes in all).
    `workers`: processes that share the work of a router that is tuned; the report is the same, byte for byte.
    Raises InputError with one line that says what is wrong.
    """
    request = request_of(options) if request is None else request
    spec, count = request.spec(), whole("workers", workers, least=1, most=MOST_WORKERS)
    with worker_pool(request, spec, count) as pool:
        return run(tape_source(request, progress), spec, request=request.asked(), pool=pool)


def tape_source(request: BacktestRequest, progress: Progress | None = None) -> Charted:
    """The request's tape, opened; the bundled one by default."""
    from sor.tapes import open_tape

    clock = one_of("clock", request.clock, ("event", "recv"))
    return open_tape(
        request.tape if request.has_tape else bundled_tape(),
        symbol=request.symbol,
        symbol_in=(request.symbol_in,) if isinstance(request.symbol_in, str) else tuple(request.symbol_in),
        clock="recv" if clock == "recv" else "event",
        format=request.format,
        lot=None if request.lot is None else whole("lot", request.lot, least=1, most=1_000_000, unit="shares"),
        snapshot_rule=request.rule(),
        strict=request.strict,
        progress=progress,
    )
