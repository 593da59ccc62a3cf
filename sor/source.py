"""Where snapshots come from, as the backtest sees it: a tape on disk or a Kafka topic, the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sor.core.market import SnapshotBatch
from sor.core.session import MarketFacts


@dataclass(frozen=True, slots=True)
class TapeFacts:
    """What is known of a tape once it has been read to its end. The end marker of a stream carries the same.

    name: the file's name without folders; rows: rows read; bad_rows: rows that could not be read and were left out;
    first_bad: the first of them, in words with row and column; out_of_order: rows whose ts_event was before the row
    above. None where a bare stream does not say.
    """

    name: str | None
    symbol: str | None
    rows: int | None
    bad_rows: int | None = 0
    first_bad: str | None = None
    out_of_order: int | None = 0


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream proved of its completeness (DESIGN section 9). For a file, expected == received.

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
    where no message carries bid columns. `tape_facts()` and `stream_facts()` hold after a complete pass.
    """

    @property
    def has_bids(self) -> bool: ...

    def bounds(self) -> tuple[int, int] | None: ...

    def batches(self) -> Iterator[SnapshotBatch]: ...

    def tape_facts(self) -> TapeFacts: ...

    def stream_facts(self) -> StreamFacts: ...


@runtime_checkable
class Seekable(Source, Protocol):
    """A source that can be read in parts."""

    def window(self, start: int, end: int) -> Source:
        """What an order between these times (ns) needs, with the book as it stands before them."""
        ...


@runtime_checkable
class TapeWindow(Source, Protocol):
    """A source that reads only what a window of time needs, and whose facts are those of the whole tape."""

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        """What a pass over the whole tape would have counted, given what the pass over the window counted."""
        ...
