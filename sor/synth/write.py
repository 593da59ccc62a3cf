"""A synthetic tape as a file: CSV with Databento's columns or our own Parquet form, as its name says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from sor.core.market.batch import Ints
from sor.core.units import NANO, NO_PRICE
from sor.errors import InputError
from sor.synth.price import NO_QUOTE
from sor.synth.tape import SynthRows, SynthSpec, tape
from sor.tapes.rows import RowChunk, VenueReader

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")
CENT = NANO // 100
Noticed = Callable[[int], None]  # called with the rows of each block


def check_target(path: Path) -> None:
    """InputError unless a tape can be written there, as far as can be told beforehand."""
    if path.is_dir():
        raise InputError(f"--out {path}: is a directory; give the name of a file")
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"--out {path}: the name must end in one of {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: there is no folder {path.parent}")


def make_tape(spec: SynthSpec, path: Path, noticed: Noticed = lambda rows: None) -> None:
    """Write the tape of `spec` to `path`, a block at a time; the file appears when it is whole.

    The same spec gives the same bytes, and a Parquet tape is, byte for byte, the CSV tape of this name converted.
    InputError, before anything is made, if the path cannot be written.
    """
    check_target(path)
    # Each form's module only when it is wanted: they load different packages.
    if path.name.endswith(".parquet"):
        from sor.tapes.convert import reader_to_parquet

        reader_to_parquet(_SynthReader(spec, noticed), path.with_suffix(".csv"), path)
        return
    from sor.synth.csv_file import write_tape

    for rows in write_tape(spec, path):
        noticed(rows)


class _SynthReader(VenueReader):
    """The rows as any other tape's; see `Reader`."""

    bad_rows = 0
    first_bad = None

    def __init__(self, spec: SynthSpec, noticed: Noticed) -> None:
        self.symbols: list[str | None] = list(spec.symbols)
        self._spec = spec
        self._noticed = noticed

    def chunks(self) -> Iterator[RowChunk]:
        for rows in tape(self._spec):
            if len(rows):
                yield _chunk(rows)
            self._noticed(len(rows))


def _chunk(rows: SynthRows) -> RowChunk:
    return RowChunk(
        symbol=rows.symbol,
        ts=rows.ts,
        venue=rows.venue,
        bid_px=_nanos(rows.bid),
        bid_sz=rows.bid_sz,
        ask_px=_nanos(rows.ask),
        ask_sz=rows.ask_sz,
        action=rows.action,
        side=rows.side,
        price=_nanos(rows.price),
        size=rows.size,
    )


def _nanos(cents: Ints) -> Ints:
    return np.where(cents == NO_QUOTE, NO_PRICE, cents * CENT)
