"""The Python API for notebooks: `from sor import backtest`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sor.bundled import bundled_tape
from sor.report.model import Report
from sor.request import Request
from sor.run import run
from sor.source import Source

Progress = Callable[[int, int], None]


def backtest(request: Request | None = None, /, *, progress: Progress | None = None, **wishes: Any) -> Report:
    """Route a parent order over a tape and report what each strategy would have paid.

    Takes a Request, or its fields as keywords: backtest(tape="day.csv.gz", side="sell", quantity=2_000). Without
    arguments: buy 5,000 shares over the bundled tape. `progress` is called with (bytes read, bytes in all).
    Raises InputError with one line that says what is wrong.
    """
    request = Request(**wishes) if request is None else request
    spec = request.spec()
    return run(tape_source(request, progress), spec)


def tape_source(request: Request, progress: Progress | None = None) -> Source:
    """The request's tape, opened; the bundled one by default."""
    from sor.tapes import open_tape

    return open_tape(
        bundled_tape() if request.tape is None else request.tape,
        symbol=request.symbol,
        snapshot_rule=request.rule(),
        strict=request.strict,
        progress=progress,
    )
