"""How the main screens look at three sizes. What they show is real and always the same: one run, cut at one place.

After a wanted change: pytest tests/tui/test_snapshots.py --snapshot-update, and look at the pictures.
"""

from __future__ import annotations

import os
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from driving import OPTIONS, Driver
from textual.pilot import Pilot

from sor.core.backtest.live_view import LiveView
from sor.core.backtest.live_view_builder import LiveViewBuilder
from sor.core.backtest.session import Session
from sor.core.market.book import Book
from sor.core.spec import TUNED
from sor.files.writing import private_dir
from sor.request import BacktestRequest
from sor.running.run import run
from sor.running.tape_source import tape_source
from tui.app import SorApp
from tui.messages import Began, BrokerState, GroupLag, LiveUpdate, RunRequest, StreamHealth, Topic
from tui.state import kept
from tui.state.app_state import Live, Opened, parse_report
from tui.worker.streams import Played, Throttle

PICTURES = [
    ("setup", (80, 24)), ("setup", (140, 40)), ("watch", (80, 24)), ("watch", (140, 40)), ("watch", (200, 60)),
    ("result", (80, 24)), ("result", (140, 40)), ("history", (100, 30)), ("broker", (100, 30)),
]  # fmt: skip
REPORT = Path(__file__).parent / "report.json"
VALUES = {
    "side": "sell",
    "quantity": "2000",
    "start": "13:31:00",
    "lambda_over": "1.5x",
    "speed": "10",
    "stream": "embedded",
}


class Half:
    """The first batches of a source, up to a number of snapshots."""

    def __init__(self, source: Any, count: int) -> None:
        self._source, self._count, self.has_bids = source, count, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def batches(self) -> Any:
        left = self._count
        for batch in self._source.batches():
            yield batch.slice(0, min(left, len(batch)))
            left -= min(left, len(batch))
            if not left:
                return


@cache
def _view() -> tuple[LiveView, ...]:
    """Two looks at a real run that has come to the middle of its order."""
    options: dict[str, Any] = {**OPTIONS, "end": "13:31:40"}
    request = BacktestRequest(**options)
    views: list[LiveView] = []
    follower = LiveViewBuilder(TUNED)

    def watch(session: Session, book: Book) -> None:
        if session.snapshots in (8_192, 9_500):
            views.append(follower.snapshot(session, book))

    half = Half(tape_source(request), 9_500)
    run(Played(half, Throttle(float("inf")), lambda *_: None, cut=False), request.spec(), watch)
    return tuple(views)


def _live() -> Live:
    live = Live(RunRequest(), "10")
    live.on_event(Began("embedded", "small", "SYNT", 0, 1, "no broker answers at 127.0.0.1:9092"))
    health = StreamHealth(9_500, 9_500, 1_234.0, 0.61, 0.012, 0, 0, 0)
    for view in _view():
        live.on_event(LiveUpdate(health, view))
    return live


def _opened() -> Opened:
    return parse_report("report.json", REPORT.read_text("utf-8"))


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOR_THEME", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


def _app(page: str) -> tuple[SorApp, Any]:
    app = SorApp(VALUES)

    async def prepare(pilot: Pilot[int]) -> None:
        if page == "watch":
            app.app_state.live = _live()
        elif page == "result":
            app.app_state.show(_opened())
        elif page == "history":
            private_dir(kept.folder())
            for hour in (13, 14):
                at = f"sor-report-20240603T{hour}0000.250000Z.json"
                (kept.folder() / at).write_text(REPORT.read_text("utf-8"), "utf-8")
        elif page == "broker":
            app.watch_broker = lambda: None  # type: ignore[method-assign]
            app.lags["sor-backtest"] = deque([0, 0, 900, 2_400, 4_100, 5_200, 5_580])
            app.broker_state = BrokerState(
                True, ("Kafka 3.9.1 at 127.0.0.1:9092",), "mock_l1_stream",
                (
                    Topic(
                        "mock_l1_stream", 1, 0, 75_580, 20_100_000, (GroupLag("sor-backtest", "Empty", 70_000, 5_580),)
                    ),
                    Topic("mock_l1_stream.dlq", 1, 0, 3, 2_100),
                    Topic(
                        "orders", 4, 0, 1_200, 400_000, (GroupLag("a", "Stable", 9, 3), GroupLag("b", "Empty", 1, 11))
                    ),
                ),
                (("zookeeper.service", "active (running)"), ("kafka.service", "activating (auto-restart)")),
                ("13:30:00 kafka INFO started",),
            )  # fmt: skip
        app.action_page(page)
        if page == "setup":
            await Driver(app, pilot).sees("no broker is touched")
        await Driver(app, pilot).still()

    return app, prepare


@pytest.mark.parametrize(("page", "size"), PICTURES, ids=[f"{page}-{w}x{h}" for page, (w, h) in PICTURES])
def test_screen(snap_compare: Any, page: str, size: tuple[int, int]) -> None:
    app, prepare = _app(page)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_nothing_of_a_machine_is_in_a_picture() -> None:
    folder = Path(__file__).parent / "__snapshots__"
    home = os.path.expanduser("~")
    assert not [path for path in folder.rglob("*") if path.is_file() and home in path.read_text(errors="replace")]
