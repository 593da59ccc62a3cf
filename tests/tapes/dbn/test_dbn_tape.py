"""DBN tapes written with the vendor's classes, against the CSV that the vendor's transcoder makes of them."""

from __future__ import annotations

import datetime as dt
import io
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import T0, Row, Rule, oracle, read_with, row_lists, snapshots
from thorough import THOROUGH

from sor.core.units import NO_PRICE
from sor.errors import InputError, MissingExtraError, SorError
from sor.tapes import open_tape
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.convert import convert

dbn = pytest.importorskip("databento_dbn")

IDS = {"AAPL": 38, "MSFT": 40}
ACTIONS = {"A": "ADD", "C": "CANCEL", "T": "TRADE", "M": "MODIFY", "R": "CLEAR", "F": "FILL"}
SIDES = {"A": "ASK", "B": "BID", "N": "NONE"}


class Interval:
    """The vendor's MappingInterval, which is a protocol."""

    def __init__(self, symbol: str) -> None:
        self.start_date, self.end_date, self.symbol = dt.date(1970, 1, 1), dt.date(2100, 1, 1), symbol


class Mapping:
    """The vendor's SymbolMapping."""

    def __init__(self, raw_symbol: str, ident: int) -> None:
        self.raw_symbol, self.intervals = raw_symbol, [Interval(str(ident))]


def header(schema: str = "MBP_1", mapped: bool = True) -> bytes:
    metadata = dbn.Metadata(
        dataset="XNAS.ITCH",
        start=T0,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=getattr(dbn.Schema, schema),
        symbols=list(IDS),
        mappings=[Mapping(*pair) for pair in IDS.items()] if mapped else [],
    )
    return bytes(metadata.encode())


def px(price: int | None) -> int:
    return NO_PRICE if price is None else price


def record(row: Row, kind: Any = None, **more: Any) -> bytes:
    level = dbn.BidAskPair(px(row.bid_px), px(row.ask_px), row.bid_sz, row.ask_sz)
    kind = kind or dbn.MBP1Msg
    made = kind(
        publisher_id=row.venue,
        instrument_id=IDS[row.symbol],
        ts_event=row.ts,
        price=px(row.price),
        size=row.size,
        action=getattr(dbn.Action, ACTIONS[row.action]),
        side=getattr(dbn.Side, SIDES[row.side]),
        depth=0,
        ts_recv=row.ts + 165_000,
        levels=level if kind is dbn.MBP1Msg else [level] * 10,
        **more,
    )
    return bytes(made)


def small(rows: Sequence[Row]) -> list[Row]:
    """Sizes as 32 bits hold them."""
    sizes = ("bid_sz", "ask_sz", "size")
    return [replace(row, **{name: getattr(row, name) % 2**32 for name in sizes}) for row in rows]


def transcode(data: bytes, **options: Any) -> bytes:
    out = io.BytesIO()
    transcoder = dbn.Transcoder(out, options.pop("encoding", dbn.Encoding.CSV), **options)
    transcoder.write(data)
    transcoder.flush()
    del transcoder  # which ends the compressed frame
    return out.getvalue()


@given(row_lists(symbols=("AAPL", "MSFT")), st.sampled_from(["last", "first"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_dbn_equals_the_oracle_and_the_vendors_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], rule: Rule, pretty: bool
) -> None:
    rows = small(rows)
    folder = tmp_path_factory.mktemp("dbn")
    data = header() + b"".join(map(record, rows))
    (folder / "day.dbn").write_bytes(data)
    options = {"pretty_px": pretty, "pretty_ts": pretty, "map_symbols": True, "compression": dbn.Compression.NONE}
    (folder / "day.csv").write_bytes(transcode(data, **options))
    zipped = transcode(data, encoding=dbn.Encoding.DBN, compression=dbn.Compression.ZSTD)
    (folder / "day.dbn.zst").write_bytes(zipped)
    convert(folder / "day.dbn", folder / "day.parquet")
    for symbol in {row.symbol for row in rows}:
        facts = set()
        for name in ("day.dbn", "day.csv", "day.dbn.zst", "day.parquet"):
            source = open_tape(folder / name, symbol=symbol, snapshot_rule=rule)
            assert snapshots(source) == oracle(rows, rule, symbol), name
            facts.add(replace(source.tape_facts(), files=()))
        assert len(facts) == 1


@pytest.mark.parametrize("block", [1, 80, 1000])
def test_records_across_blocks_of_mixed_kinds(tmp_path: Path, block: int) -> None:
    """Live files mix records; those of other kinds are passed over."""
    from sor.tapes.dbn.reader import DbnReader

    rows = [Row(T0 + i // 2, venue=2 + i % 2) for i in range(40)]
    other = bytes(dbn.SystemMsg(T0, "heartbeat"))
    parts = [header()]
    for i, row in enumerate(rows):
        parts.append(record(row))
        if i % 5 == 0:
            parts += [other, record(replace(row, bid_sz=7), dbn.MBP10Msg)]
    path = tmp_path / "live.dbn"
    path.write_bytes(b"".join(parts))
    with ByteTape(path) as tape:
        source = read_with(DbnReader(tape, block_bytes=block), path, strict=True)
    assert snapshots(source) == oracle(rows)


def test_samples_are_timed_by_ts_recv(tmp_path: Path) -> None:
    level = dbn.BidAskPair(222_740_000_000, 222_760_000_000, 100, 200)
    bbo = dbn.BBOMsg(
        rtype=dbn.RType.BBO_1S,
        publisher_id=2,
        instrument_id=38,
        ts_event=2**64 - 1,
        price=NO_PRICE,
        size=0,
        side=dbn.Side.NONE,
        ts_recv=T0,
        levels=level,
    )
    (tmp_path / "t.dbn").write_bytes(header("BBO_1S") + bytes(bbo))
    assert snapshots(open_tape(tmp_path / "t.dbn")) == oracle([Row(T0)])


def test_unmapped_ids_stand_for_themselves(tmp_path: Path) -> None:
    (tmp_path / "t.dbn").write_bytes(header(mapped=False) + record(Row(T0)))
    assert open_tape(tmp_path / "t.dbn").tape_facts().symbol == "38"


def test_bad_records_are_counted(tmp_path: Path) -> None:
    rows = [Row(T0), Row(T0 + 1, ask_px=2**62), Row(T0 + 2)]
    (tmp_path / "t.dbn").write_bytes(header() + b"".join(map(record, rows)))
    source = open_tape(tmp_path / "t.dbn")
    facts = source.tape_facts()
    assert (facts.rows, facts.bad_rows, facts.first_bad) == (2, 1, f"record 2, ask_px: {2**62} is impossible")
    assert snapshots(source) == oracle([rows[0], rows[2]])
    with pytest.raises(InputError, match="record 2"):
        open_tape(tmp_path / "t.dbn", strict=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lot": 100}, "leave --lot out"),
        ({"format": "sor"}, "leave --format out"),
        ({"format": "sor", "lot": 1}, "leave --format and --lot out"),
    ],
)
def test_a_format_or_a_lot_is_not_ignored(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    path, ours = tmp_path / "t.dbn", tmp_path / "t.parquet"
    path.write_bytes(header() + record(Row(T0)))
    convert(path, ours)
    for one in (path, ours):
        with pytest.raises(InputError, match=f"{one.name}: this form of file says itself .*: {words}$"):
            open_tape(one, **options)


def test_a_lot_is_for_the_files_that_are_read_by_it(tmp_path: Path) -> None:
    """A text file beside the DBN file has sizes in lots."""
    (tmp_path / "t.dbn").write_bytes(header() + record(Row(T0)))
    (tmp_path / "u.csv").write_text(f"time,venue,bid,bid_size,ask,ask_size,symbol\n{T0 + 1},43,222.7,1,222.8,2,AAPL\n")
    first, last = snapshots(open_tape([tmp_path / "t.dbn", tmp_path / "u.csv"], lot=100))
    assert [first] == oracle([Row(T0)])
    assert [last] == oracle(
        [Row(T0 + 1, venue=43, bid_px=px(222_700_000_000), bid_sz=100, ask_px=222_800_000_000, ask_sz=200)]
    )


def test_a_price_below_zero_is_no_quote_and_a_trade_at_zero_a_bad_row(tmp_path: Path) -> None:
    rows = [Row(T0), Row(T0 + 1, ask_px=-5), Row(T0 + 2, action="T", price=0), Row(T0 + 3, action="A", price=0)]
    (tmp_path / "t.dbn").write_bytes(header() + b"".join(map(record, rows)))
    source = open_tape(tmp_path / "t.dbn")
    facts = source.tape_facts()
    assert (facts.rows, facts.bad_rows, facts.first_bad) == (3, 1, "record 3, price: a trade at zero or less")
    assert snapshots(source) == oracle([rows[0], rows[1], rows[3]])


def test_cut_and_useless_files(tmp_path: Path) -> None:
    path = tmp_path / "t.dbn"
    path.write_bytes((header() + record(Row(T0)) + record(Row(T0 + 1)))[:-7])
    with pytest.raises(InputError, match="record 2: the file is cut off within it"):
        open_tape(path)
    path.write_bytes(header())
    with pytest.raises(InputError, match="mbp-1"):
        open_tape(path)
    path.write_bytes(header() + bytes(dbn.SystemMsg(T0, "heartbeat")))
    with pytest.raises(InputError, match="mbp-1"):
        open_tape(path)


def test_mangled_files_are_one_clear_line(tmp_path: Path) -> None:
    whole = header() + b"".join(record(Row(T0 + i)) for i in range(30))
    dice = random.Random(5)
    path = tmp_path / "t.dbn"
    refused = 0
    for _ in range(150 * THOROUGH):
        damaged = bytearray(whole[: dice.randrange(4, len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.choice([1, 2, 10])):
            damaged[dice.randrange(3, len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        complaint = complaint_about(path)
        assert "\n" not in complaint
        refused += bool(complaint)
    assert refused > 25 * THOROUGH


def complaint_about(path: Path) -> str:
    try:
        snapshots(open_tape(path))
    except SorError as error:
        return str(error)
    return ""


def test_without_the_vendors_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.dbn").write_bytes(header() + record(Row(T0)))
    monkeypatch.setitem(sys.modules, "databento_dbn", None)
    with pytest.raises(MissingExtraError, match="pip install 'databento-dbn>="):
        open_tape(tmp_path / "t.dbn")


@pytest.mark.parametrize("pretty", [True, False])
def test_the_vendors_csv_of_trades_is_its_dbn(tmp_path: Path, pretty: bool) -> None:
    made = dbn.TradeMsg(2, 38, T0, 222_740_000_000, 30, dbn.Action.TRADE, dbn.Side.ASK, 0, T0 + 9)
    data = header("TRADES") + bytes(made)
    (tmp_path / "trades.dbn").write_bytes(data)
    options = {"pretty_px": pretty, "pretty_ts": pretty, "map_symbols": True, "compression": dbn.Compression.NONE}
    (tmp_path / "trades.csv").write_bytes(transcode(data, **options))
    found = snapshots(open_tape(tmp_path / "trades.csv"))
    assert found == snapshots(open_tape(tmp_path / "trades.dbn"))
    assert [trade.px for trade in found[0].trades] == [222_740_000_000]


def test_every_order_as_csv_is_named(tmp_path: Path) -> None:
    made = dbn.MBOMsg(2, 38, T0, 1, 222_740_000_000, 30, dbn.Action.ADD, dbn.Side.ASK, T0 + 9)
    (tmp_path / "t.csv").write_bytes(
        transcode(header("MBO") + bytes(made), map_symbols=True, compression=dbn.Compression.NONE)
    )
    with pytest.raises(InputError, match=r"every order \(mbo\) as CSV, and only its DBN file"):
        open_tape(tmp_path / "t.csv")
