"""What the screens show, in one place: the run that is on, those of this session, and the form that asked for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sor.core.backtest.live_view import FillLine, LiveView
from sor.errors import InputError
from sor.files.json_file import parse_json
from sor.report.tables.report_table import parts
from tui import format as words
from tui.messages import Began, Failed, Finished, LiveUpdate, Noted, Phase, RunRequest, StreamHealth
from tui.state.kept import kept_at, run_of

SPEEDS = ("0.5", "1", "2", "5", "10", "20", "50", "100", "max")
REPORT, PAGE = "report.json", "report.html"  # of a folder that --out has made
SHOWN_FILLS = 5_000
NEEDED = (
    "optimized",
    "baselines",
    "savings_vs_baselines_bps",
    "headline",
    "out_of_sample",
    "strategies",
    "order",
    "tape",
    "rules",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A finished run, or a report from a file. run: where all of it is kept; empty where there is the JSON only."""

    name: str
    text: str
    data: Mapping[str, Any]
    run: str = ""
    kept: str = ""
    partial: bool = False
    seconds: float = 0.0
    how: str = ""  # "embedded, max", "kafka, 10x", "file"


def parse_report(name: str, text: str, *, exact: bool = True) -> Opened:
    """A report's JSON, money as exact decimals (or as floats, which is quicker). InputError where it is none."""
    try:
        data = parse_json(text.encode(), fraction=Decimal if exact else float)
    except ValueError as error:
        raise InputError(f"{name}: {error}; a report is what sor backtest --json prints") from None
    missing = [key for key in NEEDED if not isinstance(data, dict) or key not in data]
    if missing:
        raise InputError(f"{name}: not a report of sor backtest: it has no {missing[0]!r}")
    return Opened(name, text, data, how="file")


def open_report(path: str) -> Opened:
    """A saved report. InputError in one line where it cannot be read."""
    place = Path(path).expanduser()
    try:
        if place.is_dir():
            place = place / REPORT
        text = place.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: name a report that was saved here or by sor backtest") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; a report is what sor backtest --json prints") from None
    opened = parse_report(kept_at(place), text)
    try:
        list(parts(opened.data))
    except (KeyError, TypeError, ValueError) as error:
        made = opened.data.get("version", "another version")
        raise InputError(f"{path}: made by sor {made}, and this one misses {error} in it: run it again") from None
    complete = opened.data.get("stream", {}).get("complete", True)
    return replace(
        opened, run=run_of(place), how="kept" if run_of(place) else "file", kept=str(place), partial=complete is False
    )


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
    health: StreamHealth = field(default_factory=StreamHealth)
    view: LiveView | None = None
    fills: deque[FillLine] = field(default_factory=lambda: deque(maxlen=SHOWN_FILLS))
    fill_count: int = 0
    received_fills: int = 0  # of them, those that came here: a view brings the latest only
    partial: bool = False

    def on_event(self, event: object) -> None:
        """Take in what the worker says."""
        if isinstance(event, Began):
            self.began, self.phase, self.phase_done = event, "running", None
        elif isinstance(event, LiveUpdate):
            self._on_view(event)
        elif isinstance(event, Phase):
            self.phase, self.phase_done = event.doing, event.done
        elif isinstance(event, Noted) and event.doing:
            self.phase = "running" if event.doing in ("reading", "sending") else event.doing
        elif isinstance(event, Finished | Failed):
            self.on, self.paused = False, False
            self.partial = isinstance(event, Finished) and event.partial
            self.phase = "failed" if isinstance(event, Failed) else "stopped" if self.partial else "done"
            self.phase_done = None

    def _on_view(self, event: LiveUpdate) -> None:
        self.health = event.health
        if event.view is None:
            return
        if self.view is None or event.view.shown != self.view.shown:
            self.fills.clear()
            self.received_fills = 0
        self.view = event.view
        self.fills.extend(event.view.fills)
        self.received_fills += len(event.view.fills)
        self.fill_count = event.view.strategy.fills

    @property
    def state(self) -> str:
        """One or two words for the top of the screen."""
        if self.on and self.stopping:
            return "stopping"
        return "paused" if self.on and self.paused else self.phase

    def clock(self, ts: int, decimals: int = 0) -> str:
        """A time of day in the time zone of the run."""
        return words.clock(ts, decimals, str(self.request.options.get("tz") or "UTC"))

    @property
    def how(self) -> str:
        via = self.began.via if self.began else self.request.stream
        return f"{via}, {speed_words(self.speed)}"


def speed_words(speed: str) -> str:
    return "full speed" if speed == "max" else f"{speed}x"


@dataclass
class AppState:
    """Everything of this session."""

    live: Live | None = None
    shown: Opened | None = None
    count: int = 0
    pages: dict[str, Path] = field(default_factory=dict)  # folders in which reports were saved, by their names
    fills_of: str = ""  # the run whose fills are here, or are on their way
    fills: tuple[tuple[str, FillLine], ...] | None = None

    @property
    def running(self) -> bool:
        return self.live is not None and self.live.on

    @property
    def page(self) -> Path | None:
        """The report that is shown as a page for a browser, where there is one."""
        if self.shown is None:
            return None
        kept = Path(self.shown.kept)
        folder = self.pages.get(self.shown.name) or (kept.parent if kept.name == REPORT else None)
        return folder / PAGE if folder is not None and (folder / PAGE).is_file() else None

    def finished(self, event: Finished) -> Opened:
        """A run has ended: it becomes the report that is shown."""
        self.count += 1
        opened = parse_report(kept_at(Path(event.kept)) if event.kept else f"run {self.count}", event.text)
        how = self.live.how if self.live else ""
        opened = replace(opened, run=event.run, kept=event.kept, partial=event.partial, seconds=event.seconds, how=how)
        self.show(opened)
        return opened

    def show(self, opened: Opened) -> None:
        self.shown = opened
        if self.fills_of != opened.run:
            self.fills_of, self.fills = "", None
