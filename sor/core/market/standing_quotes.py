"""What venues show in the rows of a book, kept as it was sent: a quote stands until the venue's next one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from sor.core.market.batch import Ints, differs


@dataclass(frozen=True)
class StandingQuotes:
    """Of K venues in n rows of a book, venue by venue and in their order; a venue's first quote stands at row 0.

    first int64[K + 1]: where each venue's quotes begin. row int64[quotes]: the first that shows it. columns, by name
    int64[quotes]: take_px, take_sz, rest_px, rest_sz, run, and where ages matter take_seen, rest_seen; see Book.
    """

    n: int
    first: Ints
    row: Ints
    columns: dict[str, Ints]

    @classmethod
    def of_rows(cls, columns: dict[str, Ints]) -> StandingQuotes:
        """Columns int64[n, K]: something else may stand in every row."""
        n, count = columns["run"].shape
        flat = {name: column.T.ravel() for name, column in columns.items()}
        return cls(n, np.arange(count + 1) * n, np.tile(np.arange(n), count), flat)

    @property
    def venues(self) -> int:
        return len(self.first) - 1

    @cached_property
    def held(self) -> Ints:
        """How many rows each stands."""
        last = self.first[1:] - 1
        held = np.empty_like(self.row)
        held[:-1] = self.row[1:] - self.row[:-1]
        held[last] = self.n - self.row[last]
        return held

    def dense(self, name: str) -> Ints:
        """A column as int64[n, K]; a venue's rows are side by side in memory."""
        return np.repeat(self.columns[name], self.held).reshape(self.venues, self.n).T

    def best(self, name: str, better: np.ufunc, worst: int) -> Ints:
        """int64[n]: the best of a column in each row by np.minimum or np.maximum; `worst` where there is no venue.

        Most quotes change no price, so that is worked out for the few rows that bring another value.
        """
        if self.venues == 1:
            return self.dense(name)[:, 0]
        values = self.columns[name]
        changes = differs(values)
        changes[self.first[:-1]] = True
        at = np.flatnonzero(changes)
        is_new = np.zeros(self.n, np.bool_)
        is_new[0], is_new[self.row[at]] = True, True
        number = np.cumsum(is_new) - 1
        few = StandingQuotes(int(number[-1]) + 1, at.searchsorted(self.first), number[self.row[at]], {name: values[at]})
        best: Ints = better.reduce(few.dense(name), axis=1, initial=worst)[number]
        return best

    def at(self, row: int) -> Ints:
        """Of each venue the quote that stands in a row."""
        bounds = pairwise(self.first.tolist())
        found = [begin + int(self.row[begin:end].searchsorted(row, side="right")) - 1 for begin, end in bounds]
        return np.array(found, np.int64)

    def in_row(self, row: int) -> StandingQuotes:
        """This row alone."""
        at = self.at(row)
        return StandingQuotes(
            1,
            np.arange(self.venues + 1),
            np.zeros(self.venues, np.int64),
            {name: column[at] for name, column in self.columns.items()},
        )

    def in_every_row(self) -> StandingQuotes:
        """The same, repeated in every row."""
        return StandingQuotes.of_rows({name: self.dense(name) for name in self.columns})

    def with_runs(self, first: int) -> StandingQuotes:
        """Every row a price run of its own, numbered from `first`."""
        return replace(self, columns={**self.columns, "run": first + self.row})
