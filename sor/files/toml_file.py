"""TOML files that people write: read with limits, because a reader of TOML has none."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from sor.errors import InputError

MAX_BYTES = 2**18  # the reader of forty thousand tables takes a quarter of a minute
MAX_DEPTH = 20  # parts of a dotted key, tables in tables

_LITERALS = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL)
_ENDS_OF_KEYS = re.compile(r"[\n=,{}\[\]]")


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The keys of a TOML file that describes `what`. InputError in one line where it is none, or beyond any sense."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: larger than 256 KB, which is no {what}")
    try:
        return parse_toml(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; a {what} is TOML") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {error}") from None


def parse_toml(text: str) -> dict[str, Any]:
    """The same of a text. ValueError says what is wrong with it."""
    # Each part of a dotted key takes a table of its own, and the reader's time grows with their square.
    if any(part.count(".") > MAX_DEPTH for part in _ENDS_OF_KEYS.split(_LITERALS.sub("_", text))):
        raise ValueError(f"a key with more than {MAX_DEPTH} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if "integer string conversion" in str(error):  # Python's own limit, in words about Python
            raise ValueError("holds a whole number of too many digits") from None
        raise
