"""The market's path through the window, for pictures: the national best bid and ask at evenly spaced times."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sor.core.market.book import Book
from sor.core.market.oriented import FAR
from sor.core.order import ParentOrder

POINTS = 600  # more than a screen has columns; memory stays flat however long the tape


class PathPoint(NamedTuple):
    """Time in ns, oriented best take and best rest price in nanodollars; None where that side was empty."""

    ts: int
    take: int | None
    rest: int | None


@dataclass(slots=True)
class PathRecorder:
    order: ParentOrder
    points: list[PathPoint] = field(default_factory=list)
    _grid: list[int] = field(init=False)
    _last: Book | None = None

    def __post_init__(self) -> None:
        start, horizon = self.order.start, self.order.end - self.order.start
        self._grid = [start + horizon * n // POINTS for n in range(POINTS + 1)]

    def on_book(self, book: Book) -> None:
        """Note the book at each time of the grid that has passed for certain: a later snapshot is there."""
        self._last = book
        self._note(book, bisect_left(self._grid, int(book.ts[-1]), len(self.points)))

    def on_end(self) -> None:
        if self._last is not None:
            self._note(self._last, len(self._grid))

    def _note(self, book: Book, stop: int) -> None:
        """The points of the grid up to `stop` that are still to be noted."""
        times = self._grid[len(self.points) : stop]
        if not times:
            return
        rows = np.searchsorted(book.ts, times, "right") - 1
        takes, rests = (column[rows].tolist() for column in (book.best_take, book.best_rest))
        for ts, row, take, rest in zip(times, rows.tolist(), takes, rests, strict=True):
            known = row >= 0
            self.points.append(
                PathPoint(ts, take if known and take != FAR else None, rest if known and rest != -FAR else None)
            )
