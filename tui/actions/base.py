"""What all parts of the application rest on: its state, the line for messages, the screens, the workers that help."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from textual.app import App

from tui.actions.workers import Worker, WorkerEvent
from tui.messages import BrokerState, Event, Failed, Finished, Gone, RunRequest, WorkerTask
from tui.screens.page import Message, Page
from tui.screens.setup import SetupPage
from tui.state import form
from tui.state.app_state import AppState


class BaseApp(App[int]):
    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.app_state = AppState()
        self.message: tuple[str, str] = ("", "note")
        self.broker_state: BrokerState | None = None
        self.lags: dict[str, deque[int]] = {}  # of each reader of the form's topic, the latest last
        self._values = dict(values or {})
        self._worker: Worker | None = None
        self._watcher: Worker | None = None
        self._tape_worker: Worker | None = None
        self._helpers: set[Worker] = set()
        self._last_word: Event | None = None

    # -- the screens ---------------------------------------------------------------------------------------------------

    def say(self, text: str, kind: str = "note") -> None:
        """A line at the bottom of whatever screen is shown."""
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

    def _form(self) -> RunRequest:
        """The form as it stands."""
        setup = self.get_screen("setup")
        return form.request(setup.values if isinstance(setup, SetupPage) and setup.is_mounted else self._values)

    # -- workers -------------------------------------------------------------------------------------------------------

    def _post_event(self, worker: Worker, event: Event) -> None:
        """In the worker's thread."""
        if worker is self._worker and isinstance(event, Finished | Failed | Gone):
            self._last_word = event
        with suppress(RuntimeError):
            self.post_message(WorkerEvent(worker, event))

    def _help(self, task: WorkerTask) -> None:
        """Have a task done by a worker of its own."""
        worker = Worker(self._post_event)
        self._helpers.add(worker)
        worker.start(task)
