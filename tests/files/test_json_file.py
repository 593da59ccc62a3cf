"""JSON that people write: what they cannot have meant is refused, and every fault has its words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.files.json_file import parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_what_is_right_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=True).encode("utf-8-sig")) == value  # as editors of Windows write


def test_numbers_are_made_as_the_caller_says() -> None:
    assert parse_json(b"[1.10, 2]", fraction=Decimal) == [Decimal("1.10"), 2]
    assert str(parse_json(b"[1.10, 2]", fraction=str, whole=Decimal)) == "['1.10', Decimal('2')]"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON: Expecting value (line 1, column 1)"),
        (b'{"a": 1,\n "b" 2}', "not JSON: Expecting ':' delimiter (line 2, column 6)"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b"9" * 5_000, "a whole number of too many digits"),
        (b"[" * 100_000, "not JSON: nested too deeply"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "the key 'b' is there twice"),
        (b'{"x\\ny": 1, "x\\ny": 1}', "the key 'x\\ny' is there twice"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        parse_json(data)
    assert str(caught.value) == said


def test_a_key_without_end_is_shortened() -> None:
    with pytest.raises(ValueError, match=r"^the key 'x{40}\.\.\.' is there twice$"):
        parse_json(b'{"%b": 1, "%b": 2}' % (b"x" * 10_000, b"x" * 10_000))


def test_an_exponent_beyond_any_number_is_said() -> None:
    with pytest.raises(ValueError, match="a number whose exponent is beyond any number"):
        parse_json(b"1e9999999999999999999", fraction=Decimal)
