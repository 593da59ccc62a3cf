"""What a text file must say when it is not plainly a tape, or is one in an unusual wrapping or unit."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tape_oracle import PRETTY, T0, Dialect, Row, oracle, snapshots

from sor import backtest
from sor.cli import run
from sor.core.market.batch import Form, Quote, Snapshot, Trade
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.convert import convert
from sor.tapes.info.facts import tape_info
from sor.tapes.options import ReadOptions

ROWS = [Row(T0 + i) for i in range(6)]
TEXT = PRETTY.encode(ROWS)


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return out.getvalue()


READ: dict[str, Callable[[], bytes]] = {
    "bz2": lambda: bz2.compress(TEXT),
    "zip": lambda: zipped("inner.csv"),
    "zip of gzip": lambda: _zip_of("day.csv.gz", gzip.compress(TEXT)),
    "gzip of several parts and zeros": lambda: gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]) + b"\0" * 999,
    "UTF-16": lambda: TEXT.decode().encode("utf-16"),
    "UTF-16, big end first": lambda: b"\xfe\xff" + TEXT.decode().encode("utf-16-be"),
    "header in capitals": lambda: TEXT.replace(TEXT.splitlines()[0], TEXT.upper().splitlines()[0]),
    "a total": lambda: TEXT + b"Total" + b"," * 19 + b"\n",
    "a total of another width": lambda: TEXT + b"Total;6 rows\n",
    "times with and without Z": lambda: TEXT.replace(b"911Z", b"911").replace(b"000000001Z", b"000000001"),
    "sizes with a point": lambda: TEXT.replace(b",100,", b",100.0,").replace(b",200,", b",200.0,"),
    "venues with a point": lambda: TEXT.replace(b",1,2,38,", b",1,2.0,38,"),
    "a price from a float": lambda: TEXT.replace(b"222.74,", b"222.7400000000000091,", 1),
}


def _zip_of(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("name", READ)
def test_read_as_it_is(tmp_path: Path, name: str) -> None:
    data = READ[name]()
    assert data != TEXT
    (tmp_path / "day.csv").write_bytes(data)
    source = open_tape(tmp_path / "day.csv")
    assert snapshots(source) == oracle(ROWS)
    assert source.tape_facts().bad_rows == 0


HEADER, FIRST, *_ = TEXT.decode().splitlines()
SAID: dict[str, tuple[Callable[[], bytes], str]] = {
    "JSON lines": (lambda: b'{"ts_event": 1, "publisher_id": 2}\n' * 3, "these are JSON lines"),
    "no header": (lambda: TEXT.partition(b"\n")[2], "this file has no header"),
    "a zip of two": (lambda: zipped("a.csv", "b.csv"), "a zip with 2 files (a.csv, b.csv)"),
    "an empty zip": (lambda: zipped(), "a zip with 0 files"),
    "a cut zip": (lambda: zipped("a.csv")[:200], "zip archive is damaged"),
    "Excel": (lambda: _zip_of("[Content_Types].xml", b""), "an Excel workbook"),
    "xz": (lambda: b"\xfd7zXZ\x00" + b"x" * 50, "compressed with xz"),
    "Feather": (lambda: b"ARROW1\0\0" + b"x" * 50, "Arrow (Feather)"),
    "cut bz2": (lambda: bz2.compress(TEXT * 9)[:-20], "the bz2 stream is"),
    "nearly Massive": (
        lambda: b"ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,sip_timestamp,sequence_number\n1\n",
        "no column 'bid_size' in the header (line 1), which the format massive-quotes needs",
    ),
    "TAQ's NBBO file": (
        lambda: (
            b"Time|Exchange|Symbol|Bid_Price|Bid_Size|Offer_Price|Offer_Size|Quote_Condition|Sequence_Number"
            b"|Best_Bid_Price\n1\n"
        ),
        "Best_Bid_Price says that it is another thing",
    ),
    "two that fit": (
        lambda: b"DT,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL,COND,SIZE,PRICE,CORR\n1\n",
        "its header fits several formats: choose one with --format: highfrequency-quotes, highfrequency-trades",
    ),
    "seconds": (lambda: epoch(10**9), "the times are seconds, and the format databento"),
    "milliseconds": (lambda: epoch(10**6), 'event = { read = ["ts_event"], as = "ms" }'),
    "microseconds": (lambda: epoch(10**3), "--format us.toml"),
    "ISO from milliseconds": (
        lambda: TEXT.replace(b"2024-08-01T", b"1970-01-20T"),
        "times before 1990 are in a unit that they are not read in",
    ),
}


def epoch(unit: int) -> bytes:
    lines = [line.split(",") for line in Dialect(integer_times=True).text(ROWS).splitlines()]
    for cells in lines[1:]:
        cells[1] = str(int(cells[1]) // unit)
    return "\n".join(map(",".join, lines)).encode()


@pytest.mark.parametrize("name", SAID)
def test_said_in_one_line(tmp_path: Path, name: str) -> None:
    make, words = SAID[name]
    (tmp_path / "day.csv").write_bytes(make())
    with pytest.raises(InputError) as error:
        open_tape(tmp_path / "day.csv")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_a_unit_of_time_is_said_in_two_lines_of_toml(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_bytes(epoch(10**6))
    (tmp_path / "ms.toml").write_text('like = "databento"\nevent = { read = ["ts_event"], as = "ms" }\n')
    rows = [Row((T0 + i) // 10**6 * 10**6) for i in range(6)]
    assert snapshots(open_tape(tmp_path / "day.csv", format=str(tmp_path / "ms.toml"))) == oracle(rows)


def test_raw_prices_are_known_by_the_times(tmp_path: Path) -> None:
    """Half a cent is 5,000,000 nanodollars, which could be dollars in a file whose times are written out."""
    rows = [Row(T0 + i, bid_px=4_999_500, ask_px=5_001_000, price=5_000_000) for i in range(3)]
    (tmp_path / "day.csv").write_bytes(Dialect(raw_prices=True, integer_times=True).encode(rows))
    assert snapshots(open_tape(tmp_path / "day.csv")) == oracle(rows)


# ---------------------------------------------------------------- rules of single formats

TAQ = "Time|Exchange|Symbol|Bid_Price|Bid_Size|Offer_Price|Offer_Size|Quote_Condition|Sequence_Number\n"


def taq(folder: Path, name: str, *rows: str) -> Path:
    (folder / name).write_text(TAQ + "".join(f"{row}\n" for row in rows))
    return folder / name


def test_a_footer_that_counts_other_rows_is_a_file_cut_off(tmp_path: Path) -> None:
    row = "093000000000001|N|IBM|10|1|11|1|R|1"
    path = taq(tmp_path, "q_20180102", row, row, "END|20180102|3")
    with pytest.raises(InputError, match=r"its last line says 3 rows and there are 2"):
        open_tape(path)
    assert len(snapshots(open_tape(taq(tmp_path, "q_20180102", row, row, "END|20180102|2")))) == 1


def test_the_day_is_the_names_or_the_footers(tmp_path: Path) -> None:
    row = "093000000000001|N|IBM|10|1|11|1|R|1"
    expected = 1_514_903_400_000_000_001  # 09:30 in New York on 2018-01-02
    assert snapshots(open_tape(taq(tmp_path, "q_20180102", row)))[0].ts == expected
    assert snapshots(open_tape(taq(tmp_path, "q.psv", row, "END|20180102|1")))[0].ts == expected
    with pytest.raises(InputError, match=r"have no date, and the file's name \('q\.psv'\) has none"):
        open_tape(taq(tmp_path, "q.psv", row))


@pytest.mark.parametrize("text", ["093000123456", "93000123", "93000"])
def test_times_of_fewer_decimals_are_not_filled_with_zeros_in_silence(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="is it in nanoseconds"):
        open_tape(taq(tmp_path, "q_20180102", f"{text}|N|IBM|10|1|11|1|R|1"))


@pytest.mark.parametrize(
    ("day", "hour"),
    [("20180309", 14), ("20180312", 13), ("20181102", 13), ("20181105", 14)],
)
def test_both_changes_of_the_clock(tmp_path: Path, day: str, hour: int) -> None:
    (snapshot,) = snapshots(open_tape(taq(tmp_path, f"q_{day}", "093000000000000|N|IBM|10|1|11|1|R|1")))
    assert snapshot.ts // 10**9 % 86_400 == hour * 3600 + 30 * 60


@pytest.mark.parametrize(("day", "text"), [("20180311", "023000000000000"), ("20181104", "013000000000000")])
def test_times_that_are_not_or_twice_are_bad_rows(tmp_path: Path, day: str, text: str) -> None:
    rows = [f"{at}|N|IBM|10|1|11|1|R|1" for at in ("093000000000000", text, "093000000000001")]
    facts = open_tape(taq(tmp_path, f"q_{day}", *rows)).tape_facts()
    assert facts.bad_rows == 1
    assert "change of the clock" in (facts.first_bad or "")


def test_a_letter_means_what_it_meant_that_day(tmp_path: Path) -> None:
    row = "093000000000001|W|IBM|10|1|11|1|R|1"  # the CBSX, until 2014
    assert len(snapshots(open_tape(taq(tmp_path, "q_20131007", row)))) == 1
    with pytest.raises(InputError, match=r"'W' is no venue \(a participant letter"):
        open_tape(taq(tmp_path, "q_20240603", row))


def test_round_lots_end_on_their_day(tmp_path: Path) -> None:
    row = "093000000000001|N|IBM|10|3|11|2|R|1"
    for day, lot in (("20251031", 100), ("20251103", 1)):
        quote = snapshots(open_tape(taq(tmp_path, f"q_{day}", row)))[0].quotes[0]
        assert (quote.bid_sz, quote.ask_sz) == (3 * lot, 2 * lot)
    assert snapshots(open_tape(taq(tmp_path, "q_20251031", row), lot=1))[0].quotes[0].bid_sz == 3


def test_a_round_lot_is_the_lot_of_the_sizes_else_100(tmp_path: Path) -> None:
    row = "093000000000001|N|IBM|10|3|11|2|R|1"
    for day, lot, right in (("20251031", None, 100), ("20251103", None, 100), ("20251103", 40, 40)):
        path = taq(tmp_path, f"q_{day}", row)
        source, made = open_tape(path, lot=lot), tmp_path / "made.parquet"
        assert source.tape_facts().round_lot == right
        convert(path, made, options=ReadOptions(lot=lot))
        assert open_tape(made).tape_facts().round_lot == right


def test_old_sizes_that_are_all_hundreds_ask_for_the_lot(tmp_path: Path) -> None:
    path = taq(tmp_path, "q_20180102", "093000000000001|N|IBM|10|300|11|200|R|1")
    with pytest.raises(InputError, match=r"say --lot 1 if they are shares, --lot 100 if they are round lots"):
        open_tape(path)
    assert snapshots(open_tape(path, lot=1))[0].quotes[0].bid_sz == 300
    assert snapshots(open_tape(path, lot=100))[0].quotes[0].bid_sz == 30_000


def test_a_quote_that_is_closed_takes_the_venues_quote_away(tmp_path: Path) -> None:
    rows = [f"09300000000000{i}|N|IBM|10|1|11|1|{condition}|1" for i, condition in enumerate("RNZ")]
    source = open_tape(taq(tmp_path, "q_20180102", *rows))
    _, closed = snapshots(source)
    assert closed.quotes == (Quote(closed.quotes[0].venue, NO_PRICE, 0, NO_PRICE, 0),)
    assert source.tape_facts().notes == ("1 row was left out by what Quote_Condition says.",)


def test_a_fractional_quote_is_an_error_and_a_fractional_trade_is_counted(tmp_path: Path) -> None:
    path = taq(tmp_path, "q_20180102", "093000000000001|N|IBM|10|1.5|11|1|R|1")
    with pytest.raises(InputError, match=r"line 2, column Bid_Size: '1\.5' is no whole number"):
        open_tape(path)
    (tmp_path / "t.csv").write_text(
        "time,venue,price,size\n2024-06-03T13:30:00Z,2,10,0.5\n2024-06-03T13:30:01Z,2,10,5\n"
    )
    source = open_tape(tmp_path / "t.csv")
    assert [s.trades for s in snapshots(source)] == [(Trade(2, 10 * 10**9, 5, "N"),)]
    assert source.tape_facts().notes == ("1 row was left out as a trade of a fraction of a share.",)


def test_root_and_suffix_are_one_symbol(tmp_path: Path) -> None:
    head = "DATE,TIME_M,EX,SYM_ROOT,SYM_SUFFIX,BID,BIDSIZ,ASK,ASKSIZ,QU_COND\n"
    rows = "".join(f"20180102,9:30:0{i},N,BRK,{suffix},10,1,11,1,R\n" for i, suffix in enumerate(["", "B", "A", "B"]))
    (tmp_path / "taq.csv").write_text(head + rows)
    assert len(snapshots(open_tape(tmp_path / "taq.csv", symbol="BRK.B"))) == 2
    assert len(snapshots(open_tape(tmp_path / "taq.csv", symbol="BRK"))) == 1


def lobster(folder: Path, messages: list[str], books: list[str]) -> Path:
    (folder / "AAPL_2012-06-21_34200000_57600000_orderbook_2.csv").write_text("".join(f"{b}\n" for b in books))
    path = folder / "AAPL_2012-06-21_34200000_57600000_message_2.csv"
    path.write_text("".join(f"{m}\n" for m in messages))
    return path


BOOK = "5859400,200,5853300,18,9999999999,0,-9999999999,0"


def test_lobsters_two_files_are_read_row_by_row(tmp_path: Path) -> None:
    messages = [
        "34200.004241176,1,16113575,18,5853300,1",
        "34200.025551909,4,16113584,18,5853300,1",  # a resting buyer was hit
        "34200.025551910,5,0,7,5853400,-1",
        "34200.025551911,6,0,900,5853400,-1",
        "34200.025551912,7,0,0,-1,-1",
    ]
    source = open_tape(lobster(tmp_path, messages, [BOOK, *[BOOK.replace("5853300,18", "-9999999999,0")] * 4]))
    first, second, third, fourth, fifth = snapshots(source)
    assert source.tape_facts().symbol == "AAPL"
    assert first.ts == 1_340_285_400_004_241_176
    assert first.quotes == (Quote(2, 585_330_000_000, 18, 585_940_000_000, 200),)
    assert second.quotes == (Quote(2, NO_PRICE, 0, 585_940_000_000, 200),)
    assert second.trades == (Trade(2, 585_330_000_000, 18, "A"),)
    assert third.trades == (Trade(2, 585_340_000_000, 7, "H"),)  # type 5: with a hidden order
    assert fourth.trades == fifth.trades == ()
    assert source.tape_facts().notes == (
        "1 of type 5: trades with hidden orders, of unknown side.",
        "1 of type 6: crosses, which are no trades with the book and are left out.",
        "1 of type 7: halts and their ends, which are no trades; quotes stay as they were.",
    )


def test_a_lobster_tape_of_orders_alone_has_nothing_to_say(tmp_path: Path) -> None:
    source = open_tape(lobster(tmp_path, ["34200.1,1,1,18,5853300,1"] * 3, [BOOK] * 3))
    assert source.tape_facts().notes == ()


def test_what_a_lobster_tape_leaves_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages = [f"{34200 + second}.5,{kind},1,18,5853300,1" for second, kind in enumerate("1667614")]
    path = lobster(tmp_path, messages, [BOOK] * len(messages))
    report = backtest(tape=path, quantity=100, strategy="twap")
    assert "3 of type 6: crosses, which are no trades with the book and are left out." in report.data["warnings"]
    assert tape_info(path)["left_out"] == [
        "3 of type 6: crosses, which are no trades with the book and are left out.",
        "1 of type 7: halts and their ends, which are no trades; quotes stay as they were.",
    ]
    assert run(["data", "info", str(path)], "sor") == 0
    assert "notes:\n  3 of type 6: crosses" in capsys.readouterr().out


def test_lobsters_files_must_be_two_of_one_length(tmp_path: Path) -> None:
    path = lobster(tmp_path, ["34200.1,1,1,18,5853300,1"] * 2, [BOOK])
    with pytest.raises(InputError, match=r"orderbook_2\.csv: has fewer rows than"):
        open_tape(path)
    with pytest.raises(InputError, match=r"orderbook_2\.csv: has more rows than"):
        open_tape(lobster(tmp_path, ["34200.1,1,1,18,5853300,1"], [BOOK] * 2))
    (tmp_path / "AAPL_2012-06-21_34200000_57600000_orderbook_2.csv").unlink()
    with pytest.raises(InputError, match=r"needs the file .*orderbook_2\.csv beside it"):
        open_tape(path)


def test_rows_of_one_instant_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    head = "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sip_timestamp,sequence_number\n"
    (tmp_path / "q.csv").write_text(
        head + "IBM,12,10.02,1,12,10.01,1,1514903400000000000,9\nIBM,10,10.03,1,10,10.00,1,1514903400000000000,8\n"
    )
    source = open_tape(tmp_path / "q.csv")
    assert source.form is Form.NBBO
    assert source.prints_late == 10**9
    (snapshot,) = snapshots(source)
    assert snapshot.quotes == (Quote(2, 10_010_000_000, 100, 10_020_000_000, 100),)


def test_a_side_that_a_row_is_silent_on_is_not_spoken_of(tmp_path: Path) -> None:
    """One side a row: zero price and size say nothing. Elsewhere they mean that there is no national quote."""
    (tmp_path / "20131007_ibm_Quote_Tick.csv").write_text(
        "34200000,1800000,100,0,0,N,1,0\n34200001,0,0,1800100,200,P,1,0\n"
    )
    bid, ask = snapshots(open_tape(tmp_path / "20131007_ibm_Quote_Tick.csv"))
    assert bid == Snapshot(1_381_152_600_000_000_000, (Quote(9, 180 * 10**9, 100, UNSPOKEN, 0),))
    assert ask.quotes == (Quote(43, UNSPOKEN, 0, 180_010_000_000, 200),)
    head = "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sip_timestamp,sequence_number\n"
    (tmp_path / "q.csv").write_text(head + "IBM,12,10.02,1,0,0,0,1514903400000000000,9\n")
    (snapshot,) = snapshots(open_tape(tmp_path / "q.csv"))
    assert snapshot.quotes == (
        Quote(0, NO_PRICE, 0, UNSPOKEN, 0),
        Quote(2, UNSPOKEN, 0, 10_020_000_000, 100),
    )


def test_odd_lots_are_fills_of_less_than_the_tapes_round_lot(tmp_path: Path) -> None:
    """Five shares at a time are odd of a lot of 40, as of one of 100, and whole lots of one of 5."""
    rows = [f"0930{second:02d}000000000|N|IBM|10|3|11|{1 + second % 2}|R|1" for second in range(20)]
    path = taq(tmp_path, "q_20251103", *rows)
    for lot, odd in ((5, False), (40, True)):
        data = backtest(tape=path, lot=lot, quantity=5 if lot == 5 else 39, fees="none", strategy="best_ask").data
        assert data["tape"]["round_lot"] == lot
        assert (data["optimized"]["odd_lot_fills"] > 0) is odd
    assert "round_lot" not in backtest(tape=path, quantity=1, fees="none", strategy="best_ask").data["tape"]
