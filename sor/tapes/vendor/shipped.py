"""The formats that ship with the program, and a user's own: TOML in, a FormatSpec out. No code of theirs runs."""

from __future__ import annotations

import json
import re
import tomllib
import zoneinfo
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from sor.errors import InputError
from sor.tapes.arrow import strings_of
from sor.tapes.vendor.check import fault
from sor.tapes.vendor.spec import FormatSpec, spec_of

FOLDER = Path(__file__).parent.parent / "formats"
_MOST_BYTES = 2**16
_DEEP_KEY = re.compile(r"(?:[\w\"'-]+[ \t]*\.[ \t]*){8}")  # a table within a table within ...; ours have two


@cache
def names() -> tuple[str, ...]:
    """The shipped formats, by name."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def shipped(name: str) -> FormatSpec:
    """A shipped format."""
    path = FOLDER / f"{name}.toml"
    return spec_of(name, tomllib.loads(path.read_text(encoding="utf-8")))


def choose(name_or_file: str) -> FormatSpec:
    """The format that --format names. InputError lists the names where it is none."""
    if name_or_file in names():
        return shipped(name_or_file)
    path = Path(name_or_file)
    if path.suffix.lower() != ".toml" and not path.is_file():
        listed = ", ".join(names())
        raise InputError(f"--format {name_or_file}: no such format, and no TOML file: the formats are {listed}")
    return read_spec(path, path.stem)


def read_spec(path: Path, name: str) -> FormatSpec:
    """A format from a file. InputError in one line that says what is wrong with it."""
    keys = _keys(path)
    wrong = fault(keys, _schema(), _schema())
    if wrong:
        raise InputError(f"{path}: {wrong}")
    if "like" in keys:
        if keys["like"] not in names():
            raise InputError(f"{path}: like: there is no format {keys['like']!r}: they are {', '.join(names())}")
        keys = _keys(FOLDER / f"{keys['like']}.toml") | {key: value for key, value in keys.items() if key != "like"}
    try:
        spec = spec_of(name, keys)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    _check_zone(path, spec.zone)
    _check_pattern(path, spec.file)
    return spec


def _keys(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"{path}: more than {_MOST_BYTES >> 10} KiB: a format is a few lines of TOML")
        text = data.decode("utf-8-sig")
        if _DEEP_KEY.search(text):
            raise InputError(f"{path}: a key with more than eight dotted parts: a format has no such keys")
        found: dict[str, Any] = _plain(tomllib.loads(text))
        return found
    except (OSError, ValueError) as error:
        is_text = not isinstance(error, UnicodeDecodeError)
        what = "this is not TOML" if isinstance(error, tomllib.TOMLDecodeError) else "cannot be read"
        why = f"{what}: {error}" if is_text else "a format is a TOML text file"
        raise InputError(f"{path}: {' '.join(why.split())[:200]}") from None
    except RecursionError:
        raise InputError(f"{path}: this is not the TOML of a format: it is nested too deeply") from None


def _plain(value: Any) -> Any:
    """Dates and times of TOML as the text that they are."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value


@cache
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    return found


def _check_zone(path: Path, zone: str) -> None:
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"{path}: zone: {zone[:40]!a} is no time zone, such as America/New_York") from None


def _check_pattern(path: Path, pattern: str | None) -> None:
    if pattern is None:
        return
    try:
        found_in(pattern, "")
    except ValueError as error:
        raise InputError(f"{path}: file: {error}") from None


def found_in(pattern: str, name: str) -> dict[str, str] | None:
    """The named groups of a pattern that is found in a file's name; None where it is not.

    RE2, whose time is linear: a pattern from anywhere cannot keep us busy. ValueError where it is no pattern.
    """
    import pyarrow.compute as pc

    text = strings_of([name])
    try:
        groups = pc.extract_regex(text, pattern)
    except (pa.ArrowException, ValueError) as error:
        if "group" in str(error):
            raise ValueError("the pattern needs named groups, such as (?P<date>\\d{8})") from None
        raise ValueError(f"no pattern that RE2 reads: {' '.join(str(error).split())[:80]}") from None
    if groups.null_count:
        return None
    return {field.name: groups.field(field.name).to_pylist()[0] or "" for field in groups.type}
