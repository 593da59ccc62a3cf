"""Rows that are left out: conditions, corrections, marks of doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sor.tapes.rows import Mask
from sor.tapes.vendor.numbers import is_in
from sor.tapes.vendor.spec import Rule


def left_out(coded: Any, rule: Rule) -> tuple[Mask, Mask]:
    """Of a dictionary array: which rows are left out, and which take their venue's quote away instead."""
    keeps = _keeps(rule)
    clears = is_in(coded, lambda text: text.strip() in rule.clears)
    return is_in(coded, lambda text: not keeps(text)) & ~clears, clears


def _keeps(rule: Rule) -> Callable[[str], bool]:
    if rule.unless:
        return lambda text: text.strip() in rule.unless
    if rule.split == "hex":
        allowed = 0
        for bits in rule.within:
            allowed |= int(bits)
        return lambda text: _is_within(text, allowed)
    if rule.split == "list":
        return lambda text: {part.strip() for part in text.strip(" []").split(",")} <= rule.within
    return lambda text: set(text) <= rule.within | {" "}


def _is_within(text: str, allowed: int) -> bool:
    try:
        return int(text.strip() or "0", 16) & ~allowed == 0
    except ValueError:
        return False
