"""JSON with exact money: a Decimal is written as the number it is, so that it reads back to the same amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import simplejson


def encode(data: Mapping[str, Any]) -> str:
    """The object as indented JSON with a final newline; the same bytes for the same values on every machine."""
    return simplejson.dumps(data, use_decimal=True, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def encode_line(data: Mapping[str, Any]) -> str:
    """The same object as one line."""
    return simplejson.dumps(data, use_decimal=True, allow_nan=False, ensure_ascii=False) + "\n"
