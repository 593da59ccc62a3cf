"""What all screens share: the row of names at the top, the line for messages and the keys at the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.widgets.keys import Keys

if TYPE_CHECKING:
    from tui.app import SorApp

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


class Page(Screen[None]):
    """A screen of the program. Subclasses have `NAME` and `body`."""

    NAME: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    @property
    def desk_app(self) -> SorApp:
        return cast("SorApp", self.app)

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield TopBar(self.NAME)
        yield from self.body()
        yield Message()
        yield Keys()

    def refresh_page(self) -> None:
        """Something that this screen shows has changed."""

    def on_screen_resume(self) -> None:
        self.refresh_page()
        self.query_one(Message).say(*self.desk_app.message)

    def first_focus(self) -> Widget | None:
        return None
