"""A study that others have a part in: our stretch of the slices comes first, theirs are joined to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sor.core.market.book import Book
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.walk_forward import StudiedSlice, Study


@dataclass(frozen=True, slots=True)
class StudiedStretch:
    """slices: one after the other; history: the outflows that can be seen from them on; venues: ascending, that were
    met until their end."""

    slices: tuple[StudiedSlice, ...]
    history: OutflowHistory
    venues: tuple[int, ...]


@dataclass(slots=True)
class JoinedStudy:
    """It stands in a session where a study does. As soon as our slices are over it waits for the others', before any
    strategy sees the book: the choices of its later slices are theirs. `then` is called with them."""

    study: Study
    others: Callable[[], Sequence[StudiedStretch]]
    then: Callable[[Sequence[StudiedStretch]], None]
    _joined: bool = False

    def on_book(self, book: Book) -> None:
        self.study.on_book(book)
        if self.study.over:
            self._join()

    def on_end(self, *, stopped: bool = False) -> None:
        self.study.on_end(stopped=stopped)
        self._join()

    def _join(self) -> None:
        if self._joined:
            return
        self._joined = True
        history, stretches = self.study.problems.history, self.others()
        history.on_end()
        for stretch in stretches:
            self.study.join(stretch.slices)
            history.join(stretch.history)
        self.then(stretches)
