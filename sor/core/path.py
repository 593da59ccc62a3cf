"""The market's path through the window, for pictures: the national best bid and ask at evenly spaced times."""

from __future__ import annotations

from dataclasses import dataclass, field

from sor.core.book import Book
from sor.core.order import ParentOrder
from sor.core.orient import FAR

POINTS = 600  # more than a screen has columns; memory stays flat however long the tape


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Time in ns, oriented best take and best rest price in nanodollars; None where that side was empty."""

    ts: int
    take: int | None
    rest: int | None


@dataclass(slots=True)
class PathRecorder:
    order: ParentOrder
    points: list[PathPoint] = field(default_factory=list)
    _last: Book | None = None

    def add(self, book: Book) -> None:
        """Note the book at each time of the grid that has passed for certain: a later snapshot is there."""
        self._last = book
        while len(self.points) <= POINTS and self._next < int(book.ts[-1]):
            self._note(book)

    def finish(self) -> None:
        while self._last is not None and len(self.points) <= POINTS:
            self._note(self._last)

    @property
    def _next(self) -> int:
        order = self.order
        return order.start + (order.end - order.start) * len(self.points) // POINTS

    def _note(self, book: Book) -> None:
        row = book.last_at(self._next)
        take, rest = (int(book.best_take[row]), int(book.best_rest[row])) if row >= 0 else (FAR, -FAR)
        self.points.append(PathPoint(self._next, None if take == FAR else take, None if rest == -FAR else rest))
