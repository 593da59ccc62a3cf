"""Rows of a tape as columns, whatever the file's format: what every reader yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sor.core.market import Chars, Ints
from sor.core.units import MAX_PRICE, NO_PRICE

Mask = NDArray[np.bool_]

TRADE = ord("T")  # the action of a row that is a trade
NO_ACTION = ord(" ")  # the action where the schema has none
MAX_SIZE = 2**44  # shares; beyond any real size, and safe to add up in 64 bits
MAX_VENUE = 2**31 - 1
MAX_TIME = 2**63 - 2  # 2^63-1 stands for no time
_MOST = {"ts": MAX_TIME, "venue": MAX_VENUE}


@dataclass(frozen=True, slots=True)
class RowChunk:
    """Some successive rows, in the order of the file; all arrays have one length.

    symbol: index into the reader's `symbols`; ts: ns; bid_px, ask_px, price: nanodollars, NO_PRICE where missing;
    bid_sz, ask_sz, size: shares, 0 where missing; action, side: ord of the character. price and size tell something
    in rows with action T only.
    """

    symbol: Ints
    ts: Ints
    venue: Ints
    bid_px: Ints
    bid_sz: Ints
    ask_px: Ints
    ask_sz: Ints
    action: Chars
    side: Chars
    price: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.ts)

    def slice(self, start: int, stop: int) -> RowChunk:
        """Rows start:stop, as views."""
        return RowChunk(*(getattr(self, name)[start:stop] for name in ROW_COLUMNS))

    def take(self, rows: NDArray[Any]) -> RowChunk:
        """The rows of a mask or of an index, as copies."""
        return RowChunk(*(getattr(self, name)[rows] for name in ROW_COLUMNS))


ROW_COLUMNS = tuple(field.name for field in fields(RowChunk))


# Columns of RowChunk, and what Databento calls them.
QUOTES = {
    "venue": "publisher_id",
    "bid_px": "bid_px_00",
    "bid_sz": "bid_sz_00",
    "ask_px": "ask_px_00",
    "ask_sz": "ask_sz_00",
}
PRICES = frozenset({"bid_px", "ask_px", "price"})
SIZES = frozenset({"bid_sz", "ask_sz", "size"})
NUMBERS = frozenset({"ts", "venue"}) | PRICES | SIZES


def impossible(column: str, values: Ints) -> Mask:
    """Which values of a column no tape can have; rows that have one are bad rows."""
    most = MAX_PRICE if column in PRICES else _MOST.get(column, MAX_SIZE)
    fault: Mask = (values < 0) | (values > most)
    return fault & (values != NO_PRICE) if column in PRICES else fault


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is left out. is_unreadable: its text is wrong, and not just a number in it."""

    line: int
    column: str | None
    reason: str
    is_unreadable: bool = True

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.reason}"


def concat_rows(chunks: Sequence[RowChunk]) -> RowChunk:
    if len(chunks) == 1:
        return chunks[0]
    return RowChunk(*(np.concatenate([getattr(c, name) for c in chunks]) for name in ROW_COLUMNS))


def empty_rows() -> RowChunk:
    chars = ("action", "side")
    columns: dict[str, Any] = {name: np.empty(0, np.uint8 if name in chars else np.int64) for name in ROW_COLUMNS}
    return RowChunk(**columns)


def sort_rows(rows: RowChunk) -> RowChunk:
    """By time, ties in their order."""
    return rows.take(np.argsort(rows.ts, kind="stable"))


class Reader(Protocol):
    """A tape in the order of its file. `symbols` and the facts on bad rows are complete after the last chunk.

    symbols: by first appearance; [None] where the tape names none. Chunks are never empty.
    """

    @property
    def symbols(self) -> list[str | None]: ...

    @property
    def bad_rows(self) -> int: ...

    @property
    def first_bad(self) -> str | None: ...

    def chunks(self) -> Iterator[RowChunk]: ...
