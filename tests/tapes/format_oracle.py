"""A slow second reading of every shipped format, with the csv module, Decimal and datetime; and random files of each.

Each reading is written from the vendor's description, column by column, and knows nothing of the TOML files.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from nbbo_oracle import NbboRow, Said, national_snapshots
from tape_oracle import Row, oracle

from sor.core.market.batch import Snapshot, Trade
from sor.venues import exchange_of_letter, exchange_of_massive_id, exchange_of_mic

NEW_YORK = ZoneInfo("America/New_York")
NO_LOTS_SINCE = datetime(2025, 11, 3, tzinfo=NEW_YORK)
Cells = dict[str, str]


@dataclass(frozen=True)
class Vendor:
    """A format: how a random row looks, how a file of them is written, and what the file means.

    cells: a strategy for each column; name: the file's name; read: rows of cells to snapshots. in_order_of: a column by
    which the vendor's files ascend.
    """

    name: str
    cells: dict[str, st.SearchStrategy[str]]
    read: Callable[[list[Cells]], list[Snapshot]]
    delimiter: str = ","
    has_header: bool = True
    footer: Callable[[int], str] = lambda rows: ""
    zipped_as: str | None = None
    in_order_of: str | None = None

    def text(self, rows: Iterable[Cells]) -> str:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        if self.has_header:
            writer.writerow(self.cells)
        count = 0
        for row in rows:
            writer.writerow([row[name] for name in self.cells])
            count += 1
        return out.getvalue() + self.footer(count)

    def write(self, folder: Path, rows: list[Cells]) -> Path:
        path = folder / self.name
        if self.zipped_as is None:
            path.write_text(self.text(rows), encoding="utf-8")
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(self.zipped_as, self.text(rows))
        return path


# ---------------------------------------------------------------- times


def new_york(day: str, nanos: int) -> int:
    """ns since the epoch of a clock time of New York: the day, and ns since its midnight by the clock."""
    seconds, rest = divmod(nanos, 10**9)
    clock = datetime.strptime(day, "%Y-%m-%d") + timedelta(seconds=seconds)
    return int(clock.replace(tzinfo=NEW_YORK).timestamp()) * 10**9 + rest


def clock_text(nanos: int, digits: int = 9) -> str:
    seconds, rest = divmod(nanos, 10**9)
    part = f"{rest:09d}"[:digits]
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{part}"


def clock_nanos(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return int((Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal(seconds)) * 10**9)


def utc_nanos(text: str) -> int:
    head, _, part = text.rstrip("Z").replace("T", " ").partition(".")
    moment = datetime.strptime(head, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo("UTC"))
    return int(moment.timestamp()) * 10**9 + int(part.ljust(9, "0") or 0)


# ---------------------------------------------------------------- numbers and names


def price(text: str, unit: str = "1") -> int | None:
    if text in ("", "nan"):
        return None
    return int(Decimal(text) * Decimal(unit) * 10**9)


def shares(text: str, lot: int = 1) -> int:
    return int(Decimal(text or "0")) * lot


def lot_at(ts: int) -> int:
    return 100 if ts < int(NO_LOTS_SINCE.timestamp()) * 10**9 else 1


def letter(text: str, ts: int) -> int:
    day = datetime.fromtimestamp(ts // 10**9, NEW_YORK).date()
    found = exchange_of_letter(text, day)
    assert found is not None
    return found.venue_id


def massive(text: str) -> int:
    found = exchange_of_massive_id(int(text))
    assert found is not None
    return found.venue_id


def venue_row(ts: int, venue: int, bid: int | None, bid_sz: int, ask: int | None, ask_sz: int) -> Row:
    return Row(ts, venue, bid, bid_sz, ask, ask_sz, action="A", price=None, size=0)


def trades_alone(found: Iterable[tuple[int, int, int | None, int, str]]) -> list[Snapshot]:
    """(ts, venue, price, size, side) of trades that come without quotes; reporting facilities are left out."""
    rows = []
    for ts, venue, px, size, side in found:
        assert px is not None
        finra = exchange_of_letter("D")
        assert finra is not None
        if venue != finra.venue_id:
            rows.append(NbboRow(ts, trade=Trade(venue, px, size, side)))
    return national_snapshots(rows)


def ordinary(conditions: str) -> bool:
    """Whether a sale of the US tapes is a plain trade on an exchange's book."""
    return set(conditions) <= set("@FEI ")


# ---------------------------------------------------------------- the formats


def read_taq_quotes(rows: list[Cells], names: dict[str, str], when: Callable[[Cells], int]) -> list[Snapshot]:
    found = []
    for cells in rows:
        ts = when(cells)
        condition = cells.get(names["condition"], "R")
        if cells.get("Quote_Cancel_Correction", "") not in ("", "A"):
            continue
        if condition in ("N", "U", "C"):
            found.append(venue_row(ts, letter(cells[names["venue"]], ts), None, 0, None, 0))
        elif condition in ("R", "A", "B", "O", "Y"):
            bid, ask = price(cells[names["bid"]]), price(cells[names["ask"]])
            sizes = (shares(cells[names[key]], lot_at(ts)) for key in ("bid_size", "ask_size"))
            bid_sz, ask_sz = sizes
            found.append(venue_row(ts, letter(cells[names["venue"]], ts), bid, bid_sz, ask, ask_sz))
    return oracle(found)


def read_taq_trades(rows: list[Cells], names: dict[str, str], when: Callable[[Cells], int]) -> list[Snapshot]:
    kept = [
        cells for cells in rows if ordinary(cells[names["condition"]]) and cells[names["correction"]] in ("00", "0")
    ]
    return trades_alone(
        (when(c), letter(c[names["venue"]], when(c)), price(c[names["price"]]), shares(c[names["size"]]), "N")
        for c in kept
    )


def daily_time(cells: Cells, day: str = "2018-01-02") -> int:
    text = cells["Time"].zfill(15)
    seconds = int(text[:2]) * 3600 + int(text[2:4]) * 60 + int(text[4:6])
    return new_york(day, seconds * 10**9 + int(text[6:]))


def wrds_time(cells: Cells) -> int:
    day = cells["DATE"]
    nanos = clock_nanos(cells["TIME_M"]) + int(cells["TIME_M_NANO"])
    return new_york(f"{day[:4]}-{day[4:6]}-{day[6:]}", nanos)


def read_massive_quotes(rows: list[Cells]) -> list[Snapshot]:
    found = []
    ordered = sorted(rows, key=lambda c: (int(c["sip_timestamp"]), int(c["sequence_number"])))
    for cells in ordered:
        ts = int(cells["sip_timestamp"])
        sides = []
        for side in ("bid", "ask"):
            px, sz = price(cells[f"{side}_price"]), shares(cells[f"{side}_size"], lot_at(ts))
            is_quote = bool(px) and sz > 0
            sides.append(Said(massive(cells[f"{side}_exchange"]) if is_quote else 0, px, sz))
        bid, ask = sides
        found.append(NbboRow(ts, bid, ask))
    return national_snapshots(found)


def read_massive_trades(rows: list[Cells]) -> list[Snapshot]:
    ordered = sorted(rows, key=lambda c: (int(c["sip_timestamp"]), int(c["sequence_number"])))
    kept = [
        c
        for c in ordered
        if set(c["conditions"].split(",")) <= {"", "1", "14", "37", "41"}
        and c["correction"] in ("", "0")
        and c["trf_id"] in ("", "0")
        and Decimal(c["size"]) == int(Decimal(c["size"]))
    ]
    return trades_alone(
        (int(c["sip_timestamp"]), massive(c["exchange"]), price(c["price"]), shares(c["size"]), "N") for c in kept
    )


def lean_time(cells: Cells) -> int:
    return new_york("2013-10-07", int(Decimal(cells["ms"]) * 10**6))


def read_lean_quotes(rows: list[Cells]) -> list[Snapshot]:
    found = []
    for cells in rows:
        if cells["susp"] != "0":
            continue
        ts = lean_time(cells)
        sides: list[Said | None] = []
        for px, sz in (("bp", "bs"), ("ap", "as")):
            if Decimal(cells[px]) == 0 and Decimal(cells[sz]) == 0:
                sides.append(None)
            else:
                sides.append(Said(letter(cells["x"], ts), price(cells[px], "0.0001"), shares(cells[sz])))
        bid, ask = sides
        if bid or ask:
            found.append(NbboRow(ts, bid, ask))
    return national_snapshots(found)


def read_lean_trades(rows: list[Cells]) -> list[Snapshot]:
    allowed = 0x1 | 0x20 | 0x10000000 | 0x20000000 | 0x40000000 | 0x80000000
    kept = [c for c in rows if c["susp"] == "0" and int(c["cond"], 16) | allowed == allowed]
    return trades_alone(
        (lean_time(c), letter(c["x"], lean_time(c)), price(c["px"], "0.0001"), shares(c["sz"]), "N") for c in kept
    )


def read_generic(rows: list[Cells]) -> list[Snapshot]:
    def venue(text: str) -> int:
        found = exchange_of_mic(text)
        return found.venue_id if found else int(text)

    return oracle(
        [
            venue_row(
                utc_nanos(c["time"]),
                venue(c["venue"]),
                price(c["bid"]),
                shares(c["bid_size"]),
                price(c["ask"]),
                shares(c["ask_size"]),
            )
            for c in rows
        ]
    )


def read_databento_nbbo(rows: list[Cells]) -> list[Snapshot]:
    found = []
    for c in rows:
        sides = []
        for side in ("bid", "ask"):
            px, sz = price(c[f"{side}_px_00"]), shares(c[f"{side}_sz_00"])
            sides.append(Said(int(c[f"{side}_pb_00"]), px, sz))
        trade = None
        if c["action"] == "T" and price(c["price"]) is not None and shares(c["size"]) > 0:
            trade = Trade(int(c["publisher_id"]), price(c["price"]) or 0, shares(c["size"]), c["side"])
        bid, ask = sides
        found.append(NbboRow(utc_nanos(c["ts_recv"]), bid, ask, trade))
    return national_snapshots(found)


# ---------------------------------------------------------------- random cells

cents = st.one_of(st.just("0"), st.integers(1, 99_999).map(lambda n: f"{n // 100}.{n % 100:02d}"))
dollars = st.one_of(cents, st.just(""), st.just("157.57000000000001"), st.integers(1, 500).map(str))
deci_cents = st.integers(0, 3).map(lambda n: "0" if n == 0 else str(494_000 + 100 * n))
lots = st.sampled_from(["0", "1", "3", "17", "5.0"])
sizes = st.sampled_from(["0", "100", "250", "1", "800.0"])
day_nanos = st.integers(4 * 3600 * 10**9, 4 * 3600 * 10**9 + 9).map(lambda n: n * 1) | st.integers(
    9 * 3600 * 10**9, 16 * 3600 * 10**9
)
letters = st.sampled_from("NQPTZKYJ")
conditions = st.sampled_from(["R", "R", "R", "A", "O", "N", "C", "Z", ""])
sale_conditions = st.sampled_from(["@", "@F I", " F", "", "@  M", "@ TI", "  O", "E"])
instants = st.integers(0, 3).map(lambda n: str(1_514_903_400_000_000_000 + n)) | st.just("1762180200000000000")
utc_texts = st.integers(0, 10**10).map(
    lambda n: f"2018-01-02 14:3{n // 10**9 % 10}:{n // 10**9 % 60:02d}.{n % 10**9:09d}"
)
maybe_z = st.sampled_from(["", "Z"])

TAQ = {
    "venue": "Exchange",
    "bid": "Bid_Price",
    "bid_size": "Bid_Size",
    "ask": "Offer_Price",
    "ask_size": "Offer_Size",
    "condition": "Quote_Condition",
}
WRDS = {
    "venue": "EX",
    "bid": "BID",
    "bid_size": "BIDSIZ",
    "ask": "ASK",
    "ask_size": "ASKSIZ",
    "condition": "QU_COND",
}
HF = {"venue": "EX", "bid": "BID", "bid_size": "BIDSIZ", "ask": "OFR", "ask_size": "OFRSIZ", "condition": "none"}
taq_times = day_nanos.map(
    lambda n: f"{n // 10**9 // 3600:02d}{n // 10**9 // 60 % 60:02d}{n // 10**9 % 60:02d}{n % 10**9:09d}"
).flatmap(lambda text: st.sampled_from([text, text.lstrip("0")]))
wrds_day = st.sampled_from(["20180102", "20180711", "20251104"])
positive = st.integers(1, 99_999).map(lambda n: f"{n // 100}.{n % 100:02d}")

VENDORS = {
    "daily-taq-quotes": Vendor(
        "SPLITS_US_ALL_BBO_A_20180102",
        {
            "Time": taq_times,
            "Exchange": letters,
            "Symbol": st.just("IBM"),
            "Bid_Price": dollars,
            "Bid_Size": lots,
            "Offer_Price": dollars,
            "Offer_Size": lots,
            "Quote_Condition": conditions,
            "Sequence_Number": st.just("7"),
            "Quote_Cancel_Correction": st.sampled_from(["", "A", "B"]),
        },
        lambda rows: read_taq_quotes(rows, TAQ, daily_time),
        delimiter="|",
        footer=lambda rows: f"END|20180102|{rows}\n",
    ),
    "daily-taq-trades": Vendor(
        "EQY_US_ALL_TRADE_20180102",
        {
            "Time": taq_times,
            "Exchange": st.sampled_from("NQPD"),
            "Symbol": st.just("IBM"),
            "Sale Condition": sale_conditions,
            "Trade Volume": st.sampled_from(["100", "7"]),
            "Trade Price": positive,
            "Trade Correction Indicator": st.sampled_from(["00", "01"]),
        },
        lambda rows: read_taq_trades(
            rows,
            {
                "venue": "Exchange",
                "condition": "Sale Condition",
                "correction": "Trade Correction Indicator",
                "price": "Trade Price",
                "size": "Trade Volume",
            },
            daily_time,
        ),
        delimiter="|",
        footer=lambda rows: f"END|20180102|{rows}\n",
    ),
    "wrds-taq-quotes": Vendor(
        "taq.csv",
        {
            "date": wrds_day,
            "time_m": day_nanos.map(lambda n: clock_text(n, 6)),
            "time_m_nano": st.integers(0, 999).map(str),
            "ex": letters,
            "sym_root": st.just("BRK"),
            "sym_suffix": st.just("B"),
            "bid": dollars,
            "bidsiz": lots,
            "ask": dollars,
            "asksiz": lots,
            "qu_cond": conditions,
        },
        lambda rows: read_taq_quotes([_upper(row) for row in rows], WRDS, wrds_time),
    ),
    "wrds-taq-trades": Vendor(
        "taq.csv",
        {
            "DATE": wrds_day,
            "TIME_M": day_nanos.map(clock_text),
            "TIME_M_NANO": st.just("0"),
            "EX": st.sampled_from("NQD"),
            "SYM_ROOT": st.just("IBM"),
            "SYM_SUFFIX": st.just(""),
            "TR_SCOND": sale_conditions,
            "SIZE": st.sampled_from(["100", "7"]),
            "PRICE": positive,
            "TR_CORR": st.sampled_from(["00", "08"]),
        },
        lambda rows: read_taq_trades(
            rows,
            {"venue": "EX", "condition": "TR_SCOND", "correction": "TR_CORR", "price": "PRICE", "size": "SIZE"},
            wrds_time,
        ),
    ),
    "highfrequency-quotes": Vendor(
        "hf.csv",
        {
            "DT": utc_texts,
            "EX": letters,
            "BID": dollars,
            "BIDSIZ": lots,
            "OFR": dollars,
            "OFRSIZ": lots,
            "SYMBOL": st.just("XXX"),
        },
        lambda rows: read_taq_quotes(rows, HF, lambda cells: utc_nanos(cells["DT"])),
    ),
    "highfrequency-trades": Vendor(
        "hf.csv",
        {
            "DT": utc_texts,
            "EX": st.sampled_from("NQD"),
            "SYMBOL": st.just("XXX"),
            "COND": sale_conditions,
            "SIZE": st.sampled_from(["100", "7"]),
            "PRICE": positive,
            "CORR": st.sampled_from(["0", "10"]),
        },
        lambda rows: read_taq_trades(
            rows,
            {"venue": "EX", "condition": "COND", "correction": "CORR", "price": "PRICE", "size": "SIZE"},
            lambda cells: utc_nanos(cells["DT"]),
        ),
    ),
    "massive-quotes": Vendor(
        "2018-01-02.csv",
        {
            "ticker": st.just("IBM"),
            "ask_exchange": st.sampled_from(["10", "12"]),
            "ask_price": dollars,
            "ask_size": lots,
            "bid_exchange": st.sampled_from(["10", "11"]),
            "bid_price": dollars,
            "bid_size": lots,
            "conditions": st.just("1"),
            "participant_timestamp": instants,
            "sequence_number": st.integers(1, 9).map(str),
            "sip_timestamp": instants,
        },
        read_massive_quotes,
        in_order_of="sip_timestamp",
    ),
    "massive-trades": Vendor(
        "2018-01-02.csv",
        {
            "ticker": st.just("IBM"),
            "conditions": st.sampled_from(["", "14,41", "37", "12", "14,12"]),
            "correction": st.sampled_from(["0", "1"]),
            "exchange": st.sampled_from(["10", "12", "4"]),
            "id": st.just("x"),
            "participant_timestamp": instants,
            "price": positive,
            "sequence_number": st.integers(1, 9).map(str),
            "sip_timestamp": instants,
            "size": st.sampled_from(["100", "7", "0.5"]),
            "trf_id": st.sampled_from(["0", "202"]),
        },
        read_massive_trades,
        in_order_of="sip_timestamp",
    ),
    "lean-quotes": Vendor(
        "20131007_quote.zip",
        {
            "ms": st.sampled_from(["34200000", "34200000.5", "34200001", "57600000"]),
            "bp": deci_cents,
            "bs": st.sampled_from(["0", "100", "300"]),
            "ap": deci_cents,
            "as": st.sampled_from(["0", "100", "300"]),
            "x": letters,
            "cond": st.just("1"),
            "susp": st.sampled_from("0001"),
        },
        read_lean_quotes,
        has_header=False,
        zipped_as="20131007_ibm_Quote_Tick.csv",
    ),
    "lean-trades": Vendor(
        "20131007_trade.zip",
        {
            "ms": st.sampled_from(["34200000", "34200000.5", "57600000"]),
            "px": st.integers(1, 9).map(lambda n: str(494_000 + n)),
            "sz": st.sampled_from(["100", "7"]),
            "x": st.sampled_from("NQD"),
            "cond": st.sampled_from(["1", "20000020", "20002020", "80", "80000000", "0"]),
            "susp": st.sampled_from("0001"),
        },
        read_lean_trades,
        has_header=False,
        zipped_as="20131007_ibm_Trade_Tick.csv",
    ),
    "generic": Vendor(
        "mine.csv",
        {
            "time": st.builds(str.__add__, utc_texts, maybe_z),
            "venue": st.sampled_from(["XNAS", "XNYS", "2", "9.0"]).filter(lambda text: "." not in text),
            "bid": dollars,
            "bid_size": sizes,
            "ask": dollars,
            "ask_size": sizes,
        },
        read_generic,
    ),
    "databento-nbbo": Vendor(
        "cmbp.csv",
        {
            "ts_recv": utc_texts.map(lambda text: text.replace(" ", "T") + "Z"),
            "ts_event": utc_texts.map(lambda text: text.replace(" ", "T") + "Z"),
            "rtype": st.just("177"),
            "publisher_id": st.sampled_from(["2", "43"]),
            "action": st.sampled_from("AT"),
            "side": st.sampled_from("ABN"),
            "price": positive,
            "size": sizes,
            "bid_px_00": cents,
            "ask_px_00": cents,
            "bid_sz_00": sizes,
            "ask_sz_00": sizes,
            "bid_pb_00": st.sampled_from(["2", "43", "9"]),
            "ask_pb_00": st.sampled_from(["2", "43", "9"]),
            "symbol": st.just("IBM"),
        },
        read_databento_nbbo,
    ),
}


def _upper(row: Cells) -> Cells:
    return {name.upper(): text for name, text in row.items()}


def rows_of(vendor: Vendor) -> st.SearchStrategy[list[Cells]]:
    rows = st.lists(st.fixed_dictionaries(vendor.cells), min_size=1, max_size=25)
    column = vendor.in_order_of
    return rows if column is None else rows.map(lambda found: sorted(found, key=lambda row: int(row[column])))


__all__ = ["VENDORS", "Vendor", "rows_of"]
