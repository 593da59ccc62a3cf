"""A field with a few possible values, in one line and one widget: arrows or a click change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """`value` is empty where the default stands; `default` is what that is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "step(1)", "Change", key_display="← →"),
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("backspace,delete", "clear", "Default", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; background: $surface; }
    Choice:focus { background: $primary 25%; }
    """

    class Changed(Message):
        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, choices: Sequence[str], value: str, default: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._choices = list(choices) if not value or value in choices else [*choices, value]
        self._value, self._default = value, default

    @property
    def value(self) -> str:
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value and value not in self._choices:
            self._choices.append(value)
        if value != self._value:
            self._value = value
            self.post_message(self.Changed(self))
        self.refresh()

    @property
    def default(self) -> str:
        return self._default

    @default.setter
    def default(self, default: str) -> None:
        self._default = default
        self.refresh()

    def action_step(self, step: int) -> None:
        now = self._value or self._default
        at = self._choices.index(now) if now in self._choices else 0
        chosen = self._choices[(at + step) % len(self._choices)]
        self.value = "" if chosen == self._default else chosen

    def action_clear(self) -> None:
        self.value = ""

    def on_click(self, event: Click) -> None:
        self.action_step(-1 if event.x == self.size.width - 3 else 1)

    def on_key(self, event: Key) -> None:
        """The first letter of a value chooses it."""
        found = [choice for choice in self._choices if event.character and choice.startswith(event.character)]
        if found and event.character != " ":
            self.value = "" if found[0] == self._default else found[0]
            event.stop()

    def render(self) -> Content:
        text = self._value or self._default
        gap = " " * max(1, self.size.width - len(text) - 3)
        return Content.assemble((text, "" if self._value else "$foreground 50%"), gap, ("‹ ›", "$foreground 40%"))
