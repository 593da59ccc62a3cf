"""The line of keys at the bottom: one widget and one line, because it changes while a run is at full speed."""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

PALETTE = ("^p", "Palette", "app.command_palette")


class Keys(Widget):
    """Shows the bindings of the screen that can be used now; each can be clicked."""

    DEFAULT_CSS = """
    Keys { height: 1; width: 1fr; background: $panel; padding: 0 1; dock: bottom;
           link-style: none; link-color: $text; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown = Content("")

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._redraw)
        self.call_after_refresh(self._redraw, self.screen)

    def on_resize(self) -> None:
        self._redraw(self.screen)

    def _redraw(self, screen: Screen[object]) -> None:
        keys: list[tuple[str, str, str]] = []
        for _, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and enabled and binding.action not in [action for _, _, action in keys]:
                keys.append((self.app.get_key_display(binding), binding.description, binding.action))
        width = self.size.width - 2
        content = Content("  ").join(_key(*key) for key in keys)
        palette = _key(*PALETTE)
        if content.cell_length + palette.cell_length + 2 <= width:
            content = Content.assemble(content, " " * (width - content.cell_length - palette.cell_length), palette)
        if not content.is_same(self._shown):
            self._shown = content
            self.refresh()

    def render(self) -> Content:
        return self._shown


def _key(key: str, words: str, action: str) -> Content:
    click = action if "." in action else f"screen.{action}"
    click = click if click.endswith(")") else f"{click}()"
    style = Style.from_meta({"@click": click})
    return Content.assemble((key, "bold $text-accent"), f" {words}").stylize(style)
