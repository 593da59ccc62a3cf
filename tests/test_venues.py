"""The table of exchanges, who a publisher, a letter or a vendor's number is, and where bundled files are."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sor import paths
from sor.errors import SorError
from sor.fees import load_fees
from sor.synth.model import VENUES
from sor.venues import (
    Exchange,
    exchange_of_letter,
    exchange_of_massive_id,
    exchange_of_mic,
    exchange_of_publisher,
    exchanges,
    publisher,
)

TABLE = json.loads(paths.venue_table().read_text(), parse_float=Decimal, parse_int=Decimal)
ANY_DAY = date(2024, 8, 1)

# The feed of its own that Databento has of each exchange, as its public enumeration names them.
OWN_FEEDS = {
    2: "XNAS.ITCH", 3: "XBOS.ITCH", 4: "XPSX.ITCH", 5: "BATS.PITCH", 6: "BATY.PITCH", 7: "EDGA.PITCH", 8: "EDGX.PITCH",
    9: "XNYS.PILLAR", 10: "XCIS.PILLAR", 11: "XASE.PILLAR", 12: "XCHI.PILLAR", 15: "MEMX.MEMOIR", 16: "EPRL.DOM",
    38: "IEXG.TOPS", 43: "ARCX.PILLAR", 107: "OCEA.MEMOIR",
}  # fmt: skip


def mic(exchange: Exchange | None) -> str | None:
    return exchange.mic if exchange else None


# -- identity ------------------------------------------------------------------------------------------------------


def test_an_exchanges_own_feed_gives_it_its_id() -> None:
    for number, dataset in OWN_FEEDS.items():
        exchange = exchange_of_publisher(number)
        assert exchange is not None
        assert exchange.venue_id == number
        feed = publisher(number)
        assert feed is not None
        assert (feed.dataset, feed.quotes) == (dataset, True)
        assert dataset.startswith(exchange.mic)


def test_the_venue_id_is_the_smallest_publisher_with_quotes_else_one_from_60000_up() -> None:
    for exchange in exchanges():
        quoting = [feed.publisher_id for feed in exchange.publishers if feed.quotes]
        if exchange.consolidated:
            assert (exchange.venue_id,) == exchange.ids
        elif quoting:
            assert exchange.venue_id == min(quoting)
        else:
            assert exchange.venue_id >= 60_000


def test_no_number_letter_or_mic_means_two_exchanges() -> None:
    numbers = [number for exchange in exchanges() for number in exchange.ids]
    assert len(numbers) == len(set(numbers))
    massive = [number for exchange in exchanges() for number in exchange.massive_ids]
    assert sorted(massive) == [*range(1, 24), 62, 201, 202, 203]
    mics = [code for exchange in exchanges() if not exchange.consolidated for code in exchange.mics]
    assert len(mics) == len(set(mics))
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for day in (date(2008, 1, 2), date(2013, 10, 7), ANY_DAY, date(2026, 11, 2)):
            known = [e for e in exchanges() for known in e.letters if known.letter == letter and known.holds(day)]
            assert len(known) <= 1


@pytest.mark.parametrize(
    ("number", "code"),
    [(2, "XNAS"), (66, "XNAS"), (79, "ARCX"), (74, "EDGX"), (41, "IEXG"), (80, "LTSE"), (115, "24EQ"), (114, "TXSE")],
)
def test_publishers(number: int, code: str) -> None:
    assert mic(exchange_of_publisher(number)) == code


@pytest.mark.parametrize("number", [1, 0, 20, 106, 143, 59_999])
def test_a_publisher_of_something_else_is_none(number: int) -> None:
    assert exchange_of_publisher(number) is None
    assert publisher(number) is None


@pytest.mark.parametrize("number", [59, 60, 90, 93, 94, 95, 96, 134, 135])
def test_consolidated_publishers(number: int) -> None:
    exchange = exchange_of_publisher(number)
    assert exchange is not None
    assert exchange.consolidated
    assert exchange_of_mic(exchange.mic) is None


@pytest.mark.parametrize("number", [17, 18, 19, 54, 55, 56, 68, 69, 70, 82, 83, 130, 131, 132, 133, 60_000])
def test_trade_reporting_facilities_are_off_exchange(number: int) -> None:
    exchange = exchange_of_publisher(number)
    assert exchange is not None
    assert exchange.off_exchange
    assert not any(feed.quotes for feed in exchange.publishers)


def test_mics_in_any_case_and_of_a_market_segment() -> None:
    assert mic(exchange_of_mic("arcx")) == "ARCX"
    assert mic(exchange_of_mic("XNGS")) == "XNAS"
    assert mic(exchange_of_mic("XPHL")) == "XPSX"
    assert exchange_of_mic("XLON") is None


def test_letters_of_the_consolidated_tapes() -> None:
    letters = {
        "A": "XASE", "B": "XBOS", "C": "XCIS", "D": "FINR", "H": "EPRL", "J": "EDGA", "K": "EDGX", "L": "LTSE",
        "M": "XCHI", "N": "XNYS", "P": "ARCX", "Q": "XNAS", "T": "XNAS", "U": "MEMX", "V": "IEXG", "X": "XPSX",
        "Y": "BATY", "Z": "BATS",
    }  # fmt: skip
    assert {letter: mic(exchange_of_letter(letter, ANY_DAY)) for letter in letters} == letters


def test_a_letter_means_its_exchange_from_its_first_day_on() -> None:
    assert exchange_of_letter("H", date(2020, 9, 24)) is None
    assert mic(exchange_of_letter("H", date(2020, 9, 25))) == "EPRL"
    assert exchange_of_letter("V", date(2013, 10, 7)) is None
    assert mic(exchange_of_letter("W", date(2013, 10, 7))) == "CBSX"
    assert exchange_of_letter("W") is None
    assert mic(exchange_of_letter("G")) == "24EQ"


def test_massive_ids() -> None:
    assert mic(exchange_of_massive_id(12)) == "XNAS"
    assert mic(exchange_of_massive_id(21)) == "MEMX"
    facility = exchange_of_massive_id(4)
    assert facility is not None
    assert facility.off_exchange
    assert exchange_of_massive_id(24) is None


# -- the table -----------------------------------------------------------------------------------------------------


def test_the_table_is_sorted_and_every_exchange_has_a_name() -> None:
    ids = [exchange.venue_id for exchange in exchanges()]
    assert ids == sorted(ids)
    for exchange in exchanges():
        assert re.fullmatch("[A-Z0-9]{3,4}", exchange.mic)
        assert exchange.name


FIGURES = [
    pytest.param(kind, period[kind], id=f"{row['mic']}-{period.get('from', 'first')}-{kind}")
    for row in TABLE["exchanges"]
    for period in row.get("fees", ())
    for kind in ("take", "make", "take_below", "make_below")
]


@pytest.mark.parametrize(("kind", "figure"), FIGURES)
def test_every_figure_has_a_date_a_source_and_how_sure_it_is(kind: str, figure: dict[str, str]) -> None:
    unit = "share" if kind.endswith("_below") else "usd"
    assert set(figure) == {unit, "date", "sure", "source"}
    assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", figure["date"])
    assert len(figure["source"]) > 20
    assert figure["sure"] in TABLE["sure"]
    # Rule 610(c) of Regulation NMS caps a fee at 0.003 a share, and below one dollar at 0.3 % of the price.
    fee = Decimal(figure[unit]) if kind.startswith("take") else -Decimal(figure[unit])
    assert Decimal("-0.0035") <= fee <= Decimal("0.003")


def test_schedules_are_in_the_order_of_time() -> None:
    for exchange in exchanges():
        days = [day for day, _ in exchange.periods]
        assert days == sorted(set(days))


def test_later_schedules_and_the_lower_cap_hold_from_their_day_on() -> None:
    iex, cap = 38, date.fromisoformat(TABLE["caps"][0]["from"])
    fees = load_fees(None)
    assert fees.on(date(2024, 9, 18)).at_venue(iex).take == 600_000
    assert fees.on(date(2024, 9, 19)).at_venue(iex).take == 1_000_000
    assert fees.on(date(2024, 12, 31)).at_venue(iex).take_below == 900
    assert (
        fees.on(date(2025, 1, 1)).at_venue(iex).take_below
        == fees.on(date(2025, 1, 1)).at_venue(iex).make_below
        == 1_500
    )
    assert fees.on(date(2024, 9, 2)).at_venue(15).make == 1_800_000
    assert fees.on(date(2024, 9, 3)).at_venue(15).make == 1_500_000
    before, after = fees.on(cap - timedelta(days=1)), fees.on(cap)
    assert before.at_venue(2).take == 3_000_000
    assert {after.at_venue(venue).take for venue in (2, 8, 43, 66)} == {1_000_000}
    assert after.at_venue(2).take_below == 1_000
    assert after.at_venue(2).make == before.at_venue(2).make
    assert after.at_venue(6).take == before.at_venue(6).take < 0  # a rebate is no fee


def test_inverted_venues_pay_takers_and_charge_makers() -> None:
    fees = {exchange.venue_id: exchange.fee for exchange in exchanges() if exchange.fee}
    assert {venue for venue, fee in fees.items() if fee.take < 0} == {3, 6, 10}
    for fee in fees.values():
        assert fee.take >= 0 or fee.make < 0
        assert fee.take >= fee.make  # the exchange does not pay both sides more than it takes


def test_venues_of_synthetic_tapes_are_in_the_table() -> None:
    known = {exchange.venue_id: exchange.fee for exchange in exchanges() if exchange.fee}
    made = [profile.publisher_id for profile in VENUES]
    assert len(set(made)) == len(made)
    assert set(made) <= set(known)
    assert sum(known[venue].take < 0 for venue in made[:5]) == 1  # the bundled tape has one inverted venue


# -- bundled files -------------------------------------------------------------------------------------------------


def test_bundled_files_are_there() -> None:
    assert paths.bundled_tape().is_file()
    assert paths.venue_table().is_file()


def test_bundled_files_of_a_wheel_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "sor"
    monkeypatch.setattr(paths, "__file__", str(package / "paths.py"))
    with pytest.raises(SorError, match=r"venues\.json is missing"):
        paths.venue_table()
    for folder in (tmp_path / "data", package / "_data"):
        folder.mkdir(parents=True)
        (folder / paths.VENUES).write_text("{}")
        assert paths.venue_table().parent == folder
