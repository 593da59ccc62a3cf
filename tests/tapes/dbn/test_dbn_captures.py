"""DBN files that are more than one schema of one day: live captures, joined files, trades, the national best."""

from __future__ import annotations

import resource
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tape_oracle import T0, Row, oracle, snapshots
from test_dbn_tape import header, record

from sor import backtest
from sor.core.market.batch import Form, Quote, Snapshot, Trade
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.info.facts import tape_info

dbn = pytest.importorskip("databento_dbn")

SHARED = Path(__file__).parents[3].parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared cases are not part of the project")

CENT = 10_000_000


def live_header(**more: Any) -> bytes:
    """Of a live capture: no schema and no mappings."""
    fields = {"start": T0, "stype_in": None, "stype_out": dbn.SType.INSTRUMENT_ID, "schema": None}
    return bytes(dbn.Metadata(dataset="XNAS.ITCH", symbols=[], mappings=[], **(fields | more)).encode())


def mapping(ident: int, symbol: str) -> bytes:
    raw = dbn.SType.RAW_SYMBOL
    return bytes(dbn.SymbolMappingMsg(0, ident, T0, raw, symbol, raw, symbol, T0, T0 + 10**12))


def trade(row: Row) -> bytes:
    return bytes(
        dbn.TradeMsg(
            publisher_id=row.venue,
            instrument_id=38,
            ts_event=row.ts,
            price=row.price,
            size=row.size,
            action=dbn.Action.TRADE,
            side=dbn.Side.BID,
            depth=0,
            ts_recv=row.ts + 1,
        )
    )


def sold(ts: int, **more: Any) -> Row:
    return replace(Row(ts, action="T", side="B", price=222_750_000_000, size=10), **more)


ROWS = [Row(T0), Row(T0 + 1, bid_sz=300), sold(T0 + 2), Row(T0 + 3, bid_sz=50), sold(T0 + 4, size=20)]


def test_a_live_capture_names_its_stocks_itself(tmp_path: Path) -> None:
    (tmp_path / "t.dbn").write_bytes(live_header() + mapping(38, "AAPL") + b"".join(map(record, ROWS)))
    source = open_tape(tmp_path / "t.dbn", symbol="AAPL")
    assert snapshots(source) == oracle(ROWS)
    assert source.tape_facts().symbol == "AAPL"


def test_of_several_schemas_in_a_capture_one_counts(tmp_path: Path) -> None:
    parts = [live_header(), mapping(38, "AAPL")]
    for row in ROWS:
        parts += [record(row), record(replace(row, bid_sz=7), dbn.MBP10Msg)]
        if row.action == "T":
            parts += [record(row), trade(row)]  # tbbo's copy, and the trades schema
    (tmp_path / "t.dbn").write_bytes(b"".join(parts))
    source = open_tape(tmp_path / "t.dbn")
    assert snapshots(source) == oracle(ROWS)
    notes = " ".join(source.tape_facts().notes)
    assert "The quotes of mbp-10 files are left out for publisher 2" in notes
    assert "The trades of trades files are left out for publisher 2" in notes
    assert len(source.tape_facts().files) == 1


def test_two_equal_trades_of_a_download_are_two(tmp_path: Path) -> None:
    rows = [Row(T0), sold(T0 + 1), sold(T0 + 1)]
    (tmp_path / "t.dbn").write_bytes(header() + b"".join(map(record, rows)))
    assert len(snapshots(open_tape(tmp_path / "t.dbn"))[1].trades) == 2


@pytest.mark.parametrize("cut", [0, 40])
def test_joined_files_are_read_one_after_the_other(tmp_path: Path, cut: int) -> None:
    first, second = ROWS[:3], [replace(row, venue=43) for row in ROWS]
    whole = header() + b"".join(map(record, first)) + header() + b"".join(map(record, second))
    path = tmp_path / "t.dbn"
    path.write_bytes(whole[: len(whole) - cut])
    if cut:
        with pytest.raises(InputError, match="record 8: the file is cut off within it"):
            open_tape(path)
        return
    source = open_tape(path)
    assert snapshots(source) == oracle([*first, *second])
    assert source.tape_facts().out_of_order == 1


def test_joined_files_of_two_schemas_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.dbn").write_bytes(header() + record(Row(T0)) + header("TRADES") + trade(sold(T0)))
    with pytest.raises(InputError, match=r"files of mbp-1 and of trades are joined"):
        open_tape(tmp_path / "t.dbn")


def test_trades_of_their_own_beside_quotes(tmp_path: Path) -> None:
    quotes, trades = [row for row in ROWS if row.action != "T"], [row for row in ROWS if row.action == "T"]
    level = dbn.BidAskPair(222_740_000_000, 222_760_000_000, 100, 200)
    bbo = b"".join(
        bytes(dbn.BBOMsg(dbn.RType.BBO_1S, 2, 38, 0, NO_PRICE, 0, dbn.Side.NONE, row.ts, levels=level))
        for row in quotes
    )
    (tmp_path / "bbo.dbn").write_bytes(header("BBO_1S") + bbo)
    (tmp_path / "trades.dbn").write_bytes(header("TRADES") + b"".join(map(trade, trades)))
    found = snapshots(open_tape([tmp_path / "bbo.dbn", tmp_path / "trades.dbn"]))
    assert [len(one.quotes) for one in found] == [1, 1, 0, 1, 0]
    assert [one.trades for one in found if one.trades] == [(Trade(2, 222_750_000_000, size, "B"),) for size in (10, 20)]
    (tmp_path / "mbp.dbn").write_bytes(header() + b"".join(map(record, ROWS)))
    together = open_tape([tmp_path / "mbp.dbn", tmp_path / "trades.dbn"])
    assert snapshots(together) == oracle(ROWS)  # the trades are in both


def test_the_national_best_is_at_the_venue_of_each_side(tmp_path: Path) -> None:
    def best(ts: int, bid: tuple[int, int, int], ask: tuple[int, int, int], action: Any = None) -> bytes:
        level = dbn.ConsolidatedBidAskPair(bid[0], ask[0], bid[1], ask[1], bid[2], ask[2])
        price, size = (102 * CENT, 5) if action else (NO_PRICE, 0)
        action = action or dbn.Action.ADD
        return bytes(dbn.CMBP1Msg(177, 59, 38, ts - 9, price, size, action, dbn.Side.BID, ts, levels=level))

    parts = [
        best(T0, (100 * CENT, 10, 39), (102 * CENT, 20, 40)),
        best(T0 + 1, (100 * CENT, 30, 40), (102 * CENT, 20, 40)),
        best(T0 + 2, (NO_PRICE, 0, 0), (102 * CENT, 20, 41), dbn.Action.TRADE),
    ]
    (tmp_path / "t.dbn").write_bytes(header("CMBP_1") + b"".join(parts))
    source = open_tape(tmp_path / "t.dbn")
    assert source.form is Form.NBBO
    first, second, third = snapshots(source)
    assert first == Snapshot(
        T0, (Quote(12, 100 * CENT, 10, UNSPOKEN, 0), Quote(10, UNSPOKEN, 0, 102 * CENT, 20))[::-1], ()
    )
    assert second == Snapshot(T0 + 1, (Quote(10, 100 * CENT, 30, 102 * CENT, 20),), ())
    assert {(quote.bid_px, quote.ask_px) for quote in third.quotes} == {(NO_PRICE, UNSPOKEN), (UNSPOKEN, 102 * CENT)}
    assert third.trades == (Trade(59, 102 * CENT, 5, "B"),)


@pytest.mark.parametrize(("schema", "words"), [("OHLCV_1S", "bars"), ("DEFINITION", "definitions")])
def test_other_schemas_are_named_for_what_they_are(tmp_path: Path, schema: str, words: str) -> None:
    (tmp_path / "t.dbn").write_bytes(header(schema))
    with pytest.raises(InputError, match=rf"this DBN file holds {words}|this DBN file holds .*{words}"):
        open_tape(tmp_path / "t.dbn")


def test_a_header_of_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (tmp_path / "t.dbn").write_bytes(b"DBN\x03" + struct.pack("<I", 2**32 - 1) + bytes(10**6))
    with pytest.raises(InputError, match=r"its header says that it is 4\.0 GiB long"):
        open_tape(tmp_path / "t.dbn")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_a_stock_with_bad_records_only_is_not_on_the_tape(tmp_path: Path) -> None:
    bad = replace(Row(T0 + 1, ask_px=2**62), symbol="MSFT")
    (tmp_path / "t.dbn").write_bytes(header() + record(Row(T0)) + record(bad))
    assert open_tape(tmp_path / "t.dbn").tape_facts().symbol == "AAPL"
    assert list(tape_info(tmp_path / "t.dbn")["symbols"]) == ["AAPL"]


@needs_shared
def test_the_cases_of_captures() -> None:
    cases = SHARED / "cases" / "tapes"
    live = backtest(tape=cases / "live_mixed.dbn", strategy="best_ask").data["tape"]
    assert (live["volume_in_window"], live["symbol"]) == (2_000, "AAPL")
    three = [cases / name for name in ("XNAS.ITCH.dbn", "ARCX.PILLAR.dbn", "EDGX.PITCH.dbn")]
    together, joined = snapshots(open_tape(three)), snapshots(open_tape(cases / "cat.dbn"))
    assert together == joined
    assert {quote.venue for one in together for quote in one.quotes} == {2, 8, 43}
    for name in ("meta.dbn.zst", "empty_groups.parquet"):
        with pytest.raises(InputError):
            tape_info(SHARED / "cases" / "faults" / name)
    assert "3221225472" not in tape_info(SHARED / "cases" / "faults" / "bad_only_symbol.dbn.zst")["symbols"]
