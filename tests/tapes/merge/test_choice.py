"""What of several publishers counts, by the rules alone."""

from __future__ import annotations

import pytest

from sor.core.market.batch import Form
from sor.errors import InputError
from sor.tapes.merge.choice import FoundPublisher, LeftOut, choose, one_form
from sor.tapes.merge.symbols import one_spelling, wanted_of
from sor.tapes.rows import Kind

S = 10**9


def found(
    publisher: int,
    kind: Kind = Kind.MBP_1,
    file: str = "a",
    first: int = 0,
    last: int = 100 * S,
    form: Form = Form.VENUE,
) -> FoundPublisher:
    return FoundPublisher(file, form, kind, publisher, first, last)


@pytest.mark.parametrize(
    ("kinds", "quotes", "trades"),
    [
        ([Kind.MBP_1, Kind.TRADES], set(), {Kind.TRADES}),
        ([Kind.MBP_1, Kind.MBP_10, Kind.TBBO], {Kind.MBP_10, Kind.TBBO}, {Kind.MBP_10, Kind.TBBO}),
        ([Kind.BBO, Kind.TBBO], {Kind.TBBO}, set()),
        ([Kind.BBO, Kind.TBBO, Kind.TRADES], {Kind.TBBO}, {Kind.TRADES}),
        ([Kind.QUOTES, Kind.TRADES], set(), set()),
        ([Kind.BBO], set(), set()),
    ],
)
def test_the_first_kind_that_is_there_gives_quotes_and_trades(
    kinds: list[Kind], quotes: set[Kind], trades: set[Kind]
) -> None:
    choice = choose([found(2, kind, file=kind.value) for kind in kinds])
    assert choice.quotes == {(kind, 2) for kind in quotes}
    assert choice.trades == {(kind, 2) for kind in trades}
    assert len(choice.notes) == len(quotes) + len(trades)


def test_one_publisher_says_nothing_of_another() -> None:
    assert choose([found(2, Kind.MBP_1), found(43, Kind.TRADES), found(43, Kind.QUOTES)]) == LeftOut()


def test_a_consolidated_publisher_is_left_out_beside_its_components() -> None:
    choice = choose([found(66), found(79), found(94)])
    assert choice.publishers == {94}
    assert "66, 79" in choice.notes[0]
    assert choose([found(94)]) == LeftOut()
    with pytest.raises(InputError, match=r"publisher 95 .*other data sets"):
        choose([found(95), found(2)])
    with pytest.raises(InputError, match="other data sets"):
        choose([found(94), found(95)])
    assert choose([found(93), found(82, Kind.TRADES)]) == LeftOut()  # prints of a facility are no component


def test_two_feeds_of_one_exchange_may_follow_each_other_but_not_overlap() -> None:
    days = [found(2, file="monday", last=100 * S), found(66, file="tuesday", first=99 * S, last=200 * S)]
    assert choose(days) == LeftOut()
    with pytest.raises(InputError, match=r"publishers 2 and 66 are both Nasdaq.*monday and tuesday"):
        choose([days[0], found(66, file="tuesday", first=98 * S, last=200 * S)])
    assert choose([found(2, file="x"), found(2, file="y")]) == LeftOut()  # one publisher in two files
    # what is left out cannot be there twice
    assert choose([found(2), found(2, Kind.TRADES)]).trades == {(Kind.TRADES, 2)}


def test_a_tape_has_one_form() -> None:
    national = found(2, Kind.QUOTES, file="sip", form=Form.NBBO)
    assert one_form([national, found(2, Kind.TRADES, file="trades")]) is Form.NBBO
    with pytest.raises(InputError, match="a tape has one form"):
        choose([national, found(43, file="arca")])
    with pytest.raises(InputError, match="both show the national best"):
        choose([national, found(43, Kind.QUOTES, file="other", form=Form.NBBO)])
    later = found(43, Kind.QUOTES, file="other", first=100 * S, last=200 * S, form=Form.NBBO)
    assert one_form([national, later]) is Form.NBBO


def test_spellings() -> None:
    assert one_spelling([["BRK B"], ["BRK.B"], ["BRK/B", "IBM"]]) == {"BRK B": "BRK.B", "BRK/B": "BRK.B"}
    assert one_spelling([["BRK/B"], ["BRK B"]]) == {"BRK/B": "BRK B"}
    assert one_spelling([["BRK.B", "BRK B"], ["BRK/B"]]) == {}
    assert one_spelling([["BRKB"], ["BRK.B"], ["brk.b"], [None]]) == {}


def test_an_exact_match_wins() -> None:
    assert wanted_of(["BRK B", "BRK.B"], "BRK.B") == "BRK.B"
    assert wanted_of(["BRK B", "IBM"], "BRK.B") == "BRK B"
    assert wanted_of(["BRK B", "BRK.B"], "BRK/B") is None
    assert wanted_of(["brk.b"], "BRK.B") is None
