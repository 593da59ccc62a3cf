"""Reports that were kept: report.json, of this version or an older one, with the fills that lie beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sor.core.units import parse_time
from sor.errors import InputError
from sor.files.json_file import parse_json
from sor.text import shorten

# What it looks like where a report's parts are not what they are called.
DAMAGE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
REPORT, FILLS = "report.json", "fills.csv"
MAX_BYTES = 2**28  # a report of every order of a long day is a hundredth of it

# Keys of every report since the first, and what those have that an older one lacks.
NEEDED: Mapping[str, type | tuple[type, ...]] = {
    "optimized": Mapping,
    "baselines": Mapping,
    "savings_vs_baselines_bps": Mapping,
    "best_parameters": Mapping,
    "search": Mapping,
    "order": Mapping,
    "tape": Mapping,
    "strategies": Mapping,
    "rules": Mapping,
    "version": str,
}
LATER: Mapping[str, Any] = {
    "out_of_sample": {},
    "stream": {},
    "headline": None,
    "router": {},
    "orders": {},
    "tca": {},
    "warnings": [],
    "request": {},
}
WITHIN: Mapping[str, Mapping[str, Any]] = {
    "order": {"asked": None, "limit_price": None, "arrival_px": None, "participation": None},
    "tape": {"name": None, "form": "venue", "files": [], "symbol": None, "venues": []},
    "rules": {"tz": "UTC"},
    "search": {"candidates": 0, "parameters_matter": False},
}
OF_A_STRATEGY: Mapping[str, Any] = {
    "forced": 0,
    "forced_beyond_displayed": 0,
    "leaves": 0,
    "orders": None,
    "odd_lot_fills": None,
    "fees_bps": None,
    "implementation_shortfall_bps": None,
}


@dataclass(frozen=True, slots=True)
class SavedFill:
    """Of a kept fill what pictures need, which every version has written: ts in ns, px and fee in exact dollars."""

    strategy: str
    ts: int
    px: Decimal
    qty: int
    kind: str
    fee: Decimal


@dataclass(frozen=True, slots=True)
class SavedReport:
    """data: the JSON object with exact numbers; fills: None where there are none beside it that are the report's own;
    missing: in words, what a report has when it is made and this one has not."""

    path: Path
    data: Mapping[str, Any]
    fills: tuple[SavedFill, ...] | None
    missing: tuple[str, ...]


def read_saved(place: Path | str, *, with_fills: bool = True) -> SavedReport:
    """A report's file, or the folder that `--out` made. InputError in one line for anything else."""
    place = Path(place)
    path = place / REPORT if place.is_dir() else place
    data = _complete(path, _object(path))
    fills, missing = _fills(path, data) if with_fills else (None, "")
    said = ("The price path: a report's file does not hold it.", missing)
    return SavedReport(path, data, fills, tuple(line for line in said if line))


def damaged(path: Path, error: Exception) -> InputError:
    """For a report whose parts are not what they are called."""
    what = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
    return InputError(f"{path}: a damaged report ({shorten(what)}); make it again with `sor backtest --out DIR`")


def _object(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such report; name a report.json, or a folder that has one") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: the report cannot be read ({reason})") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES >> 20} MB, which no report is")
    try:
        return parse_json(raw, fraction=Decimal)
    except ValueError as error:
        raise InputError(f"{path}: not a report: {error}") from None


def _complete(path: Path, found: Any) -> dict[str, Any]:
    """With the keys that an older version did not write, as they are where there is nothing to say."""
    if not isinstance(found, dict):
        raise InputError(f"{path}: not a report of sor backtest: it is no JSON object")
    for key, kind in NEEDED.items():
        if key not in found:
            raise InputError(f"{path}: not a report of sor backtest: it has no `{key}`")
        if not isinstance(found[key], kind):
            raise damaged(path, TypeError(f"`{key}` is of another kind"))
    data: dict[str, Any] = _with(found, LATER)
    for key, inner in WITHIN.items():
        data[key] = _with(data[key], inner)
    data["optimized"] = _with(data["optimized"], OF_A_STRATEGY)
    for key in ("strategies", "baselines"):
        data[key] = {name: _with(entry, OF_A_STRATEGY) for name, entry in data[key].items()}
    for name, default in LATER.items():
        if not isinstance(data[name], dict | type(None) if default is None else type(default)):
            raise damaged(path, TypeError(f"`{name}` is of another kind"))
    return data


def _with(found: Any, defaults: Mapping[str, Any]) -> Any:
    """What was read comes first and keeps its order."""
    if not isinstance(found, dict):
        return found
    return {**found, **{name: value for name, value in defaults.items() if name not in found}}


# -- the fills beside it -----------------------------------------------------------------------------------------------


def _fills(path: Path, data: Mapping[str, Any]) -> tuple[tuple[SavedFill, ...] | None, str]:
    """The fills of the same folder, if they are this report's; else None and why, in words."""
    beside = path.with_name(FILLS)
    try:
        with beside.open(encoding="utf-8", newline="") as lines:
            fills = tuple(_records(lines))
    except FileNotFoundError:
        return None, f"Fills on the price path and costs so far: there is no {FILLS} beside the report."
    except (OSError, ValueError, KeyError, ArithmeticError, csv.Error) as error:
        return None, f"Fills on the price path and costs so far: {FILLS} cannot be read ({shorten(error)})."
    if not _belong(fills, data):
        return None, f"Fills on the price path and costs so far: the {FILLS} beside the report is of another run."
    return fills, ""


def _records(lines: Iterable[str]) -> Iterator[SavedFill]:
    for row in csv.DictReader(lines):
        yield SavedFill(
            row["strategy"],
            parse_time(row["ts"]),
            Decimal(row["px"]),
            int(row["qty"]),
            row["kind"],
            Decimal(row["fee"]),
        )


def _belong(fills: tuple[SavedFill, ...], data: Mapping[str, Any]) -> bool:
    """Whether every strategy's fills have the shares that the report says it did."""
    shares: dict[str, int] = {}
    for fill in fills:
        shares[fill.strategy] = shares.get(fill.strategy, 0) + fill.qty
    said = {
        name: entry.get("filled", 0) + entry.get("forced", 0)
        for name, entry in data["strategies"].items()
        if isinstance(entry, Mapping) and entry.get("kind") != "benchmark"
    }
    return shares == {name: count for name, count in said.items() if count}
