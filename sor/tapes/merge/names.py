"""The name of a tape, and whether the symbols of its files can be matched at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sor.errors import InputError
from sor.tapes.merge.inputs import TapeInput
from sor.tapes.rows import RowReader
from sor.venues import publisher

_MOST = 4  # names that are written out


def tape_name(inputs: Sequence[TapeInput], readers: Sequence[RowReader]) -> str:
    """The files' names without folders and endings, so that a tape keeps it in every format."""
    names = sorted({_remembered(reader) or file_name(one.path) for one, reader in zip(inputs, readers, strict=True)})
    return "+".join(names) if len(names) <= _MOST else f"{names[0]} and {len(names) - 1} more"


def file_name(path: Path) -> str:
    return path.name.lstrip(".").partition(".")[0] or path.name


def _remembered(reader: RowReader) -> str | None:
    """A Parquet tape keeps the name of what it was made from."""
    facts = getattr(reader, "facts", None)
    return None if facts is None else str(facts.name)


def check_names(files: Sequence[tuple[TapeInput, RowReader, set[tuple[int, int]]]]) -> None:
    """InputError where stocks go by numbers of different data sets, or by nothing, and nobody said which they are."""
    for one, reader, numbers in files:
        if one.ids:
            _check_ids(one, reader)
        elif not reader.has_names:
            found = [(number, str(reader.symbols[place])) for number, place in sorted(numbers)]
            feeds = {feed.dataset for number, _ in found if (feed := publisher(number)) is not None}
            if len(files) > 1 or len(feeds) > 1:
                raise _by_number(one, found)
        elif len(files) > 1 and None in reader.symbols:
            raise InputError(
                f"{one.path}: its rows name no stock, and several files are on one tape by the names of their stocks: "
                "add a column symbol to it"
            )


def _check_ids(one: TapeInput, reader: RowReader) -> None:
    missing = [ident for ident in one.ids if ident not in map(str, reader.symbols)]
    if missing:
        listed = ", ".join(map(str, reader.symbols[:10]))
        raise InputError(f"symbol-in {one.name}={missing[0]}: there is no such id in the file; it has {listed}")


def _by_number(one: TapeInput, found: Sequence[tuple[int, str]]) -> InputError:
    listed = ", ".join(f"{ident} of publisher {number}" for number, ident in found[:4])
    said = " ".join(f"--symbol-in {one.name}={ident}" for ident in dict.fromkeys(ident for _, ident in found[:4]))
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return InputError(
        f"{one.path}: stocks are named by instrument_id only ({listed}{more}), and these numbers differ between data "
        f"sets: put the download's symbology.json beside the file, or say which numbers are the stock: {said}"
    )
