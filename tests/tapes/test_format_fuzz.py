"""Files of every format after accidents: read the same however they are cut, or one line; never another exception."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from format_oracle import VENDORS, Vendor, rows_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from thorough import THOROUGH

from sor.core.units import MAX_PRICE, NANO, NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.open import symbols_on
from sor.tapes.rows import MAX_SIZE, MIN_TIME, ROW_COLUMNS
from sor.tapes.vendor.layout import layout_of
from sor.tapes.vendor.reader import FormatReader
from sor.tapes.vendor.shipped import shipped

JUNK = [
    b"",
    b"0",
    b"-1",
    b"nan",
    b"1e9",
    b"1e99",
    b"x",
    b"\xff\xfe",
    b"\0",
    b'"',
    b",",
    b"|",
    b"2018-01-02",
    b"9" * 30,
    b"\r",
]
NOTHING_ELSE: dict[str, Any] = {
    "deadline": None,
    "phases": (Phase.reuse, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}


def mangle(data: bytes, dice: random.Random, delimiter: bytes) -> bytes:
    """One accident: a byte, a cell, a line, or the end."""
    lines = data.split(b"\n")
    place = dice.randrange(len(lines))
    cells = lines[place].split(delimiter)
    match dice.randrange(7):
        case 0:
            return data[: dice.randrange(len(data) + 1)]
        case 1:
            spot = dice.randrange(len(data) + 1)
            return data[:spot] + dice.choice(JUNK) + data[spot:]
        case 2 | 3:
            cells[dice.randrange(len(cells))] = dice.choice(JUNK)
            lines[place] = delimiter.join(cells)
        case 4:
            dice.shuffle(cells)
            lines[place] = delimiter.join(cells)
        case 5:
            lines.insert(place, dice.choice(lines))
        case 6:
            del lines[place]
    return b"\n".join(lines)


def outcome(path: Path, name: str, block: int) -> object:
    """All that a reader says, or the error's line."""
    columns: dict[str, list[int]] = {column: [] for column in ROW_COLUMNS}
    try:
        with ByteTape(path) as tape:
            reader = FormatReader(tape, layout_of(tape, shipped(name)), block_bytes=block)
            for rows in reader.chunks():
                for column, values in columns.items():
                    values += getattr(rows, column).tolist()
    except InputError as error:
        return one_line(error)
    check_units(columns)
    return columns, reader.symbols, reader.bad_rows, reader.first_bad, reader.notes


def one_line(error: InputError) -> str:
    assert "\n" not in str(error)
    return str(error)


def check_units(columns: dict[str, list[int]]) -> None:
    """No time, price or size that only a wrong unit makes."""
    assert all(MIN_TIME <= ts < 4_102_444_800 * NANO for ts in columns["ts"])
    for side in ("bid", "ask"):
        prices = [px for px in columns[f"{side}_px"] if px not in (NO_PRICE, UNSPOKEN)]
        assert all(-MAX_PRICE <= px <= MAX_PRICE for px in prices)
        assert all(0 <= size <= MAX_SIZE for size in columns[f"{side}_sz"])
    assert all(
        px == NO_PRICE or px > 0 for px, action in zip(columns["price"], columns["action"], strict=True) if action == 84
    )


@pytest.mark.parametrize("name", VENDORS)
@given(data=st.data(), seed=st.integers(0, 2**32))
@settings(max_examples=20 * THOROUGH, **NOTHING_ELSE)
def test_mangled_files(name: str, data: st.DataObject, seed: int) -> None:
    vendor = VENDORS[name]
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, vendor.zipped_as or vendor.name)
        content = vendor.text(data.draw(rows_of(vendor))).encode()
        for _ in range(dice.choice([1, 1, 2, 4])):
            content = mangle(content, dice, vendor.delimiter.encode()) or b"\n"
        path.write_bytes(content)
        whole = outcome(path, name, 2**20)
        assert outcome(path, name, dice.choice([1, 64, 300])) == whole
        try:  # by its own header or name, whatever that now is
            symbols_on(path)
        except InputError as error:
            one_line(error)


def test_of_two_wrong_lines_the_first_is_named_whatever_the_blocks(tmp_path: Path) -> None:
    """The first row cannot be read, and a later one shows another unit."""
    vendor = VENDORS["databento-nbbo"]
    path = tmp_path / vendor.name
    row = {
        "ts_recv": "2018-01-02T14:30:00.344322046Z", "ts_event": "2018-01-02T14:30:00.000002045Z", "rtype": "177",
        "publisher_id": "2", "action": "A", "side": "N", "price": "27.30", "size": "1", "bid_px_00": "27.28",
        "bid_sz_00": "100", "bid_pb_00": "2", "ask_px_00": "27.30", "ask_sz_00": "100", "ask_pb_00": "43",
        "symbol": "IBM",
    }  # fmt: skip
    path.write_text(vendor.text([{**row, "bid_sz_00": "IBM"}, {**row, "ask_sz_00": "6.30"}]))
    found = {outcome(path, "databento-nbbo", block) for block in (1, 64, 2**20)}
    assert found == {
        f"{path}: line 2, column bid_sz_00: 'IBM' is no size: the first row cannot be read, so this is another format"
    }
    path.write_text(vendor.text([row, {**row, "ask_sz_00": "6.30"}, {**row, "bid_sz_00": "6.30"}]))
    found = {
        str(outcome(path, "databento-nbbo", block)).partition(" is no whole number")[0] for block in (1, 64, 2**20)
    }
    assert found == {f"{path}: line 3, column ask_sz_00: '6.30'"}


@pytest.mark.parametrize("block", [1, 64, 300, 2**20])
def test_a_quote_that_is_open_at_the_end_of_a_row_is_no_field_whatever_the_blocks(tmp_path: Path, block: int) -> None:
    path = tmp_path / VENDORS["wrds-taq-quotes"].name
    path.write_text(
        "date,time_m,time_m_nano,ex,sym_root,sym_suffix,bid,bidsiz,ask,asksiz,qu_cond\n"
        '20180711,14:29:33.298023,728,J,BRK,B,157.57,0,157.58,1,"\n'
        "20180711,14:29:34.086954,435,Q,BRK,B,27.88,1,223,17,O\n"
    )
    assert "line 2: is not CSV (look at its quotes)" in str(outcome(path, "wrds-taq-quotes", block))


def test_every_vendors_format_has_a_random_file() -> None:
    assert isinstance(next(iter(VENDORS.values())), Vendor)
    from sor.tapes.vendor.shipped import names

    # databento has its own tests, LOBSTER needs two files, and those of trades are the same decoder as the others.
    assert set(names()) - set(VENDORS) == {"databento", "databento-trades", "lobster", "generic-trades"}
