"""`sor backtest --group`: what can be known to be wrong without a broker is said at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--group", "g", "--out", "x"], "--group is for --from-kafka"),
        (["--group", "g", "--from-kafka"], "--group needs --out DIR, one folder for all members"),
        (["--group", "g", "--from-kafka", "--out", "x", "--symbol", "A"], "leave --symbol out"),
        (["--group", "g", "--from-kafka", "--out", "x", "--quantity", "0"], "quantity"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    sor: Callable[..., tuple[int, str, str]], args: list[str], words: str
) -> None:
    code, out, err = sor("backtest", *args)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
