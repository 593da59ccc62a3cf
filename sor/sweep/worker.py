"""What a worker does, on this machine or on a cluster: a chunk of cells to a file of rows.

A cell that fails is a row with its reason. Tapes stay open in a worker from one chunk to the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import local
from typing import Any

from sor.core.backtest.sessions import BacktestResult
from sor.core.execution.markout import HORIZONS, Markout, MidRecorder, markouts, wanted
from sor.core.market.batch import SnapshotBatch
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Fill
from sor.core.router.search_result import flat
from sor.core.spec import SIMPLE, Spec
from sor.errors import InputError, SorError
from sor.report.build import build
from sor.running.run import find, market_of, of_the_day, part_of, window_of
from sor.sources.source import Source, TimelineSource
from sor.sweep.locations import local_copy
from sor.sweep.plan import Cell, Chunk
from sor.sweep.row import DONE, done_row, failed_row, file_of

OPEN_TAPES = 2  # kept open by a worker
_flat = lru_cache(4)(flat)  # lays out the whole grid, and cells share it


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The rows of a chunk as the file they will be, so that the process that collects them only has to write them.

    done, failed: cells; saved, compared: sum of their savings against best_ask in bps, and how many had one; seconds:
    what the worker took, and for how much of that a backtest ran.
    """

    parquet: bytes
    done: int
    failed: int
    saved: float
    compared: int
    seconds: float = 0.0
    backtests: float = 0.0

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> ChunkResult:
        done = sum(row["status"] == DONE for row in rows)
        saved = [row["savings_best_ask_bps"] for row in rows if row.get("savings_best_ask_bps") is not None]
        return cls(file_of(rows), done, len(rows) - done, sum(saved), len(saved))


def work(chunk: Chunk) -> ChunkResult:
    """Do a chunk. Never fails: what goes wrong is in the rows."""
    began = time.perf_counter()
    desk = _CellRunner()
    rows = [desk.do(cell) for cell in chunk.cells]
    return replace(ChunkResult.from_rows(rows), seconds=time.perf_counter() - began, backtests=desk.backtests)


@dataclass(slots=True)
class _CellRunner:
    """Does cells one after the other; what one of them found serves the next where only the strategy differs."""

    backtests: float = 0.0
    _asked: Any = None
    _found: BacktestResult | None = None

    def do(self, cell: Cell) -> dict[str, Any]:
        try:
            return self._do(cell)
        except SorError as error:
            return failed_row(cell, str(error))
        except OSError as error:
            return failed_row(cell, f"{cell.tape}: {error.strerror or error}")
        except Exception as error:  # one cell that trips over an error of ours must not stop the others
            return failed_row(cell, f"{type(error).__name__}: {error}")

    def _do(self, cell: Cell) -> dict[str, Any]:
        source = _open(cell)
        began = time.perf_counter()
        spec = cell.on(source.timeline())
        window = window_of(source, spec)
        spec = of_the_day(spec, window)
        part = part_of(source, spec, window, history=cell.lookback, after=max(HORIZONS))
        found = self._find(part, cell, spec)
        report = build(spec, found, source.tape_facts(), source.stream_facts(), source.form)
        passive = _markouts(part, spec, found.outcome.results[spec.strategy].fills)
        self.backtests += time.perf_counter() - began
        return done_row(cell, window.order, found, report, passive)

    def _find(self, source: Source, cell: Cell, spec: Spec) -> BacktestResult:
        simple = spec.strategy in SIMPLE
        # The simple strategies are all worked in one backtest; a headline and a grid are of the one that was asked for.
        shared = replace(spec, strategy=SIMPLE[0], also_analysed=SIMPLE) if simple else spec
        asked = (cell.tape, cell.symbol, shared)
        if self._found is None or asked != self._asked:
            self._found, self._asked = find(source, shared), asked
        if not simple:
            return self._found
        outcome = self._found.outcome
        quotes = {name: outcome.quotes[name] for name in spec.analysed}
        return replace(self._found, outcome=replace(outcome, quotes=quotes), search=_flat(spec.grid))


def _markouts(source: Source, spec: Spec, fills: tuple[Fill, ...]) -> tuple[Markout, ...]:
    mids = MidRecorder.at(wanted(fills))
    builder = BookBuilder(max_quote_age=spec.max_quote_age)
    for batch in _until_done(source, spec, mids):
        if len(batch):
            mids.on_book(builder.extend(orient(batch, spec.side)))
    return markouts(fills, mids)


def _until_done(source: Source, spec: Spec, mids: MidRecorder) -> Iterator[SnapshotBatch]:
    if mids.done:
        return
    for batch in market_of(source, spec):
        yield batch
        if mids.done:
            return


@dataclass(frozen=True, slots=True)
class _Opened:
    """A tape, or why it could not be opened; and what its files were then: their sizes and times."""

    tape: TimelineSource | SorError
    files: tuple[tuple[int, int] | None, ...]


class _Tapes(local):
    """The tapes that this thread has open, the latest last."""

    def __init__(self) -> None:
        self.open: dict[Any, _Opened] = {}


_tapes = _Tapes()


def _opened(cell: Cell) -> _Opened:
    from sor.tapes import open_tape

    try:
        paths = [local_copy(name) for name in cell.files]
        files = tuple(map(_stamp, paths))
        tape = open_tape(
            paths,
            symbol=cell.symbol,
            symbol_in=cell.symbol_in,
            snapshot_rule=cell.rule,
            strict=cell.strict,
            keep=True,
            **asdict(cell.read),
        )
        return _Opened(tape, files)
    except SorError as error:
        return _Opened(error, ())


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:  # the code that opens it says why
        return None
    return found.st_size, found.st_mtime_ns


def _open(cell: Cell) -> TimelineSource:
    """The tape of a cell, perhaps open already. SorError where it cannot be read, or is not what it was."""
    key = (cell.tape, cell.symbol, cell.symbol_in, cell.rule, cell.strict, cell.read)
    found = _tapes.open.pop(key, None)
    if found is None:
        while len(_tapes.open) >= OPEN_TAPES:
            del _tapes.open[next(iter(_tapes.open))]
        found = _opened(cell)
    _tapes.open[key] = found
    if isinstance(found.tape, SorError):
        raise found.tape
    if found.files != tuple(_stamp(local_copy(name)) for name in cell.files):
        raise InputError(f"{cell.tape}: was changed while the sweep was at work: sweep it again into another folder")
    return found.tape
