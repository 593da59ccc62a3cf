"""Real files of vendors against the slow reading: LEAN's consolidated ticks, and quotes by exchange of the US tapes."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from format_oracle import HF, VENDORS, read_taq_quotes, utc_nanos
from tape_oracle import snapshots

from sor.core.market.batch import Form
from sor.tapes import open_tape
from sor.tapes.info.facts import tape_info

pytestmark = pytest.mark.long

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_lean = pytest.mark.skipif(not (DATA / "lean").is_dir(), reason="no real LEAN days beside the project")
needs_taq = pytest.mark.skipif(not (DATA / "taq").is_dir(), reason="no real quotes by exchange beside the project")


def lean_cells(path: Path, names: list[str]) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        (inner,) = archive.namelist()
        rows = csv.reader(io.StringIO(archive.read(inner).decode()))
        return [dict(zip(names, row, strict=True)) for row in rows]


@needs_lean
def test_a_day_of_consolidated_quotes() -> None:
    path = DATA / "lean" / "ibm-20131007_quote.zip"
    rows = lean_cells(path, ["ms", "bp", "bs", "ap", "as", "x", "cond", "susp"])
    source = open_tape(path)
    assert (source.form, source.prints_late) == (Form.NBBO, 10**9)
    assert source.tape_facts().symbol == "ibm"
    assert snapshots(source) == VENDORS["lean-quotes"].read(rows)


@needs_lean
def test_a_day_of_trades_without_those_of_reporting_facilities() -> None:
    path = DATA / "lean" / "ibm-20131007_trade.zip"
    rows = lean_cells(path, ["ms", "px", "sz", "x", "cond", "susp"])
    assert snapshots(open_tape(path)) == VENDORS["lean-trades"].read(rows)


@needs_lean
@pytest.mark.parametrize("path", sorted((DATA / "lean").glob("ibm*.zip")), ids=lambda path: path.name)
def test_every_day_is_looked_at(path: Path) -> None:
    info = tape_info(path)
    assert info["bad_rows"] == 0
    if "quote" in path.name:
        for venues in info["shown"].values():
            assert abs(sum(venues.values()) - 1) < 1e-4
    assert not any("time zone" in text for text in info["looks_wrong"])


@needs_taq
def test_two_days_of_quotes_by_exchange() -> None:
    path = DATA / "taq" / "quotes_xxx_2018-01-02.csv.gz"
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    found = snapshots(open_tape(path))
    assert found == read_taq_quotes(rows, HF, lambda cells: utc_nanos(cells["DT"]))
    assert len({quote.venue for snapshot in found for quote in snapshot.quotes}) == 12


@needs_taq
def test_the_closing_auction_is_printed_twice_and_left_out() -> None:
    path = DATA / "taq" / "trades_xxx_2018-01-02.csv.gz"
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    source = open_tape(path)
    assert snapshots(source) == VENDORS["highfrequency-trades"].read(rows)
    assert max(trade.sz for snapshot in snapshots(source) for trade in snapshot.trades) < 10_000
    assert any(row["COND"] == "6" and int(row["SIZE"]) > 100_000 for row in rows)
    assert any("rows were left out by what COND says" in note for note in source.tape_facts().notes)


@needs_taq
def test_the_wrong_time_zone_is_noticed(tmp_path: Path) -> None:
    """DT is UTC; read as New York's clock, the busy hours move out of the session."""
    (tmp_path / "ny.toml").write_text('like = "highfrequency-quotes"\nzone = "America/New_York"\n')
    from sor.tapes.options import ReadOptions

    path = DATA / "taq" / "quotes_xxx_2018-01-02.csv.gz"
    assert not any("time zone" in text for text in tape_info(path)["looks_wrong"])
    info = tape_info(path, options=ReadOptions(format=str(tmp_path / "ny.toml")))
    assert any("time zone" in text for text in info["looks_wrong"])
