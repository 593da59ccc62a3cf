"""The fees of a run: the bundled table's, a file's, or none."""

from __future__ import annotations

import pickle
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.fees import FREE, NO_FEES, FeeSchedule, VenueFee
from sor.core.units import NANO
from sor.errors import InputError
from sor.fees import load_fees
from sor.venues import exchanges


def fees_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fees.json"
    path.write_text(text)
    return path


def test_default_fees_are_the_tables() -> None:
    fees = load_fees(None)
    assert fees.at_venue(2) == VenueFee(take=3_000_000, make=2_000_000, take_below=3_000, make_below=0)
    assert (fees.at_venue(6).take, fees.at_venue(6).make) == (-200_000, -2_000_000)
    assert fees.take(8, 100 * NANO) == 3_000_000
    assert fees.make(8, -100 * NANO) == 1_600_000


@pytest.mark.parametrize(
    ("px", "take", "make"),
    [
        (NANO, 3_000_000, 2_000_000),
        (NANO - 1, 3_000_000, 750_000),  # 0.30 % and 0.075 % of the price, half to even
        (NANO // 2, 1_500_000, 375_000),
        (-NANO // 2, 1_500_000, 375_000),
        (500, 2, 0),  # 1.5 and 0.375
        (0, 0, 0),
    ],
)
def test_below_a_dollar_a_fee_is_a_part_of_the_value(px: int, take: int, make: int) -> None:
    fees = FeeSchedule({2: VenueFee(3_000_000, 2_000_000, 3_000, 750), 8: VenueFee(3_000_000, 2_000_000)})
    assert (fees.take(2, px), fees.make(2, px)) == (take, make)
    assert (fees.take(8, px), fees.make(8, px)) == (3_000_000, 2_000_000)  # where no part is given


def test_a_file_may_say_what_is_charged_below_a_dollar(tmp_path: Path) -> None:
    path = fees_file(tmp_path, '{"2": {"take": 0.003, "take_below": 0.003, "make_below": -0.00075}}')
    assert load_fees(path).at_venue(2) == VenueFee(3_000_000, 0, 3_000, -750)


@pytest.mark.parametrize("figure", ["3", "1", "0.0000001", "true", "1e-999999"])
def test_a_wrong_part_of_the_value_is_one_clear_line(tmp_path: Path, figure: str) -> None:
    with pytest.raises(InputError, match='"take_below"'):
        load_fees(fees_file(tmp_path, f'{{"2": {{"take_below": {figure}}}}}'))


def test_publishers_of_one_exchange_have_one_fee() -> None:
    fees = load_fees(None)
    for exchange in exchanges():
        assert {fees.at_venue(number) for number in exchange.ids} == {exchange.fee or FREE}
    assert fees.at_venue(66) == fees.at_venue(2) != FREE


def test_none_means_no_fees() -> None:
    assert load_fees("none") == NO_FEES
    assert load_fees("none").at_venue(2) == FREE


def test_a_file_replaces_the_table_and_an_absent_venue_is_free(tmp_path: Path) -> None:
    path = fees_file(tmp_path, '{"2": {"take": 0.003, "make": 0.002}, "6": {"take": -2e-4}}')
    fees = load_fees(str(path))
    assert fees == load_fees(path) == FeeSchedule({2: VenueFee(3_000_000, 2_000_000), 6: VenueFee(-200_000, 0)})
    assert fees.at_venue(8) == VenueFee(0, 0)
    assert load_fees(fees_file(tmp_path, "{}")) == NO_FEES


def test_fees_survive_pickling() -> None:
    fees = load_fees(None)
    assert pickle.loads(pickle.dumps(fees)) == fees


@settings(deadline=None)
@given(take=st.integers(-(10**11), 10**11), make=st.integers(-(10**11), 10**11))
def test_dollars_become_exact_nanodollars(tmp_path_factory: pytest.TempPathFactory, take: int, make: int) -> None:
    text = f'{{"7": {{"take": {Decimal(take).scaleb(-9):f}, "make": {Decimal(make).scaleb(-9)}}}}}'
    assert load_fees(fees_file(tmp_path_factory.mktemp("fees"), text)).at_venue(7) == VenueFee(take, make)


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
        ('{"2": {"take": ' + "9" * 5000 + "}}", "digits"),
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
