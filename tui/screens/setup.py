"""The form: tape, order, strategy, stream. What is typed is looked at while it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.widgets import Button, Input, Label, Static

from tui import form
from tui.screens.page import Page
from tui.widgets.choice import Choice

LEFT = ("Order", "Tape", "Stream")


class SetupPage(Page):
    NAME = "setup"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "run", "Run"),
        Binding("ctrl+o", "app.open", "Open report"),
        Binding("ctrl+l", "clear", "Defaults"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    SetupPage #form { height: 1fr; padding: 0 1; }
    SetupPage #columns { height: auto; }
    SetupPage .column { width: 1fr; height: auto; }
    SetupPage #left { margin-right: 2; }
    SetupPage .group { color: $text-muted; text-style: bold; border-top: solid $foreground 25%; width: 1fr; height: 1;
                       border-title-color: $text-muted; border-title-style: bold; }
    SetupPage .field { height: 1; }
    SetupPage .field Label { width: 18; color: $text; }
    SetupPage .field Input { width: 1fr; }
    SetupPage .field.-bad Label { color: $text-error; text-style: bold; }
    SetupPage .field:focus-within Label { text-style: reverse; }
    SetupPage #bottom { height: 1; padding: 0 1; }
    SetupPage #hint { width: 1fr; color: $text-muted; }
    SetupPage #hint.-bad { color: $text-error; text-style: bold; }
    SetupPage #go { min-width: 12; }
    SetupPage.-wide #form { align-horizontal: center; }
    SetupPage.-wide #columns { width: 110; }
    SetupPage.-tall .group { margin-top: 1; }
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._values = dict(values or {})
        self._focused = "side"

    def body(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False), Horizontal(id="columns"):
            for side in ("left", "right"):
                with Vertical(classes="column", id=side):
                    for title, fields in form.GROUPS:
                        if (title in LEFT) == (side == "left"):
                            yield from self._group(title, fields)
        with Horizontal(id="bottom"):
            yield Static(id="hint")
            yield Button("Run", id="go", variant="success", compact=True)

    def _group(self, title: str, fields: tuple[form.FieldFacts, ...]) -> ComposeResult:
        rule = Static(classes="group")
        rule.border_title = title
        yield rule
        for field in fields:
            with Horizontal(classes="field", id=f"row-{field.name}"):
                yield Label(field.label)
                value = self._values.get(field.name, "")
                if field.choices:
                    yield Choice(field.choices, value, form.default(field.name), id=field.name)
                else:
                    yield Input(value, placeholder=form.default(field.name), id=field.name, compact=True)

    def on_mount(self) -> None:
        self._check()

    # -- what was typed ------------------------------------------------------------------------------------------------

    @property
    def values(self) -> dict[str, str]:
        """Everything that is not left to its default."""
        found: dict[str, str] = {}
        for name, field in form.FIELDS.items():
            if field.choices:
                found[name] = self.query_one(f"#{name}", Choice).value
            else:
                found[name] = self.query_one(f"#{name}", Input).value.strip()
        return {name: value for name, value in found.items() if value}

    def fill(self, values: Mapping[str, str]) -> None:
        """Put these values into the form, and nothing into the rest."""
        for name, field in form.FIELDS.items():
            value = values.get(name, "")
            if field.choices:
                self.query_one(f"#{name}", Choice).value = value
            else:
                self.query_one(f"#{name}", Input).value = value

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Input.Changed | Choice.Changed) -> None:
        if event.control.id == "profile":
            self._placeholders()
        self._check()

    def _placeholders(self) -> None:
        profile = self.values.get("profile", "default")
        for name, field in form.FIELDS.items():
            if field.choices:
                self.query_one(f"#{name}", Choice).default = form.default(name, profile)
            else:
                self.query_one(f"#{name}", Input).placeholder = form.default(name, profile)

    @on(DescendantFocus)
    def _focus(self, event: DescendantFocus) -> None:
        if event.widget.id in form.FIELDS:
            self._focused = event.widget.id or ""
            self._check()

    def _check(self) -> bool:
        """Mark what is wrong; the line below the form says it, of the field in hand first. True where all is well."""
        try:
            values = self.values
        except NoMatches:
            return False
        bad = {name: text for name, value in values.items() if (text := form.problem(name, value))}
        for name in form.FIELDS:
            self.query_one(f"#row-{name}").set_class(name in bad, "-bad")
        hint = self.query_one("#hint", Static)
        text = bad.get(self._focused) or next(iter(bad.values()), "")
        hint.set_class(bool(text), "-bad")
        hint.update(Content(f"✗ {text}" if text else form.FIELDS[self._focused].help))
        self.query_one("#go", Button).disabled = bool(bad)
        return not bad

    # -- keys ----------------------------------------------------------------------------------------------------------

    @on(Button.Pressed, "#go")
    @on(Input.Submitted)
    def action_run(self) -> None:
        if self._check():
            self.desk_app.start(form.request(self.values))

    def action_clear(self) -> None:
        self.fill({})
