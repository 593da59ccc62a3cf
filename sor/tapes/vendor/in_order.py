"""Rows of one instant in the order that a column of theirs says, where the file has them in another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sor.tapes.rows import RowChunk, concat_rows
from sor.tapes.vendor.decode.ordered_rows import OrderedRows


class InOrder:
    """Orders neighbouring rows of one instant by their keys, in chunks; without keys all is passed on as it is."""

    def __init__(self, keys: int) -> None:
        self._has_keys = keys > 0
        self._open: OrderedRows | None = None

    def on_rows(self, decoded: OrderedRows) -> Iterator[RowChunk]:
        if len(decoded.rows) == 0:
            return
        if not self._has_keys:
            yield decoded.rows
            return
        whole = decoded if self._open is None else _joined(self._open, decoded)
        changes = np.flatnonzero(np.diff(whole.rows.ts))
        cut = int(changes[-1]) + 1 if len(changes) else 0
        self._open = _part(whole, cut, len(whole.rows))
        if cut:
            yield _sorted(_part(whole, 0, cut))

    def remaining(self) -> Iterator[RowChunk]:
        if self._open is not None:
            yield _sorted(self._open)
            self._open = None


def _sorted(decoded: OrderedRows) -> RowChunk:
    run = np.cumsum(np.diff(decoded.rows.ts, prepend=decoded.rows.ts[:1]) != 0)
    order = np.lexsort((*reversed(decoded.order), run))  # stable
    is_sorted = bool((np.diff(order) == 1).all())
    return decoded.rows if is_sorted else decoded.rows.take(order)


def _joined(first: OrderedRows, second: OrderedRows) -> OrderedRows:
    keys = (np.concatenate(pair) for pair in zip(first.order, second.order, strict=True))
    return OrderedRows(concat_rows([first.rows, second.rows]), tuple(keys))


def _part(decoded: OrderedRows, start: int, stop: int) -> OrderedRows:
    return decoded.take(np.arange(start, stop))
