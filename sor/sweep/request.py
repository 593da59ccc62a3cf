"""What a user asks of a sweep, by flags or in one TOML file: lists of values whose product is swept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sor.errors import InputError
from sor.files.toml_file import read_toml

# Fields of a Request that are swept, outermost first; strategy is innermost, so that what strategies share is
# worked out once.
AXES = (
    "side",
    "quantity",
    "interval",
    "queue_model",
    "latency_us",
    "liquidity",
    "max_quote_age",
    "limit_price",
    "router_interval",
    "adverse_selection",
    "lambda_over",
    "lambda_under",
    "theta_queue",
    "strategy",
)
PARAMETERS = AXES[3:-1]
ALL = "*"  # every symbol of a tape


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """All values as text, as on the command line; an empty tuple or None means the default of `sor backtest`.

    param: KEY=VALUE for every strategy of one's own or of the literature, NAME.KEY=VALUE for one of them.
    every: seconds between the starts of orders, from `start` to `end`; horizon: seconds an order may take; lookback:
    seconds of a tape worked before an order's start (None: as many as any strategy can look back on).
    """

    tape: tuple[str, ...]
    symbol: tuple[str, ...] = ()
    symbol_in: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    quantity: tuple[str, ...] = ()
    interval: tuple[str, ...] = ()
    queue_model: tuple[str, ...] = ()
    latency_us: tuple[str, ...] = ()
    liquidity: tuple[str, ...] = ()
    max_quote_age: tuple[str, ...] = ()
    limit_price: tuple[str, ...] = ()
    router_interval: tuple[str, ...] = ()
    adverse_selection: tuple[str, ...] = ()
    lambda_over: tuple[str, ...] = ()
    lambda_under: tuple[str, ...] = ()
    theta_queue: tuple[str, ...] = ()
    strategy: tuple[str, ...] = ()
    param: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    day: str | None = None
    tz: str | None = None
    every: str | None = None
    horizon: str | None = None
    stale_crossed: str | None = None
    fees: str | None = None
    snapshot_rule: str | None = None
    seed: str | None = None
    lookback: str | None = None
    clock: str | None = None
    format: str | None = None
    lot: str | None = None
    strict: bool = False
    clip: bool = False

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], source: str = "the sweep") -> SweepRequest:
        """From values as typed or as TOML has them: numbers, texts with commas, lists."""
        known = {field.name for field in fields(cls)}
        found: dict[str, Any] = {}
        for key, value in given.items():
            name = key.replace("-", "_")
            if name not in known:
                raise InputError(f"{source}: unknown key {key!r}{_nearest(name, known)}")
            if value is None:
                continue
            found[name] = _bool(source, key, value) if name in FLAGS else _values(source, name, value)
        if not found.get("tape"):
            raise InputError(f"{source}: no tape: name files, globs, folders or URLs with --tape")
        return cls(**found)


SINGLES = tuple(field.name for field in fields(SweepRequest) if field.default is None)
FLAGS = tuple(field.name for field in fields(SweepRequest) if field.default is False)


def read_config(path: Path) -> dict[str, Any]:
    """The keys of a TOML file. InputError in one line where it is none."""
    found = read_toml(path, "sweep")
    tables = [key for key, value in found.items() if isinstance(value, dict)]
    if tables:
        raise InputError(f"{path}: [{tables[0]}]: a sweep has no tables; write its keys at the top of the file")
    return found


def _nearest(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; the keys are {', '.join(sorted(known))}"


def _bool(source: str, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{source}: {key} must be true or false")
    return value


def _values(source: str, name: str, value: Any) -> tuple[str, ...] | str:
    items = list(value) if isinstance(value, list | tuple) else [value]
    if any(isinstance(item, dict | list) for item in items):
        raise InputError(f"{source}: {name} must be one value or a list of values")
    texts = [_text(item) for item in items]
    if name in SINGLES:
        if len(texts) != 1:
            raise InputError(f"{source}: {name} takes one value")
        return texts[0]
    if name not in ("tape", "symbol_in", "param"):  # names of files may have commas, and grids of parameters
        texts = [part.strip() for text in texts for part in text.split(",")]
    if not all(texts):
        raise InputError(f"{source}: {name} has an empty value")
    doubles = [text for at, text in enumerate(texts) if text in texts[:at]]
    if doubles:
        raise InputError(f"{source}: {name} {doubles[0]!r} is there twice")
    return tuple(texts)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
