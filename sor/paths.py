"""Where files are: what the package brings along, what outlives a run, and what may be downloaded again."""

from __future__ import annotations

import os
from pathlib import Path

from sor.errors import InputError, SorError

TAPE = "synth-5-venues-10-min.csv.gz"
VENUES = "venues.json"


def state_dir() -> Path:
    """What outlives a run: checkpoints, kept reports, logs, local brokers.

    SOR_STATE, else the folder that systemd gives a service, else `sor` in the user's state folder. Absolute.
    """
    return _dir("SOR_STATE", "XDG_STATE_HOME", ".local/state", service="STATE_DIRECTORY")


def cache_dir() -> Path:
    """Downloads: SOR_CACHE, else the folder that systemd gives a service, else `sor` in the user's cache folder."""
    return _dir("SOR_CACHE", "XDG_CACHE_HOME", ".cache", service="CACHE_DIRECTORY")


def _dir(ours: str, xdg: str, default: str, *, service: str) -> Path:
    if chosen := os.environ.get(ours):
        return expanded(chosen)
    if given := os.environ.get(service):  # systemd lists several with colons between them
        return expanded(given.split(":")[0])
    base = os.environ.get(xdg)
    return (Path(base) if base and Path(base).is_absolute() else home() / default) / "sor"


def expanded(text: str) -> Path:
    """A path as a user types it, `~` and all; absolute. InputError where the user after `~` has no home folder."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise InputError(f"{text}: there is no such user, so no home folder to look in") from None


def home() -> Path:
    """The user's home folder. SorError where there is none, or a HOME such as `~` that a unit file's author wrote."""
    try:
        found = Path.home()
    except RuntimeError:
        found = Path()
    if found.is_absolute():
        return found
    raise SorError("HOME is not an absolute path: set it, or SOR_STATE and SOR_CACHE, to a folder")


def bundled(name: str) -> Path:
    """The path of a file in data/: beside the package in a wheel (sor/_data), at the root of a checkout.

    SorError if the installation lacks it.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_data", package.parent / "data"):
        path = folder / name
        if path.is_file():
            return path
    raise SorError(f"the bundled file {name} is missing from this installation: install sor-backtest again")


def bundled_tape() -> Path:
    """The synthetic tape that is the default everywhere; data/README.md says how it was made."""
    return bundled(TAPE)


def venue_table() -> Path:
    """The table of venues and their fees, each figure with its date and source."""
    return bundled(VENUES)
