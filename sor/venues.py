"""The table of venues that ships with the program, and the fees of a run: the table's, a file's, or none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sor.bundled import venue_table
from sor.core.fees import NO_FEES, FeeSchedule, VenueFee
from sor.core.units import NANO, Price
from sor.errors import InputError

EXAMPLE = '{"2": {"take": 0.003, "make": 0.002}}'
MOST_DOLLARS = 1000  # a share; beyond it someone has mistaken the unit
_PUBLISHER_ID = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Venue:
    """A row of the venue table."""

    publisher_id: int
    name: str
    mic: str
    fee: VenueFee


def load_venues() -> tuple[Venue, ...]:
    """The venue table, by publisher_id."""
    table = _read(venue_table())
    return tuple(
        Venue(
            publisher_id=int(row["publisher_id"]),
            name=row["name"],
            mic=row["mic"],
            fee=VenueFee(take=_nanodollars(row["take"]["usd"]), make=_nanodollars(row["make"]["usd"])),
        )
        for row in table["venues"]
    )


def load_fees(source: str | Path | None) -> FeeSchedule:
    """The fees of a run. None: the venue table's; "none": no fees; else a JSON file such as EXAMPLE, in dollars.

    A file replaces the whole table: a venue it does not name has no fees. InputError names the file and the key.
    """
    if source is None:
        return FeeSchedule({venue.publisher_id: venue.fee for venue in load_venues()})
    if str(source) == "none":
        return NO_FEES
    path = Path(source)
    return _schedule(path, _read(path))


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
        raise InputError(f"{path}: the key {_short(key)} is no publisher_id; write fees such as {EXAMPLE}")
    return int(key)


def _fee(path: Path | str, venue: str, value: Any) -> VenueFee:
    if not isinstance(value, dict):
        raise InputError(f'{path}: venue "{venue}": needs an object with "take" and "make", such as {EXAMPLE}')
    for key in value:
        if key not in ("take", "make"):
            raise InputError(f'{path}: venue "{venue}": unknown key {_short(key)}; the keys are "take" and "make"')
    fees = {}
    for key, amount in value.items():
        try:
            fees[key] = _nanodollars(amount)
        except ValueError as error:
            raise InputError(f'{path}: venue "{venue}": "{key}" {error}') from None
    return VenueFee(**fees)


def _nanodollars(amount: Any) -> Price:
    """A JSON number in dollars to exact nanodollars. ValueError says what is wrong with it."""
    if not isinstance(amount, Decimal):
        raise ValueError("must be a number of dollars a share")
    if not -MOST_DOLLARS < amount < MOST_DOLLARS:
        raise ValueError(f"must be in dollars a share, between -{MOST_DOLLARS} and {MOST_DOLLARS}")
    if amount and amount.adjusted() < -9:
        raise ValueError("is finer than a nanodollar (9 decimals)")
    exact = Fraction(amount) * NANO
    if exact.denominator != 1:
        raise ValueError("is finer than a nanodollar (9 decimals)")
    return int(exact)


def _read(path: Path) -> Any:
    """The JSON of a file, with numbers as exact Decimals. InputError in one line if that fails."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: the fees cannot be read ({error.strerror}); give a JSON file, or none") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: the fees are a JSON text file, and this is not text") from None
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise InputError(f"{path}: {error}") from None


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number that a fee can have")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {_short(key)} is there twice")
        result[key] = value
    return result


def _short(key: str) -> str:
    """A key as a message can show it: on one line, and not without end."""
    return repr(key if len(key) <= 40 else key[:40] + "...")
