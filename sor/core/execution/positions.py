"""Many orders without end at one venue, each in its own stretch of a book: what they are filled, worked out together.

Where whole shares stay whole, a place in a queue is a running minimum. In units of shares that are gone from the queue
since the stretch began, our place is reached at min(ahead, min over events of gone + what is left ahead at most); what
stands ahead before a trade is that minus gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sor.core.execution.queue_position import SHARE, QueuePosition
from sor.core.market.batch import Ints
from sor.core.market.oriented import FAR
from sor.core.market.queue_events import QueueEvents
from sor.core.order import QueueModel

LONG = 2**40  # shares; a queue that is longer, or unknown, is gone through by itself
WHOLE = (QueueModel.CONSERVATIVE, QueueModel.OPTIMISTIC)


class Stretch(NamedTuple):
    """An order's place, and the entries start:stop that it goes through: at least one."""

    position: QueuePosition
    start: int
    stop: int


def sold_to_each(queue: QueueEvents, stretches: Sequence[Stretch], model: QueueModel) -> list[int]:
    """QueuePosition.sold of each; the positions go along."""
    plain = _plain(queue, stretches) if stretches and model in WHOLE and not queue.late else [False] * len(stretches)
    worked = iter(_worked(queue, [one for one, is_plain in zip(stretches, plain, strict=True) if is_plain], model))
    return [
        next(worked) if is_plain else one.position.sold(queue, one.start, one.stop)
        for one, is_plain in zip(stretches, plain, strict=True)
    ]


def _plain(queue: QueueEvents, stretches: Sequence[Stretch]) -> list[bool]:
    """Which stretches have no hidden sale, and an order that knows its place."""
    first, last = _events(queue, _edges(stretches))
    hidden = queue.columns.hidden
    return [
        none and one.position.ahead < LONG * SHARE
        for one, none in zip(stretches, (hidden[first] == hidden[last]).tolist(), strict=True)
    ]


def _worked(queue: QueueEvents, stretches: Sequence[Stretch], model: QueueModel) -> list[int]:
    """What plain stretches sold to their orders."""
    if not stretches:
        return []
    edges = _edges(stretches)
    px = np.array([one.position.px for one in stretches], np.int64)
    crossed, quoted = edges[:, 1].copy(), np.zeros(len(stretches), np.int64)
    take_px = np.append(queue.take_px, FAR)  # a stretch may end where the entries do
    through = np.flatnonzero(np.minimum.reduceat(take_px, edges.ravel())[::2] <= px)
    if len(through):
        those = [stretches[i] for i in through.tolist()]
        crossed[through], quoted[through] = _quoted_through(queue, those, edges[through], px[through])
    sold: list[int] = (quoted + _passed(queue, stretches, edges, px, crossed, model)).tolist()
    return sold


def _passed(
    queue: QueueEvents, stretches: Sequence[Stretch], edges: Ints, px: Ints, crossed: Ints, model: QueueModel
) -> Ints:
    """The sum of what QueuePosition.pass_through yields in each stretch. crossed: the entry at which an opposite quote
    comes to the order first, the end of the stretch where there is none."""
    columns, sold = queue.columns, np.zeros(len(stretches), np.int64)
    number, at, begins, some = _in_a_row(*_events(queue, edges))
    our_px, crossing = px[number], crossed[number]
    ahead = np.array([one.position.ahead // SHARE for one in stretches], np.int64)
    trade, event_px, sz, entry = columns.trade[at], columns.px[at], columns.sz[at], columns.entry[at]
    traded = np.where(trade & (event_px <= our_px), sz, 0)
    empty = ((event_px < our_px) & (~trade | columns.certain[at])) | (entry > crossing)
    shown = ~trade & (event_px == our_px)
    left = traded + np.where(shown, columns.cancelled[at], 0) if model is QueueModel.OPTIMISTIC else traded
    gone = np.cumsum(left)
    gone -= np.repeat((gone - left)[begins], np.diff(begins, append=len(at)))
    before = gone - traded
    most = np.where(empty, 0, np.where(shown, sz, LONG))
    # Each stretch lies lower than all before it, so that one running minimum goes through all of them.
    depth = LONG * number
    reached = np.minimum.accumulate(np.minimum(before + most, ahead[number]) - depth) + depth
    ends = np.append(begins[1:], len(at)) - 1
    if len(at):
        ahead[some] = np.maximum(reached - gone, 0)[ends]
        sold[some] = np.add.reduceat(np.maximum(traded - np.maximum(reached - before, 0), 0), begins)
    ahead[crossed < edges[:, 1]] = 0
    for one, still in zip(stretches, ahead.tolist(), strict=True):
        one.position.ahead = still * SHARE
    return sold


def _quoted_through(queue: QueueEvents, stretches: Sequence[Stretch], edges: Ints, px: Ints) -> tuple[Ints, Ints]:
    """The entry at which an opposite quote comes to each order first, and the shares that such quotes offer: the growth
    of the size within a price run."""
    number, entry, *_ = _in_a_row(*edges.T)
    near = np.flatnonzero(queue.take_px[entry] <= px[number])
    number, entry = number[near], entry[near]
    crossed = entry[np.flatnonzero(np.diff(number, prepend=-1))]
    offers = queue.take_sz[entry] > 0
    number, entry = number[offers], entry[offers]
    quoted = np.zeros(len(stretches), np.int64)
    if not len(entry):
        return crossed, quoted
    run = queue.run[entry]
    starts = np.flatnonzero((np.diff(number, prepend=-1) != 0) | (np.diff(run, prepend=-1) != 0))
    most = np.maximum.reduceat(queue.take_sz[entry], starts)
    number, run = number[starts], run[starts]
    np.add.at(quoted, number, most)
    # Of its first run in the stretch an order may have had something before, its last may go on after it.
    first = np.flatnonzero(np.diff(number, prepend=-1))
    last = np.append(first[1:], len(number)) - 1
    ends = (number[first], run[first], most[first], run[last], most[last])
    for i, run_first, most_first, run_last, most_last in zip(*(column.tolist() for column in ends), strict=True):
        position = stretches[i].position
        had = position.gone if position.run == run_first else 0
        quoted[i] -= min(had, most_first)
        position.run, position.gone = run_last, max(most_last, had) if run_last == run_first else most_last
    return crossed, quoted


def _edges(stretches: Sequence[Stretch]) -> Ints:
    return np.array([(one.start, one.stop) for one in stretches], np.int64)


def _events(queue: QueueEvents, edges: Ints) -> tuple[Ints, Ints]:
    """Where the events of each stretch begin and end."""
    columns = queue.columns
    first, last = columns.starts[columns.entries.searchsorted(edges)].T
    return first, last


def _in_a_row(first: Ints, last: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """All of first:last one after the other: the number of the range and the place of each, where each range that is
    not empty begins in that row, and which these are."""
    lengths = last - first
    ends = np.cumsum(lengths)
    number = np.repeat(np.arange(len(first)), lengths)
    at = np.arange(len(number)) + (first - ends + lengths)[number]
    some = np.flatnonzero(lengths)
    return number, at, (ends - lengths)[some], some
