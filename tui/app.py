"""The terminal interface: it holds the screens and the worker processes, and passes messages between them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from sor.errors import SorError
from sor.state import state_folder
from tui import form, theme
from tui.desk import SPEEDS, Desk, Live, Opened, open_report, speed_words
from tui.messages import (
    Began,
    BrokerDone,
    BrokerOrder,
    BrokerRequest,
    BrokerState,
    DoctorRequest,
    Event,
    Examined,
    Failed,
    Finished,
    Gone,
    Noted,
    RunRequest,
    Saved,
    SaveRequest,
)
from tui.screens.broker import BrokerPage
from tui.screens.dialogs import Ask, AskPath, Findings, Help
from tui.screens.history import HistoryPage
from tui.screens.page import PAGES, Message, Page
from tui.screens.result import ResultPage
from tui.screens.setup import SetupPage
from tui.screens.watch import WatchPage
from tui.workers import Worker, WorkerSaid

LAST_WORDS_SECONDS = 10.0
CLOSE_SECONDS = 60.0  # how long a closing screen waits for the report so far


class SorApp(App[int]):
    """`values` fill the form; `opened` is shown first."""

    TITLE = "sor"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "page('setup')", "Setup", show=False),
        Binding("f3", "page('watch')", "Watch", show=False),
        Binding("f4", "page('result')", "Result", show=False),
        Binding("f5", "page('history')", "History", show=False),
        Binding("f6", "page('broker')", "Broker", show=False),
        Binding("question_mark,f1", "help", "Help", key_display="?", priority=True),
        Binding("ctrl+q", "quit", "Quit", priority=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]

    def __init__(self, values: Mapping[str, str] | None = None, opened: Opened | None = None) -> None:
        super().__init__()
        self.desk = Desk()
        self.message: tuple[str, str] = ("", "note")
        self.broker_state: BrokerState | None = None
        self._values = dict(values or {})
        self._worker: Worker | None = None
        self._watcher: Worker | None = None
        self._helpers: set[Worker] = set()
        self.left = threading.Event()  # the terminal is as it was
        if opened is not None:
            self.desk.show(opened)

    # -- beginning and end ---------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._choose_theme()
        for page in (SetupPage(self._values), WatchPage(), ResultPage(), HistoryPage(), BrokerPage()):
            self.install_screen(page, page.NAME)
        self.install_screen(Help(), "help")  # built once: it opens at once while a run is at full speed
        self.push_screen("result" if self.desk.shown else "setup")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._ended_by, number)

    def on_ready(self) -> None:
        """What is there now stays to the end. Without this a collection of garbage looks through all of it, which
        takes longer than a key may: 100 ms and more."""
        if not self.is_headless:
            gc.freeze()

    def _choose_theme(self) -> None:
        """A terminal of 16 colours keeps its own; SOR_THEME names any other."""
        self.register_theme(theme.DARK)
        self.register_theme(theme.LIGHT)
        self.ansi_theme_dark, self.ansi_theme_light = theme.ansi(theme.DARK), theme.ansi(theme.LIGHT)
        wanted = os.environ.get("SOR_THEME", "")
        few = self.console.color_system == "standard" and not self.is_headless
        self.theme = wanted if wanted in self.available_themes else theme.SIXTEEN if few else theme.DARK.name

    def _ended_by(self, number: int) -> None:
        threading.Thread(target=self._without_terminal, args=(128 + number,), daemon=True).start()
        self.exit(128 + number)

    def _without_terminal(self, code: int) -> None:
        """A terminal that is gone can hold up the last words to it: then the process ends without them."""
        if not self.left.wait(LAST_WORDS_SECONDS):
            self.close_workers()
            os._exit(code)

    def _handle_exception(self, error: Exception) -> None:
        """A mistake of ours: one line for the user, the traceback for the log."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        path = state_folder() / "tui.log"
        with suppress(OSError), path.open("a") as log:
            traceback.print_exception(error, file=log)
        self.exit(1, message=f"sor: the screen failed ({type(error).__name__}); see {path}")

    def close_workers(self) -> str:
        """End all workers; where a run is on, its report so far is kept. Returns what is to be said."""
        self.leave_broker()
        for helper in list(self._helpers):
            helper.wait(CLOSE_SECONDS)  # a report that is being saved, a broker that is being started
        if self._worker is None or not self.desk.running:
            return ""
        self._worker.control("stop")
        if self._worker.wait(CLOSE_SECONDS) and isinstance(self._last_word, Finished):
            return f"the report so far is in {self._last_word.kept}"
        return "the run was stopped; there was nothing to report yet"

    # -- workers -------------------------------------------------------------------------------------------------------

    _last_word: Event | None = None

    def _heard(self, worker: Worker, event: Event) -> None:
        """In the worker's thread."""
        if worker is self._worker and isinstance(event, Finished | Failed | Gone):
            self._last_word = event
        with suppress(RuntimeError):
            self.post_message(WorkerSaid(worker, event))

    def on_worker_said(self, message: WorkerSaid) -> None:
        event = message.event
        if message.worker is self._worker:
            self._run_says(event)
        elif message.worker is self._watcher and isinstance(event, BrokerState):
            self.broker_state = event
            self._refresh("broker")
        elif isinstance(message.worker, Worker) and message.worker in self._helpers:
            self._helper_says(message.worker, event)

    def _run_says(self, event: Event) -> None:
        live = self.desk.live
        assert live is not None
        live.heard(Failed(event.text) if isinstance(event, Gone) else event)
        if isinstance(event, Noted):
            self.say(event.text, "note")
        elif isinstance(event, Failed | Gone):
            self.say(event.text, "error")
        elif isinstance(event, Finished):
            self._finished(event)
        elif isinstance(event, Began) and self.message[1] == "note":
            self.say("")
        self._refresh("watch")
        if not live.on:
            self.refresh_bindings()

    def _finished(self, event: Finished) -> None:
        opened = self.desk.finished(event)
        what = "stopped; the report so far is" if event.partial else "done; the report is"
        self.say(f"{opened.name} {what} kept in {event.kept}", "done")
        if isinstance(self.screen, WatchPage):
            self.action_page("result")
        self._refresh("history")

    def _helper_says(self, worker: Worker, event: Event) -> None:
        if isinstance(event, Saved):
            folder = Path(event.paths[0]).parent
            self.say(f"saved in {folder}: {', '.join(Path(path).name for path in event.paths)}", "done")
        elif isinstance(event, Noted):
            self.say(event.text, "note")
        elif isinstance(event, BrokerDone):
            self.say(event.text, "done")
        elif isinstance(event, Examined):
            self.say("")
            self.push_screen(Findings(event.findings))
        elif isinstance(event, Failed | Gone):
            self.say(event.text, "error")
        if isinstance(event, Saved | BrokerDone | Examined | Failed | Gone):
            self._helpers.discard(worker)

    def _help(self, task: SaveRequest | BrokerOrder | DoctorRequest) -> None:
        worker = Worker(self._heard)
        self._helpers.add(worker)
        worker.start(task)

    # -- the screens ---------------------------------------------------------------------------------------------------

    def say(self, text: str, kind: str = "note") -> None:
        """One line at the bottom of whatever screen is shown."""
        self.message = (text, kind)
        screen = self.screen
        if isinstance(screen, Page) and screen.is_mounted:
            screen.query_one(Message).say(text, kind)

    def _refresh(self, name: str) -> None:
        screen = self.screen
        if isinstance(screen, Page) and name == screen.NAME:
            screen.refresh_page()

    def action_page(self, name: str) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()
        if isinstance(self.screen, Page) and name != self.screen.NAME:
            if self.message[1] != "error":
                self.message = self.message if name == "result" else ("", "note")
            self.switch_screen(name)

    # -- the run -------------------------------------------------------------------------------------------------------

    def start(self, wanted: RunRequest) -> None:
        """Begin a run, if none is on."""
        if self.desk.running:
            self.say("a run is on: stop it first (F3, then s)", "error")
            return
        self.say("")
        self.desk.live = Live(wanted, wanted.speed)
        self._worker = Worker(self._heard)
        self._worker.start(wanted)
        self.action_page("watch")
        self._refresh("watch")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        live = self.desk.live
        on = self.desk.running
        if action == "pause":
            return on and live is not None and not live.paused
        if action == "resume":
            return on and live is not None and live.paused
        if action in ("speed", "stop"):
            return on
        if action == "run_again":
            return live is not None and not on
        if action in ("save", "save_json", "copy"):
            return self.desk.shown is not None
        return True

    def _control(self, what: str, value: str = "") -> None:
        if self._worker is not None and self.desk.running:
            self._worker.control(what, value)
        self._refresh("watch")
        self.refresh_bindings()

    def action_pause(self) -> None:
        if self.desk.live is not None and self.desk.running:
            self.desk.live.paused = True
            self._control("pause")

    def action_resume(self) -> None:
        if self.desk.live is not None and self.desk.running:
            self.desk.live.paused = False
            self._control("resume")

    def action_speed(self, step: int) -> None:
        live = self.desk.live
        if live is None or not live.on:
            return
        live.speed = next_speed(live.speed, step)
        self._control("speed", live.speed)

    def action_stop(self) -> None:
        if self.desk.live is not None and self.desk.running:
            self.desk.live.stopping = True
            self._control("stop")
            self.say("stopping: the report so far is being made", "note")

    def action_run_again(self) -> None:
        """The last run once more, at the speed it had in the end."""
        live = self.desk.live
        if live is None:
            self.action_page("setup")
        elif not live.on:
            wanted = live.request
            self.start(RunRequest(wanted.wishes, live.speed, wanted.stream, wanted.servers, wanted.topic, wanted.run))

    # -- reports -------------------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        shown = self._shown()
        if shown is None:
            return
        if not shown.packed:
            self.say("this report was opened from a file and has no fills or pictures: j saves its JSON", "error")
            return
        hint = "report.json, fills.csv, fills.parquet, overview.png and .svg are written there"
        self.push_screen(AskPath("Save to folder", hint, _stamp("sor-report")), self._save)

    def _save(self, folder: str | None) -> None:
        shown = self.desk.shown
        if folder and shown is not None:
            self.say("saving...", "note")
            self._help(SaveRequest(shown.packed, str(Path(folder).expanduser())))

    def action_save_json(self) -> None:
        if self._shown() is not None:
            path = _stamp("sor-report") + ".json"
            self.push_screen(AskPath("Save JSON as", "the bytes of sor backtest --json", path), self._save_json)

    def _save_json(self, path: str | None) -> None:
        shown = self.desk.shown
        if not path or shown is None:
            return
        place = Path(path).expanduser()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(shown.text.encode())
        except OSError as error:
            self.say(f"{path}: cannot write there ({error.strerror}); choose another place", "error")
            return
        self.say(f"saved as {place}", "done")

    def action_copy(self) -> None:
        shown = self._shown()
        if shown is not None:
            self.copy_to_clipboard(shown.text)
            self.say("the report's JSON was sent to the terminal's clipboard", "done")

    def _shown(self) -> Opened | None:
        if self.desk.shown is None:
            self.say("there is no report yet: F2 to set up a run, o to open a saved one", "error")
        return self.desk.shown

    def action_open(self) -> None:
        self.push_screen(AskPath("Open a saved report", "a file that sor backtest --json or j here has written"),
                         self._open)  # fmt: skip

    def _open(self, path: str | None) -> None:
        if not path:
            return
        try:
            opened = open_report(path)
        except SorError as error:
            self.say(str(error), "error")
            return
        self.desk.show(opened)
        self.say("")
        self.action_page("result")
        self._refresh("result")

    # -- the broker ----------------------------------------------------------------------------------------------------

    def _stream(self) -> RunRequest:
        setup = self.get_screen("setup")
        return form.request(setup.values if isinstance(setup, SetupPage) and setup.is_mounted else self._values)

    def watch_broker(self) -> None:
        wanted = self._stream()
        self.leave_broker()
        self._watcher = Worker(self._heard)
        self._watcher.start(BrokerRequest(wanted.servers, wanted.topic))

    def leave_broker(self) -> None:
        if self._watcher is not None:
            self._watcher.end()
            self._watcher = None

    def action_broker(self, up: bool) -> None:
        port = self._stream().servers.split(",")[0].rpartition(":")[2]
        if not port.isdigit():
            self.say("the broker's address in the form is not host:port (F2)", "error")
            return
        self.say("starting the broker..." if up else "stopping the broker...", "note")
        self._help(BrokerOrder(up, int(port)))

    def action_doctor(self) -> None:
        wanted = self._stream()
        self.say("looking at this machine...", "note")
        self._help(DoctorRequest(wanted.servers, wanted.topic))

    # -- other keys ----------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        if not isinstance(self.screen, Help):
            self.push_screen("help")
        else:
            self.pop_screen()

    async def action_quit(self) -> None:
        if not self.desk.running:
            self.exit(0)
            return
        if isinstance(self.screen, Ask):
            return
        question = "A run is on. Stop it and quit? The report so far is kept."
        self.push_screen(Ask(question, "Stop and quit (y)", "Go on (Esc)"), lambda yes: self.exit(0) if yes else None)

    def action_help_quit(self) -> None:
        self.say("^q quits", "note")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for name, key, title in PAGES:
            yield SystemCommand(title, f"Go to the screen {title} ({key})", lambda name=name: self.action_page(name))
        actions = (
            ("Run", "Start what the form says", self._run_form, not self.desk.running),
            ("Pause", "Hold the stream", self.action_pause, bool(self.check_action("pause", ()))),
            ("Resume", "Go on", self.action_resume, bool(self.check_action("resume", ()))),
            ("Stop", "End the run; the report so far is kept", self.action_stop, self.desk.running),
            ("Run again", "The last run once more", self.action_run_again, not self.desk.running),
            ("Save all", "JSON, CSV, Parquet and plots of the report", self.action_save, True),
            ("Save JSON", "The report as a file", self.action_save_json, True),
            ("Copy JSON", "The report to the clipboard", self.action_copy, True),
            ("Open report", "Show a saved report", self.action_open, True),
            ("Start local broker", "sor kafka up", lambda: self.action_broker(True), True),
            ("Stop local broker", "sor kafka down", lambda: self.action_broker(False), True),
            ("Doctor", "What is wrong with this machine, and what mends it", self.action_doctor, True),
        )
        for title, text, action, there in actions:
            if there:
                yield SystemCommand(title, text, action)
        if self.desk.running:
            for speed in SPEEDS:
                yield SystemCommand(
                    f"Speed {speed_words(speed)}", "Change the speed", lambda s=speed: self._set_speed(s)
                )
        yield SystemCommand("Theme", "Dark, light and others", self.action_change_theme)
        yield SystemCommand("Help", "Keys and words (?)", self.action_help)
        yield SystemCommand("Quit", "Leave (^q)", self.action_quit)

    def _run_form(self) -> None:
        setup = self.get_screen("setup")
        if isinstance(setup, SetupPage) and setup.is_mounted:
            setup.action_run()

    def _set_speed(self, speed: str) -> None:
        if self.desk.live is not None and self.desk.live.on:
            self.desk.live.speed = speed
            self._control("speed", speed)


def next_speed(speed: str, step: int) -> str:
    """The next speed of the list above or below; a speed between two of them goes to its neighbour."""
    numbers = [float("inf") if s == "max" else float(s) for s in SPEEDS]
    now = float("inf") if speed == "max" else float(speed)
    if step > 0:
        return next((s for s, n in zip(SPEEDS, numbers, strict=True) if n > now), SPEEDS[-1])
    return next((s for s, n in reversed(list(zip(SPEEDS, numbers, strict=True))) if n < now), SPEEDS[0])


def _stamp(name: str) -> str:
    return f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def main(values: Mapping[str, str], report: str | None = None) -> int:
    """Run the interface; returns the exit code. The terminal is as it was when this returns, whatever happened."""
    app = SorApp(values, open_report(report) if report else None)
    code = app.run()
    app.left.set()
    with suppress(OSError):  # the terminal may be gone
        if app.desk.running:
            print("sor: stopping the run, keeping its report so far...", file=sys.stderr, flush=True)
    said = app.close_workers()
    with suppress(OSError):
        if said:
            print(f"sor: {said}", file=sys.stderr, flush=True)
    return code if code is not None else app.return_code or 0
