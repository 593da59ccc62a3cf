"""The tape of a request, opened: here and in the processes that share a backtest."""

from __future__ import annotations

from collections.abc import Callable

from sor.options.option_values import one_of, whole
from sor.paths import bundled_tape
from sor.request import BacktestRequest
from sor.sources.source import TimelineSource

Progress = Callable[[int, int], None]


def tape_source(request: BacktestRequest, progress: Progress | None = None) -> TimelineSource:
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
