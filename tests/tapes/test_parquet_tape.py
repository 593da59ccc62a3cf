"""Our Parquet form: the same snapshots and facts as the tape it was made from, and an index to start in the middle."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import PRETTY, T0, Row, Rule, columns, oracle, row_lists, same_columns, snapshots

from sor.core.units import NO_PRICE
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.convert import convert
from sor.tapes.parquet.form import KEY, ParquetFacts


@given(
    row_lists(symbols=("AAPL", "MSFT")),
    st.sampled_from(["last", "first"]),
    st.sampled_from([1, 3, 2**17]),
    st.sampled_from([1, 4, 2**17]),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_file_and_parquet_give_the_same(rows: list[Row], rule: Rule, group: int, late: int, has_bad_row: bool) -> None:
    lines = PRETTY.encode(rows).splitlines(keepends=True)
    if has_bad_row and len(rows) > 1:
        lines.insert(2, b"not,a,row\n")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.sorting.LATE_ROWS", late)
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", group)
        tape, out = Path(folder, "day.csv"), Path(folder, "day.parquet")
        tape.write_bytes(b"".join(lines))
        convert(tape, out)
        assert sorted(os.listdir(folder)) == ["day.csv", "day.parquet"]
        for symbol in {row.symbol for row in rows}:
            old = open_tape(tape, symbol=symbol, snapshot_rule=rule)
            new = open_tape(out, symbol=symbol, snapshot_rule=rule, batch_snapshots=3)
            assert same_columns(columns(new), columns(old))
            assert snapshots(new) == oracle(rows, rule, symbol)
            assert new.tape_facts() == old.tape_facts()
            assert new.bounds() == old.bounds()
            assert new.stream_facts() == old.stream_facts()
            assert same_columns(columns(new), columns(old))  # a second pass


@given(row_lists(symbols=("AAPL", "MSFT")), st.sampled_from([1, 3, 10]))
@settings(max_examples=60, deadline=None)
def test_the_index_holds_the_last_quotes_before_each_row_group(rows: list[Row], group_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", group_rows)
        tape, out = Path(folder, "day.csv"), Path(folder, "day.parquet")
        tape.write_bytes(PRETTY.encode(rows))
        facts = convert(tape, out)
        file = pq.ParquetFile(out)
        chunks = [
            file.read_row_group(g).column("ts_event").cast(pa.int64()).to_pylist() for g in range(file.num_row_groups)
        ]
    assert len(facts.groups) == len(chunks)
    assert sum(map(len, chunks)) == len(rows)
    in_time = sorted(rows, key=lambda row: row.ts)
    done = 0
    for facts_of_group, chunk in zip(facts.groups, chunks, strict=True):
        assert (facts_of_group.first, facts_of_group.last) == (chunk[0], chunk[-1])
        before = in_time[:done]
        assert all(row.ts < chunk[0] for row in before)  # an instant is in one group
        places = {symbol.symbol: place for place, symbol in enumerate(facts.symbols)}
        books = {(places[r.symbol], r.venue): (r.bid_px, r.bid_sz, r.ask_px, r.ask_sz) for r in before}
        expected = {key: tuple(NO_PRICE if v is None else v for v in quote) for key, quote in books.items()}
        assert facts_of_group.quotes_before() == expected
        done += len(chunk)


def test_others_can_read_it(tmp_path: Path) -> None:
    """Plain columns that pandas, DuckDB and friends understand, exact integers, trades where trades are."""
    rows = [Row(T0, action="T", side="A"), Row(T0 + 1, bid_px=None, bid_sz=0), Row(T0 + 2, venue=7)]
    (tmp_path / "t.csv").write_bytes(PRETTY.encode(rows))
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.column("ts_event").cast(pa.int64()).to_pylist() == [T0, T0 + 1, T0 + 2]
    assert table.column("symbol").to_pylist() == ["AAPL"] * 3
    assert table.column("venue").to_pylist() == [2, 2, 7]
    assert table.column("action").to_pylist() == ["T", "A", "A"]
    assert table.column("bid_px").to_pylist() == [222_740_000_000, NO_PRICE, 222_740_000_000]
    assert table.column("size").to_pylist() == [10, 0, 0]


def test_a_tape_without_symbols(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "ts_event,publisher_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00\n1722519392000000000,2,1.5,10,1.6,20\n"
    )
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    old, new = open_tape(tmp_path / "t.csv"), open_tape(tmp_path / "t.parquet")
    assert snapshots(old) == snapshots(new)
    assert old.tape_facts() == new.tape_facts()
    assert new.tape_facts().symbol is None


def test_converting_again_keeps_the_facts(tmp_path: Path) -> None:
    rows = [Row(T0 + 5), Row(T0), Row(T0 + 9)]
    (tmp_path / "day.csv").write_bytes(PRETTY.encode(rows))
    convert(tmp_path / "day.csv", tmp_path / "one.parquet")
    convert(tmp_path / "one.parquet", tmp_path / "two.parquet")
    facts = open_tape(tmp_path / "two.parquet").tape_facts()
    assert facts == open_tape(tmp_path / "day.csv").tape_facts()
    assert facts.out_of_order == 1


def test_strict_holds_for_parquet_too(tmp_path: Path) -> None:
    lines = PRETTY.encode([Row(T0 + i) for i in range(3)]).splitlines(keepends=True)
    (tmp_path / "t.csv").write_bytes(b"".join([*lines[:2], b"bad\n", *lines[2:]]))
    with pytest.raises(InputError, match="line 3"):
        convert(tmp_path / "t.csv", tmp_path / "t.parquet", strict=True)
    assert os.listdir(tmp_path) == ["t.csv"]
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    assert open_tape(tmp_path / "t.parquet").tape_facts().bad_rows == 1
    with pytest.raises(InputError, match="line 3"):
        open_tape(tmp_path / "t.parquet", strict=True)


@pytest.mark.parametrize("out", ["t.csv", "none/t.parquet", "folder.parquet", "self.parquet"])
def test_places_where_it_is_not_written(tmp_path: Path, out: str) -> None:
    (tmp_path / "folder.parquet").mkdir()
    tape = tmp_path / "self.parquet"
    tape.write_bytes(PRETTY.encode([Row(T0)]))
    with pytest.raises(InputError, match="parquet"):
        convert(tape, tmp_path / out)
    assert tape.read_bytes() == PRETTY.encode([Row(T0)])


def test_a_parquet_file_of_others(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no format fits this header; nearest is databento"):
        open_tape(tmp_path / "t.parquet")


def test_symbols_are_checked(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(PRETTY.encode([Row(T0), Row(T0 + 1, symbol="MSFT")]))
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        with pytest.raises(InputError, match="AAPL, MSFT"):
            open_tape(tmp_path / name)
        with pytest.raises(InputError, match="'IBM' is not on this tape: it has AAPL, MSFT"):
            open_tape(tmp_path / name, symbol="IBM")


def test_damaged_parquet_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(PRETTY.encode([Row(T0 + i, bid_sz=i) for i in range(500)]))
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    good = columns(open_tape(tmp_path / "t.parquet"))
    random = np.random.default_rng(1)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in random.integers(4, len(whole), 3):
            damaged[place] ^= int(random.integers(1, 256))
        (tmp_path / "bad.parquet").write_bytes(
            damaged[: random.integers(5, len(whole) + 1)] if random.random() < 0.3 else damaged
        )
        try:
            got = columns(open_tape(tmp_path / "bad.parquet"))
        except InputError:
            continue
        assert len(got) == len(good)  # the damage was where nothing of ours is


@pytest.mark.parametrize(
    ("there", "instead", "why"),
    [
        (b'"version":3', b'"version":2', "another version of this form"),
        (b'"rows":2', b'"rows":"2"', "Expected `int`, got `str` - at `$.symbols[0].rows`"),
        (b'"bad_rows":0', b'"bad_rows":0.5', "Expected `int`, got `float` - at `$.bad_rows`"),
        (b'"venues":[', b'"venues":[null,', "Expected `int`, got `null` - at `$.symbols[0].venues[0]`"),
        (b'"before"', b'"befoul"', "Object contains unknown field `befoul` - at `$.groups[0]`"),
    ],
)
def test_a_fact_of_another_type_is_named(tmp_path: Path, there: bytes, instead: bytes, why: str) -> None:
    (tmp_path / "t.csv").write_bytes(PRETTY.encode([Row(T0), Row(T0 + 1)]))
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    whole = pq.read_metadata(tmp_path / "t.parquet").metadata[KEY]
    assert there in whole
    with pytest.raises(ValueError, match=re.escape(why)):
        ParquetFacts.from_json(whole.replace(there, instead, 1))
