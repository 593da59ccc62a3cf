"""Rows as Arrow columns: what pyarrow's own conversion makes of them, without loading pandas."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.sweep.columns import array_of
from sor.sweep.row import SCHEMA

VALUES: dict[int, st.SearchStrategy[Any]] = {
    pa.int64().id: st.integers(-(2**63), 2**63 - 1),
    pa.timestamp("ns").id: st.integers(-(2**62), 2**62),
    pa.float64().id: st.floats(allow_nan=False),
    pa.bool_().id: st.booleans(),
    pa.string().id: st.text(st.characters(exclude_categories=["Cs"])),
    pa.decimal128(38, 9).id: st.decimals(-(10**20), 10**20, places=9),
}


def values_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_list(kind):
        return st.none() | st.lists(values_of(kind.value_type).filter(lambda value: value is not None), max_size=4)
    if pa.types.is_struct(kind):
        return st.none() | st.fixed_dictionaries({field.name: values_of(field.type) for field in kind})
    return st.none() | VALUES[kind.id]


@pytest.mark.parametrize("kind", sorted({field.type for field in SCHEMA}, key=str), ids=str)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_as_pyarrow_does_it(kind: pa.DataType, data: st.DataObject) -> None:
    values = data.draw(st.lists(values_of(kind), max_size=12))
    found = array_of(values, kind)
    found.validate(full=True)
    assert found.equals(pa.array(values, kind))


def test_money_that_is_not_exact_is_no_money() -> None:
    with pytest.raises(AssertionError):
        array_of([Decimal("0.1234567891")], pa.decimal128(38, 9))


def test_a_worker_does_not_load_pandas() -> None:
    code = """
import sys
from sor.paths import bundled_tape
from sor.sweep.plan import plan
from sor.sweep.request import SweepRequest
from sor.sweep.worker import work

(chunk,) = plan(SweepRequest.from_mapping({"tape": str(bundled_tape()), "strategy": "twap"})).chunks()
assert work(chunk).done == 1
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
