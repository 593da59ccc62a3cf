"""Holes of a tape, wherever its pieces are cut."""

from __future__ import annotations

import pytest

from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.timeline import HOLE, timeline_of

TIMES = [0, 1, 1 + HOLE, 2 + HOLE, 1 + 2 * HOLE, 10 * HOLE]  # a hole of 30 minutes, a wait of less, a long hole


@pytest.mark.parametrize("cut", [1, 2, 3, 100])
def test_a_hole_is_half_an_hour_or_more_without_a_snapshot(cut: int) -> None:
    tape = [Snapshot(ts, (Quote(venue, 1, 1, 2, 1),)) for ts, venue in zip(TIMES, (7, 2, 2, 2, 2, 2), strict=True)]
    found = timeline_of(batch_of(tape[at : at + cut]) for at in range(0, len(tape), cut))
    assert found is not None
    assert (found.first, found.last, found.venues) == (0, 10 * HOLE, (2, 7))
    assert found.holes == ((1, 1 + HOLE), (1 + 2 * HOLE, 10 * HOLE))
    assert found.stretches == ((0, 1), (1 + HOLE, 1 + 2 * HOLE), (10 * HOLE, 10 * HOLE))
