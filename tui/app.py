"""The terminal interface: it holds the screens and the worker processes, and passes messages between them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from sor.files.writing import private_opener
from sor.paths import state_dir
from tui import theme
from tui.actions.brokers import Brokers
from tui.actions.reports import Reports
from tui.actions.runs import Running
from tui.actions.workers import Worker, WorkerEvent
from tui.messages import BrokerDone, BrokerState, Event, Examined, Failed, Finished, Gone, KeptFills, Noted, Saved
from tui.plain_text import PlainText
from tui.screens.broker import BrokerPage
from tui.screens.dialogs import Ask, Findings, Help
from tui.screens.history import HistoryPage
from tui.screens.live import WatchPage
from tui.screens.page import PAGES, Host
from tui.screens.result import ResultPage
from tui.screens.setup import SetupPage
from tui.state import form
from tui.state.app_state import SPEEDS, Opened, open_report, speed_words
from tui.state.remembered import last_form

LAST_WORDS_SECONDS = 10.0
CLOSE_SECONDS = 60.0  # how long a closing screen waits for the report so far


class SorApp(Running, Reports, Brokers):
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
        super().__init__(values)
        self._plain_text = PlainText()
        self.left = threading.Event()  # the terminal is as it was
        if opened is not None:
            self.app_state.show(opened)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._plain_text]

    # -- beginning and end ---------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._choose_theme()
        for page in (SetupPage(self._values), WatchPage(), ResultPage(), HistoryPage(), BrokerPage()):
            self.install_screen(page, page.NAME)
        self.install_screen(Help(), "help")  # built once: it opens at once while a run is at full speed
        self.push_screen("result" if self.app_state.shown else "setup")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._ended_by, number)

    def on_ready(self) -> None:
        """What is there now stays to the end: to look through it for garbage takes longer than a key may (100 ms)."""
        if not self.is_headless:
            gc.freeze()

    def _choose_theme(self) -> None:
        """A terminal of 16 colours keeps its own; SOR_THEME names any other."""
        self.register_theme(theme.DARK)
        self.register_theme(theme.LIGHT)
        self.register_theme(theme.SIXTEEN)
        self.ansi_theme_dark, self.ansi_theme_light = theme.ansi(theme.DARK), theme.ansi(theme.LIGHT)
        wanted = os.environ.get("SOR_THEME", "")
        few = self.console.color_system == "standard" and not self.is_headless
        self.theme = wanted if wanted in self.available_themes else theme.SIXTEEN.name if few else theme.DARK.name

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
        path = state_dir() / "tui.log"
        with suppress(OSError), open(path, "a", opener=private_opener) as log:
            traceback.print_exception(error, file=log)
        self.exit(1, message=f"sor: the screen failed ({type(error).__name__}); see {path}")

    def close_workers(self) -> str:
        """End all workers; where a run is on, its report so far is kept. Returns what is to be said."""
        self.leave_broker()
        self.look_at_tape({})
        for helper in list(self._helpers):
            helper.wait(CLOSE_SECONDS)  # a report is being saved, a broker started
        if self._worker is None or not self.app_state.running:
            return ""
        self._worker.control("stop")
        if self._worker.wait(CLOSE_SECONDS) and isinstance(self._last_word, Finished):
            return f"the report so far is in {self._last_word.kept}"
        return "the run was stopped; there was nothing to report yet"

    # -- workers -------------------------------------------------------------------------------------------------------

    def on_worker_event(self, message: WorkerEvent) -> None:
        if not self.is_running:
            return  # it came while the screens were being taken down: nobody is there to see it
        event = message.event
        if message.worker is self._worker:
            self._show_run_event(event)
        elif message.worker is self._watcher and isinstance(event, BrokerState):
            self._show_broker_state(event)
        elif message.worker is self._tape_worker:
            self._show_tape_summary(event)
        elif isinstance(message.worker, Worker) and message.worker in self._helpers:
            self._show_helper_event(message.worker, event)

    def _show_helper_event(self, worker: Worker, event: Event) -> None:
        if isinstance(event, Saved):
            self._saved(event)
        elif isinstance(event, KeptFills):
            self._fills_came(event)
        elif isinstance(event, Noted):
            self.say(event.text, "note")
        elif isinstance(event, BrokerDone):
            self.say(event.text, "done")
        elif isinstance(event, Examined):
            self.say("")
            self.push_screen(Findings(event.findings))
        elif isinstance(event, Failed | Gone):
            self.say(event.text, "error")
        if isinstance(event, Saved | KeptFills | BrokerDone | Examined | Failed | Gone):
            self._helpers.discard(worker)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        live = self.app_state.live
        on = self.app_state.running
        if action == "pause":
            return on and live is not None and not live.paused
        if action == "resume":
            return on and live is not None and live.paused
        if action in ("speed", "stop"):
            return on
        if action == "broker":
            return not self.systemd_runs_it
        if action == "run_again":
            return live is not None and not on
        if action in ("save", "save_json", "copy"):
            return self.app_state.shown is not None
        return self.app_state.page is not None if action == "browse" else True

    # -- other keys ----------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        if isinstance(self.screen, Help):
            self.pop_screen()
        else:
            self.push_screen("help")

    async def action_quit(self) -> None:
        if not self.app_state.running:
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
            ("Run", "Start what the form says", self._run_form, not self.app_state.running),
            ("Pause", "Hold the stream", self.action_pause, bool(self.check_action("pause", ()))),
            ("Resume", "Go on", self.action_resume, bool(self.check_action("resume", ()))),
            ("Stop", "End the run; the report so far is kept", self.action_stop, self.app_state.running),
            ("Run again", "The last run once more", self.action_run_again, not self.app_state.running),
            ("Save all", "JSON, CSV, Parquet and plots of the report", self.action_save, True),
            ("Save JSON", "The report as a file", self.action_save_json, True),
            ("Copy JSON", "The report to the clipboard", self.action_copy, True),
            ("Open report", "Show a saved report", self.action_open, True),
            ("Start local broker", "sor kafka up", lambda: self.action_broker(True), not self.systemd_runs_it),
            ("Stop local broker", "sor kafka down", lambda: self.action_broker(False), not self.systemd_runs_it),
            ("Doctor", "What is wrong with this machine, and what fixes it", self.action_doctor, True),
        )
        for title, text, action, there in actions:
            if there:
                yield SystemCommand(title, text, action)
        if self.app_state.running:
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


if TYPE_CHECKING:
    _is_host: type[Host] = SorApp  # pages rely on it


def main(values: Mapping[str, str], report: str | None = None) -> int:
    """Run the interface; returns the exit code. Without any option the form is as it was when it was run last. The
    terminal is as it was when this returns, whatever happened."""
    wanted = form.of_options(values)
    app = SorApp(wanted or last_form(), open_report(report) if report else None)
    code = app.run()
    app.left.set()
    with suppress(OSError):  # the terminal may be gone
        if app.app_state.running:
            print("sor: stopping the run, keeping its report so far...", file=sys.stderr, flush=True)
    said = app.close_workers()
    with suppress(OSError):
        if said:
            print(f"sor: {said}", file=sys.stderr, flush=True)
    return code if code is not None else app.return_code or 0
