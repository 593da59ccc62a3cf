"""The venue table, fees files, and where bundled files are."""

from __future__ import annotations

import json
import pickle
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor import bundled
from sor.core.fees import FREE, NO_FEES, FeeSchedule, VenueFee
from sor.errors import InputError, SorError
from sor.tapes.synth_model import VENUES
from sor.venues import load_fees, load_venues

TABLE = json.loads(bundled.venue_table().read_text(), parse_float=Decimal, parse_int=Decimal)

# Databento's publishers of US equity exchanges, as its public enumeration names them.
PUBLISHERS = {
    2: "XNAS.ITCH", 3: "XBOS.ITCH", 4: "XPSX.ITCH", 5: "BATS.PITCH", 6: "BATY.PITCH", 7: "EDGA.PITCH", 8: "EDGX.PITCH",
    9: "XNYS.PILLAR", 10: "XCIS.PILLAR", 11: "XASE.PILLAR", 12: "XCHI.PILLAR", 15: "MEMX.MEMOIR", 16: "EPRL.DOM",
    38: "IEXG.TOPS", 43: "ARCX.PILLAR",
}  # fmt: skip


def fees_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fees.json"
    path.write_text(text)
    return path


# -- the table -----------------------------------------------------------------------------------------------------


def test_table_has_databentos_publishers() -> None:
    assert {int(row["publisher_id"]): row["dataset"] for row in TABLE["venues"]} == PUBLISHERS
    ids = [int(row["publisher_id"]) for row in TABLE["venues"]]
    assert ids == sorted(ids)
    for row in TABLE["venues"]:
        assert row["dataset"].startswith(row["mic"])
        assert re.fullmatch("[A-Z]{4}", row["mic"])
        assert row["name"]


@pytest.mark.parametrize("row", TABLE["venues"], ids=lambda row: row["mic"])
@pytest.mark.parametrize("kind", ["take", "make"])
def test_every_figure_has_a_date_a_source_and_how_sure_it_is(row: dict[str, dict[str, str]], kind: str) -> None:
    figure = row[kind]
    assert set(figure) == {"usd", "date", "sure", "source"}
    assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", figure["date"])
    assert len(figure["source"]) > 20
    assert figure["sure"] in TABLE["sure"]
    # Rule 610(c) of Regulation NMS caps a fee at 0.003 a share.
    fee = Decimal(figure["usd"]) if kind == "take" else -Decimal(figure["usd"])
    assert Decimal("-0.0035") <= fee <= Decimal("0.003")


def test_inverted_venues_pay_takers_and_charge_makers() -> None:
    inverted = {venue.publisher_id for venue in load_venues() if venue.fee.take < 0}
    assert inverted == {3, 6, 10}
    for venue in load_venues():
        if venue.publisher_id in inverted:
            assert venue.fee.make < 0
        assert venue.fee.take >= venue.fee.make  # the exchange does not pay both sides more than it takes


def test_default_fees_are_the_tables() -> None:
    fees = load_fees(None)
    assert fees.of(2) == VenueFee(take=3_000_000, make=2_000_000)
    assert fees.of(6) == VenueFee(take=-200_000, make=-2_000_000)
    assert fees.take(8) == 3_000_000
    assert fees.make(8) == 1_600_000
    assert {venue.publisher_id: venue.fee for venue in load_venues()} == dict(fees.venues)


def test_venues_of_synthetic_tapes_are_in_the_table() -> None:
    known = {venue.publisher_id: venue.fee for venue in load_venues()}
    made = [profile.publisher_id for profile in VENUES]
    assert len(set(made)) == len(made) == len(known)
    assert set(made) == set(known)
    assert sum(known[venue].take < 0 for venue in made[:5]) == 1  # the bundled tape has one inverted venue


# -- fees files ----------------------------------------------------------------------------------------------------


def test_none_means_no_fees() -> None:
    assert load_fees("none") == NO_FEES
    assert load_fees("none").of(2) == FREE


def test_a_file_replaces_the_table_and_an_absent_venue_is_free(tmp_path: Path) -> None:
    path = fees_file(tmp_path, '{"2": {"take": 0.003, "make": 0.002}, "6": {"take": -2e-4}}')
    fees = load_fees(str(path))
    assert fees == load_fees(path) == FeeSchedule({2: VenueFee(3_000_000, 2_000_000), 6: VenueFee(-200_000, 0)})
    assert fees.of(8) == VenueFee(0, 0)
    assert load_fees(fees_file(tmp_path, "{}")) == NO_FEES


def test_fees_survive_pickling() -> None:
    fees = load_fees(None)
    assert pickle.loads(pickle.dumps(fees)) == fees


@settings(deadline=None)
@given(take=st.integers(-(10**11), 10**11), make=st.integers(-(10**11), 10**11))
def test_dollars_become_exact_nanodollars(tmp_path_factory: pytest.TempPathFactory, take: int, make: int) -> None:
    text = f'{{"7": {{"take": {Decimal(take).scaleb(-9):f}, "make": {Decimal(make).scaleb(-9)}}}}}'
    assert load_fees(fees_file(tmp_path_factory.mktemp("fees"), text)).of(7) == VenueFee(take, make)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
        ('{"XNAS": {"take": 0.003}}', "'XNAS'"),
        ('{"02": {"take": 0.003}}', "'02'"),
        ('{"-2": {"take": 0.003}}', "'-2'"),
        ('{" 2": {"take": 0.003}}', "' 2'"),
        ('{"\\u0662": {"take": 0.003}}', "publisher_id"),
        ('{"2": 0.003}', 'venue "2"'),
        ('{"2": {"take": 0.003, "rebate": 0.002}}', "'rebate'"),
        ('{"2": {"Take": 0.003}}', "'Take'"),
        ('{"2": {"take": "0.003"}}', '"take"'),
        ('{"2": {"take": true}}', '"take"'),
        ('{"2": {"make": null}}', '"make"'),
        ('{"2": {"make": [1]}}', '"make"'),
        ('{"2": {"take": NaN}}', "NaN"),
        ('{"2": {"take": Infinity}}', "Infinity"),
        ('{"2": {"take": 3000}}', '"take"'),
        ('{"2": {"take": 1e999999}}', '"take"'),
        ('{"2": {"take": 1e-999999}}', "nanodollar"),
        ('{"2": {"take": 0.0000000001}}', "nanodollar"),
        ('{"2": {"take": 0.00300000000000000000000000000000000000001}}', "nanodollar"),
        ('{"2": {"take": 1e999999999999999999999}}', "fees.json"),
        ('{"2": {"take": ' + "9" * 5000 + "}}", '"take"'),
        ('{"2": {"take": 0.003}, "2": {"take": 0.002}}', "twice"),
        ('{"2": {"take": 0.003, "take": 0.002}}', "twice"),
        ("[" * 100_000, "fees.json"),
        ('{"2": {"' + "x" * 9999 + '": 0}}', "unknown key 'xxx"),
        ('{"a\\nb": {}, "a\\nb": {}}', "twice"),
    ],
)
def test_a_wrong_fees_file_is_one_clear_line(tmp_path: Path, text: str, word: str) -> None:
    path = fees_file(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_fees(path)
    message = str(caught.value)
    assert str(path) in message
    assert word in message
    assert "\n" not in message
    assert len(message) < 300


def test_a_fees_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00\x01" * 10)
    for path in (tmp_path / "missing.json", tmp_path, binary):
        with pytest.raises(InputError, match=re.escape(str(path))) as caught:
            load_fees(path)
        assert "\n" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_another_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("fees") / "fees.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    message = ""
    try:
        load_fees(path)
    except InputError as error:
        message = str(error)
    assert "\n" not in message


# -- bundled files -------------------------------------------------------------------------------------------------


def test_bundled_files_are_there() -> None:
    assert bundled.bundled_tape().is_file()
    assert bundled.venue_table().is_file()


def test_bundled_files_of_a_wheel_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "sor"
    monkeypatch.setattr(bundled, "__file__", str(package / "bundled.py"))
    with pytest.raises(SorError, match=r"venues\.json is missing"):
        bundled.venue_table()
    for folder in (tmp_path / "data", package / "_data"):
        folder.mkdir(parents=True)
        (folder / bundled.VENUES).write_text("{}")
        assert bundled.venue_table().parent == folder
