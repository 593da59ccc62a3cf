"""Each flow of the terminal interface, with real runs on the bundled tape."""

from __future__ import annotations

import base64
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from driving import OPTIONS, SHORT, driving
from textual.events import MouseScrollDown
from textual.widgets import Button, Input

from sor import backtest
from sor.cli import run as sor
from tui.actions.workers import WorkerEvent
from tui.app import SorApp
from tui.messages import BrokerState, Failed, Finished, Gone, GroupLag, Noted, TapeSummary, Topic
from tui.screens.broker import sparkline
from tui.screens.dialogs import Ask, Help
from tui.screens.live import WatchPage
from tui.screens.result import ResultPage
from tui.screens.setup import SetupPage
from tui.worker.broker_tasks import journal_line, unit_states


def command_line(capsys: pytest.CaptureFixture[str], options: dict[str, str]) -> str:
    """What `sor-backtest --json` prints for the same options."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    capsys.readouterr()
    assert sor(["backtest", *words, "--json"], "sor") == 0
    return capsys.readouterr().out


async def test_start_to_finish_is_the_command_line_byte_for_byte(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = command_line(capsys, OPTIONS)
    async with driving(tape_is_read=False) as d:
        assert isinstance(d.app.screen, SetupPage)
        await d.press("ctrl+r")
        assert isinstance(d.app.screen, WatchPage | ResultPage), "on a busy machine the run may be over"
        await d.finished()
        shown = d.app.app_state.shown
        assert shown is not None
        assert isinstance(d.app.screen, ResultPage)
        assert shown.text == wanted
        assert Path(shown.kept).read_text() == shown.text
        await d.sees("cont_kukanov bought 1,000")
        await d.sees("out of sample")
        await d.press("f3")
        await d.sees("Buy 1,000 SYNT")
        await d.sees("1,000 of 1,000 done")
        headline = shown.data["headline"]["mean_savings_bps"]
        await d.sees(f"X_M {headline:+.2f} bps")


@pytest.mark.long
async def test_pause_resume_and_speed_change_nothing_in_the_report() -> None:
    async with driving({**SHORT, "speed": "1"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.played(0.05)
        assert isinstance(d.app.screen, WatchPage)
        live = d.app.app_state.live
        assert live is not None
        await d.press("space")
        assert live.state == "paused"
        await d.until(lambda: live.health.rate == 0)
        stands = live.view
        await d.pilot.pause(0.5)
        assert live.view == stands
        await d.sees("paused")
        await d.press("space")
        await d.until(lambda: live.view is not None and stands is not None and live.view.ts > stands.ts)
        await d.press("space")  # or a fast run may end before the last key
        await d.press("minus")
        assert live.speed == "0.5"
        for _ in range(9):
            await d.press("plus")
        assert live.speed == "max"
        await d.press("space")
        await d.finished()
        assert d.app.app_state.shown is not None
        assert d.app.app_state.shown.text == backtest(**dict[str, Any](OPTIONS)).to_json()


@pytest.mark.long
async def test_a_stopped_run_is_reported_as_partial() -> None:
    async with driving({**SHORT, "speed": "1"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.played(0.05)
        await d.press("s")
        await d.told("stop")
        await d.finished()
        shown = d.app.app_state.shown
        assert shown is not None
        assert shown.partial
        assert not shown.data["stream"]["complete"]
        assert shown.data["stream"]["received"] < shown.data["stream"]["expected"]
        assert any("stopped after" in sentence for sentence in shown.data["warnings"])
        assert {entry["forced"] for entry in shown.data["strategies"].values()} == {0}
        assert shown.data["optimized"]["leaves"] > 0
        await d.sees("Stopped before its end", "nothing was forced")
        assert Path(shown.kept).read_text() == shown.text


async def test_what_is_wrong_is_said_beside_the_field_and_does_not_run() -> None:
    async with driving(tape_is_read=False) as d:
        quantity = d.app.screen.query_one("#quantity", Input)
        quantity.focus()
        quantity.value = "many"
        await d.pause()
        await d.sees("quantity 'many' is not a number")
        assert d.app.screen.query_one("#row-quantity").has_class("-bad")
        assert d.app.screen.query_one("#go", Button).disabled
        await d.press("ctrl+r")
        assert isinstance(d.app.screen, SetupPage)
        quantity.value = "2000"
        await d.pause()
        assert "is not a number" not in d.text()
        assert not d.app.screen.query_one("#go", Button).disabled


async def test_every_field_has_the_command_lines_sentence() -> None:
    wrong = {
        "start": ("25 o'clock", 'start "25 o\'clock" is not a time'),
        "lambda_over": ("0.9x", "a multiple must be above 1"),
        "speed": ("-3", "is not a positive number"),
        "servers": ("nowhere", "a server is written host:port"),
        "tape": ("/no/such/tape.csv", "does not exist"),
        "fees": ("/no/such/fees.json", "/no/such/fees.json"),
        "limit_price": ("abc", "is not a price in dollars"),
    }
    async with driving({**SHORT, **{name: value for name, (value, _) in wrong.items()}}, size=(140, 40)) as d:
        for name, (_, words) in wrong.items():
            assert words in str(d.app.screen.query_one(f"#why-{name}").render()), name


async def test_a_run_that_fails_says_why_in_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    async with driving({**SHORT, "tape": str(bad), "strategy": "twap"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        text, kind = d.app.message
        assert kind == "error"
        assert "bad.csv" in text
        assert "\n" not in text
        assert "Traceback" not in d.text()
        assert d.app.app_state.live is not None
        assert d.app.app_state.live.state == "failed"
        await d.press("f2")
        d.app.screen.query_one("#tape", Input).value = ""
        await d.press("ctrl+r")
        await d.finished()
        assert d.app.app_state.shown is not None


async def test_a_window_off_the_tape_is_an_error_with_what_to_do() -> None:
    async with driving({**SHORT, "start": "20:00:00", "end": "21:00:00"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        await d.told("no snapshot of the tape lies in the window")


@pytest.mark.long
async def test_save_copy_and_open(tmp_path: Path) -> None:
    async with driving({**SHORT, "strategy": "twap"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        shown = d.app.app_state.shown
        assert shown is not None

        await d.press("j")
        d.app.screen.query_one("#path", Input).value = str(tmp_path / "deep" / "mine.json")
        await d.press("enter")
        assert (tmp_path / "deep" / "mine.json").read_text() == shown.text
        await d.told("saved as")

        await d.press("j")
        d.app.screen.query_one("#path", Input).value = "/proc/nothing/mine.json"
        await d.press("enter")
        await d.told("cannot write there", "error")

        await d.press("w")
        d.app.screen.query_one("#path", Input).value = str(tmp_path / "all")
        await d.press("enter")
        await d.until(lambda: d.app.message[0].startswith("saved in"))
        names = {path.name for path in (tmp_path / "all").iterdir()}
        assert {"report.json", "fills.csv", "fills.parquet"} <= names
        assert (tmp_path / "all" / "report.json").read_text() == shown.text

        await d.press("y")
        assert d.app.clipboard == shown.text

        await d.press("o")
        d.app.screen.query_one("#path", Input).value = str(tmp_path / "deep" / "mine.json")
        await d.press("enter")
        assert d.app.app_state.shown is not shown
        assert d.app.app_state.shown is not None
        assert d.app.app_state.shown.text == shown.text
        await d.sees("mine.json")
        await d.press("w")
        await d.told("there is the file only")


async def test_open_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    async with driving(tape_is_read=False) as d:
        for content, words in (
            (None, "No such file"),
            ("no json", "not JSON: Expecting value (line 1, column 1)"),
            ('{"a": 1}', "not a report of sor backtest"),
        ):
            if content is not None:
                path.write_text(content)
            await d.press("ctrl+o")
            d.app.screen.query_one("#path", Input).value = str(path)
            await d.press("enter")
            await d.told(words, "error")


async def test_quit_asks_only_while_a_run_is_on_and_keeps_its_report(state: Path) -> None:
    async with driving({**SHORT, "speed": "1"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.played(0.05)
        await d.press("ctrl+q")
        assert isinstance(d.app.screen, Ask)
        await d.press("escape")
        assert d.app.app_state.running
        await d.press("ctrl+q", "y")
        assert not d.app._running or d.app._exit
    said = d.app.close_workers()
    assert isinstance(d.app._last_word, Finished)
    assert d.app._last_word.partial
    (kept,) = (state / "reports").glob("*.json")
    assert json.loads(kept.read_text())["stream"]["complete"] is False
    assert said == "" or str(kept) in said


async def test_quit_does_not_ask_without_a_run() -> None:
    async with driving(tape_is_read=False) as d:
        await d.press("ctrl+q")
        assert d.app._exit


async def test_help_comes_and_goes_by_its_key_and_by_the_palette() -> None:
    async with driving(tape_is_read=False) as d:
        await d.press("question_mark")
        assert isinstance(d.app.screen, Help)
        await d.press("question_mark")
        assert isinstance(d.app.screen, SetupPage)
        await d.press("ctrl+p", *"help")
        await d.sees("Keys and words")
        await d.press("enter")
        await d.until(lambda: isinstance(d.app.screen, Help))


@pytest.mark.long
async def test_sizes_themes_and_the_palette_lose_nothing() -> None:
    async with driving({**SHORT, "speed": "0.5", "end": "13:31:40"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.played(0.02)
        await d.press("space")  # or a slow machine may come to the end of the run first
        for size in ((80, 24), (140, 40), (60, 20), (200, 60), (100, 30)):
            await d.pilot.resize_terminal(*size)
            await d.until(lambda size=size: d.app.screen.size == size)  # type: ignore[misc]
            await d.sees("Venues", "of 1,000 done", "saved", "slippage", "next ")
        for name in ("sor-light", "sor-16", "ansi-dark", "ansi-light", "sor-dark"):
            d.app.theme = name
            await d.pause()
        await d.press("ctrl+p")
        await d.press(*"stop")
        await d.sees("End the run")
        await d.press("enter")
        await d.until(lambda: d.app.app_state.live is not None and d.app.app_state.live.stopping)
        await d.finished()


async def test_a_simple_strategy_is_shown_itself() -> None:
    async with driving({**SHORT, "strategy": "twap"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        live = d.app.app_state.live
        assert live is not None
        assert live.view is not None
        assert live.view.shown == "twap"
        await d.press("f3")
        await d.sees("twap")


async def test_the_mouse_works() -> None:
    async with driving({**SHORT, "strategy": "twap"}, tape_is_read=False) as d:
        await d.click("#go")
        await d.finished()
        assert isinstance(d.app.screen, ResultPage)


async def test_copy_goes_through_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """OSC 52: it works over ssh, where no clipboard program could."""
    written: list[str] = []
    app = SorApp({**SHORT, "strategy": "twap"})
    async with driving(app=app, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        await d.press("y")
        monkeypatch.undo()
        sent = next(text for text in written if text.startswith("\x1b]52;c;"))
        assert d.app.app_state.shown is not None
        assert base64.b64decode(sent[7:-1]).decode() == d.app.app_state.shown.text


async def test_before_the_first_run_only_what_is_possible_is_offered() -> None:
    async with driving(tape_is_read=False) as d:
        for key, words in (("f3", "no run yet"), ("f4", "No report yet"), ("f5", "No report is kept yet")):
            await d.press(key)
            await d.sees(words, "? Help")
            await d.press("r", "w", "j", "y")
            assert not any(offer in d.text() for offer in ("Run again", "Save", "Copy"))
            assert d.app.app_state.live is None


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.long)])
async def test_a_worker_that_is_killed_is_said_in_one_line(number: signal.Signals) -> None:
    """SIGKILL too: the system sends it to a process that takes too much memory."""
    async with driving({**SHORT, "speed": "1"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.played(0.05)
        assert d.app._worker is not None
        os.kill(d.app._worker.pid, number)
        await d.finished()
        await d.told("ended without a word", "error")


async def test_the_broker_screen_says_that_there_is_none() -> None:
    async with driving({**SHORT, "servers": "127.0.0.1:1"}, tape_is_read=False) as d:
        await d.press("f6")
        await d.until(lambda: d.app.broker_state is not None)
        await d.sees("does not serve")
        await d.sees("no broker answers at 127.0.0.1:1")
        watcher = d.app._watcher
        assert watcher is not None
        await d.press("f2")
        assert d.app._watcher is None
        assert not Path(f"/proc/{watcher.pid}").exists()


@pytest.mark.parametrize("size", [(80, 24), pytest.param((140, 40), marks=pytest.mark.long)])
async def test_the_topic_of_the_run_stands_before_all_others(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SorApp, "watch_broker", lambda _: None)
    others = [
        Topic(f"a-{number:03}", 1, 0, 10, 100, (GroupLag("sor-backtest", "Empty", 10, 0),)) for number in range(200)
    ]
    mine = Topic("mock_l1_stream", 1, 0, 75_580, 20_100_000, (GroupLag("sor-backtest", "Empty", 75_000, 580),))
    units = (("zookeeper.service", "active (running)"), ("kafka.service", "active (running)"))
    async with driving(size=size, tape_is_read=False) as d:
        lines = ("Kafka 3.9.1 at 127.0.0.1:9092", "  zookeeper: process 1, serves", "  kafka: process 2, serves")
        d.app.broker_state = BrokerState(True, lines, mine.name, (*others, mine), units, ("the journal's last line",))
        await d.press("f6")
        await d.sees("Other topics: 200", "a-000")
        text = d.text()
        for words in ("● serves", "zookeeper.service  ● active", "Topic mock_l1_stream", "75,580 messages", "20.1 MB"):
            assert words in text
        (reader,) = [line for line in text.splitlines() if line.strip().startswith("sor-backtest")]
        assert reader.split()[1:4] == ["Empty", "75,000", "580"]
        assert "last line" not in text
        await d.press("end")
        await d.sees("the journal's last line", "a-199")
        await d.press("home")
        await d.sees("● serves")
        await d.pilot._post_mouse_events([MouseScrollDown], "#scroll", times=3)
        await d.until(lambda: "● serves" not in d.text())


def test_units_that_are_not_installed_are_not_shown() -> None:
    """The words of `systemctl show` for one that runs, one that starts again and again, and one that is not there."""
    said = """Id=zookeeper.service\nLoadState=loaded\nActiveState=active\nSubState=running\n
Id=kafka.service\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\n
Id=sor.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead"""
    assert unit_states(said.splitlines()) == (
        ("zookeeper.service", "active (running)"),
        ("kafka.service", "activating (auto-restart)"),
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "2026-11-30T10:04:37+0000 host kafka[12]: [2026-11-30 10:04:37,123] INFO started (kafka.server)",
            "10:04:37 kafka INFO started (kafka.server)",
        ),
        ("2026-11-30T10:04:37+0000 host systemd[1]: Started kafka.service.", "10:04:37 systemd Started kafka.service."),
        ("-- No entries --", "-- No entries --"),
    ],
)
def test_a_line_of_the_journal_has_one_time(said: str, shown: str) -> None:
    assert journal_line(said) == shown


def test_the_lag_as_a_line_of_bars() -> None:
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([0, 50, 100]) == "▁▅█"


async def test_where_systemd_runs_the_broker_nothing_offers_to_start_or_stop_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SorApp, "watch_broker", lambda _: None)
    units = (("kafka.service", "failed (failed)"),)
    readers = (GroupLag("sor-backtest", "Stable", 10, 90),)
    long = "10:04:37 kafka " + "INFO something that is longer than a terminal is wide " * 3
    async with driving(size=(80, 24), tape_is_read=False) as d:
        await d.press("f6")
        await d.sees("Start local broker")
        for lag in (0, 90):
            topic = Topic("mock_l1_stream", 1, 0, 100, 2_000, (replace(readers[0], lag=lag),))
            d.app._show_broker_state(
                BrokerState(True, ("Kafka at 127.0.0.1:9092",), topic.name, (topic,), units, (long,))
            )
        await d.until(lambda: "Start local broker" not in d.text())
        await d.sees("failed (failed)", "▁█", "INFO something")
        assert len([line for line in d.text().splitlines() if "something" in line]) == 1
        await d.press("u", "d")
        assert not d.app._helpers
        d.app.action_broker(True)
        await d.told("systemd starts and stops", "error")


async def test_without_a_broker_auto_is_embedded_and_says_so() -> None:
    async with driving(
        {**SHORT, "stream": "auto", "servers": "127.0.0.1:1", "strategy": "twap"}, (140, 40), tape_is_read=False
    ) as d:
        await d.press("ctrl+r")
        await d.finished()
        await d.press("f3")
        await d.sees("no broker answers at 127.0.0.1:1")
        await d.sees("embedded")


async def test_a_broker_that_was_asked_for_and_is_not_there_is_an_error() -> None:
    async with driving({**SHORT, "stream": "kafka", "servers": "127.0.0.1:1"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        await d.told("no Kafka broker answers at 127.0.0.1:1")


async def test_what_a_worker_or_a_thread_says_while_the_screens_are_taken_down_is_dropped(tmp_path: Path) -> None:
    look = TapeSummary("SYNT, 5 venues", 0, 1)
    async with driving(
        {"stream": "embedded"}
    ) as d:  # no tape: the form would have it looked at, and the looker replaced
        app = d.app
        app.look_at_tape({"tape": tmp_path / "none.csv"})
        looker, setup = app._tape_worker, app.get_screen("setup")
        assert looker is not None
        assert isinstance(setup, SetupPage)
        looker.end()  # what it says itself may come before or after what is said for it here
        assert looker.wait(60)
        await d.pause()
        app.on_worker_event(WorkerEvent(looker, look))
        await d.sees("SYNT, 5 venues")
    for event in (look, Failed("no such file"), Gone("killed")):
        app.on_worker_event(WorkerEvent(looker, event))
    app._worker = looker
    app.on_worker_event(WorkerEvent(looker, Noted("a note")))
    shown: list[bool] = []
    with app._context():
        setup._show_if_wanted(SimpleNamespace(is_cancelled=False), shown.append, "writes")  # type: ignore[arg-type]
        setup._say_where()  # as a timer does
        setup._look_at_tape()
        setup.on_screen_resume()
    assert shown == []


async def test_an_older_answer_does_not_come_over_a_newer_one() -> None:
    async with driving(tape_is_read=False) as d:
        setup = d.app.screen
        shown: list[bool] = []
        assert isinstance(setup, SetupPage)
        for cancelled in (True, False):
            setup._show_if_wanted(SimpleNamespace(is_cancelled=cancelled), shown.append, cancelled)  # type: ignore[arg-type]
        assert shown == [False]
