"""Files of one tape together against one file that holds their rows."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import PRETTY, T0, Row, columns, oracle, row_lists, same_columns, snapshots

from sor import backtest
from sor.core.market.batch import Snapshot
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.convert import convert
from sor.tapes.info.facts import tape_info

CASES = Path(__file__).parents[3].parent / "shared" / "cases" / "tapes"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not part of the project")
NS = 10**9


def written(folder: Path, name: str, rows: Sequence[Row]) -> Path:
    path = folder / name
    path.write_bytes(PRETTY.encode(list(rows)))
    return path


def figures(tape: Any, **more: Any) -> dict[str, Any]:
    """All of a report that does not tell how the tape came in files."""
    data = backtest(tape=tape, quantity=500, strategy="twap", interval=0.00001, **more).data
    data = {name: value for name, value in data.items() if name not in ("request", "stream", "warnings")}
    data["tape"] = {name: value for name, value in data["tape"].items() if name not in ("name", "files")}
    return data


def trades_by_venue(found: Sequence[Snapshot]) -> list[Snapshot]:
    """The order of trades at one time at several venues means nothing, and files do not say it."""
    return [replace(one, trades=tuple(sorted(one.trades, key=lambda trade: trade.venue))) for one in found]


@given(row_lists(), st.lists(st.integers(0, 2), min_size=4, max_size=4), st.permutations([0, 1, 2]))
@settings(max_examples=60, deadline=None)
def test_venues_split_into_files_in_any_way_are_the_one_tape(
    rows: list[Row], file_of_venue: list[int], order: list[int]
) -> None:
    venues = sorted({row.venue for row in rows})
    file_of = dict(zip(venues, file_of_venue, strict=False))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [[row for row in rows if file_of[row.venue] == number] for number in range(3)]
        paths = [written(folder, f"{number}.csv", part) for number, part in enumerate(parts) if part]
        source = open_tape([paths[number] for number in order if number < len(paths)])
        expected = trades_by_venue(oracle(rows))
        assert trades_by_venue(snapshots(source)) == expected
        facts = source.tape_facts()
        assert facts.rows == len(rows)
        assert sum(file.rows for file in facts.files) == len(rows)
        convert([str(path) for path in paths], folder / "day.parquet")
        assert trades_by_venue(snapshots(open_tape(folder / "day.parquet"))) == expected
        assert open_tape(folder / "day.parquet").tape_facts() == facts


def day(venues: Sequence[int] = (2, 8, 43), count: int = 60) -> list[Row]:
    """Quotes of several venues in turns, with a trade now and then."""
    rows = []
    for i in range(count):
        bid = 222_740_000_000 + (i * 7 % 3) * 10_000_000
        is_trade = i % 5 == 4
        row = Row(T0 + i * 1_000, venues[i % len(venues)], bid, 100 + i, bid + 20_000_000, 200 + i)
        rows.append(replace(row, action="T", side="B", price=bid + 20_000_000, size=10) if is_trade else row)
    return rows


def by_venue(folder: Path, rows: Sequence[Row]) -> list[Path]:
    venues = sorted({row.venue for row in rows})
    return [written(folder, f"v{venue}.csv", [row for row in rows if row.venue == venue]) for venue in venues]


def test_a_report_of_files_is_that_of_one_file_whatever_their_order(tmp_path: Path) -> None:
    one = written(tmp_path, "one.csv", day())
    paths = by_venue(tmp_path, day())
    assert figures(paths) == figures(one)
    reports = {backtest(tape=list(paths), strategy="twap").to_json() for paths in itertools.permutations(paths)}
    assert len(reports) == 1


def test_folder_glob_and_tables_are_the_same_tape(tmp_path: Path) -> None:
    paths = by_venue(tmp_path, day())
    wanted = figures(paths)
    for name in ("manifest.json", "condition.json", "metadata.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / ".hidden").write_text("x")
    assert figures(tmp_path) == wanted
    assert figures(str(tmp_path / "v*.csv")) == wanted
    assert figures([tmp_path, paths[0]]) == wanted  # a file named twice is there once
    frames = [pd.read_csv(path, parse_dates=["ts_event", "ts_recv"]) for path in paths]
    assert figures(frames) == wanted
    assert figures([frame.set_index("ts_recv") for frame in frames]) == wanted
    assert figures(pa.Table.from_pandas(pd.concat(frames).sort_values("ts_event", kind="stable"))) == wanted
    pd.concat(frames).set_index("ts_event").sort_index(kind="stable").to_parquet(tmp_path / "vendor.parquet")
    assert figures(tmp_path / "vendor.parquet") == wanted


def test_other_files_of_a_folder_are_skipped_and_said_but_not_a_file_that_was_named(tmp_path: Path) -> None:
    by_venue(tmp_path, day())
    (tmp_path / "notes.txt").write_text("remember the milk\n")
    facts = open_tape(tmp_path).tape_facts()
    assert [note for note in facts.notes if note.startswith("notes.txt is no tape and is skipped")]
    with pytest.raises(InputError, match=r"notes\.txt"):
        open_tape([tmp_path, tmp_path / "notes.txt"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no tape is in this folder"):
        open_tape(tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").write_text("remember the milk\n")
    with pytest.raises(InputError, match="none of the 1 files is a tape"):
        open_tape(tmp_path / "empty")


def test_late_rows_are_counted_within_their_file(tmp_path: Path) -> None:
    rows = day()
    rows[3], rows[9] = rows[9], rows[3]  # of one venue
    paths = by_venue(tmp_path, rows)
    facts = open_tape(paths).tape_facts()
    assert facts.out_of_order == 2
    assert snapshots(open_tape(paths)) == oracle(day())


def test_the_files_of_a_tape_are_listed_with_their_times(tmp_path: Path) -> None:
    paths = by_venue(tmp_path, day())
    found = tape_info([str(path) for path in paths])
    assert [(file["name"], file["rows"]) for file in found["files"]] == [
        ("v2.csv", 20),
        ("v8.csv", 20),
        ("v43.csv", 20),
    ]
    assert found["files"][0]["first"] == "2024-08-01T13:36:32.000000000Z"
    assert found["overlap"]["seconds"] == Decimal("0.000055")  # the last file to begin and the first to end
    assert {venue: took["median"] for venue, took in found["latency_us"].items()} == {"2": 165, "8": 165, "43": 165}
    assert tape_info(paths[0])["overlap"] is None


def test_a_clock_of_receipt(tmp_path: Path) -> None:
    text = (
        "ts_recv,ts_event,publisher_id,action,price,size,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00,symbol\n"
        "2024-06-03T13:30:02Z,2024-06-03T13:30:00Z,{venue},A,,0,10,100,10.02,100,A\n"
    )
    (tmp_path / "a.csv").write_text(text.format(venue=2))
    (tmp_path / "b.csv").write_text(text.format(venue=43))
    both = [tmp_path / "a.csv", tmp_path / "b.csv"]
    at = {clock: snapshots(open_tape(both, clock=clock))[0].ts for clock in ("event", "recv")}
    assert at["recv"] - at["event"] == 2 * NS
    (tmp_path / "c.csv").write_text(text.replace("ts_recv,", "").replace("2024-06-03T13:30:02Z,", "").format(venue=8))
    with pytest.raises(InputError, match=r"c\.csv.*ts_recv"):
        open_tape([*both, tmp_path / "c.csv"], clock="recv")


def test_a_venue_is_named_for_a_file_that_names_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give the file without VENUE="):
        open_tape(f"XNAS={written(tmp_path, 'one.csv', day())}")
    path = written(tmp_path, "XNAS=one.csv", day())
    assert open_tape(path).tape_facts().rows == 60  # an existing path wins


def test_spellings_of_a_stock(tmp_path: Path) -> None:
    spelled = {2: "BRK.B", 8: "BRK B", 43: "BRK/B"}
    rows = [replace(row, symbol=spelled[row.venue]) for row in day()]
    paths = by_venue(tmp_path, rows)
    assert open_tape(paths).tape_facts().symbol == "BRK.B"
    assert snapshots(open_tape(paths)) == oracle(day())
    assert snapshots(open_tape(paths, symbol="BRK B")) == oracle(day())
    assert len(convert([str(path) for path in paths], tmp_path / "day.parquet").symbols) == 1


def test_two_spellings_in_one_file_stay_two_symbols(tmp_path: Path) -> None:
    rows = day()
    two = [replace(row, symbol="BRK.B" if at % 2 else "BRK B") for at, row in enumerate(rows) if row.venue == 2]
    other = [replace(row, symbol="BRK.B") for row in rows if row.venue == 8]
    paths = [written(tmp_path, "two.csv", two), written(tmp_path, "other.csv", other)]
    with pytest.raises(InputError, match="2 symbols"):
        open_tape(paths)
    assert open_tape(paths, symbol="BRK.B").tape_facts().rows == 30
    assert len(convert([str(path) for path in paths], tmp_path / "day.parquet").symbols) == 2


def test_case_counts(tmp_path: Path) -> None:
    rows = [replace(row, symbol="brk" if row.venue == 2 else "BRK") for row in day()]
    with pytest.raises(InputError, match="2 symbols"):
        open_tape(by_venue(tmp_path, rows))


def numbered(folder: Path) -> list[Path]:
    """Files that know their stock by a number only, another in each."""
    text = "ts_event,publisher_id,instrument_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00\n"
    paths = []
    for venue, ident in ((2, 38), (43, 10)):
        path = folder / f"n{venue}.csv"
        path.write_text(text + f"2024-06-03T13:30:0{venue % 10}Z,{venue},{ident},10,100,10.02,100\n")
        paths.append(path)
    return paths


def test_numbers_of_data_sets_match_nothing_but_what_is_said(tmp_path: Path) -> None:
    paths = numbered(tmp_path)
    with pytest.raises(InputError, match=r"instrument_id only.*--symbol-in n2\.csv=38"):
        open_tape(paths)
    said = open_tape(paths, symbol_in=[f"{paths[0]}=38", "n43.csv=10"])
    assert len(snapshots(said)) == 2
    with pytest.raises(InputError, match="no such id"):
        open_tape(paths, symbol_in=["n2.csv=39", "n43.csv=10"])
    with pytest.raises(InputError, match="no file of the tape"):
        open_tape(paths, symbol_in=["n3.csv=39"])
    interval = {"d0": "2024-06-03", "d1": "2024-06-04"}
    result = {"ABC": [interval | {"s": "38"}, interval | {"s": "10"}]}
    (tmp_path / "symbology.json").write_text(json.dumps({"result": result}))
    found = open_tape(paths)
    assert found.tape_facts().symbol == "ABC"
    assert len(snapshots(found)) == 2
    (tmp_path / "symbology.json").write_text("[]")
    with pytest.raises(InputError, match=r"symbology\.json: this is no symbology"):
        open_tape(paths)


def test_a_file_by_number_joins_files_by_name(tmp_path: Path) -> None:
    rows = [row for row in day() if row.venue == 8]
    named = written(tmp_path, "named.csv", rows)
    paths = numbered(tmp_path)
    (tmp_path / "n2.csv").write_text(paths[0].read_text().replace("2024-06-03T13:30:02Z", "2024-08-01T13:36:33Z"))
    source = open_tape([named, paths[0]], symbol_in=["n2.csv=38"])
    assert source.tape_facts().symbol == "AAPL"
    assert source.tape_facts().rows == 21


def test_prints_of_a_trade_reporting_facility_are_summed_apart(tmp_path: Path) -> None:
    off = Row(T0 + 500, 82, None, 0, None, 0, action="T", side="N", price=222_750_000_000, size=700)
    with_prints = written(tmp_path, "with.csv", sorted([*day(), off, replace(off, ts=T0 + 7_500)], key=lambda r: r.ts))
    without = written(tmp_path, "without.csv", day())
    facts = open_tape(with_prints).tape_facts()
    assert (facts.off_exchange_trades, facts.off_exchange) == (2, 1_400)
    assert snapshots(open_tape(with_prints)) == snapshots(open_tape(without))
    convert(str(with_prints), tmp_path / "with.parquet")
    assert open_tape(tmp_path / "with.parquet").tape_facts() == facts
    data = backtest(tape=with_prints, strategy="best_ask").data
    assert data["tape"]["off_exchange"] == {"trades": 2, "shares": 1_400}
    assert data["tape"]["volume_in_window"] == sum(row.size for row in day() if row.action == "T")


@needs_cases
def test_the_cases() -> None:
    consolidated = backtest(tape=CASES / "y_consolidated.csv", quantity=400, strategy="best_ask", fees="none").data
    best = consolidated["optimized"]
    assert (best["filled"], best["forced"]) == (200, 200)
    assert any("94" in warning and "left out" in warning for warning in consolidated["warnings"])
    every = backtest(tape=CASES / "v_equs_all.csv", quantity=1_000, strategy="best_ask").data
    assert [venue["mic"] for venue in every["tape"]["venues"]] == ["XNAS", "EDGX", "ARCX"]
    assert every["optimized"]["fees"] > 0
    with pytest.raises(InputError, match="instrument_id only"):
        open_tape(CASES / "pd_ids.csv")
    with pytest.raises(InputError, match="instrument_id only"):
        open_tape(CASES / "pd_collide.csv")


@pytest.mark.parametrize("names", [("XNAS", "ARCX", "EDGX"), ("2", "43", "8"), ("xnas", "arcx", "edgx")])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_without_a_venue_are_those_that_name_it(tmp_path: Path, names: tuple[str, ...], ending: str) -> None:
    rows = day()
    files = []
    for name, venue in zip(names, (2, 43, 8), strict=True):
        table = pd.read_csv(written(tmp_path, "one.csv", [row for row in rows if row.venue == venue]), dtype=str)
        path, bare = tmp_path / f"{name}.{ending}", table.drop(columns="publisher_id")
        if ending == "csv":
            bare.to_csv(path, index=False)
        else:
            pq.write_table(pa.Table.from_pandas(bare), path)
        files.append(f"{name}={path}")
        with pytest.raises(InputError, match=f"name no venue.* such as XNAS={path.name}"):
            open_tape(path)
    whole = open_tape(written(tmp_path, "all.csv", rows))
    assert same_columns(columns(open_tape(files)), columns(whole))
    assert same_columns(columns(open_tape(files[::-1])), columns(whole))


def test_vendors_files_without_a_venue_are_read_at_the_venue_that_is_said(tmp_path: Path) -> None:
    quotes, trades = tmp_path / "quotes.csv", tmp_path / "trades.csv"
    quotes.write_text("time,symbol,bid,bid_size,ask,ask_size\n2024-06-03T13:30:00Z,AB,10.00,100,10.02,300\n")
    trades.write_text("time,symbol,price,size\n2024-06-03T13:30:01Z,AB,10.02,50\n")
    mine = tmp_path / "mine.toml"
    mine.write_text('like = "generic"\n')
    for written_in in (None, str(mine)):
        (only,) = open_tape(f"XNAS={quotes}", format=written_in).batches()
        assert only.snapshots()[0].quotes[0].venue == 2
    both = snapshots(open_tape([f"ARCX={quotes}", f"43={trades}"]))
    assert [trade.venue for snapshot in both for trade in snapshot.trades] == [43]


def test_a_file_has_one_venue_however_often_it_is_named(tmp_path: Path) -> None:
    quotes = tmp_path / "quotes.csv"
    quotes.write_text("time,bid,bid_size,ask,ask_size\n2024-06-03T13:30:00Z,10.00,100,10.02,300\n")
    for names in itertools.permutations([f"XNAS={quotes}", str(quotes), f"2={quotes}"]):
        assert snapshots(open_tape(list(names)))[0].quotes[0].venue == 2
    with pytest.raises(InputError, match="said to be of two venues, 2 and 43"):
        open_tape([f"XNAS={quotes}", f"ARCX={quotes}"])


def test_trades_alone_become_parquet_and_go_with_quotes(tmp_path: Path) -> None:
    quotes, trades = tmp_path / "quotes.csv", tmp_path / "trades.csv"
    quotes.write_text("time,symbol,venue,bid,bid_size,ask,ask_size\n2024-06-03T13:30:00Z,AB,XNAS,10.00,100,10.02,300\n")
    trades.write_text("time,symbol,venue,price,size\n2024-06-03T13:30:01Z,AB,XNAS,10.02,50\n")
    convert(trades, tmp_path / "trades.parquet")
    assert snapshots(open_tape([quotes, tmp_path / "trades.parquet"])) == snapshots(open_tape([quotes, trades]))
