"""Every shipped format against a slow second reading, on random files; and what files must say when they are wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from format_oracle import VENDORS, Cells, rows_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tape_oracle import read_with, snapshots
from thorough import THOROUGH

from sor.core.market.batch import Snapshot
from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.vendor.layout import layout_of
from sor.tapes.vendor.reader import FormatReader
from sor.tapes.vendor.shipped import shipped
from sor.venues import exchange_of_letter


def without_reported(found: list[Snapshot]) -> list[Snapshot]:
    """Snapshots without trades of reporting facilities, and without those that then are empty."""
    finra = exchange_of_letter("D")
    assert finra is not None
    kept = [
        Snapshot(s.ts, s.quotes, tuple(t for t in s.trades if t.venue != finra.venue_id and t.px > 0)) for s in found
    ]
    return [s for s in kept if s.quotes or s.trades]


def read(path: Path, name: str, block: int) -> list[Snapshot]:
    with ByteTape(path) as tape:
        reader = FormatReader(tape, layout_of(tape, shipped(name)), block_bytes=block)
        return snapshots(read_with(reader, path, None, "last", False, 7))


@pytest.mark.parametrize("name", VENDORS)
@given(data=st.data())
@settings(max_examples=20 * THOROUGH, deadline=None, phases=(Phase.reuse, Phase.generate))  # files shrink slowly
def test_equal_to_the_slow_reading(name: str, data: st.DataObject) -> None:
    vendor = VENDORS[name]
    rows: list[Cells] = data.draw(rows_of(vendor))
    expected = [s for s in vendor.read(rows) if s.quotes or s.trades]
    found: Any
    with tempfile.TemporaryDirectory() as folder:
        path = vendor.write(Path(folder), rows)
        try:
            found = read(path, name, data.draw(st.sampled_from([1, 100, 2**20])))
        except InputError as error:
            found = str(error)
    if not expected:  # nothing but rows that are left out, or trades of reporting facilities
        assert isinstance(found, str) or without_reported(found) == []
        return
    assert without_reported(found) == expected
