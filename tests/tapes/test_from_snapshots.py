"""Snapshots to a tape and back: the same snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest
from stream_tools import Few, digest

from sor.core.market.batch import Form, Quote, Snapshot, Trade, batch_of
from sor.core.units import UNSPOKEN
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.from_snapshots import write_snapshots


def test_a_tape_of_snapshots_gives_them_back(tmp_path: Path) -> None:
    source, out = Few(2_000), tmp_path / "day.parquet"
    rows = write_snapshots(source, out)
    assert rows.snapshots == 2_000
    assert digest(open_tape(out).batches()) == digest([source.batch])


def test_trades_of_a_venue_without_a_quote_bring_no_quote(tmp_path: Path) -> None:
    source, out = Few(1), tmp_path / "day.parquet"
    first = source.batch.ts[0]
    source.batch = batch_of(
        [
            Snapshot(int(first), (Quote(2, 100, 1, 200, 2),), (Trade(3, 150, 7, "B"), Trade(2, 150, 1, "N"))),
            Snapshot(int(first) + 5, (), (Trade(3, 151, 7, "A"),)),
            Snapshot(int(first) + 9, (Quote(3, 100, 1, 2**63 - 1, 0),)),
        ]
    )
    write_snapshots(source, out)
    assert digest(open_tape(out).batches()) == digest([source.batch])


def test_a_stretch_holds_both_ends(tmp_path: Path) -> None:
    source, out = Few(500), tmp_path / "day.parquet"
    ts = source.batch.ts.tolist()
    assert write_snapshots(source, out, ts[100], ts[199]).snapshots == 100
    assert digest(open_tape(out).batches()) == digest([source.batch.slice(100, 200)])


def test_nothing_in_the_stretch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose another --from or --to"):
        write_snapshots(Few(5), tmp_path / "day.parquet", 1, 2)
    assert list(tmp_path.iterdir()) == []


def test_the_nbbo_form_is_kept(tmp_path: Path) -> None:
    source, out = Few(1), tmp_path / "day.parquet"
    source.form, source.prints_late = Form.NBBO, 10**9
    first = int(source.batch.ts[0])
    source.batch = batch_of(
        [
            Snapshot(first, (Quote(2, 100, 1, UNSPOKEN, 0), Quote(3, UNSPOKEN, 0, 200, 2)), (Trade(3, 150, 7, "B"),)),
            Snapshot(first + 5, (Quote(0, 2**63 - 1, 0, UNSPOKEN, 0),)),
            Snapshot(first + 9, (Quote(3, 100, 1, 200, 4),)),
        ]
    )
    write_snapshots(source, out)
    tape = open_tape(out)
    assert digest(tape.batches()) == digest([source.batch])
    assert (tape.form, tape.prints_late) == (Form.NBBO, 10**9)
