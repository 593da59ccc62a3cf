"""What an order sees of a source: the same from a file, from a file in parts, and from a stream that is read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sor.core.backtest.session import MarketFacts
from sor.core.market.batch import Form, SnapshotBatch
from sor.core.market.timeline import Timeline
from sor.core.units import NANO
from sor.errors import InputError
from sor.request import BacktestRequest
from sor.running.run import run
from sor.sources.source import StreamFacts, TapeFacts, TimelineSource
from sor.tapes import open_tape
from sor.tapes.convert import convert

HEADER = "ts_event,publisher_id,action,side,price,size,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol\n"
MONDAY, TUESDAY = 1_717_421_400, 1_717_507_800  # 13:30 UTC, 2024-06-03 and 04


def row(second: float, venue: int, bid: float, ask: float) -> str:
    return f"{round(second * NANO)},{venue},A,B,,0,{bid:.2f},{ask:.2f},500,500,ABC\n"


def day(start: int, venues: tuple[int, ...], shift: float = 0.0) -> str:
    return "".join(
        row(start + second + 0.1 * place, venue, 10 + shift + second % 3 / 100, 10.02 + shift + second % 3 / 100)
        for second in range(60)
        for place, venue in enumerate(venues)
    )


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Venue 43 quotes on Monday only, and far better than anyone on Tuesday."""
    path = tmp_path_factory.mktemp("days") / "two.csv"
    path.write_text(HEADER + day(MONDAY, (2, 43), shift=-1.0) + day(TUESDAY, (2, 8)))
    convert(path, path.with_name("two.parquet"))
    return path


class Live:
    """A stream: it says how far it reaches, and can only be read from its beginning."""

    has_bids = True
    form = Form.VENUE
    prints_late = 0

    def __init__(self, tape: TimelineSource, known: bool = True) -> None:
        self._tape, self._known = tape, known
        self.passes = 0

    def bounds(self) -> tuple[int, int] | None:
        return self._tape.bounds() if self._known or self.passes else None

    def batches(self) -> Iterator[SnapshotBatch]:
        self.passes += 1
        return self._tape.batches()

    def tape_facts(self) -> TapeFacts:
        return self._tape.tape_facts()

    def stream_facts(self) -> StreamFacts:
        return self._tape.stream_facts()


class Uncut(Live):
    """The backtest gets every snapshot of the tape, in one piece."""

    def timeline(self) -> Timeline:
        return self._tape.timeline()

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        return market


def report(source: Any, **options: Any) -> str:
    defaults: dict[str, Any] = {"quantity": 900, "interval": 10, "strategy": "twap", "fees": "none"}
    return run(source, BacktestRequest(**(defaults | options)).spec()).to_json()


WINDOWS: list[dict[str, Any]] = [
    {"day": "2024-06-04"},
    {"start": "2024-06-04T13:30:20", "end": "2024-06-04T13:30:50"},
    {"start": "2024-06-04T13:30:20", "end": "2024-06-04T13:30:50", "side": "sell", "stale_crossed": 5},
    {"start": "2024-06-04T13:30:20", "end": "2024-06-04T13:30:50", "strategy": "cont_kukanov", "router_interval": 2},
    {"day": "2024-06-03"},
]


@pytest.mark.parametrize("options", WINDOWS, ids=str)
def test_file_parquet_and_stream_give_the_same_bytes(two_days: Path, options: dict[str, Any]) -> None:
    tape = open_tape(two_days, batch_snapshots=7)
    whole = report(tape, **options)
    assert report(open_tape(two_days.with_name("two.parquet")), **options) == whole
    if "day" not in options:  # which days a stream has is known when it has been read
        assert report(Live(tape), **options) == whole


def test_yesterdays_last_quotes_are_no_quotes(two_days: Path, tmp_path: Path) -> None:
    alone = tmp_path / "two.csv"
    alone.write_text(HEADER + day(TUESDAY, (2, 8)))
    options: dict[str, Any] = {"start": "2024-06-04T13:30:00", "end": "2024-06-04T13:30:50"}
    found, expected = (run(open_tape(p), BacktestRequest(fees="none", **options).spec()) for p in (two_days, alone))
    assert found.data["strategies"]["best_ask"] == expected.data["strategies"]["best_ask"]
    assert found.data["optimized"] == expected.data["optimized"]
    assert found.data["order"] == expected.data["order"]
    assert found.data["tape"]["snapshots"] > expected.data["tape"]["snapshots"]  # the facts are the whole tape's


def test_a_stream_over_a_night_is_refused_when_the_night_has_passed(two_days: Path) -> None:
    tape = open_tape(two_days)
    with pytest.raises(InputError, match="holds a night") as of_file:
        report(tape)
    with pytest.raises(InputError, match="holds a night") as of_stream:
        report(Live(tape))
    assert str(of_file.value).split(": work")[0] == str(of_stream.value).split(": work")[0]


def test_a_bare_stream_cannot_be_judged(two_days: Path, tmp_path: Path) -> None:
    alone = tmp_path / "two.csv"
    alone.write_text(HEADER + day(TUESDAY, (2, 8)))
    tape = open_tape(alone)
    options: dict[str, Any] = {"start": "2024-06-04T13:30:00", "end": "2024-06-04T14:30:00"}
    with pytest.raises(InputError, match="not on the tape"):
        report(Live(tape), **options)
    assert "does not say" in report(Live(tape, known=False), **options)


@pytest.mark.parametrize("options", [{"strategy": "twap"}, {"strategy": "static"}, {"max_quote_age": 3}], ids=str)
@pytest.mark.parametrize("start", [0, 7, 30])
def test_a_part_gives_the_bytes_of_the_whole(
    two_days: Path, tmp_path: Path, start: int, options: dict[str, Any]
) -> None:
    alone = tmp_path / "one.csv"
    alone.write_text(HEADER + day(TUESDAY, (2, 8, 43)))
    tape = open_tape(alone, batch_snapshots=5)
    window = {"start": (TUESDAY + start) * NANO, "end": (TUESDAY + start + 20) * NANO}
    assert report(tape, **window, **options) == report(Uncut(tape), **window, **options)


def test_only_what_the_order_can_see_is_worked(two_days: Path) -> None:
    tape = open_tape(two_days, batch_snapshots=4)
    spec = BacktestRequest(strategy="twap", start="2024-06-03T13:30:50", end="2024-06-03T13:30:55").spec()
    first = tape.bounds()[0]  # type: ignore[index]
    part = tape.window(spec.start.ns, spec.end.ns, first)  # type: ignore[attr-defined, union-attr]
    assert sum(map(len, part.batches())) < sum(map(len, tape.batches())) / 8
