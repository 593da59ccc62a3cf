"""The JSON of the stream to snapshots (docs/stream.md; message.schema.json says the same to a machine).

Whole batches at a time, because this runs once for each of a hundred thousand snapshots. Prices are exact: they are
read through floats only where that provably gives the same integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta, Struct
from msgspec.json import Decoder
from numpy.typing import NDArray

from sor.core.market.batch import (
    BUYER,
    HIDDEN,
    SELLER,
    UNKNOWN,
    Form,
    Ints,
    Quote,
    Snapshot,
    SnapshotBatch,
    Trade,
    batch_of,
    concat,
    empty_batch,
    no_quote,
)
from sor.core.units import MAX_PRICE, NANO, NO_PRICE, UNSPOKEN, parse_time

SCHEMA_VERSION = 1
MAX_SIZE = 2**53 - 1  # beyond any size, and what every JSON reader keeps exactly

# Below this a price with nine decimals is less than half a nanodollar away from its double times 1e9
# (2e6 * 1e9 * 2**-52 < 0.45), so rounding gives the very integer that was written.
_EXACT_DOLLARS = 2e6
_UNDEFINED = (Decimal(NO_PRICE), Decimal(NO_PRICE).scaleb(-9))  # in nanodollars, and in dollars
_ABSENT = -1  # a price or a size that is not in the message: none at all looks like this
_SIDES = {("A", False): SELLER, ("B", False): BUYER, ("N", False): UNKNOWN, ("N", True): HIDDEN}  # side, and hidden


# What a message of any bytes may raise while it is read: poison is counted, and never stops the rest.
_ODD = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError)


class MessageError(ValueError):
    """A message that is no snapshot; the text says why, in words for the dead-letter topic."""


@dataclass(frozen=True, slots=True)
class DecodedMessages:
    """What a row of messages held: the snapshots in their order, and (index, reason) of each message that was none."""

    batch: SnapshotBatch
    rejected: list[tuple[int, str]]
    has_bids: bool


def decode(messages: Sequence[bytes | None], form: Form = Form.VENUE) -> DecodedMessages:
    """Read messages; what is no snapshot is rejected with a reason and never stops the rest."""
    try:
        batch, has_bids = _columns(messages, form)
        return DecodedMessages(batch, [], has_bids)
    except _ODD:
        return _one_by_one(messages, form)  # some message is odd: the careful way finds which, and why


def _one_by_one(messages: Sequence[bytes | None], form: Form) -> DecodedMessages:
    parts: list[SnapshotBatch] = []
    rejected: list[tuple[int, str]] = []
    has_bids = False
    for index, message in enumerate(messages):
        try:
            part, bids = _columns([message], form)
        except _ODD:
            try:
                part, bids = decode_one(message, form)
            except _ODD as error:
                rejected.append((index, _reason(error)))
                continue
        parts.append(part)
        has_bids = has_bids or bids
    return DecodedMessages(concat(parts) if parts else empty_batch(), rejected, has_bids)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, MessageError) else f"cannot be read ({type(error).__name__})"


# --- the fast way: columns, checked as columns. It may give up on anything odd, it may not accept anything wrong. ---


class _OddError(ValueError):
    """Not plainly right: to be read the careful way."""


_Count = Annotated[int, Meta(ge=0, le=MAX_SIZE)]
_Dollars = Annotated[float, Meta(ge=0, lt=_EXACT_DOLLARS)]


class _Quote(Struct, gc=False):
    publisher_id: _Count
    ask_px_00: _Dollars | None = _ABSENT
    ask_sz_00: _Count = _ABSENT
    bid_px_00: _Dollars | None = _ABSENT
    bid_sz_00: _Count = _ABSENT


class _Trade(Struct, gc=False):
    publisher_id: _Count
    px: _Dollars
    sz: _Count
    side: Literal["A", "B", "N"]
    hidden: bool = False


class _Message(Struct, gc=False):
    timestamp: str
    venues: tuple[_Quote, ...]
    trades: tuple[_Trade, ...] = ()


_MESSAGE = Decoder(_Message)


def _columns(messages: Sequence[bytes | None], form: Form) -> tuple[SnapshotBatch, bool]:
    text = b"".join(messages)  # type: ignore[arg-type]  # None raises, and is then rejected with words
    if not text.isascii():
        text.decode()  # what msgspec passes over it does not look at
    found = [_MESSAGE.decode(message) for message in messages]  # type: ignore[arg-type]
    quotes = [quote for message in found for quote in message.venues]
    trades = [trade for message in found for trade in message.trades]
    quote_end, trade_end = _ends([len(m.venues) for m in found]), _ends([len(m.trades) for m in found])
    venue = np.array([q.publisher_id for q in quotes], np.int64)
    _strictly_ascending(venue, quote_end)
    bid_px = np.array([q.bid_px_00 for q in quotes], np.float64)  # None becomes NaN, which JSON itself cannot hold
    ask_px = np.array([q.ask_px_00 for q in quotes], np.float64)
    bid_sz = np.array([q.bid_sz_00 for q in quotes], np.int64)
    ask_sz = np.array([q.ask_sz_00 for q in quotes], np.int64)
    if form is Form.VENUE and ((ask_px == _ABSENT) | (ask_sz == _ABSENT)).any():
        raise _OddError
    unsaid = UNSPOKEN if form is Form.NBBO else NO_PRICE
    bids, asks = _side(bid_px, bid_sz, unsaid), _side(ask_px, ask_sz, unsaid)
    trade_venue, trade_px, trade_sz, trade_side = _trades(trades)
    times = _parse_times([message.timestamp for message in found])
    batch = SnapshotBatch(times, quote_end, venue, *bids, *asks, trade_end, trade_venue, trade_px, trade_sz, trade_side)
    return batch, bool((bid_px >= 0).any())


def _ends(counts: list[int]) -> Ints:
    return np.cumsum(counts, dtype=np.int64)


def _strictly_ascending(venue: Ints, quote_end: Ints) -> None:
    if len(venue) == len(quote_end):
        if (quote_end != np.arange(1, len(venue) + 1)).any():
            raise _OddError
        return
    starts = np.zeros(len(venue) + 1, dtype=bool)
    starts[0] = True
    starts[quote_end] = True
    if ((np.diff(venue) <= 0) & ~starts[1:-1]).any():
        raise _OddError


def _side(px: NDArray[np.float64], sz: Ints, unsaid: int) -> tuple[Ints, Ints]:
    absent = px == _ABSENT
    none = np.isnan(px) | absent
    if ((sz == _ABSENT) & ~none).any():
        raise _OddError
    nanos = _nanos(px)
    none |= (sz <= 0) | (nanos <= 0)  # a price of zero is no quote
    return np.where(absent, unsaid, np.where(none, NO_PRICE, nanos)), np.where(none, 0, sz)


def _nanos(px: NDArray[np.float64]) -> Ints:
    return np.rint(np.nan_to_num(px) * 1e9).astype(np.int64)


def _trades(trades: list[_Trade]) -> tuple[Ints, Ints, Ints, NDArray[np.uint8]]:
    px = _nanos(np.array([t.px for t in trades], np.float64))
    if (px <= 0).any():
        raise _OddError
    return (
        np.array([t.publisher_id for t in trades], np.int64),
        px,
        np.array([t.sz for t in trades], np.int64),
        np.fromiter((_SIDES[t.side, t.hidden] for t in trades), np.uint8, len(trades)),
    )


_TIME_WIDTH = len("2024-08-01T13:36:32.491911683Z")
_TIME_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":", 19: ".", 29: "Z"}
_DIGIT_WEIGHTS = 10 ** np.arange(8, -1, -1, dtype=np.int64)


def _parse_times(times: list[str]) -> Ints:
    """The form that the producer writes as one block of characters; any other form of ISO 8601 one by one."""
    block = "".join(times)
    if len(block) == _TIME_WIDTH * len(times) and block.isascii():
        chars = np.frombuffer(block.encode(), np.uint8).reshape(len(times), _TIME_WIDTH)
        digits = chars[:, 20:29].astype(np.int64) - ord("0")
        marks = all((chars[:, at] == ord(mark)).all() for at, mark in _TIME_MARKS.items())
        if marks and ((digits >= 0) & (digits <= 9)).all():
            starts, inverse = np.unique(np.ascontiguousarray(chars[:, :19]).view("S19").ravel(), return_inverse=True)
            seconds = np.array([_time(text.decode()) for text in starts.tolist()], dtype=np.int64)
            return seconds[inverse] + digits @ _DIGIT_WEIGHTS
    return np.array([_time(text) for text in times], dtype=np.int64)


# --- the careful way: one message, exact decimals, and words for what is wrong ---


def decode_one(message: bytes | None, form: Form = Form.VENUE) -> tuple[SnapshotBatch, bool]:
    """One message as a batch of one snapshot, and whether it has bids. MessageError says what is wrong."""
    value = _load(message)
    ts = _time(_get(value, "timestamp", "the message"))
    quotes = [_quote(item, f"venue {i}", form) for i, item in enumerate(_list(value, "venues"), 1)]
    ids = [quote.venue for quote in quotes]
    if len(set(ids)) < len(ids):
        raise MessageError(f"venue {max(ids, key=ids.count)} is there twice")
    hits = _list(value, "trades") if "trades" in value else []
    trades = [_trade(item, f"trade {i}") for i, item in enumerate(hits, 1)]
    has_bids = any(item.get("bid_px_00") is not None for item in value["venues"])
    snapshot = Snapshot(ts, tuple(sorted(quotes, key=lambda quote: quote.venue)), tuple(trades))
    return batch_of([snapshot]), has_bids


_EXACT = Decoder(float_hook=Decimal)


def _load(message: bytes | None) -> dict[str, Any]:
    if message is None:
        raise MessageError("no value")
    try:
        value = _EXACT.decode(message)
    except ArithmeticError:
        raise MessageError("a number whose exponent is beyond any number") from None
    except RecursionError:
        raise MessageError("not JSON of a snapshot: nested too deeply") from None
    except ValueError as error:
        raise MessageError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise MessageError("the message is not a JSON object")
    return value


def _get(item: dict[str, Any], key: str, where: str) -> Any:
    try:
        return item[key]
    except KeyError:
        raise MessageError(f"{where} has no {key}") from None


def _list(value: dict[str, Any], key: str) -> list[Any]:
    items = _get(value, key, "the message")
    if not isinstance(items, list):
        raise MessageError(f"{key} is not a list")
    return items


def _quote(item: Any, where: str, form: Form) -> Quote:
    if not isinstance(item, dict):
        raise MessageError(f"{where} is not a JSON object")
    venue = _size(_get(item, "publisher_id", where), f"publisher_id of {where}")
    if form is Form.NBBO:
        bid, ask = (
            _price_and_size(item, side, where) if f"{side}_px_00" in item else (UNSPOKEN, 0) for side in ("bid", "ask")
        )
        return Quote(venue, *bid, *ask)
    ask = _price_and_size(item, "ask", where)
    bid = _price_and_size(item, "bid", where) if item.get("bid_px_00") is not None else (NO_PRICE, 0)
    return Quote(venue, *bid, *ask)


def _price_and_size(item: dict[str, Any], side: str, where: str) -> tuple[int, int]:
    px, sz = _get(item, f"{side}_px_00", where), _get(item, f"{side}_sz_00", where)
    if px is None:
        return NO_PRICE, 0
    size = _size(sz, f"{side}_sz_00 of {where}")
    return (NO_PRICE, 0) if px in _UNDEFINED else no_quote(_price(px, f"{side}_px_00 of {where}"), size)


def _trade(item: Any, where: str) -> Trade:
    if not isinstance(item, dict):
        raise MessageError(f"{where} is not a JSON object")
    side = _get(item, "side", where)
    if side not in ("A", "B", "N"):
        raise MessageError(f"side of {where} is none of A, B, N")
    hidden = item.get("hidden", False)
    if not isinstance(hidden, bool) or (hidden and side != "N"):
        raise MessageError(f"hidden of {where} is not true or false, and true for side N alone")
    px = _price(_get(item, "px", where), f"px of {where}")
    if px <= 0:
        raise MessageError(f"px of {where} is zero")
    return Trade(
        _size(_get(item, "publisher_id", where), f"publisher_id of {where}"),
        px,
        _size(_get(item, "sz", where), f"sz of {where}"),
        chr(_SIDES[side, hidden]),
    )


def _number(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise MessageError(f"{where} is not a number")
    return Decimal(value)


def _price(value: Any, where: str) -> int:
    value = _number(value, where)
    if value < 0:
        raise MessageError(f"{where} is negative")
    if value > Decimal(MAX_PRICE).scaleb(-9):
        raise MessageError(f"{where} is beyond any price")
    return int((value * NANO).to_integral_value())


def _size(value: Any, where: str) -> int:
    value = _number(value, where)
    if not 0 <= value <= MAX_SIZE:
        raise MessageError(f"{where} is not between 0 and 2^53 - 1")
    if value != value.to_integral_value():
        raise MessageError(f"{where} is not a whole number")
    return int(value)


def _time(text: Any) -> int:
    if not isinstance(text, str):
        raise MessageError("timestamp is not a text")
    try:
        ts = parse_time(text)
    except ValueError:
        raise MessageError("timestamp is not ISO 8601 with up to nine decimals") from None
    if not 0 <= ts < 2**63 - 1:
        raise MessageError("timestamp is not between the years 1970 and 2262")
    return ts
