"""A window of a Parquet tape: byte for byte the report of the whole tape, and only what it needs is read."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import PRETTY, T0, Row, row_lists
from thorough import THOROUGH

from sor.api import backtest
from sor.core.backtest.session import MarketFacts
from sor.core.market.batch import Form
from sor.errors import InputError
from sor.report.report import Report
from sor.request import BacktestRequest
from sor.running.run import run
from sor.sources.source import TimelineSource
from sor.synth.csv_file import write_tape
from sor.synth.tape import SynthSpec
from sor.tapes import open_tape
from sor.tapes.convert import convert

SECOND = 10**9
START = 1_717_421_400 * SECOND


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two symbols at three venues for two minutes, in row groups of some hundred rows."""
    folder = tmp_path_factory.mktemp("tape")
    for _ in write_tape(SynthSpec(3, 120 * SECOND, 2, ("AAA", "BBB"), START, activity=300), folder / "day.csv"):
        pass
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", 500)
        patch.setattr("sor.tapes.parquet.reader._READ_ROWS", 300)
        convert(folder / "day.csv", folder / "large.parquet")
        convert(folder / "large.parquet", folder / "day.parquet")
    return folder / "day.parquet"


class Whole:
    """A tape of which nothing is cut: the backtest gets every snapshot of it."""

    has_bids = True
    form = Form.VENUE
    prints_late = 0

    def __init__(self, tape: TimelineSource) -> None:
        self.bounds, self.batches, self.timeline = tape.bounds, tape.batches, tape.timeline
        self.tape_facts, self.stream_facts = tape.tape_facts, tape.stream_facts

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        return market


def report(path: Path, start: int, end: int, part: bool, **options: Any) -> Report:
    """A backtest of the whole tape, or of what `run` takes of it; that again from a tape that keeps what was read."""
    usual: dict[str, Any] = {"symbol": "AAA", "quantity": 300, "interval": 5, "start": start, "end": end}
    options = usual | options
    spec = BacktestRequest(**options).spec()
    how: dict[str, Any] = {"symbol": options["symbol"], "snapshot_rule": options.get("snapshot_rule", "last")}
    if not part:
        return run(Whole(open_tape(path, **how)), spec)
    found, kept = run(open_tape(path, **how), spec), open_tape(path, keep=True, **how)
    assert [run(kept, spec).to_json() for _ in range(2)] == [found.to_json()] * 2
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "twap"},
        {"strategy": "best_ask", "side": "sell", "symbol": "BBB"},
        {"strategy": "static", "quantity": 100},
        {"strategy": "twap", "liquidity": "replenish", "latency_us": 700},
        {"strategy": "twap", "limit_price": 150},
        {"strategy": "twap", "snapshot_rule": "first"},
    ],
)
@pytest.mark.parametrize("start", [START + 30 * SECOND, START + 61 * SECOND + 7, START - SECOND, START])
def test_the_same_bytes_as_with_the_whole_tape(tape: Path, options: dict[str, Any], start: int) -> None:
    window, whole = (report(tape, start, start + 20 * SECOND, part, **options) for part in (True, False))
    assert window.to_json() == whole.to_json()
    assert window.fill_records == whole.fill_records
    assert window.path == whole.path


def test_quotes_that_grow_old(tape: Path) -> None:
    """With --max-quote-age the window begins as much earlier."""
    for age in ("0.2", "3"):
        start = START + 40 * SECOND
        options = {"strategy": "twap", "max_quote_age": age}
        window, whole = (report(tape, start, start + 15 * SECOND, part, **options) for part in (True, False))
        assert window.to_json() == whole.to_json()


@pytest.mark.parametrize("more", [{}, {"adverse_selection": True, "orders": 3}, {"side": "sell", "max_quote_age": 2}])
def test_the_router_too(tape: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]) -> None:
    """Here it looks back on 40 s, so that the tape is longer than its memory."""
    for module in ("outflow_history", "allocators"):
        monkeypatch.setattr(f"sor.core.router.{module}.LATEST", 40)
    start = START + 70 * SECOND
    options = {"strategy": "cont_kukanov", "lambda_over": "1.5x", "lambda_under": "1.5x", "theta_queue": "0.5x"} | more
    window, whole = (report(tape, start, start + 20 * SECOND, part, **options) for part in (True, False))
    assert "fewer than 30 past windows" not in whole.data["router"]["all_market"]
    assert window.to_json() == whole.to_json()
    source = open_tape(tape, symbol="AAA", window=(start - 10 * SECOND, start + 20 * SECOND))
    short = run(
        source, BacktestRequest(symbol="AAA", quantity=300, interval=5, start=start, end=start + 20 * SECOND).spec()
    )
    assert "fewer than 30 past windows" in short.data["router"]["all_market"]  # history begins there: it is told


def test_a_backtest_reads_what_its_order_needs(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = groups_read(monkeypatch)
    backtest(
        tape=tape, symbol="AAA", strategy="twap", start=START + 60 * SECOND, end=START + 64 * SECOND
    )  # and 4 s of mids after it
    assert 0 < len(read) < pq.ParquetFile(tape).num_row_groups / 4


def test_open_tape_knows_windows(tape: Path) -> None:
    start, end = START + 30 * SECOND, START + 45 * SECOND
    source = open_tape(tape, symbol="AAA", window=(start, end + 15 * SECOND))  # mids after the fills
    spec = BacktestRequest(symbol="AAA", quantity=300, interval=5, start=start, end=end, strategy="twap").spec()
    assert run(source, spec).to_json() == report(tape, start, end, False, strategy="twap").to_json()
    rows = source.tape_facts().rows
    assert rows is not None
    assert sum(map(len, source.batches())) < rows / 4


def groups_read(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The row groups that are read from now on."""
    found: set[int] = set()
    original = pq.ParquetFile.iter_batches

    def spy(self: Any, *args: Any, row_groups: Any = None, **kwargs: Any) -> Any:
        found.update(range(self.num_row_groups) if row_groups is None else row_groups)
        return original(self, *args, row_groups=row_groups, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
    return found


def test_only_the_row_groups_that_are_needed(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    footer = pq.ParquetFile(tape)
    times = [
        (
            footer.metadata.row_group(g).column(1).statistics.min.value,
            footer.metadata.row_group(g).column(1).statistics.max.value,
        )
        for g in range(footer.num_row_groups)
    ]
    start, end = START + 50 * SECOND, START + 60 * SECOND
    read = groups_read(monkeypatch)
    for _ in open_tape(tape, symbol="AAA", window=(start, end)).batches():
        pass
    needed = {g for g, (first, last) in enumerate(times) if first <= end and last >= start}
    assert needed <= read
    assert len(read - needed) <= 1  # the one before, when the start falls between two
    assert len(read) < len(times) / 4


def test_a_price_of_zero_with_a_size_is_no_side_of_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last mid lies before a row group whose book has such a price, and the window begins behind it."""
    monkeypatch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", 1)
    second = 10**9
    rows = [
        Row(T0),
        Row(T0 + second, ask_px=None, ask_sz=0),
        Row(T0 + second, 7, 222_750_000_000, 100, 0, 100),
        Row(T0 + 2 * second, ask_px=None, ask_sz=0),
        Row(T0 + 4 * second, bid_px=222_700_000_000),
    ]
    tape, out = tmp_path / "day.csv", tmp_path / "day.parquet"
    tape.write_bytes(PRETTY.encode(rows))
    convert(tape, out)
    part, whole = (
        report(out, T0 + 3 * second, T0 + 4 * second, part, symbol="AAPL", strategy="twap") for part in (True, False)
    )
    assert part.to_json() == whole.to_json()
    assert part.data["order"]["arrival_px"] == Decimal("222.75")  # of the two sides at T0


@pytest.mark.long
@given(row_lists(symbols=("AAPL", "MSFT")), st.sampled_from([1, 3, 10]), st.integers(-3, 40), st.integers(0, 30))
@settings(max_examples=40 * THOROUGH, deadline=None)
def test_any_rows_any_window(rows: list[Row], group_rows: int, offset: int, length: int) -> None:
    """Empty sides, venues that come late, equal instants: the report is the whole tape's."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", group_rows)
        tape, out = Path(folder, "day.csv"), Path(folder, "day.parquet")
        tape.write_bytes(PRETTY.encode(rows))
        convert(tape, out)
        symbol = rows[0].symbol
        times = sorted({row.ts for row in rows if row.symbol == symbol})
        start = times[offset % len(times)] + (offset % 3 - 1)
        end = max(start, times[min(len(times) - 1, length)])
        for strategy in ("twap", "static"):
            found = []
            for part in (True, False):
                try:
                    options = {"symbol": symbol, "strategy": strategy, "quantity": 200, "fees": "none"}
                    found.append(report(out, start, end, part, **options).to_json())
                except InputError as error:
                    found.append(str(error))
            assert found[0] == found[1]
