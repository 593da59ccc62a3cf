"""A file that knows its stocks by number only, with the names that its download's symbology gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sor.core.market.batch import Form
from sor.tapes.rows import Kind, RowChunk, RowReader
from sor.tapes.symbols.symbology import Numbered, SymbolNames, add_beside


def named(reader: RowReader, path: Path) -> RowReader:
    """The reader with names for numbers, where a symbology.json lies beside the file and names are wanted."""
    names = SymbolNames()
    return reader if reader.has_names or not add_beside(names, path) else NamedReader(reader, names)


class NamedReader(Numbered):
    """See `RowReader`. A number without a name stays a number."""

    def __init__(self, reader: RowReader, names: SymbolNames) -> None:
        self._reader, self._names = reader, names

    def chunks(self) -> Iterator[RowChunk]:
        for rows in self._reader.chunks():
            texts = [str(text) for text in self._reader.symbols]
            idents = np.array([int(text) if text.isdecimal() else 0 for text in texts], np.int64)
            yield replace(rows, symbol=self._names.codes(idents[rows.symbol], rows.ts))

    @property
    def form(self) -> Form:
        return self._reader.form

    @property
    def kind(self) -> Kind:
        return self._reader.kind

    @property
    def prints_late(self) -> int:
        return self._reader.prints_late

    @property
    def has_venues(self) -> bool:
        return self._reader.has_venues

    @property
    def stated(self) -> tuple[int, int] | None:
        return self._reader.stated

    @property
    def notes(self) -> Sequence[str]:
        return self._reader.notes

    @property
    def round_lot(self) -> int:
        return self._reader.round_lot

    @property
    def bad_rows(self) -> int:
        return self._reader.bad_rows

    @property
    def first_bad(self) -> str | None:
        return self._reader.first_bad
