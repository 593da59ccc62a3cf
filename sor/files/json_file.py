"""JSON that people write or keep: nothing is read that they may not have meant, and every fault is one line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from sor.text import quoted


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # Python's own words are about Python
        raise ValueError("a whole number of too many digits") from None


def parse_json(data: bytes, fraction: Callable[[str], Any] = float, whole: Callable[[str], Any] = _whole) -> Any:
    """What the text of a file holds; `fraction` and `whole` make its numbers. ValueError says what is wrong with it."""
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            parse_float=fraction,
            parse_int=whole,
            parse_constant=_refuse,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    except ArithmeticError:
        raise ValueError("a number whose exponent is beyond any number") from None


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {quoted(twice, 43)} is there twice")
    return result
