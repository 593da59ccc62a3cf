"""The names of a page's tabs in one line: the one that is shown is marked, a number or a click goes to another."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static


class TabLine(Static):
    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 1; background: $surface; link-style: none; link-color: $text; }
    """

    def show(self, titles: Sequence[str], at: int) -> None:
        parts: list[Content] = []
        for number, title in enumerate(titles, 1):
            style = "bold reverse" if number - 1 == at else "$text"
            words = Content.from_markup(f"[@click=screen.tab({number})][$text-muted]{number}[/] [{style}]$title[/][/]",
                                        title=f" {title} ")  # fmt: skip
            parts.append(words)
        self.update(Content("  ").join(parts))
