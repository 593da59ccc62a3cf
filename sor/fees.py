"""The fees of a run: those of the bundled table of exchanges, of a file, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sor.core.fees import NO_FEES, FeeSchedule, VenueFee
from sor.errors import InputError
from sor.files.exact_json import millionths, nanodollars, read_exact
from sor.text import quoted
from sor.venues import exchanges

EXAMPLE = '{"2": {"take": 0.003, "make": 0.002}}'
KEYS = ("take", "make", "take_below", "make_below")
_PUBLISHER_ID = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def load_fees(source: str | Path | None) -> FeeSchedule:
    """The fees of a run. None: the venue table's; "none": no fees; else a JSON file such as EXAMPLE, in dollars.

    take_below and make_below may follow: for shares priced below one dollar, as a part of the value (0.003 is 0.30 %);
    without them a share costs the same at every price. A file replaces the whole table: a venue it does not name has no
    fees. InputError names the file and the key.
    """
    if source is None:
        known = [(venue, exchange) for exchange in exchanges() if exchange.fee for venue in exchange.ids]
        return FeeSchedule(
            {venue: exchange.fee for venue, exchange in known if exchange.fee},
            {venue: exchange.periods for venue, exchange in known if exchange.periods},
        )
    if str(source) == "none":
        return NO_FEES
    path = Path(source)
    return _schedule(path, read_exact(path))


def fees_of(mapping: Mapping[Any, Any]) -> FeeSchedule:
    """The same from Python: {2: {"take": 0.003, "make": 0.002}}; a float counts as the decimal it is written as."""
    exact = {
        str(venue): {key: _exactly(amount) for key, amount in fee.items()} if isinstance(fee, Mapping) else fee
        for venue, fee in mapping.items()
    }
    return _schedule("fees", exact)


def _exactly(amount: Any) -> Any:
    number = isinstance(amount, int | float) and not isinstance(amount, bool)
    return Decimal(repr(amount)) if number else amount


def _schedule(path: Path | str, content: Any) -> FeeSchedule:
    if not isinstance(content, dict):
        raise InputError(f"{path}: the fees are one JSON object by publisher_id, such as {EXAMPLE}")
    return FeeSchedule({_venue(path, key): _fee(path, key, value) for key, value in content.items()})


def _venue(path: Path | str, key: str) -> int:
    if not _PUBLISHER_ID.fullmatch(key):
        raise InputError(f"{path}: the key {quoted(key, 43)} is no publisher_id; write fees such as {EXAMPLE}")
    return int(key)


def _fee(path: Path | str, venue: str, value: Any) -> VenueFee:
    if not isinstance(value, dict):
        raise InputError(f'{path}: venue "{venue}": needs an object with "take" and "make", such as {EXAMPLE}')
    for key in value:
        if key not in KEYS:
            raise InputError(
                f'{path}: venue "{venue}": unknown key {quoted(key, 43)}; the keys are "take" and "make", and '
                '"take_below" and "make_below" for parts of the value below one dollar'
            )
    fees: dict[str, Any] = {}
    for key, amount in value.items():
        try:
            fees[key] = millionths(amount) if key.endswith("_below") else nanodollars(amount)
        except ValueError as error:
            raise InputError(f'{path}: venue "{venue}": "{key}" {error}') from None
    return VenueFee(**fees)
