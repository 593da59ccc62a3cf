"""The Python API for notebooks: `from sor import backtest`."""

from __future__ import annotations

from typing import Any

from sor.options.option_values import whole
from sor.report.report import Report
from sor.request import BacktestRequest, request_of
from sor.running.backtest_workers import MOST_WORKERS, worker_pool
from sor.running.run import run
from sor.running.tape_source import Progress, tape_source


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
