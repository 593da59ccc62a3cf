"""Rows of a tape as columns, whatever the file's format: what every reader yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sor.core.feed import ROUND_LOT
from sor.core.market.batch import Chars, Form, Ints
from sor.core.units import MAX_PRICE, NO_PRICE, UNSPOKEN

Mask = NDArray[np.bool_]

TRADE = ord("T")  # the action of a row that is a trade
NO_ACTION = ord(" ")  # the action where the schema has none
MAX_SIZE = 2**44  # shares; beyond any real size, and safe to add up in 64 bits
MAX_VENUE = 2**31 - 1
MAX_TIME = 2**63 - 2  # 2^63-1 stands for no time
MIN_TIME = 631_152_000 * 10**9  # 1990: no tape is older, but a time in another unit than it is read in often is
BEFORE_1990 = "an impossible time, before 1990"
_LEAST = {"ts": MIN_TIME, "bid_px": -MAX_PRICE, "ask_px": -MAX_PRICE, "price": -MAX_PRICE}  # zero or less: no quote
_MOST = {"ts": MAX_TIME, "venue": MAX_VENUE}


class Kind(StrEnum):
    """What the rows of a file are, in Databento's words; QUOTES are quotes of other vendors, without trades."""

    MBP_1 = "mbp-1"
    MBP_10 = "mbp-10"
    MBO = "mbo"  # every order; its rows are the top of the book that they build
    CMBP_1 = "cmbp-1"
    QUOTES = "quotes"
    BBO = "bbo"  # sampled; cbbo as well
    TBBO = "tbbo"  # a quote with each trade; tcbbo as well
    TRADES = "trades"


@dataclass(frozen=True, slots=True)
class RowChunk:
    """Some successive rows, in the order of the file; all arrays have one length.

    symbol: index into the reader's `symbols`; ts: ns; venue: publisher_id; bid_px, ask_px, price: nanodollars, NO_PRICE
    where missing; bid_sz, ask_sz, size: shares, 0 where missing; action, side: ord of the character. price and size
    tell something in rows with action T only. A side that a row does not speak of has price UNSPOKEN and size 0: one
    side of a row in the NBBO form, both sides of a trade that comes without a quote.
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
    fault: Mask = (values < _LEAST.get(column, 0)) | (values > most)
    return fault & (values != NO_PRICE) if column in PRICES else fault


def impossible_trades(action: Chars, price: Ints) -> Mask:
    """Which rows are trades at a price of zero or less."""
    fault: Mask = (action == TRADE) & (price <= 0)
    return fault


def with_quotes(rows: RowChunk) -> RowChunk:
    """Those of the rows that say something of a side."""
    is_spoken = (rows.bid_px != UNSPOKEN) | (rows.ask_px != UNSPOKEN)
    return rows if is_spoken.all() else rows.take(is_spoken)


def without_quotes(rows: RowChunk) -> RowChunk:
    """The same rows, saying nothing of either side."""
    unspoken, nothing = np.full(len(rows), UNSPOKEN), np.zeros(len(rows), np.int64)
    return replace(rows, bid_px=unspoken, bid_sz=nothing, ask_px=unspoken, ask_sz=nothing)


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


class VenueReader:
    """What readers of tapes by venue have in common, where they do not say otherwise."""

    form = Form.VENUE
    prints_late = 0
    kind = Kind.MBP_1
    has_names = True
    has_venues = True
    stated: tuple[int, int] | None = None

    @property
    def notes(self) -> Sequence[str]:
        return ()

    @property
    def round_lot(self) -> int:
        return ROUND_LOT


class RowReader(Protocol):
    """A file in the order of its rows. `symbols`, `notes`, `round_lot` and the facts on bad rows are complete after the
    last chunk.

    form, kind: of all its rows. prints_late: ns by which its trades may be printed after the quotes that they changed.
    symbols: by first appearance; [None] where the file names none. has_names: whether they are names of stocks, and not
    a data set's numbers of them. has_venues: whether rows say their venue; where not, their `venue` is 0. stated: first
    and last time (ns) that the source says it covers, None where it does not. notes: plain sentences on what was left
    out of the rows and why. round_lot: see TapeFacts. Chunks are never empty.
    """

    @property
    def form(self) -> Form: ...

    @property
    def prints_late(self) -> int: ...

    @property
    def notes(self) -> Sequence[str]: ...

    @property
    def round_lot(self) -> int: ...

    @property
    def kind(self) -> Kind: ...

    @property
    def has_names(self) -> bool: ...

    @property
    def has_venues(self) -> bool: ...

    @property
    def stated(self) -> tuple[int, int] | None: ...

    @property
    def symbols(self) -> list[str | None]: ...

    @property
    def bad_rows(self) -> int: ...

    @property
    def first_bad(self) -> str | None: ...

    def chunks(self) -> Iterator[RowChunk]: ...
