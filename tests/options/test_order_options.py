"""One table of an order's options: every front end has them all, and refuses the same with the same sentence."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sor.cli.backtest import command as backtest_command
from sor.cli.sweep import command as sweep_command
from sor.errors import InputError
from sor.options.order_options import BY_NAME, ORDER_OPTIONS, OrderOption
from sor.request import REQUEST_FIELDS, BacktestRequest
from sor.sweep.plan import plan
from sor.sweep.request import AXES, FLAGS, SINGLES, SweepRequest
from tui.state import form

TAPE = {"tape", "clock", "symbol_in", "format", "lot"}  # how a tape is read
OWN = {"every", "horizon", "lookback"}  # a sweep's


def test_the_table_has_every_option_of_an_order_once() -> None:
    assert [option.name for option in ORDER_OPTIONS] == list(BY_NAME)
    assert set(BY_NAME) == set(REQUEST_FIELDS) - TAPE
    assert set(BY_NAME) <= {parameter.name for parameter in backtest_command.params} & set(form.FIELDS)


def test_a_sweep_has_those_that_say_what_they_are_there() -> None:
    swept = {option.name for option in ORDER_OPTIONS if option.sweep is not None}
    names = {field.name for field in fields(SweepRequest)}
    assert swept | {"symbol"} == names - TAPE - OWN
    assert names <= {parameter.name for parameter in sweep_command.params}
    assert names == {*AXES, *SINGLES, *FLAGS, "tape", "symbol", "symbol_in", "param"}


CHECKED = [option for option in ORDER_OPTIONS if option.parse is not None]


@pytest.mark.parametrize("option", CHECKED, ids=lambda option: option.name)
def test_what_is_out_of_bounds_is_the_same_sentence_everywhere(option: OrderOption) -> None:
    wrong = {option.name: "-1"}
    with pytest.raises(InputError, match=f"^{option.typed} ") as found:
        BacktestRequest(**wrong).spec()  # type: ignore[arg-type]
    said = str(found.value)
    assert form.problem(option.name, "-1") == said
    if option.sweep is not None:
        with pytest.raises(InputError) as swept:
            plan(SweepRequest.from_mapping({"tape": "nowhere.csv", **wrong}))
        assert said in str(swept.value)


def test_a_default_is_said_once() -> None:
    assert BY_NAME["quantity"].help_text() == "[default: 5000]"
    assert BY_NAME["start"].help_text() == "HH:MM:SS[.fff] or ISO 8601.  [default: the tape's first snapshot]"
    assert BY_NAME["lambda_over"].sweep_text().count("[default: ") == 1
    assert form.default("quantity") == "5000"
