"""The figures of a page, read as a program would, and the places of the JSON that they say they are from."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            given = dict(attrs)
            self._open = (str(given["data-at"]), str(given["value"]))

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found.append((*self._open, data))
            self._open = None


def figures(page: str) -> list[tuple[str, str, str]]:
    """(place, exact value, text shown) of every figure of a page."""
    reader = _Reader()
    reader.feed(page)
    return reader.found


def resolve(data: Any, at: str) -> Any:
    """What a JSON Pointer leads to."""
    for part in at.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        data = data[int(key)] if isinstance(data, list | tuple) else data[key]
    return data
