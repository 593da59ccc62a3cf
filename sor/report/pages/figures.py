"""Figures on a page: each is what people read, and carries the exact value and its place in the JSON with it.

`<data value="0.810953" data-at="/headline/mean_savings_bps">+0.81</data>`: the page can be read by programs too, and a
test compares every figure of a page with the report that it was made from. `data-at` is a JSON Pointer (RFC 6901).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from sor.report.format import NOTHING, money, price, signed
from sor.text import plain

Key = str | int


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: the text shown, the exact value, and where in the JSON it stands."""

    text: str
    value: Any
    at: str

    def __html__(self) -> Markup:
        if self.value is None:
            return escape(plain(self.text))
        shown = map(plain, (self.value, self.at, self.text))
        return Markup('<data value="{}" data-at="{}">{}</data>').format(*shown)


class Figures:
    """Figures of one JSON object, by their place in it. What is not there, or null, shows as a dash."""

    def __init__(self, data: Mapping[str, Any], base: tuple[Key, ...] = ()) -> None:
        self.data = data
        self.base = base

    def under(self, *path: Key) -> Figures:
        """The figures of a part of the object, by their place in that part."""
        return Figures(self.data, (*self.base, *path))

    def get(self, *path: Key) -> Any:
        """The value at a place; None where there is none."""
        found: Any = self.data
        for key in (*self.base, *path):
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, Sequence) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return None
        return found

    def bps(self, *path: Key, digits: int = 2) -> Figure:
        """What can go either way, with its sign."""
        return self._figure(path, lambda value: signed(value, digits))

    def money(self, *path: Key) -> Figure:
        return self._figure(path, money)

    def price(self, *path: Key) -> Figure:
        return self._figure(path, price)

    def count(self, *path: Key) -> Figure:
        return self._figure(path, lambda value: f"{value:,}")

    def number(self, *path: Key, digits: int = 3) -> Figure:
        return self._figure(path, lambda value: f"{value:,.{digits}f}")

    def share(self, *path: Key) -> Figure:
        """A part of one in per cent."""
        return self._figure(path, lambda value: f"{float(value):.1%}".replace("%", " %"))

    def interval(self, *path: Key, digits: int = 2) -> Markup:
        """A pair of ends."""
        if not self.get(*path):
            return escape(NOTHING)
        return Markup("{} to {}").format(self.bps(*path, 0, digits=digits), self.bps(*path, 1, digits=digits))

    def text(self, *path: Key) -> Figure:
        """A value as it stands: an option, a name."""
        return self._figure(path, words)

    def _figure(self, path: tuple[Key, ...], shown: Callable[[Any], str]) -> Figure:
        value = self.get(*path)
        return Figure(NOTHING if value is None else _typeset(shown(value)), value, pointer((*self.base, *path)))


def _typeset(text: str) -> str:
    """With a minus sign in the place of a hyphen, as wide as the plus sign above it."""
    return f"−{text[1:]}" if text[:1] == "-" and text[1:2].isdigit() else text


def pointer(path: Sequence[Key]) -> str:
    """A JSON Pointer."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def words(value: Any) -> str:
    """A value of the JSON for people: lists with commas, numbers without needless zeros."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | float):
        text = format(Decimal(str(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(inner)}" for key, inner in value.items()) or NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(map(words, value)) or NOTHING
    return str(value)
