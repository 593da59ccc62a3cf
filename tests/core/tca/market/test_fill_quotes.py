"""The quotes by which a take is judged: those that it met, and those before its instant if it is on the tape itself."""

from __future__ import annotations

import pytest

from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Fill, Side
from sor.core.tca.market.fill_quotes import FillQuotesRecorder


@pytest.mark.parametrize(("is_maker", "before", "mid2"), [(False, False, 206), (False, True, 202), (True, False, 202)])
def test_what_stood_at_a_fill(is_maker: bool, before: bool, mid2: int) -> None:
    shown = [Snapshot(ts, (Quote(2, bid, 5, bid + 2, 5),)) for ts, bid in ((1, 100), (5, 102))]
    recorder = FillQuotesRecorder([Fill(5, 2, 102, 1, is_maker, False, 5, None, 5, None)], 9, before)
    recorder.on_book(BookBuilder().extend(orient(batch_of(shown), Side.BUY)))
    assert recorder.recorded().mid2 == [mid2]
