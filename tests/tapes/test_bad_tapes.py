"""Bad input: one clear line for what cannot be read, a count for bad rows between good ones, never anything else."""

from __future__ import annotations

import gzip
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import PRETTY, T0, Dialect, Row, columns, oracle, read_with, row_lists, snapshots
from thorough import THOROUGH

from sor.core.market.batch import SnapshotBatch
from sor.errors import InputError, SorError
from sor.sources.source import TapeFacts
from sor.tapes import open_tape
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.csv.reader import CsvReader

LINES = [line.decode() for line in PRETTY.encode([Row(T0 + i) for i in range(6)]).splitlines()]
HEADER = LINES[0]
WIDTH = len(PRETTY.columns)


def with_cell(line: str, column: str, text: str) -> str:
    cells = line.split(",")
    cells[PRETTY.columns.index(column)] = text
    return ",".join(cells)


def tape(path: Path, lines: list[str]) -> Path:
    path.write_bytes("".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape"))
    return path


# ---------------------------------------------------------------- bad rows between good ones


BAD_CELLS = [
    ("ts_event", "yesterday", "'yesterday' is no time"),
    ("ts_event", "", "there is no time"),
    ("ts_event", "2024-13-01T00:00:00Z", "'2024-13-01T00:00:00Z' is not a time"),
    ("ts_event", "1969-12-31T23:59:59Z", "is an impossible time"),
    ("publisher_id", "two", "'two' is no venue (a MIC such as XNAS, or a publisher_id)"),
    ("publisher_id", "", "there is no venue"),
    ("publisher_id", "-2", "-2 is an impossible venue"),
    ("bid_px_00", "abc", "'abc' is no price"),
    ("ask_px_00", "1.2.3", "'1.2.3' is no price"),
    ("ask_px_00", "4611686018.427387904", "4611686018.427387904 is an impossible price"),
    ("ask_px_00", "1e30", "1e30 is an impossible price"),
    ("price", "222.1234567891", "is a price finer than a nanodollar"),
    ("bid_sz_00", "-1", "-1 is an impossible size"),
    ("ask_sz_00", "10.5", "'10.5' is no whole number of shares"),
    ("size", "99999999999999999999", "99999999999999999999"),
    ("size", "1000000000000000", "1000000000000000 is an impossible size"),
    ("symbol", "AA\x00PL", "is no symbol"),
    ("symbol", "AA\udcffPL", None),
]


@pytest.mark.parametrize(("column", "text", "reason"), BAD_CELLS)
@pytest.mark.parametrize("block", [1, 2**20])
def test_a_bad_row_is_counted_and_described(
    tmp_path: Path, column: str, text: str, reason: str | None, block: int
) -> None:
    lines = [*LINES[:3], with_cell(LINES[3], column, text), *LINES[4:]]
    path = tape(tmp_path / "t.csv", lines)
    with ByteTape(path) as data:
        source = read_with(CsvReader(data, block), path)
    facts = source.tape_facts()
    assert (facts.rows, facts.bad_rows, facts.symbol) == (5, 1, "AAPL")
    assert facts.first_bad is not None
    assert facts.first_bad.startswith("line 4, column ")
    if reason:
        assert column in facts.first_bad
        assert reason in facts.first_bad
    assert snapshots(source) == oracle([Row(T0 + i) for i in (0, 1, 3, 4, 5)])
    with pytest.raises(InputError, match=r"t\.csv: line 4, column .*--strict"):
        open_tape(path, strict=True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", None),
        ("\r", None),
        ("x", f"line 4: has 1 of {WIDTH} fields"),
        (LINES[3] + ",1", f"line 4: has {WIDTH + 1} of {WIDTH} fields"),
        (LINES[3].rpartition(",")[0], f"line 4: has {WIDTH - 1} of {WIDTH} fields"),
        ('"' + LINES[3], "line 4: "),
        (LINES[3] + "\r" + LINES[3], "line 4: has a carriage return in the middle"),
        ("\0" * 50, f"line 4: has 1 of {WIDTH} fields"),
        (HEADER, "line 4, column ts_event: 'ts_event' is no time"),
    ],
)
def test_odd_lines(tmp_path: Path, line: str, reason: str | None) -> None:
    source = open_tape(tape(tmp_path / "t.csv", [*LINES[:3], line, *LINES[4:]]))
    assert snapshots(source) == oracle([Row(T0 + i) for i in (0, 1, 3, 4, 5)])
    facts = source.tape_facts()
    assert facts.bad_rows == (0 if reason is None else 1)
    assert (facts.first_bad or "").startswith(reason or "")


def test_lines_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    lines = [HEADER, "", LINES[1], "", "", LINES[2], "bad", LINES[3], "worse", LINES[4]]
    facts = open_tape(tape(tmp_path / "t.csv", lines)).tape_facts()
    assert (facts.rows, facts.bad_rows) == (4, 2)
    assert facts.first_bad is not None
    assert facts.first_bad.startswith("line 7:")


@pytest.mark.long
@given(row_lists(ordered=True), st.data())
@settings(max_examples=80, deadline=None)
def test_bad_rows_anywhere_change_nothing_else(rows: list[Row], data: st.DataObject) -> None:
    rows = [*rows, Row(rows[-1].ts)]  # so that there is a between
    lines = PRETTY.encode(rows).decode().splitlines()
    bad = st.sampled_from(["x", "0," * 5, with_cell(LINES[1], "price", "?"), with_cell(LINES[1], "size", "-5")])
    places = data.draw(st.lists(st.integers(2, len(rows)), min_size=1, max_size=6))
    for place in sorted(places, reverse=True):
        lines.insert(place, data.draw(bad))
    block = data.draw(st.sampled_from([1, 50, 500, 2**20]))
    source = outcome("\n".join(lines).encode() + b"\n", block)
    assert isinstance(source, tuple)
    assert [s for b in source[0] for s in b.snapshots()] == oracle(rows)
    assert (source[1].rows, source[1].bad_rows) == (len(rows), len(places))
    assert (source[1].first_bad or "").startswith(f"line {min(places) + 1}")


# ---------------------------------------------------------------- fatal


def check(error: pytest.ExceptionInfo[InputError], *words: str) -> None:
    text = str(error.value)
    assert "\n" not in text
    assert error.value.exit_code == 2
    for word in words:
        assert word in text


FATAL: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "empty": (lambda: b"", ("the file is empty",)),
    "header only": (lambda: HEADER.encode() + b"\n", ("a header and no row",)),
    "header without line feed": (lambda: HEADER.encode(), ("a header and no row",)),
    "binary": (lambda: random.Random(1).randbytes(5000), ("this is no tape",)),
    "zeros": (lambda: b"\0" * 100_000, ("this is no tape",)),
    "one endless line": (lambda: b"a" * 5_000_000, ("this is no tape",)),
    "half utf-16": (lambda: "\n".join(LINES).encode("utf-16")[:-1], ("the utf-16-le stream is cut off",)),
    "prose": (
        lambda: b"Dear Sir,\nwe regret\n",
        ("no format fits", "needs the columns 'ts_event', 'publisher_id', ", "the columns there are: Dear Sir"),
    ),
    "column twice": (
        lambda: "\n".join(line + "," + line.split(",")[-1] for line in LINES).encode(),
        ("column 'symbol' twice",),
    ),
    "cut last line": (
        lambda: "\n".join(LINES).encode()[:-40],
        ("line 7: has", "fields", "the last row is cut off or damaged"),
    ),
    "bad last price": (
        lambda: "\n".join([*LINES[:-1], with_cell(LINES[-1], "ask_px_00", "22x")]).encode(),
        ("line 7, column ask_px_00: '22x' is no price", "last row"),
    ),
    "bad last time": (
        lambda: "\n".join([*LINES[:-1], with_cell(LINES[-1], "ts_event", "soon")]).encode(),
        ("line 7, column ts_event: 'soon' is no time", "last row"),
    ),
    "bad first price": (
        lambda: "\n".join([HEADER, with_cell(LINES[1], "bid_px_00", "N.A"), *LINES[2:]]).encode(),
        ("line 2, column bid_px_00: 'N.A' is no price", "first row"),
    ),
    "bad first time": (
        lambda: "\n".join([HEADER, with_cell(LINES[1], "ts_event", "08/01/2024"), *LINES[2:]]).encode(),
        ("line 2, column ts_event", "first row"),
    ),
    "all negative": (
        lambda: "\n".join([HEADER, *(with_cell(line, "bid_sz_00", "-1") for line in LINES[1:])]).encode(),
        ("none of the 6 rows can be read", "line 2, column bid_sz_00"),
    ),
    "two symbols": (
        lambda: "\n".join([*LINES, with_cell(LINES[1], "symbol", "MSFT")]).encode(),
        ("2 symbols", "--symbol", "AAPL, MSFT"),
    ),
    "cut gzip": (lambda: gzip.compress("\n".join(LINES).encode())[:-12], ("the gzip stream is cut off",)),
    "damaged gzip": (lambda: b"\x1f\x8b" + random.Random(2).randbytes(500), ("the gzip stream is damaged",)),
    "cut zstd": (
        lambda: pa.Codec("zstd").compress("\n".join(LINES).encode(), asbytes=True)[:-9],
        ("the zstd stream is cut off",),
    ),
    "empty gzip": (lambda: gzip.compress(b""), ("the file is empty",)),
    "cut parquet": (lambda: b"PAR1" + b"\0" * 100, ("Parquet tape is damaged",)),
    "cut dbn": (lambda: b"DBN\x03\x10\x00\x00\x00abc", ("DBN",)),
}


@pytest.mark.parametrize("name", FATAL)
def test_fatal_in_one_clear_line(tmp_path: Path, name: str) -> None:
    make, words = FATAL[name]
    path = tmp_path / "day.csv"
    path.write_bytes(make())
    with pytest.raises(InputError) as error:
        open_tape(path)
    check(error, str(path), *words)


@pytest.mark.parametrize("column", ["ts_event", "bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00", "size"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    names = tuple(name for name in PRETTY.columns if name != column)
    (tmp_path / "t.csv").write_bytes(replace(PRETTY, columns=names).encode([Row(T0)]))
    with pytest.raises(InputError) as error:
        open_tape(tmp_path / "t.csv")
    check(error, f"no column '{column}' in the header (line 1)", "the columns there are: ts_", "symbol")


def test_no_such_file_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        open_tape(tmp_path / "none.csv")
    check(error, "none.csv: cannot open this tape: No such file or directory")
    with pytest.raises(InputError) as error:
        open_tape(tmp_path)
    check(error, "no tape is in this folder")
    with pytest.raises(InputError):
        open_tape("a\0b")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_error_while_the_next_block_is_being_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    rows = [Row(T0 + i) for i in range(40_000)]
    lines = PRETTY.encode(rows).splitlines(keepends=True)
    lines.insert(2, b"bad\n")
    (tmp_path / "t.csv").write_bytes(pack(b"".join(lines)))
    for _ in range(5):
        with pytest.raises(InputError, match="line 3: has 1 of"):
            open_tape(tmp_path / "t.csv", strict=True)


def test_no_such_symbol(tmp_path: Path) -> None:
    path = tape(tmp_path / "t.csv", LINES)
    with pytest.raises(InputError) as error:
        open_tape(path, symbol="MSFT")
    check(error, "symbol 'MSFT' is not on this tape", "AAPL")


# ---------------------------------------------------------------- fuzz

Outcome = tuple[list[SnapshotBatch], TapeFacts]


def outcome(data: bytes, block: int = 2**20) -> Outcome | str:
    """What a reader makes of some bytes: snapshots and facts, or the error's line. Anything else is raised."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        path.write_bytes(data)
        try:
            with ByteTape(path) as opened:
                source = read_with(CsvReader(opened, block), path, batch=7)
            return list(source.batches()), source.tape_facts()
        except SorError as error:
            return str(error).removeprefix(str(path))


def mangle(data: bytes, dice: random.Random) -> bytes:
    """One accident that happens to files, or that a bad program makes."""
    lines = data.split(b"\n")
    place = dice.randrange(len(lines))
    cells = lines[place].split(b",")
    cell = dice.randrange(len(cells))
    spot = dice.randrange(len(data) + 1)
    junk = dice.choice(JUNK)
    match dice.randrange(10):
        case 0:
            return data[:spot]
        case 1:
            flipped = bytearray(data)
            flipped[spot - 1] ^= 1 << dice.randrange(8)
            return bytes(flipped)
        case 2:
            return data[:spot] + junk + data[spot:]
        case 3:
            lines.insert(place, lines[0])
        case 4:
            cells[cell] = junk
            lines[place] = b",".join(cells)
        case 5:
            other = dice.randrange(len(cells))
            cells[cell], cells[other] = cells[other], cells[cell]
            lines[place] = b",".join(cells)
        case 6:
            del lines[place]
        case 7:
            lines[place] = lines[place] * 2
        case 8:
            lines.insert(place, junk)
        case _:
            return data[:spot] + data[min(len(data), spot + dice.randrange(300)) :]
    return b"\n".join(lines)


JUNK = [
    *(b"", b"-1", b"1e999", b"9" * 400, b"nan", b"inf", b"-inf", b"NaN", b"null", b"0x1F", b"1_000", b"--5", b"+7"),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b'"a', b'a"b"', b"\r", b"\r\n", b"\n\n", b",", b",,,,", b"\t"),
    *(str(2**63 - 1).encode(), str(2**63).encode(), str(-(2**63)).encode(), str(2**64).encode(), str(2**127).encode()),
    *(b"9223372036.854775807", b"4611686018.427387904", b"0.0000000001", b"1.0e-9", b"1e9", b".5", b"5.", b" 1 ", b"T"),
    *(b"1500-01-01T00:00:00Z", b"2300-01-01T00:00:00Z", b"2024-02-30T00:00:00Z", b"2024-08-01", b"0", b"24:00:00"),
    *("é".encode(), b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1", b"DBN", b"a" * 70_000, b"\n" * 3000, b"\x1a"),
]


@pytest.mark.parametrize("raw", [False, True])
def test_mangled_tapes(raw: bool) -> None:
    """Success or one line, the same however the file is cut into blocks; never another exception."""
    count = 125 * THOROUGH
    dice = random.Random(20240801 + raw)
    rows = [Row(T0 + i // 2, venue=2 + i % 3, action="AACT"[i % 4]) for i in range(12)]
    whole = Dialect(raw_prices=raw, integer_times=raw).encode(rows)
    read = refused = counted = 0
    for _ in range(count):
        data = whole
        for _ in range(dice.choice([1, 1, 1, 2, 5])):
            data = mangle(data, dice)
        result = outcome(data)
        assert repr_of(outcome(data, dice.choice([1, 200, 500, 1000]))) == repr_of(result)
        refused += isinstance(result, str)
        if not isinstance(result, str):
            read += 1
            counted += bool(result[1].bad_rows)
    # The fuzz test is worth something only while all of these happen often.
    assert min(read, refused, counted) > count / 10


def repr_of(result: Outcome | str) -> object:
    if isinstance(result, str):
        assert "\n" not in result
        return result
    return [s for b in result[0] for s in b.snapshots()], result[1]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: pa.Codec("zstd").compress(data, asbytes=True)])
def test_mangled_compressed_tapes(pack: Callable[[bytes], bytes]) -> None:
    dice = random.Random(7)
    whole = pack(PRETTY.encode([Row(T0 + i, bid_sz=i * 37 % 1000) for i in range(300)]))
    results = []
    for _ in range(100 * THOROUGH):
        spot = dice.randrange(1, len(whole))
        damaged = bytearray(whole[:spot] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        results.append(outcome(bytes(damaged)))
    assert sum(isinstance(result, str) for result in results) > 60 * THOROUGH


def test_the_columns_of_a_swapped_header_do_not_matter() -> None:
    rows = [Row(T0 + i, bid_sz=i) for i in range(50)]
    backwards = replace(PRETTY, columns=tuple(reversed(PRETTY.columns)))
    assert repr_of(outcome(backwards.encode(rows))) == repr_of(outcome(PRETTY.encode(rows)))


def test_a_tape_of_mostly_bad_rows_is_still_read(tmp_path: Path) -> None:
    rows = [Row(T0 + i) for i in range(2000)]
    lines = PRETTY.encode(rows).decode().splitlines()
    for i in range(2, len(lines) - 1):
        if i % 5:
            lines[i] = with_cell(lines[i], "ask_px_00", "1.12345678901" if i % 2 else "?")
    source = open_tape(tape(tmp_path / "t.csv", lines))
    assert source.tape_facts().bad_rows == sum(1 for i in range(2, len(lines) - 1) if i % 5)
    assert len(columns(source)) == 2000 - (source.tape_facts().bad_rows or 0)


def test_a_price_below_zero_is_no_quote_and_a_trade_at_zero_a_bad_row(tmp_path: Path) -> None:
    trade = with_cell(with_cell(LINES[4], "action", "T"), "price", "0.00")
    source = open_tape(tape(tmp_path / "t.csv", [*LINES[:3], with_cell(LINES[3], "ask_px_00", "-222.5"), trade]))
    facts = source.tape_facts()
    assert (facts.rows, facts.bad_rows) == (3, 1)
    assert facts.first_bad == "line 5, column price: is a trade at zero or less"
    assert snapshots(source) == oracle([Row(T0), Row(T0 + 1), Row(T0 + 2, ask_px=-1)])
