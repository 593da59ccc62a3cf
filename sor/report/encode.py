"""JSON with exact money: a Decimal is written as the number it is, so that it reads back to the same amount.

Ours, as no library writes these bytes (docs/architecture.md, JSON).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from typing import Any

from sor.text import json_text


class OneLine(list[Any]):
    """A list of numbers that stays on one line, however long: a figure a slice is no reading for people."""


def encode(data: Mapping[str, Any]) -> str:
    """The object as indented JSON with a final newline; the same bytes for the same values on every machine."""
    return json_text(_json(data, "\n")) + "\n"


def encode_line(data: Mapping[str, Any]) -> str:
    """The same object as one line."""
    return json_text(_json(data, None)) + "\n"


def _json(value: Any, margin: str | None) -> str:
    """margin: a newline and the blanks before what stands as deep as the value; None where it is one line."""
    match value:
        case str():
            return _quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float() | Decimal():
            return _number(value)
        case OneLine():
            return _block("[]", [_json(item, None) for item in value], None)
        case list() | tuple():
            inner = _deeper(margin)
            return _block("[]", [_json(item, inner) for item in value], margin)
        case Mapping():
            inner = _deeper(margin)
            return _block("{}", [f"{_quoted(name)}: {_json(item, inner)}" for name, item in value.items()], margin)
        case _:
            raise TypeError(f"JSON has no {type(value).__name__}")


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        raise ValueError(f"JSON has no number {value}")
    return str(value) if isinstance(value, Decimal) else float.__repr__(value)


def _deeper(margin: str | None) -> str | None:
    return None if margin is None else f"{margin}  "


def _block(brackets: str, items: list[str], margin: str | None) -> str:
    if margin is None or not items:
        return f"{brackets[0]}{', '.join(items)}{brackets[1]}"
    inner = f"{margin}  "
    return f"{brackets[0]}{inner}{f',{inner}'.join(items)}{margin}{brackets[1]}"
