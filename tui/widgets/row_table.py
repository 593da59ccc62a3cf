"""A table that scrolls, filters and has a cursor; only the rows in sight are drawn, so a hundred thousand cost nothing.

Textual's DataTable lays out every row when it is added: 20,000 fills take it seconds, and a key may not wait for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual
from textual.widgets import Input

T = TypeVar("T")


class Rows(ScrollView, Generic[T], can_focus=True):
    """The rows under a line of headings. Subclasses draw them; `searched` is what a filter looks at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "end(False)", show=False),
        Binding("end", "end(True)", show=False),
    ]
    DEFAULT_CSS = "Rows { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }"

    def __init__(self, *, follow: bool = False, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.at = 0
        self._all: list[T] = []
        self._found: list[T] = []
        self._wanted: tuple[str, ...] = ()
        self._follow = follow
        self.empty = ""  # what is said in place of rows

    # -- what subclasses have ------------------------------------------------------------------------------------------

    def head(self, width: int) -> Content:
        raise NotImplementedError

    def draw(self, item: T, width: int) -> Content:
        raise NotImplementedError

    def searched(self, item: T) -> str:
        """All that a filter can find, in lower case."""
        raise NotImplementedError

    # -- rows ----------------------------------------------------------------------------------------------------------

    @property
    def items(self) -> Sequence[T]:
        """The rows that the filter lets through."""
        return self._found

    @property
    def total(self) -> int:
        return len(self._all)

    @property
    def chosen(self) -> T | None:
        return self._found[self.at] if self.at < len(self._found) else None

    def set_items(self, items: Sequence[T]) -> None:
        """All rows again; the cursor stays where it is, or at the end where it follows."""
        self._all = list(items)
        self._filter()

    def add_items(self, items: Sequence[T]) -> None:
        if items:
            self._all += items
            self._found += [item for item in items if self._fits(item)]
            self._changed()

    def filter(self, text: str) -> None:
        """Only rows that hold all of these words."""
        self._wanted = tuple(text.lower().split())
        self._filter()

    def _filter(self) -> None:
        self._found = [item for item in self._all if self._fits(item)]
        self._changed()

    def _fits(self, item: T) -> bool:
        return not self._wanted or all(word in self.searched(item) for word in self._wanted)

    def _changed(self) -> None:
        last = max(0, len(self._found) - 1)
        self.at = last if self._follow else min(self.at, last)
        self._arrange()

    def _arrange(self) -> None:
        """The rows fill the widget's width; the cursor is in sight."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._found) + 1)
        self._show_cursor()
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    # -- the cursor ----------------------------------------------------------------------------------------------------

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def _show_cursor(self) -> None:
        top = round(self.scroll_target_y)
        if self.at < top:
            top = self.at
        elif self.at >= top + self._room:
            top = self.at - self._room + 1
        self.scroll_to(y=top, animate=False, force=True)

    def action_move(self, step: int) -> None:
        self._go(self.at + step)

    def action_page(self, step: int) -> None:
        self._go(self.at + step * self._room)

    def action_end(self, last: bool) -> None:
        self._go(len(self._found) if last else 0)

    def _go(self, at: int) -> None:
        last = max(0, len(self._found) - 1)
        self.at = min(last, max(0, at))
        self._follow = self._follow_again() and self.at == last
        self._show_cursor()
        self.refresh()

    def _follow_again(self) -> bool:
        """Whether a cursor at the last row stays with what is added."""
        return False

    def on_click(self, event: Click) -> None:
        if event.y:
            self._go(round(self.scroll_offset.y) + event.y - 1)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = y - 1 + round(self.scroll_offset.y)
        if y == 0:
            content = self.head(width)
        elif at < len(self._found):
            content = self.draw(self._found[at], width)
            if at == self.at and self.has_focus:
                content = content.pad_right(max(0, width - content.cell_length)).stylize("on $primary 30%")
        else:
            content = Content(self.empty if y == 1 and not self._all else "")
        content = content.truncate(width, ellipsis=True, pad=True)
        return Visual.to_strips(self, content, width, 1, self.visual_style)[0]


class Filtered(Vertical, Generic[T]):
    """A table and the line in which its filter is typed: `/` opens it, Enter goes to the rows, Escape clears it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("escape", "clear", show=False),
    ]
    DEFAULT_CSS = """
    Filtered { height: 1fr; }
    Filtered Input { display: none; height: 1; background: $surface; }
    Filtered.-filtered Input { display: block; }
    """

    class Counted(Message):
        """How many rows there are, and are shown, may have changed."""

    def __init__(self, rows: Rows[T], *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.rows = rows

    def compose(self) -> ComposeResult:
        yield Input(placeholder="words that rows must hold, Esc clears", compact=True, disabled=True)
        yield self.rows

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_class("-filtered") if action == "clear" else True

    def action_filter(self) -> None:
        self.add_class("-filtered")
        self.query_one(Input).disabled = False
        self.query_one(Input).focus()

    def action_clear(self) -> None:
        self.query_one(Input).value = ""
        self._back_to_rows("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.rows.filter(event.value)
        self.post_message(self.Counted())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._back_to_rows(event.value.strip())

    def _back_to_rows(self, text: str) -> None:
        """Back to the rows; the line stays in sight as long as it filters."""
        self.rows.focus()
        self.set_class(bool(text), "-filtered")
        self.query_one(Input).disabled = True  # Tab does not go there
