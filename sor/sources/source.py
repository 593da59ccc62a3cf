"""Where snapshots come from, as the backtest sees it: a tape on disk or a Kafka topic, the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sor.core.backtest.session import MarketFacts
from sor.core.feed import ROUND_LOT
from sor.core.market.batch import Form, SnapshotBatch
from sor.core.market.timeline import Timeline


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a tape: its name without folders, rows of the chosen symbol, their first and last time (ns).

    first, last: None where it has no row of the symbol.
    """

    name: str
    rows: int
    first: int | None
    last: int | None

    def joined(self, other: FileFacts) -> FileFacts:
        """Of all rows of both."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        lasts = [last for last in (self.last, other.last) if last is not None]
        return FileFacts(self.name, self.rows + other.rows, min(firsts, default=None), max(lasts, default=None))


@dataclass(frozen=True, slots=True)
class TapeFacts:
    """What is known of a tape once it has been read to its end. The end marker of a stream carries the same.

    name: of its files, without folders and endings; rows: rows read; bad_rows: rows that could not be read and were
    left out; first_bad: the first of them, in words with row and column; out_of_order: rows whose time was before the
    row above in their file; files: by the order in which they count at equal times; off_exchange_trades and
    off_exchange: trades that were reported by trade reporting facilities, and their shares; notes: sentences on what
    was left out of the tape; doubled: rows that are the repetition of another; round_lot: shares of a lot that its
    sizes are in, else 100. None where a bare stream does not say.
    """

    name: str | None
    symbol: str | None
    rows: int | None
    bad_rows: int | None = 0
    first_bad: str | None = None
    out_of_order: int | None = 0
    files: tuple[FileFacts, ...] = ()
    off_exchange_trades: int = 0
    off_exchange: int = 0
    notes: tuple[str, ...] = ()
    doubled: int | None = 0
    round_lot: int = ROUND_LOT


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream proved of its completeness. For a file, expected == received.

    expected: the count in the end marker, None where there was none; received: distinct snapshots;
    complete: False where something is known to be missing, None where a bare stream cannot prove it; warnings: plain
    sentences for the report.
    """

    expected: int | None
    received: int
    duplicates: int = 0
    gaps: int = 0
    rejected: int = 0
    complete: bool | None = True
    warnings: tuple[str, ...] = ()


class Source(Protocol):
    """Snapshots that can be read through more than once; each `batches()` is a fresh pass from the first snapshot.

    `bounds()` is the ts of the first and of the last snapshot: known before the first pass for files (and for streams
    whose messages say it), None until the end of the first pass where nothing says it before. `has_bids` is False
    where no message carries bid columns. `form` is what the tape shows of the market, `prints_late` the ns by which
    its trades may be printed after the quotes that they changed. `tape_facts()` and `stream_facts()` hold after a
    complete pass.
    """

    @property
    def has_bids(self) -> bool: ...

    @property
    def form(self) -> Form: ...

    @property
    def prints_late(self) -> int: ...

    def bounds(self) -> tuple[int, int] | None: ...

    def batches(self) -> Iterator[SnapshotBatch]: ...

    def tape_facts(self) -> TapeFacts: ...

    def stream_facts(self) -> StreamFacts: ...


class WrappedSource:
    """A source whose batches are made of another's, and whose bounds and facts are the other's unless it says more."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def has_bids(self) -> bool:
        return self._source.has_bids

    @property
    def form(self) -> Form:
        return self._source.form

    @property
    def prints_late(self) -> int:
        return self._source.prints_late

    def bounds(self) -> tuple[int, int] | None:
        return self._source.bounds()

    def tape_facts(self) -> TapeFacts:
        return self._source.tape_facts()

    def stream_facts(self) -> StreamFacts:
        return self._source.stream_facts()


@runtime_checkable
class Seekable(Source, Protocol):
    """A source that can be read in parts."""

    def window(self, start: int, end: int, day_start: int) -> TapeWindow:
        """What an order between these times (ns) needs, with the book as it stands before them.

        day_start: the first instant of the order's trading day; quotes before it are yesterday's, and so no quotes.
        """
        ...


@runtime_checkable
class TimelineSource(Source, Protocol):
    """A source that knows before the first pass where it has snapshots and where it has none."""

    def timeline(self) -> Timeline: ...


@runtime_checkable
class Stoppable(Source, Protocol):
    """A source whose passes can be ended before the last snapshot."""

    @property
    def stopped(self) -> bool:
        """Whether they were: what was worked until then is judged as it stands."""
        ...


@runtime_checkable
class TapeWindow(Source, Protocol):
    """A source that reads only what a window of time needs, and whose facts are those of the whole tape."""

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        """What a pass over the whole tape would have counted, given what the pass over the window counted."""
        ...


@runtime_checkable
class StatesExtent(Source, Protocol):
    """A source that says from when to when it reaches (ns), snapshots or none; None where it does not."""

    @property
    def stated(self) -> tuple[int, int] | None: ...


def stated_of(source: Source) -> tuple[int, int] | None:
    """From when to when a source says that it reaches."""
    if isinstance(source, TimelineSource):
        return source.timeline().stated
    return source.stated if isinstance(source, StatesExtent) else None
