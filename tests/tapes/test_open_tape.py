"""open_tape against the slow second reader, in every form a tape comes in."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import (
    PRETTY,
    T0,
    Dialect,
    Row,
    Rule,
    columns,
    dialects,
    doubled,
    oracle,
    oracle_of_csv,
    out_of_order,
    read_with,
    row_lists,
    same_columns,
    snapshots,
)
from thorough import THOROUGH

from sor.errors import InputError
from sor.sources.source import FileFacts, Source, StreamFacts, TapeFacts
from sor.tapes import open_tape
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.convert import convert
from sor.tapes.csv.form import HEADER, NOT_HEADER, is_databento
from sor.tapes.csv.reader import CsvReader
from sor.tapes.rows import MAX_VENUE
from sor.tapes.vendor.shipped import shipped

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "l1_day.csv.gz"
needs_real_tape = pytest.mark.skipif(not REAL.is_file(), reason="the real tape is not part of the project")

rules = st.sampled_from(["last", "first"])
blocks = st.sampled_from([1, 7, 100, 333, 4096, 2**20])
batch_sizes = st.sampled_from([1, 2, 5, 1000])


def read(data: bytes, rule: Rule = "last", block: int = 2**20, batch: int = 1000, symbol: str | None = None) -> Source:
    """Read bytes as a CSV tape, cut into blocks of a given size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tape.csv"
        path.write_bytes(data)
        with ByteTape(path) as tape:
            return read_with(CsvReader(tape, block), path, symbol, rule, False, batch)


def file_of(rows: list[Row]) -> FileFacts:
    return FileFacts("tape.csv", len(rows), min(row.ts for row in rows), max(row.ts for row in rows))


def test_a_chunk_of_many_instants_is_cut_into_batches() -> None:
    rows = [Row(T0 + i, 2, 10**11, 100, 2 * 10**11, 200, "A", "N", None, 0, "AAPL") for i in range(5)]
    source = read(Dialect().encode(rows), batch=2)
    assert [len(batch) for batch in source.batches()] == [2, 2, 1]


@given(row_lists(), dialects(), rules, blocks, batch_sizes)
@settings(max_examples=100 * THOROUGH, deadline=None)
def test_every_dialect_cut_anywhere_equals_the_second_reader(
    rows: list[Row], dialect: Dialect, rule: Rule, block: int, batch: int
) -> None:
    source = read(dialect.encode(rows), rule, block, batch)
    expected = oracle(rows, rule)
    assert snapshots(source) == expected
    assert source.bounds() == (expected[0].ts, expected[-1].ts)
    facts = TapeFacts("tape", "AAPL", len(rows), out_of_order=out_of_order(rows), files=(file_of(rows),))
    facts = replace(facts, doubled=doubled(rows))
    assert source.tape_facts() == facts
    assert source.stream_facts() == StreamFacts(len(expected), len(expected))
    assert all(len(b) <= batch for b in source.batches())
    assert snapshots(source) == expected  # a second pass


@given(row_lists(), rules, blocks, st.sampled_from([1, 2, 5]))
@settings(max_examples=80, deadline=None)
def test_late_rows_in_many_runs(rows: list[Row], rule: Rule, block: int, late: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.sorting.LATE_ROWS", late)
        source = read(PRETTY.encode(rows), rule, block, 3)
    assert snapshots(source) == oracle(rows, rule)


@given(row_lists(symbols=("AAPL", "MSFT", "BRK.B")), rules, blocks)
@settings(max_examples=50, deadline=None)
def test_one_symbol_of_several(rows: list[Row], rule: Rule, block: int) -> None:
    for symbol in {row.symbol for row in rows}:
        source = read(PRETTY.encode(rows), rule, block, symbol=symbol)
        assert snapshots(source) == oracle(rows, rule, symbol)
        mine = sum(row.symbol == symbol for row in rows)
        files = (file_of([row for row in rows if row.symbol == symbol]),)
        fallen = out_of_order(rows, symbol)
        twice = doubled(rows, symbol)
        assert source.tape_facts() == TapeFacts("tape", symbol, mine, out_of_order=fallen, files=files, doubled=twice)


@given(row_lists(), rules)
@settings(max_examples=50, deadline=None)
def test_the_two_oracles_agree(rows: list[Row], rule: Rule) -> None:
    assert oracle_of_csv(PRETTY.text(rows), rule) == oracle(rows, rule)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.csv.zst", "misnamed.parquet"])
def test_compression_is_told_by_the_content(tmp_path: Path, name: str) -> None:
    rows = [Row(T0 + i // 2, venue=2 + i % 3, bid_sz=i) for i in range(5000)]
    data = PRETTY.encode(rows)
    pack = {"t.csv.gz": gzip.compress, "t.csv.zst": _zstd}.get(name, bytes)
    (tmp_path / name).write_bytes(pack(data[:70_001]) + pack(data[70_001:]))  # two members, or simply the whole
    assert snapshots(open_tape(tmp_path / name)) == oracle(rows)
    assert open_tape(str(tmp_path / name)).tape_facts().name == name.split(".")[0]


def _zstd(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


def test_undefined_prices_for_hours_before_the_first_price(tmp_path: Path) -> None:
    """Nothing in the first rows tells how prices are written; the rows below do."""
    silent = [Row(T0 + i, bid_px=None, ask_px=None, price=None, bid_sz=0, ask_sz=0) for i in range(3000)]
    rows = [*silent, Row(T0 + 5000)]
    (tmp_path / "raw.csv").write_bytes(Dialect(raw_prices=True).encode(rows))
    assert snapshots(open_tape(tmp_path / "raw.csv")) == oracle(rows)


def test_only_undefined_raw_prices(tmp_path: Path) -> None:
    rows = [Row(T0 + i, bid_px=None, ask_px=None, price=None, bid_sz=0, ask_sz=0) for i in range(3)]
    (tmp_path / "raw.csv").write_bytes(Dialect(raw_prices=True).encode(rows))
    source = open_tape(tmp_path / "raw.csv")
    assert snapshots(source) == oracle(rows)
    assert source.tape_facts().bad_rows == 0


def test_whole_dollars_without_a_point_are_dollars(tmp_path: Path) -> None:
    text = f"ts_event,publisher_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00\n{T0},2,222,10,223,20\n"
    (tmp_path / "t.csv").write_text(text)
    (snapshot,) = snapshots(open_tape(tmp_path / "t.csv"))
    assert snapshot.quotes[0].bid_px == 222 * 10**9


def test_no_symbol_column(tmp_path: Path) -> None:
    rows = [Row(T0 + i) for i in range(3)]
    names = tuple(c for c in PRETTY.columns if c != "symbol")
    (tmp_path / "t.csv").write_bytes(replace(PRETTY, columns=names).encode(rows))
    assert open_tape(tmp_path / "t.csv").tape_facts().symbol == "38"  # the instrument id
    names = tuple(c for c in names if c != "instrument_id")
    (tmp_path / "t.csv").write_bytes(replace(PRETTY, columns=names).encode(rows))
    source = open_tape(tmp_path / "t.csv")
    assert source.tape_facts().symbol is None
    assert snapshots(source) == oracle(rows)


@given(st.lists(st.sampled_from([0, 2, MAX_VENUE - 1, MAX_VENUE]), min_size=1, max_size=8), rules)
@settings(max_examples=50, deadline=None)
def test_venues_of_an_instant_ascend_up_to_the_largest_number(venues: list[int], rule: Rule) -> None:
    rows = [Row(T0 + i // 3, venue=venue, bid_sz=1 + i) for i, venue in enumerate(venues)]
    assert snapshots(read(PRETTY.encode(rows), rule)) == oracle(rows, rule)


@pytest.mark.parametrize("rtype", ["195", "196", None])
def test_bbo_is_timed_by_ts_recv_and_has_no_trades(tmp_path: Path, rtype: str | None) -> None:
    """Their ts_event is the time of the last trade, and undefined before the first one."""
    header = "ts_recv,ts_event,publisher_id,side,price,size,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol"
    body = (
        "2024-08-01T13:36:33Z,,2,N,,0,222.74,222.76,100,200,AAPL\n2024-08-01T13:36:34Z,,2,A,222.7,5,,222.75,0,100,AAPL"
    )
    if rtype:
        header = "rtype," + header
        body = "\n".join(f"{rtype},{line}" for line in body.split("\n"))
    (tmp_path / "bbo.csv").write_text(f"{header}\n{body}\n")
    rows = [
        Row(T0 + 10**9),
        Row(T0 + 2 * 10**9, bid_px=None, bid_sz=0, ask_px=222_750_000_000, ask_sz=100),
    ]
    assert snapshots(open_tape(tmp_path / "bbo.csv")) == oracle(rows)
    assert snapshots(open_tape(tmp_path / "bbo.csv", lot=1)) == oracle(rows)
    assert snapshots(open_tape(tmp_path / "bbo.csv", clock="recv", lot=1)) == oracle(rows)
    (tmp_path / "bbo.csv").write_text(f"{header.upper()}\n{body}\n")
    assert snapshots(open_tape(tmp_path / "bbo.csv")) == oracle(rows)


def test_a_header_in_capitals_is_the_same_tape(tmp_path: Path) -> None:
    rows = [Row(T0), Row(T0 + 1, action="T", side="A"), Row(T0 + 2, venue=7)]
    head, rest = PRETTY.encode(rows).split(b"\n", 1)
    (tmp_path / "t.csv").write_bytes(head.upper() + b"\n" + rest)
    source = open_tape(tmp_path / "t.csv")
    assert (source.tape_facts().symbol, snapshots(source)) == ("AAPL", oracle(rows))


def test_venues_may_be_mics_and_the_tape_is_the_same(tmp_path: Path) -> None:
    rows = [Row(T0), Row(T0 + 1, action="T", side="A"), Row(T0 + 2, venue=9), Row(T0 + 3, venue=5)]
    text = PRETTY.encode(rows).decode()
    for number, mic in ((2, "XNAS"), (9, "xnys"), (5, "BATS")):
        text = text.replace(f",1,{number},", f",1,{mic},")
    assert text.count("XNAS") == 2
    (tmp_path / "t.csv").write_text(text)
    assert snapshots(open_tape(tmp_path / "t.csv")) == oracle(rows)
    (tmp_path / "t.csv").write_text(text.replace("BATS", "Cboe"))
    with pytest.raises(InputError, match=r"'Cboe' is no venue \(a MIC such as XNAS, or a publisher_id\)"):
        open_tape(tmp_path / "t.csv", strict=True)


@pytest.mark.parametrize("ending", ["", "oops,2,A\n"])  # the second is read with a second, careful look
def test_a_lot_is_the_unit_of_displayed_sizes_and_of_nothing_else(tmp_path: Path, ending: str) -> None:
    rows = [Row(T0), Row(T0 + 1, action="T", side="A", size=30), Row(T0 + 2, bid_sz=0, venue=7)]
    text = PRETTY.encode(rows).decode().split("\n")
    (tmp_path / "t.csv").write_text("\n".join([*text[:2], *([ending.strip()] if ending else []), *text[2:]]))
    source = open_tape(tmp_path / "t.csv", lot=100)
    assert snapshots(source) == oracle([replace(row, bid_sz=row.bid_sz * 100, ask_sz=row.ask_sz * 100) for row in rows])
    assert source.tape_facts().round_lot == 100
    assert source.tape_facts().bad_rows == bool(ending)


def test_a_displayed_size_that_no_lot_can_be_is_a_bad_row(tmp_path: Path) -> None:
    rows = [Row(T0), Row(T0 + 1, ask_sz=2**43), Row(T0 + 2)]
    (tmp_path / "t.csv").write_bytes(PRETTY.encode(rows))
    assert snapshots(open_tape(tmp_path / "t.csv", lot=2)) == oracle(
        [replace(row, bid_sz=row.bid_sz * 2, ask_sz=row.ask_sz * 2) for row in rows]
    )
    facts = open_tape(tmp_path / "t.csv", lot=1_000_000).tape_facts()
    assert (facts.bad_rows, facts.rows) == (1, 2)


@pytest.mark.parametrize(
    ("text", "ts"),
    [
        ("2024-08-01T13:36:32Z", T0),
        ("2024-08-01 13:36:32.000000001+00:00", T0 + 1),
        ("2024-08-01T15:36:32.5+02:00", T0 + 500_000_000),
        ("2024-08-01T13:36:32.25", T0 + 250_000_000),
        (str(T0 + 7), T0 + 7),
    ],
)
def test_times(tmp_path: Path, text: str, ts: int) -> None:
    head = "ts_event,publisher_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00"
    (tmp_path / "t.csv").write_text(f"{head}\n{text},2,1.5,10,1.6,20\n")
    assert open_tape(tmp_path / "t.csv").bounds() == (ts, ts)


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(PRETTY.encode([Row(T0 + i) for i in range(20_000)]))
    seen: list[tuple[int, int]] = []
    open_tape(path, progress=lambda done, total: seen.append((done, total)))
    size = path.stat().st_size
    assert seen[-1] == (size, size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_tape_larger_than_the_memory_budget_goes_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sor.tapes.spool.sorter.MEMORY_BUDGET", 1000)
    rows = [Row(T0 + i // 3, venue=i % 5) for i in range(3000)]
    (tmp_path / "t.csv").write_bytes(PRETTY.encode(rows))
    source = open_tape(tmp_path / "t.csv", batch_snapshots=100)
    assert snapshots(source) == oracle(rows) == snapshots(source)


PLAIN = b"ts_recv, TS_EVENT,publisher_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00"


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (PLAIN + b"\r\n", True),
        (b"\xef\xbb\xbf" + PLAIN + b",more\n1,2", True),
        (PLAIN, False),  # no line: the careful way says so
        (PLAIN + b",bid_pb_00\n", False),
        (PLAIN.replace(b",ask_sz_00", b"") + b"\n", False),
        (PLAIN + b"," * 2**16 + b"\n", False),
        (b'{"ts_event": 1}\n', False),
        (b"", False),
    ],
    ids=["plain", "mark", "no line", "national", "no size", "long", "JSON", "empty"],
)
def test_databento_is_known_by_its_header(tmp_path: Path, content: bytes, known: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content or b"\n")
    with ByteTape(path) as tape:
        assert is_databento(tape) is known
        assert tape.read_exactly(2**20) == path.read_bytes()  # it was looked at, and not taken


def test_the_header_is_that_of_the_format() -> None:
    spec = shipped("databento")
    assert (frozenset(spec.header), frozenset(spec.not_header)) == (HEADER, NOT_HEADER)


@pytest.mark.long
@needs_real_tape
@pytest.mark.parametrize("rule", ["last", "first"])
def test_the_real_tape(tmp_path: Path, rule: Rule) -> None:
    source = open_tape(REAL, snapshot_rule=rule)
    whole = columns(source)
    assert len(whole) == 54_540
    assert set(whole.venue.tolist()) == {2}
    files = (FileFacts("l1_day.csv.gz", 59_999, 1_722_519_392_491_911_683, 1_722_519_914_828_064_902),)
    assert source.tape_facts() == TapeFacts("l1_day", "AAPL", 59_999, files=files)
    assert snapshots(source) == oracle_of_csv(gzip.decompress(REAL.read_bytes()).decode(), rule)
    with_aggressor = {s.ts for s in snapshots(source) if any(t.side != "N" for t in s.trades)}
    assert len(with_aggressor) == 3_637
    convert(REAL, tmp_path / "l1_day.parquet")
    parquet = open_tape(tmp_path / "l1_day.parquet", snapshot_rule=rule)
    assert same_columns(columns(parquet), whole)
    assert parquet.tape_facts() == source.tape_facts()
