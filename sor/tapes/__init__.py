"""Tapes: recorded streams in the formats people have, as snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sor.sources.source import TimelineSource
    from sor.tapes.bytes.byte_blocks import Progress

BATCH_SNAPSHOTS = 16_384


def open_tape(
    tape: Any,
    *,
    symbol: str | None = None,
    symbol_in: Sequence[str] = (),
    clock: Literal["event", "recv"] = "event",
    snapshot_rule: Literal["last", "first"] = "last",
    strict: bool = False,
    batch_snapshots: int = BATCH_SNAPSHOTS,
    progress: Progress | None = None,
    window: tuple[int, int] | None = None,
    format: str | None = None,  # noqa: A002
    lot: int | None = None,
    keep: bool = False,
) -> TimelineSource:
    """A tape as a source of snapshots in time order; the format of a file is told by its content.

    tape: a file, a folder, a glob, `VENUE=FILE`, a pandas or Arrow table, or a list of them that are one tape together.
    symbol: needed where the tape has several. symbol_in: texts `FILE=ID`: which instrument_id of a file without symbols
    is the stock. clock: `recv` takes the time at which a row was received for its instant. strict: a bad row is an
    error and not just counted. batch_snapshots: the most snapshots in a batch. progress: called with (bytes done, bytes
    of all files). window: of our Parquet form read only what an order between these times (ns) needs, see
    sor.tapes.parquet.source; other forms are read whole. format, lot: see sor.tapes.options.ReadOptions.
    keep: for many orders of one tape: what is read of our Parquet form once is kept in a spool, as other forms are.
    InputError, in one line, for whatever is wrong with a file.
    """
    from sor.tapes.open import open_source, several_files
    from sor.tapes.options import ReadOptions

    files = several_files(tape, symbol, symbol_in, ReadOptions(format, lot, clock), strict, progress)
    return open_source(files, snapshot_rule, batch_snapshots, window, keep=keep)
