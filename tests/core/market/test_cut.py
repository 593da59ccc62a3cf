"""A window cut out of a tape: the book before it as one snapshot, the window, and the first snapshot after it."""

from __future__ import annotations

import pytest

from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.cut import cut, is_two_sided
from sor.core.units import NANO, NO_PRICE


def shown(second: int, venue: int = 2, ask: int = 110, ask_sz: int = 5) -> Snapshot:
    return Snapshot(second * NANO, (Quote(venue, 100 + second, 5, ask, ask_sz),))


def cut_out(tape: list[Snapshot], start: int, end: int, pieces: int) -> list[Snapshot]:
    batches = [batch_of(tape[at : at + pieces]) for at in range(0, len(tape), pieces)]
    return [one for batch in cut(iter(batches), start * NANO, end * NANO, origin=0) for one in batch.snapshots()]


@pytest.mark.parametrize("pieces", [1, 2, 3, 100])
def test_the_window_is_closed_and_followed_by_one_snapshot(pieces: int) -> None:
    tape = [shown(0, 7), *(shown(second) for second in range(1, 8))]
    before = Snapshot(2 * NANO, (*shown(2).quotes, *shown(0, 7).quotes))  # the last quote of each venue
    assert cut_out(tape, 3, 5, pieces) == [before, *tape[3:7]]


@pytest.mark.parametrize("pieces", [1, 2, 100])
def test_where_a_side_is_empty_what_came_after_the_last_whole_book_is_kept(pieces: int) -> None:
    """A mid is carried over such times, so they have to be seen."""
    tape = [shown(0), shown(1, ask=NO_PRICE, ask_sz=0), shown(2, ask=NO_PRICE, ask_sz=0), shown(3)]
    found = cut_out(tape, 3, 9, pieces)
    assert found[-3:] == tape[1:]
    assert found[0].quotes == shown(0).quotes


def test_a_price_without_shares_is_no_side() -> None:
    assert is_two_sided({2: (100, 5, 110, 5)})
    assert is_two_sided({2: (100, 5, NO_PRICE, 0), 7: (NO_PRICE, 0, 110, 5)})
    assert not is_two_sided({2: (100, 0, 110, 5)})
    assert not is_two_sided({2: (100, 5, 110, 0)})
