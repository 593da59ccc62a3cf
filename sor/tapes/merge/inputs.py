"""What a user names as a tape: files, folders, globs, tables; and the venue or the stock of a file that has none."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sor.errors import InputError
from sor.tapes.symbols.symbology import SYMBOLOGY
from sor.venues import exchange_of_mic

# What lies beside the tapes in the folder of a batch download.
BESIDE = frozenset({"manifest.json", "condition.json", "metadata.json", SYMBOLOGY})
TABLE = "table"  # the name of a tape that is no file


@dataclass(frozen=True, slots=True, eq=False)
class TapeInput:
    """One file, or one table in memory, and what was said of it.

    venue: its venue, where the file names none; ids: which of its instrument_ids is the stock; is_listed: found in a
    folder or by a glob, where other files may lie as well.
    """

    path: Path
    table: Any = None
    venue: int | None = None
    ids: tuple[str, ...] = ()
    is_listed: bool = False

    @property
    def name(self) -> str:
        """Without folders."""
        return TABLE if self.table is not None else self.path.name


def inputs_of(tape: Any, symbol_in: Sequence[str] = ()) -> tuple[TapeInput, ...]:
    """The files of a tape, each once, in an order that does not depend on how they were named.

    tape: a path, a table, or a sequence of them. symbol_in: texts FILE=ID. InputError where a name finds nothing.
    """
    given = tape if isinstance(tape, list | tuple) else [tape]
    found: dict[Any, TapeInput] = {}
    for one in given:
        for each in _expand(one):
            key = id(each.table) if each.table is not None else os.path.realpath(each.path)
            known = found.get(key)
            found[key] = each if known is None else _once(each, known)
    if not found:
        raise InputError("no tape was given: name a file, a folder or a glob")
    return tuple(sorted(_with_ids(list(found.values()), symbol_in), key=lambda one: (one.name, str(one.path))))


def _once(one: TapeInput, other: TapeInput) -> TapeInput:
    """A file that was named twice, in either order."""
    venues = {each.venue for each in (one, other)} - {None}
    if len(venues) > 1:
        raise InputError(
            f"{one.path}: it is said to be of two venues, {' and '.join(map(str, sorted(venues, key=str)))}"
        )
    return replace(one, venue=next(iter(venues), None), is_listed=one.is_listed and other.is_listed)


def _expand(one: Any) -> Iterator[TapeInput]:
    if not isinstance(one, str | Path):
        if not hasattr(one, "columns"):
            raise InputError(f"a tape is a file, a folder, a glob or a table, and not {type(one).__name__}")
        yield TapeInput(Path(TABLE), table=one)
        return
    name, venue = os.fspath(one), None
    if "\0" in name:
        raise InputError(f"{name!r}: cannot open this tape: a name has no null bytes")
    if not os.path.exists(name):
        name, venue = _split_venue(name)
    yield from (replace(each, venue=venue) for each in _files(name))


def _split_venue(name: str) -> tuple[str, int | None]:
    """FILE and VENUE of the text VENUE=FILE; the text itself where it has no such form."""
    venue, equals, file = name.partition("=")
    if not equals:
        return name, None
    if venue.isascii() and venue.isdecimal():
        return file, int(venue)
    exchange = exchange_of_mic(venue)
    return (name, None) if exchange is None else (file, exchange.venue_id)


def _files(name: str) -> list[TapeInput]:
    path = Path(name)
    if path.is_dir():
        inside = [child for child in sorted(path.iterdir()) if child.is_file() and not child.name.startswith(".")]
        tapes = [child for child in inside if child.name not in BESIDE]
        if not tapes:
            raise InputError(f"{name}: no tape is in this folder")
        return [TapeInput(child, is_listed=True) for child in tapes]
    if glob.has_magic(name) and not path.exists():
        matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]
        tapes = [match for match in matches if match.is_file() and match.name not in BESIDE]
        if not tapes:
            raise InputError(f"{name}: no file matches this pattern")
        return [TapeInput(match, is_listed=True) for match in tapes]
    return [TapeInput(path)]


def _with_ids(inputs: list[TapeInput], symbol_in: Sequence[str]) -> list[TapeInput]:
    for text in symbol_in:
        file, equals, ident = text.rpartition("=")
        if not equals or not file or not ident:
            raise InputError(f"symbol-in {text!r}: write FILE=ID, such as XNAS.csv=38")
        places = [at for at, one in enumerate(inputs) if _is_named(one, file)]
        if not places:
            listed = ", ".join(one.name for one in inputs[:10])
            raise InputError(f"symbol-in {text!r}: {file} is no file of the tape; its files are {listed}")
        for at in places:
            inputs[at] = replace(inputs[at], ids=(*inputs[at].ids, ident))
    return inputs


def said_of(files: Sequence[str], symbol_in: Sequence[str]) -> tuple[str, ...]:
    """Those of the texts FILE=ID that are about one of these files."""
    inputs = [TapeInput(Path(file if os.path.exists(file) else _split_venue(file)[0])) for file in files]
    return tuple(text for text in symbol_in if any(_is_named(one, text.rpartition("=")[0]) for one in inputs))


def _is_named(one: TapeInput, file: str) -> bool:
    """Whether a text means this file: its path, or its name without folders."""
    if one.table is not None:
        return file == TABLE
    return os.path.realpath(file) == os.path.realpath(one.path) or file == one.name
