"""The run that is on: begun, held, made faster and slower, stopped, begun again."""

from __future__ import annotations

from typing import Any

from tui.actions.base import BaseApp
from tui.actions.workers import Worker
from tui.messages import Began, Event, Failed, Finished, Gone, Noted, RunRequest, TapeRequest, TapeSummary
from tui.screens.live import WatchPage
from tui.screens.setup import SetupPage
from tui.state.app_state import SPEEDS, Live


class Running(BaseApp):
    def start(self, wanted: RunRequest) -> None:
        """Begin a run, if none is on."""
        if self.app_state.running:
            self.say("a run is on: stop it first (F3, then s)", "error")
            return
        self.say("")
        self.app_state.live = Live(wanted, wanted.speed)
        self._worker = Worker(self._post_event)
        self._worker.start(wanted)
        self.action_page("watch")
        self._refresh("watch")
        self.refresh_bindings()

    def look_at_tape(self, options: dict[str, Any]) -> None:
        """Have a worker look at what a tape holds, in place of any that looks at another; without options, none."""
        if self._tape_worker is not None:
            self._tape_worker.end()
            self._tape_worker = None
        if options:
            self._tape_worker = Worker(self._post_event)
            self._tape_worker.start(TapeRequest(options))

    def _show_tape_summary(self, event: Event) -> None:
        setup = self.get_screen("setup")
        if isinstance(event, TapeSummary | Failed) and isinstance(setup, SetupPage) and setup.is_mounted:
            setup.show_tape(event)

    def _show_run_event(self, event: Event) -> None:
        live = self.app_state.live
        assert live is not None
        live.on_event(Failed(event.text) if isinstance(event, Gone) else event)
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
        opened = self.app_state.finished(event)
        what = "stopped; the report so far is" if event.partial else "done; the report is"
        self.say(f"{opened.name} {what} kept in {event.kept or 'memory only: no folder could be written'}", "done")
        if isinstance(self.screen, WatchPage):
            self.action_page("result")
        self._refresh("history")

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _control(self, what: str, value: str = "") -> None:
        if self._worker is not None and self.app_state.running:
            self._worker.control(what, value)
        self._refresh("watch")
        self.refresh_bindings()

    def _hold(self, paused: bool) -> None:
        if self.app_state.live is not None and self.app_state.running:
            self.app_state.live.paused = paused
            self._control("pause" if paused else "resume")

    def action_pause(self) -> None:
        self._hold(True)

    def action_resume(self) -> None:
        self._hold(False)

    def action_speed(self, step: int) -> None:
        live = self.app_state.live
        if live is not None and live.on:
            self._set_speed(next_speed(live.speed, step))

    def _set_speed(self, speed: str) -> None:
        if self.app_state.live is not None and self.app_state.live.on:
            self.app_state.live.speed = speed
            self._control("speed", speed)

    def action_stop(self) -> None:
        if self.app_state.live is not None and self.app_state.running:
            self.app_state.live.stopping = True
            self._control("stop")
            self.say("stopping: the report so far is being made", "note")

    def action_run_again(self) -> None:
        """The last run once more, at the speed it had in the end."""
        live = self.app_state.live
        if live is None:
            self.action_page("setup")
        elif not live.on:
            wanted = live.request
            self.start(RunRequest(wanted.options, live.speed, wanted.stream, wanted.servers, wanted.topic, wanted.run))


def next_speed(speed: str, step: int) -> str:
    """The next speed of the list above or below; a speed between two of them goes to its neighbour."""
    numbers = [float("inf") if s == "max" else float(s) for s in SPEEDS]
    now = float("inf") if speed == "max" else float(speed)
    if step > 0:
        return next((s for s, n in zip(SPEEDS, numbers, strict=True) if n > now), SPEEDS[-1])
    return next((s for s, n in reversed(list(zip(SPEEDS, numbers, strict=True))) if n < now), SPEEDS[0])
