"""What all screens share: the row of names at the top, the line for messages and the keys at the bottom."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, get_current_worker

from tui.messages import BrokerState, RunRequest
from tui.state.app_state import AppState, Opened
from tui.widgets.keys import Keys

PAGES = (("setup", "F2", "Setup"), ("watch", "F3", "Watch"), ("result", "F4", "Result"), ("history", "F5", "History"),
         ("broker", "F6", "Broker"))  # fmt: skip


class TopBar(Static):
    DEFAULT_CSS = """
    TopBar { height: 1; background: $panel; color: $text; padding: 0 1; link-style: none; link-color: $text; }
    """

    def __init__(self, current: str) -> None:
        super().__init__()
        parts: list[Content] = [Content.assemble(("sor", "bold $text-primary"), "  ")]
        for name, key, title in PAGES:
            style = "bold reverse" if name == current else ""
            text = f"[@click=app.page('{name}')] [$text-muted]{key}[/] [{style or '$text'}]{title}[/] [/]"
            parts.append(Content.from_markup(text))
        self._content = Content("").join(parts)

    def on_mount(self) -> None:
        self.update(self._content)


class Message(Static):
    """One line: an error with what to do, or what has just been done."""

    DEFAULT_CSS = """
    Message { height: auto; max-height: 3; display: none; padding: 0 1; background: $surface; }
    Message.-error { display: block; color: $text-error; text-style: bold; }
    Message.-done { display: block; color: $text-success; }
    Message.-note { display: block; color: $text-warning; }
    """

    def say(self, text: str, kind: str) -> None:
        self.set_classes(f"-{kind}" if text else "")
        self.update(Content(("✗ " if kind == "error" else "") + text))


class Host(Protocol):
    """What pages use of the application that shows them."""

    app_state: AppState
    message: tuple[str, str]  # the line at the bottom, and its kind: error, done or note
    broker_state: BrokerState | None
    lags: dict[str, deque[int]]  # of each reader of the form's topic, the latest last

    @property
    def systemd_runs_it(self) -> bool: ...

    def start(self, wanted: RunRequest) -> None: ...

    def action_page(self, name: str) -> None: ...

    def look_at_tape(self, options: dict[str, Any]) -> None: ...

    def fetch_fills(self) -> None: ...

    def show_report(self, opened: Opened) -> None: ...

    def say(self, text: str, kind: str = "note") -> None: ...

    def watch_broker(self) -> None: ...

    def leave_broker(self) -> None: ...


class Page(Screen[None]):
    """A screen of the program. Subclasses have `NAME` and `body`."""

    NAME: ClassVar[str] = ""
    WIDTHS: ClassVar[Mapping[str, int]] = {"-wide": 110, "-huge": 180}  # cells from which a screen has the class
    HEIGHTS: ClassVar[Mapping[str, int]] = {"-tall": 34, "-high": 50}

    @property
    def host(self) -> Host:
        return cast("Host", self.app)

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield TopBar(self.NAME)
        yield from self.body()
        yield Message()
        yield Keys()

    def on_resize(self, event: Resize) -> None:
        for size, least in ((event.size.width, self.WIDTHS), (event.size.height, self.HEIGHTS)):
            for name, cells in least.items():
                self.set_class(size >= cells, name)

    def refresh_page(self) -> None:
        """Something that this screen shows has changed."""

    @property
    def is_open(self) -> bool:
        """False from when the program is being left: parts of the screen may be gone by then."""
        return self.app.is_running and self.is_mounted

    def show_from_thread(self, show: Callable[..., None], *found: object) -> None:
        """In a worker's thread: have the screen show what was found, unless it has been taken down meanwhile, or the
        same has been asked again: an older answer must not come over a newer one."""
        self.app.call_from_thread(self._show_if_wanted, get_current_worker(), show, *found)

    def _show_if_wanted(self, asked: Worker[None], show: Callable[..., None], *found: object) -> None:
        if self.is_open and not asked.is_cancelled:
            show(*found)

    def on_screen_resume(self) -> None:
        if not self.is_open:
            return
        self.refresh_page()
        self.query_one(Message).say(*self.host.message)
