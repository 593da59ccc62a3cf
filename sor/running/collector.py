"""Python's collector of cycles: seldom while a backtest runs, and not once more when the program ends."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SELDOM = 200_000  # values made between two searches; Python's own is 700


def collect_seldom() -> None:
    """For the rest of the process. A backtest makes millions of small values and hardly a cycle, and each search
    through them finds nothing: a tenth of the time of a day."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], SELDOM) if before[0] else 0, *before[1:])  # 0: somebody turned it off


@contextmanager
def seldom_collected() -> Iterator[None]:
    """The same in a process of somebody else: what is set for it is as it was afterwards."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)


def leave(code: int) -> NoReturn:
    """End the program. Python would look at all that it still holds for cycles, in vain: its memory goes at once."""
    gc.freeze()
    sys.exit(code)
