"""Whether a tape can have given a fill, by hand: a quote of 100 to 102, better for a moment, and one trade."""

from __future__ import annotations

from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Fill, Side
from sor.core.tca.market.plausible import PlausibleRecorder

TAPE = [
    Snapshot(10, (Quote(2, 98, 5, 99, 5),)),
    Snapshot(20, (Quote(2, 100, 5, 102, 7),)),
    Snapshot(30, (), (Trade(2, 102, 4, "B"), Trade(2, 103, 90, "B"))),
]


def fill(ts: int, px: int, qty: int, *, is_maker: bool = False, decided: int | None = None) -> Fill:
    return Fill(ts, 2, px, qty, is_maker, False, ts if decided is None else decided, None, ts, None)


def problems(*fills: Fill) -> list[str | None]:
    recorder, batch = PlausibleRecorder(fills, 2), orient(batch_of(TAPE), Side.BUY)
    recorder.on_batch(batch, BookBuilder(queues=True).extend(batch))
    return [seen.problem(one) for seen, one in zip(recorder.seen, fills, strict=True)]


def test_shares_are_what_was_traded_and_shown_at_that_price_or_better() -> None:
    assert problems(fill(30, 102, 11)) == [None]  # 4 traded, 7 shown
    (said,) = problems(fill(30, 102, 12))
    assert said is not None
    assert said.startswith("12 shares, where its venue traded 4 and displayed 7")
    assert None not in problems(fill(30, 102, 6), fill(30, 102, 6))  # together they are too many
    assert None not in problems(fill(30, 101, 1))  # nothing was shown or traded so low


def test_a_resting_price_may_have_been_within_the_range_since_its_decision() -> None:
    late = problems(fill(30, 99, 1, is_maker=True, decided=15), fill(30, 99, 1, is_maker=True, decided=30))
    assert [said is not None and "national range" in said for said in late] == [False, True]
