"""What the screens show, in one place: the run that is on, those of this session, and the form that asked for them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sor.core.live import FillLine, LiveView
from sor.errors import InputError
from tui.messages import Began, Failed, Finished, Health, Looked, Noted, Phase, RunRequest

SPEEDS = ("0.5", "1", "2", "5", "10", "20", "50", "100", "max")
KEPT_RUNS = 8  # reports held for the comparison; all others are on disk
SHOWN_FILLS = 200
NEEDED = ("optimized", "baselines", "savings_vs_baselines_bps", "out_of_sample", "strategies", "order", "tape", "rules")


@dataclass(frozen=True, slots=True)
class Opened:
    """A finished run, or a report from a file. `packed` is empty for a file: it has no fills to save."""

    name: str
    text: str
    data: Mapping[str, Any]
    packed: bytes = b""
    kept: str = ""
    partial: bool = False
    seconds: float = 0.0
    how: str = ""  # "embedded, max", "kafka, 10x", "file"


def parse_report(name: str, text: str) -> Opened:
    """A report's JSON, money as exact decimals. InputError where it is none."""
    try:
        data = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise InputError(f"{name}: not a JSON file ({error}); a report is what sor backtest --json prints") from None
    missing = [key for key in NEEDED if not isinstance(data, dict) or key not in data]
    if missing:
        raise InputError(f"{name}: not a report of sor backtest: it has no {missing[0]!r}")
    return Opened(name, text, data, how="file")


def open_report(path: str) -> Opened:
    """A saved report. InputError in one line where it cannot be read."""
    place = Path(path).expanduser()
    try:
        if place.is_dir():
            place = place / "report.json"
        text = place.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: name a report that was saved here or by sor backtest") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; a report is what sor backtest --json prints") from None
    return parse_report(place.name, text)


@dataclass
class Live:
    """The run that is on, or the last one."""

    request: RunRequest
    speed: str
    on: bool = True
    paused: bool = False
    stopping: bool = False
    phase: str = "starting"
    phase_done: float | None = None
    began: Began | None = None
    health: Health = field(default_factory=Health)
    view: LiveView | None = None
    fills: deque[FillLine] = field(default_factory=lambda: deque(maxlen=SHOWN_FILLS))
    fill_count: int = 0
    partial: bool = False

    def heard(self, event: object) -> None:
        """Take in what the worker says."""
        if isinstance(event, Began):
            self.began, self.phase, self.phase_done = event, "running", None
        elif isinstance(event, Looked):
            self._looked(event)
        elif isinstance(event, Phase):
            self.phase, self.phase_done = event.doing, event.done
        elif isinstance(event, Noted) and event.doing:
            self.phase = "running" if event.doing in ("reading", "sending") else event.doing
        elif isinstance(event, Finished | Failed):
            self.on, self.paused = False, False
            self.partial = isinstance(event, Finished) and event.partial
            self.phase = "failed" if isinstance(event, Failed) else "stopped" if self.partial else "done"
            self.phase_done = None

    def _looked(self, event: Looked) -> None:
        self.health = event.health
        if event.view is None:
            return
        if self.view is None or event.view.shown != self.view.shown:
            self.fills.clear()
        self.view = event.view
        self.fills.extend(event.view.fills)
        self.fill_count = event.view.strategy.fills

    @property
    def state(self) -> str:
        """One or two words for the top of the screen."""
        if self.on and self.stopping:
            return "stopping"
        return "paused" if self.on and self.paused else self.phase

    @property
    def how(self) -> str:
        via = self.began.via if self.began else self.request.stream
        return f"{via}, {speed_words(self.speed)}"


def speed_words(speed: str) -> str:
    return "full speed" if speed == "max" else f"{speed}x"


@dataclass
class Desk:
    """Everything of this session."""

    live: Live | None = None
    runs: deque[Opened] = field(default_factory=lambda: deque(maxlen=KEPT_RUNS))
    shown: Opened | None = None
    count: int = 0

    @property
    def running(self) -> bool:
        return self.live is not None and self.live.on

    def finished(self, event: Finished) -> Opened:
        """A run has ended: it becomes the report that is shown, and part of the comparison."""
        self.count += 1
        opened = parse_report(f"run {self.count}", event.text)
        how = self.live.how if self.live else ""
        opened = Opened(
            opened.name, event.text, opened.data, event.packed, event.kept, event.partial, event.seconds, how
        )
        self.show(opened)
        return opened

    def show(self, opened: Opened) -> None:
        self.shown = opened
        self.runs.append(opened)
