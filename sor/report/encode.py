"""JSON with exact money: a Decimal is written as the number it is, so that it reads back to the same amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import simplejson

from sor.text import json_text


class OneLine(list[Any]):
    """A list of numbers that stays on one line, however long: a figure a slice is no reading for people."""

    def for_json(self) -> simplejson.RawJSON:
        return simplejson.RawJSON(simplejson.dumps(list(self), use_decimal=True, allow_nan=False))


def encode(data: Mapping[str, Any]) -> str:
    """The object as indented JSON with a final newline; the same bytes for the same values on every machine."""
    return _text(data, indent=2)


def encode_line(data: Mapping[str, Any]) -> str:
    """The same object as one line."""
    return _text(data, indent=None)


def _text(data: Mapping[str, Any], indent: int | None) -> str:
    text = simplejson.dumps(data, use_decimal=True, indent=indent, allow_nan=False, ensure_ascii=False, for_json=True)
    return json_text(text) + "\n"
