"""DBN records as rows: the columns of whole blocks at once instead of one object a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sor.core.feed import ROUND_LOT
from sor.core.market.batch import UNKNOWN, Chars, Form, Ints
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import BLOCK_BYTES, ByteTape
from sor.tapes.dbn.kinds import CLASSES, KINDS, MAPPING, NATIONAL, OTHERS, READ, SAMPLED, SCHEMAS, form_of, kind_of
from sor.tapes.dbn.records import WORD, Records, vendor_package
from sor.tapes.rows import (
    NO_ACTION,
    NUMBERS,
    QUOTES,
    TRADE,
    Kind,
    Mask,
    RowChunk,
    empty_rows,
    impossible,
    impossible_trades,
)
from sor.tapes.symbols.symbology import Numbered, SymbolNames, add_beside

_T = ord("T")
_UNDEFINED_TIME = 2**64 - 1


def rtypes_on(tape: ByteTape) -> frozenset[int]:
    """The types of the records that a file is about: its header's, or of a live capture all that it holds."""
    records = Records(tape, vendor_package())
    schema = _schema(records.header)
    if schema is not None:
        return frozenset(SCHEMAS.get(schema, ())) or frozenset({_other(schema)})
    found: set[int] = set()
    for data, starts in records.blocks():
        found.update(np.unique(np.frombuffer(data, np.uint8)[starts[:-1] + 1]).tolist())
    return frozenset(found - {MAPPING})


def readable(path: Any, rtypes: frozenset[int]) -> list[frozenset[int]]:
    """The record types of a file, those of one kind together. InputError where none of them is quotes or trades."""
    kinds: dict[tuple[Form, Kind], set[int]] = {}
    for rtype in sorted(rtypes & KINDS.keys()):
        kinds.setdefault((form_of(rtype), KINDS[rtype]), set()).add(rtype)
    if not kinds:
        held = ", ".join(dict.fromkeys(OTHERS.get(rtype, f"records of type {rtype}") for rtype in sorted(rtypes)))
        raise InputError(f"{path}: this DBN file holds {held or 'no record'}: a tape needs {READ}")
    return [frozenset(one) for one in kinds.values()]


class DbnReader(Numbered):
    """The records of one kind of a DBN file as chunks of rows; all others are passed over. See `RowReader`."""

    has_venues = True
    prints_late = 0
    round_lot = ROUND_LOT

    def __init__(
        self,
        tape: ByteTape,
        rtypes: frozenset[int] | None = None,
        *,
        clock: str = "event",
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        """rtypes: of one kind; None for those of the header's schema. clock: `recv` for the capture's time."""
        self._vendor = vendor_package()
        self._tape = tape
        self._records = Records(tape, self._vendor, block_bytes)
        self._schema = _schema(self._records.header)
        if rtypes is None:
            rtypes = readable(tape.path, frozenset(SCHEMAS.get(self._schema or "", KINDS)))[0]
        self._rtypes = rtypes
        self._clock = clock
        self._copies = _Copies() if self._schema is None and 1 in rtypes else None
        self.form = form_of(min(rtypes))
        self.kind = kind_of(self._schema, min(rtypes))
        self._header: Any = None
        self._names = SymbolNames()
        self._learn()
        if not self._records.header.mappings:
            add_beside(self._names, tape.path)
        self._good_rows = self.bad_rows = 0
        self.first_bad: str | None = None

    @property
    def stated(self) -> tuple[int, int] | None:
        header = self._records.header
        start, end = header.start, header.end
        stated = 0 < start < _UNDEFINED_TIME and end is not None and start < end < _UNDEFINED_TIME
        return (int(start), int(end)) if stated and not header.limit else None

    def chunks(self) -> Iterator[RowChunk]:
        for data, starts in self._records.blocks():
            self._learn()
            for records, numbers in self._alike(data, starts):
                rows = self._rows(records, numbers)
                self._good_rows += len(rows)
                if len(rows):
                    yield rows
        rest = self._rest()
        self._good_rows += len(rest)
        if len(rest):
            yield rest
        if not self._good_rows:
            why = f"none of {self.bad_rows:,} is good; {self.first_bad}" if self.bad_rows else "it has none"
            raise InputError(f"{self._tape.path}: a DBN tape needs records of {READ}: {why}")

    @property
    def notes(self) -> Sequence[str]:
        return ()

    def _rest(self) -> RowChunk:
        """What is still to be said after the last record."""
        return empty_rows()

    def _learn(self) -> None:
        """The names in the header, or in that of the next of several joined files."""
        header = self._records.header
        if header is self._header:
            return
        schema = _schema(header)
        if self._header is not None and schema != self._schema:
            raise InputError(
                f"{self._tape.path}: files of {self._schema} and of {schema} are joined in it: give them one by one"
            )
        self._header = header
        for name, intervals in header.mappings.items():
            for one in intervals:
                self._names.add_mapping(name, one["symbol"], one["start_date"], one["end_date"])

    def _alike(self, data: bytes, starts: Ints) -> Iterator[tuple[Any, Ints]]:
        """The records of our kind in the order of the file, by layout, with the number of each in the file."""
        flat = np.frombuffer(data, np.uint8)
        sizes, rtypes = flat[starts[:-1]].astype(np.int64) * WORD, flat[starts[:-1] + 1].astype(np.int64)
        if (rtypes == MAPPING).any():
            self._learn_mappings(data, starts[:-1][rtypes == MAPPING])
        wanted = np.isin(rtypes, list(self._rtypes))
        edges = np.flatnonzero(np.diff(sizes[wanted]) | np.diff(rtypes[wanted])) + 1
        for places in np.split(np.flatnonzero(wanted), edges):
            if len(places) == 0:
                continue
            layout = self._layout(int(rtypes[places[0]]), int(sizes[places[0]]))
            if layout is None:
                continue
            at = starts[places]
            whole = flat[at[0] : at[-1] + layout.itemsize]
            if len(whole) != len(at) * layout.itemsize:
                whole = flat[at[:, None] + np.arange(layout.itemsize)]
            yield np.frombuffer(whole.tobytes(), layout), self._records.count + places + 1

    def _learn_mappings(self, data: bytes, places: Ints) -> None:
        """A live capture says in records of its own which stock an id is."""
        for at in places.tolist():
            size = data[at] * WORD
            name = "SymbolMappingMsg" if size > _OLD_MAPPING else "SymbolMappingMsgV1"
            layout = np.dtype(getattr(self._vendor, name)._dtypes)
            if size < layout.itemsize:
                continue
            one = np.frombuffer(data, layout, 1, at)[0]
            texts = [one[field].decode("ascii", "replace") for field in ("stype_out_symbol", "stype_in_symbol")]
            named = [text for text in texts if text and not text.isdecimal()]
            if named:
                self._names.learn(int(one["instrument_id"]), named[0])

    def _layout(self, rtype: int, size: int) -> np.dtype[Any] | None:
        """How records of a type lie in their bytes; None where they are too short for it."""
        columns = getattr(self._vendor, CLASSES[rtype])._dtypes
        more = size - np.dtype(columns).itemsize  # live records carry the time of sending behind their own fields
        return np.dtype([*columns, ("more", f"V{more}")] if more else columns) if more >= 0 else None

    def _rows(self, records: Any, numbers: Ints) -> RowChunk:
        if self._copies is not None:
            is_first = self._copies.first_of(records)
            records, numbers = records[is_first], numbers[is_first]
        columns = self._columns(records)
        is_bad = np.zeros(len(records), np.bool_)
        for column in sorted(NUMBERS):
            fault = impossible(column, columns[column])
            if fault.any() and not self.bad_rows:
                row = int(fault.argmax())
                self.first_bad = f"record {numbers[row]}, {column}: {columns[column][row]} is impossible"
            is_bad |= fault
        at_zero = impossible_trades(columns["action"], columns["price"])
        if at_zero.any() and not self.bad_rows and self.first_bad is None:
            self.first_bad = f"record {numbers[int(at_zero.argmax())]}, price: a trade at zero or less"
        is_bad |= at_zero
        self.bad_rows += int(np.count_nonzero(is_bad))
        columns["symbol"] = np.zeros(len(records), np.int64)
        columns["symbol"][~is_bad] = self._names.codes(records["instrument_id"][~is_bad], records["ts_recv"][~is_bad])
        if self.kind is Kind.TRADES:
            columns |= _unspoken(len(records))
        rows = RowChunk(**columns)
        if self.form is Form.NBBO:
            return _national(rows, records, ~is_bad)
        return rows.take(~is_bad) if is_bad.any() else rows

    def _columns(self, records: Any) -> dict[str, Any]:
        """All but symbol. A side of a file of trades alone is missing, for now."""
        n = len(records)
        rtype = int(records["rtype"][0]) if n else min(self._rtypes)
        is_sample = rtype in SAMPLED
        by_capture = is_sample or rtype in NATIONAL or self._clock == "recv"
        quotes: dict[str, Any] = {"venue": records["publisher_id"].astype(np.int64)}
        for column, field in list(QUOTES.items())[1:]:
            missing = np.full(n, NO_PRICE if column.endswith("px") else 0)
            quotes[column] = missing if self.kind is Kind.TRADES else records[field].astype(np.int64)
        return {
            "ts": np.ascontiguousarray(records["ts_recv" if by_capture else "ts_event"]).view(np.int64),
            **quotes,
            "action": np.full(n, NO_ACTION, np.uint8) if is_sample else _bytes(records["action"]),
            "side": np.full(n, UNKNOWN, np.uint8) if is_sample else _bytes(records["side"]),
            "price": np.full(n, NO_PRICE) if is_sample else records["price"].astype(np.int64),
            "size": np.zeros(n, np.int64) if is_sample else records["size"].astype(np.int64),
        }


_OLD_MAPPING = 100  # bytes: symbols of 22 characters, before the second version of the format


class _Copies:
    """Trades that stand twice in a live capture: those of a subscription to tbbo are mbp-1's, byte for byte."""

    def __init__(self) -> None:
        self._last = b""

    def first_of(self, records: Any) -> Mask:
        """Which records are not the same trade as the one before them."""
        if len(records) == 0:
            return np.zeros(0, np.bool_)
        size = records.dtype.itemsize
        raw = np.frombuffer(records.tobytes(), np.dtype((np.void, size)))
        before = np.concatenate([np.frombuffer(self._last.ljust(size, b"\0")[:size], raw.dtype), raw[:-1]])
        self._last = raw[-1].tobytes()
        is_first: Mask = (raw != before) | (_bytes(records["action"]) != _T)
        return is_first


def _national(rows: RowChunk, records: Any, is_good: Mask) -> RowChunk:
    """A record as up to three rows: its trade, and each side at the venue that has it."""
    n = len(rows)
    bid_venue, ask_venue = (records[f"{side}_pb_00"].astype(np.int64) for side in ("bid", "ask"))
    # A side that nobody has is at no venue: it is told with the other side's.
    bid_venue = np.where((rows.bid_px == NO_PRICE) | (bid_venue == 0), ask_venue, bid_venue)
    ask_venue = np.where((rows.ask_px == NO_PRICE) | (ask_venue == 0), bid_venue, ask_venue)
    apart = bid_venue != ask_venue
    kept = np.column_stack([rows.action == TRADE, np.ones(n, np.bool_), apart]) & is_good[:, None]
    nothing = np.full(n, UNSPOKEN), np.zeros(n, np.int64)
    at_bid = np.where(apart, nothing[0], rows.ask_px), np.where(apart, nothing[1], rows.ask_sz)

    def three(trade: Any, bid: Any, ask: Any) -> Any:
        return np.column_stack([trade, bid, ask])[kept]

    action = np.full(n, NO_ACTION, np.uint8)
    return RowChunk(
        symbol=three(rows.symbol, rows.symbol, rows.symbol),
        ts=three(rows.ts, rows.ts, rows.ts),
        venue=three(rows.venue, bid_venue, ask_venue),
        bid_px=three(nothing[0], rows.bid_px, nothing[0]),
        bid_sz=three(nothing[1], rows.bid_sz, nothing[1]),
        ask_px=three(nothing[0], at_bid[0], rows.ask_px),
        ask_sz=three(nothing[1], at_bid[1], rows.ask_sz),
        action=three(rows.action, action, action),
        side=three(rows.side, rows.side, rows.side),
        price=three(rows.price, np.full(n, NO_PRICE), np.full(n, NO_PRICE)),
        size=three(rows.size, nothing[1], nothing[1]),
    )


def _unspoken(n: int) -> dict[str, Ints]:
    price, size = np.full(n, UNSPOKEN), np.zeros(n, np.int64)
    return {"bid_px": price, "bid_sz": size, "ask_px": price, "ask_sz": size}


def _schema(header: Any) -> str | None:
    return None if header.schema is None else str(header.schema)


def _other(schema: str) -> int:
    """The record type of a schema that is no tape."""
    names = {"definition": 19, "statistics": 24, "status": 18, "imbalance": 20, "ohlcv-1s": 32}
    more = {"ohlcv-1m": 33, "ohlcv-1h": 34, "ohlcv-1d": 35, "ohlcv-eod": 36}
    return (names | more).get(schema, 17)


def _bytes(chars: Any) -> Chars:
    return np.ascontiguousarray(chars).view(np.uint8)
