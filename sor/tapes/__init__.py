"""Tapes: recorded streams in the formats people have, as snapshots (DESIGN sections 2 and 5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sor.source import Source
    from sor.tapes.blocks import Progress

BATCH_SNAPSHOTS = 16_384


def open_tape(
    path: Path | str,
    *,
    symbol: str | None = None,
    snapshot_rule: Literal["last", "first"] = "last",
    strict: bool = False,
    batch_snapshots: int = BATCH_SNAPSHOTS,
    progress: Progress | None = None,
    window: tuple[int, int] | None = None,
) -> Source:
    """A tape as a source of snapshots in time order; the format is told by the file's content.

    symbol: needed where the tape has several. strict: a bad row is an error and not just counted.
    batch_snapshots: the most snapshots in a batch. progress: called with (bytes done, bytes of the file).
    window: of our Parquet form read only what an order between these times (ns) needs, see sor.tapes.window; other
    forms are read whole.
    InputError, in one line, for whatever is wrong with the file.
    """
    from sor.tapes.reading import open_source

    return open_source(Path(path), symbol, snapshot_rule, strict, batch_snapshots, progress, window)
