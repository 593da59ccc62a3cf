"""Where the files of data/ are: beside the package in a wheel (sor/_data), at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

from sor.errors import SorError

TAPE = "synth-5-venues-10-min.csv.gz"
VENUES = "venues.json"


def bundled(name: str) -> Path:
    """The path of a file in data/. SorError if the installation lacks it."""
    package = Path(__file__).resolve().parent
    for folder in (package / "_data", package.parent / "data"):
        path = folder / name
        if path.is_file():
            return path
    raise SorError(f"the bundled file {name} is missing from this installation: install sor-backtest anew")


def bundled_tape() -> Path:
    """The synthetic tape that is the default everywhere; data/README.md says how it was made."""
    return bundled(TAPE)


def venue_table() -> Path:
    """The table of venues and their fees, each figure with its date and source."""
    return bundled(VENUES)
