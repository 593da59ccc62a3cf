"""Reports as JSON: the layout of the standard library's own writer, and amounts that read back exactly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.report.encode import OneLine, encode, encode_line

# Without the controls of a terminal, which are written as escapes (tests/test_text.py).
texts = st.text(st.characters(exclude_categories=["C"]), max_size=5)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=20
)


@given(st.dictionaries(texts, values, max_size=4))
@settings(deadline=None)
def test_the_layout_is_that_of_the_standard_library(data: dict[str, Any]) -> None:
    assert encode(data) == json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    assert encode_line(data) == json.dumps(data, ensure_ascii=False) + "\n"


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_reads_back_with_every_digit(amount: Decimal) -> None:
    found = json.loads(encode({"a": amount}), parse_float=Decimal, parse_int=Decimal)["a"]
    assert str(found) == str(amount)


def test_a_list_of_one_line_stays_on_it() -> None:
    data = {"a": [1, Decimal("0.10")], "b": OneLine([1e-07, Decimal("0.10"), None]), "c": (), "d": {}, "e": OneLine()}
    assert encode(data) == (
        '{\n  "a": [\n    1,\n    0.10\n  ],\n  "b": [1e-07, 0.10, null],\n  "c": [],\n  "d": {},\n  "e": []\n}\n'
    )
    assert encode_line(data) == '{"a": [1, 0.10], "b": [1e-07, 0.10, null], "c": [], "d": {}, "e": []}\n'


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_what_is_no_number_is_refused(value: float | Decimal) -> None:
    with pytest.raises(ValueError, match=r"JSON has no number|signaling NaN"):
        encode({"a": [value]})


@pytest.mark.parametrize("value", [b"x", {1}, object()])
def test_what_json_has_not_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="JSON has no"):
        encode({"a": value})
