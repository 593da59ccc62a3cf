"""Our own Parquet form of a tape: sorted by time, exact integers, all symbols, fast to read.

Columns are those of RowChunk under plain names; a missing price is 2^63-1, as in DBN. `price` and `size` are kept in
rows with action T only. The file's metadata hold, under `sor.tape`, the version of this form, what the original's
reader knew (bad rows, order), the facts of each symbol, and for each row group its times and the last quote of each
symbol and venue before it, so that reading can start in the middle. A row group begins with a new instant.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa

from sor.core.feed import ROUND_LOT
from sor.core.market.batch import Form
from sor.core.market.cut import Quoted
from sor.core.market.timeline import Hole
from sor.sources.source import FileFacts
from sor.tapes.rows import ROW_COLUMNS, Kind

VERSION = 3
KEY = b"sor.tape"
_TEXT = pa.dictionary(pa.int32(), pa.string())
NAMES = {"ts": "ts_event"}  # where a column of the file is not named as in RowChunk
TYPES = {"ts": pa.timestamp("ns", "UTC"), "symbol": _TEXT, "action": _TEXT, "side": _TEXT}
SCHEMA = pa.schema(
    [pa.field(NAMES.get(name, name), TYPES.get(name, pa.int64()), nullable=False) for name in ROW_COLUMNS]
)


class SymbolFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol of a tape: rows, how many of them came before the row above, instants, first and last time in ns.

    quotes: distinct venues over all instants; holes: see sor.core.market.timeline; files, off_exchange_trades,
    off_exchange, doubled: see sor.sources.source.TapeFacts.
    """

    symbol: str | None
    rows: int
    out_of_order: int
    snapshots: int
    first: int
    last: int
    quotes: int
    venues: tuple[int, ...]
    holes: tuple[Hole, ...] = ()
    files: tuple[FileFacts, ...] = ()
    off_exchange_trades: int = 0
    off_exchange: int = 0
    doubled: int = 0


_BEFORE = msgspec.json.Decoder(list[tuple[int, int, int, int, int, int]])


class RowGroupFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row group: its first and last time, and `before`, the last quotes before it.

    `before` is JSON within JSON, read when it is wanted: a day of many symbols and venues has hundreds of groups, and
    as objects their quotes took more memory than all the rest of a backtest.
    """

    first: int
    last: int
    before: str

    @classmethod
    def from_quotes(cls, first: int, last: int, quotes: Mapping[tuple[int, int], Quoted]) -> RowGroupFacts:
        listed = [[*key, *quote] for key, quote in sorted(quotes.items())]
        return cls(first, last, msgspec.json.encode(listed).decode())

    def quotes_before(self) -> dict[tuple[int, int], Quoted]:
        """bid_px, bid_sz, ask_px, ask_sz by (symbol's place, venue). ValueError where it is damaged."""
        return {
            (place, venue): (bid, bid_sz, ask, ask_sz)
            for place, venue, bid, bid_sz, ask, ask_sz in _BEFORE.decode(self.before)
        }


class ParquetFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the metadata tell. bad_rows and first_bad are those of the original files, as everything is but the groups.

    kind: of all rows; form, prints_late, stated: see sor.sources.source.Source; has_names: see RowReader;
    notes, round_lot: see TapeFacts.
    """

    name: str
    bad_rows: int
    first_bad: str | None
    symbols: tuple[SymbolFacts, ...]
    groups: tuple[RowGroupFacts, ...]
    form: Form = Form.VENUE
    prints_late: int = 0
    kind: Kind = Kind.MBP_1
    has_names: bool = True
    stated: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    round_lot: int = ROUND_LOT

    def to_json(self) -> bytes:
        return msgspec.json.encode({"version": VERSION, **msgspec.to_builtins(self)})

    @classmethod
    def from_json(cls, data: bytes) -> ParquetFacts:
        """ValueError where this is not what to_json wrote."""
        found = msgspec.json.decode(data)
        if found.pop("version") != VERSION:
            raise ValueError("another version of this form")
        return msgspec.convert(found, cls)
