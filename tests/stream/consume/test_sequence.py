"""Sequence numbers: every snapshot once and in order, whatever order they come in."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, batch_of
from sor.stream.consume.sequence import WINDOW, Sequencer


def snapshot(i: int) -> SnapshotBatch:
    return batch_of([Snapshot(i, (Quote(1, 1, 1, 2, 1),))])


def times(batches: Iterable[SnapshotBatch]) -> list[int]:
    return [ts for batch in batches for ts in batch.ts.tolist()]


def feed(sequencer: Sequencer, order: Iterable[int]) -> list[int]:
    return [ts for i in order for ts in times(sequencer.accept(i, snapshot(i)))]


def test_in_order_a_batch_passes_whole() -> None:
    sequencer = Sequencer()
    batch = batch_of([Snapshot(i, ()) for i in range(5)])
    assert sequencer.accept(0, batch) == [batch]
    assert (sequencer.next, sequencer.received, sequencer.gaps, sequencer.duplicates) == (5, 5, 0, 0)


@given(st.permutations(range(40)), st.lists(st.integers(0, 39), max_size=30))
@settings(max_examples=60)
def test_any_order_within_the_window_comes_out_right(order: list[int], again: list[int]) -> None:
    sequencer = Sequencer()
    assert feed(sequencer, [*order, *again]) == list(range(40))
    assert (sequencer.received, sequencer.duplicates, sequencer.gaps, sequencer.late) == (40, len(again), 0, 0)
    assert not sequencer.held


@given(st.lists(st.integers(0, 60), max_size=120), st.integers(0, 80))
@settings(max_examples=100)
def test_nothing_is_counted_twice_and_nothing_forgotten(order: list[int], count: int) -> None:
    sequencer = Sequencer()
    before = feed(sequencer, order)
    out = before + times(sequencer.remaining(count))
    # What still waits at the end and has a number that the end marker does not count is no part of the run.
    assert out == sorted({i for i in order if i < count} | set(before))
    assert sequencer.received == len(out)
    assert sequencer.received + sequencer.gaps == sequencer.next == max([count, *(i + 1 for i in before)])
    assert sequencer.received + sequencer.duplicates + sequencer.late + sequencer.beyond == len(order)


def test_a_hole_is_waited_for_and_then_given_up() -> None:
    sequencer = Sequencer()
    assert feed(sequencer, range(1, WINDOW + 1)) == []
    assert feed(sequencer, [WINDOW + 1]) == list(range(1, WINDOW + 2))
    assert sequencer.missing == [(0, 1)]
    assert feed(sequencer, [0]) == []
    assert (sequencer.late, sequencer.duplicates, sequencer.gaps) == (1, 0, 1)


def test_the_end_marker_says_what_is_missing_at_the_end() -> None:
    sequencer = Sequencer()
    feed(sequencer, [0, 1])
    sequencer.remaining(5)
    assert sequencer.missing == [(2, 5)]
    assert sequencer.gaps == 3


def test_state_goes_on_where_it_was() -> None:
    sequencer = Sequencer()
    feed(sequencer, [0, 0, 1])
    sequencer.remaining(4)
    again = Sequencer.from_state(sequencer.state())
    assert again == sequencer
