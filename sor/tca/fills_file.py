"""Reads a file of one's own executions: CSV or Parquet, columns found by the names that such files use."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sor.core.order import Side
from sor.core.tca.costs.spreads import FORCED, MAKER, TAKER
from sor.core.units import parse_dollars
from sor.errors import InputError
from sor.options.zones import Zone
from sor.text import quoted
from sor.venues import exchange_of_mic, exchanges

# What columns are called, beside their own name: our fills.csv, FIX's tags, brokers' exports.
NAMES: Mapping[str, tuple[str, ...]] = {
    "time": ("ts", "timestamp", "transact_time", "transacttime", "exec_time", "ts_event"),
    "venue": ("publisher_id", "mic", "exchange", "last_mkt", "lastmkt", "ex_destination"),
    "side": ("buy_sell",),
    "price": ("px", "last_px", "lastpx", "fill_price", "exec_price"),
    "size": ("qty", "quantity", "shares", "last_qty", "lastqty", "fill_size"),
    "order": ("order_id", "orderid", "parent", "parent_id", "cl_ord_id", "clordid", "strategy"),
    "kind": ("liquidity", "last_liquidity_ind", "lastliquidityind", "add_remove"),
    "decided": ("decision", "sent", "sending_time", "sendingtime"),
}
NEEDED = ("time", "venue", "price", "size")
SIDES = {"buy": Side.BUY, "b": Side.BUY, "1": Side.BUY, "sell": Side.SELL, "s": Side.SELL, "2": Side.SELL}
KINDS = {
    **dict.fromkeys(("make", "maker", "add", "added", "a", "1", "rest", "passive", "provided"), MAKER),
    **dict.fromkeys(("take", "taker", "remove", "removed", "r", "2", "aggressive", "taken"), TAKER),
    "forced": FORCED,
}
OURS = {"strategy", "decided", "queue_ahead", "fee"}  # columns that only a simulation of ours has together


@dataclass(frozen=True, slots=True)
class OwnFill:
    """One execution: row counts from 1 after the header; ts, decided in ns; px in nanodollars; kind, decided None: the
    file does not say."""

    row: int
    ts: int
    venue: int
    side: Side
    px: int
    qty: int
    order: str
    kind: str | None
    decided: int | None


@dataclass(frozen=True, slots=True)
class OwnFills:
    """simulated: a backtest's fills.csv, whose executions left no trace on the tape."""

    name: str
    fills: tuple[OwnFill, ...]
    simulated: bool


def read_fills(path: Path, columns: Mapping[str, str], zone: Zone, side: Side | None) -> OwnFills:
    """columns: of NAMES to columns of the file; side: of all, where the file does not say. InputError in one line."""
    header, rows = _table(path)
    found = _columns(path, header, columns)
    if "side" not in found and side is None:
        raise InputError(f"{path}: no column says buy or sell: add one named side, or type --side buy|sell")
    reader = _Row(path, found, zone, side)
    fills = tuple(reader.fill(number, row) for number, row in enumerate(rows, start=1))
    if not fills:
        raise InputError(f"{path}: the file has no fill")
    return OwnFills(path.name, fills, set(header) >= OURS)


def _table(path: Path) -> tuple[list[str], Iterable[Mapping[str, Any]]]:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PAR1":
            return _parquet(path)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            return list(table.fieldnames or ()), list(table)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: neither a CSV file in UTF-8 nor a Parquet file") from None
    except (OSError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _parquet(path: Path) -> tuple[list[str], Iterable[Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise InputError(f"{path}: the Parquet file cannot be read ({str(error).splitlines()[0]})") from None
    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):  # as nanoseconds: Python's times have microseconds
            zoned = table.column(at).cast(pa.timestamp("ns", field.type.tz))
            texts = zoned.cast(pa.int64()) if field.type.tz else zoned.cast(pa.string())
            table = table.set_column(at, field.name, texts)
    return table.column_names, table.to_pylist()


def _columns(path: Path, header: Iterable[str], typed: Mapping[str, str]) -> dict[str, str]:
    """Which column of the file each of NAMES is; what was typed wins, then a column's own name, then the aliases."""
    by_name = {name.strip().lower(): name for name in header}
    for name, column in typed.items():
        if name not in NAMES:
            raise InputError(f"--column {name}={column}: {name!r} is not one of {', '.join(NAMES)}")
        if column.strip().lower() not in by_name:
            raise InputError(f"{path}: no column {quoted(column)}; it has {', '.join(by_name.values()) or 'none'}")
    found = {}
    for name, aliases in NAMES.items():
        wanted = (typed[name].strip(),) if name in typed else (name, *aliases)
        if name == "venue" and name not in typed:
            wanted = ("publisher_id", "mic", "venue", *aliases)  # a number or a code is surer than a name
        there = [by_name[alias.lower()] for alias in wanted if alias.lower() in by_name]
        if there:
            found[name] = there[0]
    for name in NEEDED:
        if name not in found:
            raise InputError(
                f"{path}: no column for {name} (it has {', '.join(by_name.values()) or 'none'}): name it with "
                f"--column {name}=COLUMN"
            )
    return found


@dataclass(frozen=True, slots=True)
class _Row:
    path: Path
    columns: Mapping[str, str]
    zone: Zone
    side: Side | None

    def fill(self, number: int, row: Mapping[str, Any]) -> OwnFill:
        def text(name: str) -> str:
            value = row.get(self.columns[name]) if name in self.columns else None
            return "" if value is None else _plain(value).strip()

        try:
            ts = self.zone.parse(text("time"))
            px, qty = parse_dollars(text("price")), _shares(text("size"))
            decided = self.zone.parse(text("decided")) if text("decided") else None
        except (ValueError, OverflowError) as error:
            raise InputError(f"{self.path}, row {number}: {error}") from None
        if px <= 0 or qty <= 0:
            raise InputError(f"{self.path}, row {number}: a fill has a price and a size above 0")
        if decided is not None and decided > ts:
            raise InputError(f"{self.path}, row {number}: it was decided after it was filled")
        venue, side = self._venue(number, text("venue")), self._side(number, text("side"))
        return OwnFill(number, ts, venue, side, px, qty, text("order"), self._kind(number, text("kind")), decided)

    def _venue(self, number: int, text: str) -> int:
        if text.isascii() and text.isdigit():
            return int(text)
        named = {exchange.name.lower(): exchange for exchange in exchanges()}
        exchange = exchange_of_mic(text) or named.get(text.lower())
        if exchange is None:
            raise InputError(
                f"{self.path}, row {number}: venue {quoted(text)} is unknown: write a MIC, a publisher_id or a name of "
                "the table of exchanges"
            )
        return exchange.venue_id

    def _side(self, number: int, text: str) -> Side:
        if not text and self.side is not None:
            return self.side
        side = SIDES.get(text.lower())
        if side is None:
            raise InputError(f"{self.path}, row {number}: side {quoted(text)} is neither buy nor sell")
        return side

    def _kind(self, number: int, text: str) -> str | None:
        if not text:
            return None
        if text.lower() not in KINDS:
            raise InputError(f"{self.path}, row {number}: kind {quoted(text)}: write make or take, or leave it empty")
        return KINDS[text.lower()]


def _plain(value: Any) -> str:
    """A float is the shortest decimal that reads back to it."""
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _shares(text: str) -> int:
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"{text!r} is not a number of shares") from None
    if not number.is_finite() or number != number.to_integral_value() or number.adjusted() > 15:
        raise ValueError(f"{text!r} is not a whole number of shares")
    return int(number)


def by_order(fills: Iterable[OwnFill]) -> Iterator[tuple[str, list[OwnFill]]]:
    """Parent orders in the order in which they appear, each with its fills by time."""
    orders: dict[str, list[OwnFill]] = {}
    for fill in fills:
        orders.setdefault(fill.order, []).append(fill)
    for name, mine in orders.items():
        yield name, sorted(mine, key=lambda fill: (fill.ts, fill.row))
