"""One placement problem and its answer, as values; JSON objects in and out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sor.core.place.distributions import LARGEST, Empirical, Outflow, parse_outflow
from sor.errors import InputError

_KEYS = ("S", "h", "f", "theta", "lambda_under", "lambda_over", "venues")
_LEAST = 1e-9  # shares
_MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class PlaceVenue:
    """The queue ahead of us (shares), the effective rebate r_k ($/share) and the law of the outflow of the queue."""

    queue: float
    rebate: float
    outflow: Outflow


@dataclass(frozen=True, slots=True)
class Common:
    """xi_k = weight xi_0 + (1 - weight) eps_k, with one xi_0 for all venues."""

    weight: float
    outflow: Outflow


@dataclass(frozen=True, slots=True)
class TakeLevel:
    """`size` shares that can be taken at `cost` = price above mid + fee, $/share."""

    cost: float
    size: float


@dataclass(frozen=True, slots=True)
class Problem:
    """S shares to buy over a slice; money in dollars a share, relative to mid. InputError where A1 to A3 fail.

    levels: what there is to take, in the place of an endless touch at h + f (the paper's section 2.5).
    """

    size: float  # S
    h: float  # half the spread
    f: float  # take fee
    theta: float
    lambda_under: float
    lambda_over: float
    venues: tuple[PlaceVenue, ...]
    common: Common | None = None
    levels: tuple[TakeLevel, ...] = ()

    def __post_init__(self) -> None:
        _check_numbers(self)
        _check_venues(self)
        _check_levels(self)
        _check_assumptions(self)

    @property
    def lam(self) -> float:
        """Lambda = theta + lambda_u + lambda_o."""
        return self.theta + self.lambda_under + self.lambda_over

    @property
    def ladder(self) -> tuple[TakeLevel, ...]:
        """The levels, cheapest first, without those that cost no less than a share too few."""
        return tuple(sorted((one for one in self.levels if one.cost < self.lambda_under), key=lambda one: one.cost))

    def take_cost(self, shares: float) -> float:
        """Dollars, relative to mid, of taking so many shares at once: the cheapest first, so it is convex."""
        if not self.levels:
            return (self.h + self.f) * shares
        cost = 0.0
        for level in sorted(self.levels, key=lambda one: one.cost):
            part = min(shares, level.size)
            cost, shares = cost + level.cost * part, shares - part
        return cost if shares <= _LEAST * self.size else math.inf

    @property
    def empirical(self) -> bool:
        """Whether the samples are the problem, so that nothing is drawn."""
        return self.common is None and all(isinstance(venue.outflow, Empirical) for venue in self.venues)

    @classmethod
    def from_json(cls, data: object) -> Problem:
        """The object that `sor place` reads. InputError names the field that is wrong."""
        if not isinstance(data, Mapping):
            raise InputError("problem: one JSON object is wanted")
        for name in _KEYS:
            if name not in data:
                raise InputError(f"{name}: is missing")
        _no_others(data, {*_KEYS, "common", "take"}, "")
        venues = data["venues"]
        if not isinstance(venues, list | tuple) or not venues:
            raise InputError("venues: a list of at least one venue is wanted")
        return cls(
            size=_number(data["S"], "S"),
            h=_number(data["h"], "h"),
            f=_number(data["f"], "f"),
            theta=_number(data["theta"], "theta"),
            lambda_under=_number(data["lambda_under"], "lambda_under"),
            lambda_over=_number(data["lambda_over"], "lambda_over"),
            venues=tuple(_venue(venue, f"venues[{k}]") for k, venue in enumerate(venues)),
            common=_common(data["common"]) if "common" in data else None,
            levels=()
            if "take" not in data
            else _levels(data["take"], _number(data["f"], "f"), _number(data["h"], "h")),
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """An answer: shares to take (M) and to rest at each venue (L), V in dollars, and how good it is."""

    M: float
    L: tuple[float, ...]
    V: float
    method: str
    lower_bound: float
    gap: float
    V_std_error: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that `sor place` writes; V_std_error only where V is an estimate."""
        data: dict[str, Any] = {
            "M": self.M,
            "L": list(self.L),
            "V": self.V,
            "method": self.method,
            "lower_bound": self.lower_bound,
            "gap": self.gap,
        }
        if self.V_std_error is not None:
            data["V_std_error"] = self.V_std_error
        return data


def placement(
    problem: Problem, x: Any, value: float, bound: float, method: str, std_error: float | None = None
) -> Placement:
    """An answer with its gap, (V - lower_bound) / max(|V|, h S, 1e-9)."""
    bound = min(float(bound), float(value))
    gap = (float(value) - bound) / max(abs(float(value)), problem.h * problem.size, 1e-9)
    m, *limits = (float(v) for v in x)
    return Placement(m, tuple(limits), float(value), method, bound, gap, std_error)


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: a number is wanted, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"{where}: must be finite") from None


def _no_others(data: Mapping[Any, Any], known: set[str], where: str) -> None:
    for name in data:
        if name not in known:
            raise InputError(f"{where}{name}: unknown; known are {', '.join(sorted(known))}")


def _venue(data: object, where: str) -> PlaceVenue:
    if not isinstance(data, Mapping):
        raise InputError(f"{where}: an object is wanted")
    for name in ("queue", "rebate", "outflow"):
        if name not in data:
            raise InputError(f"{where}.{name}: is missing")
    _no_others(data, {"queue", "rebate", "outflow"}, f"{where}.")
    return PlaceVenue(
        _number(data["queue"], f"{where}.queue"),
        _number(data["rebate"], f"{where}.rebate"),
        parse_outflow(data["outflow"], f"{where}.outflow"),
    )


def _common(data: object) -> Common:
    if not isinstance(data, Mapping) or "weight" not in data or "outflow" not in data:
        raise InputError("common: an object with weight and outflow is wanted")
    _no_others(data, {"weight", "outflow"}, "common.")
    return Common(_number(data["weight"], "common.weight"), parse_outflow(data["outflow"], "common.outflow"))


def _levels(data: object, fee: float, touch: float) -> tuple[TakeLevel, ...]:
    if not isinstance(data, list | tuple) or not data:
        raise InputError("take: a list of at least one level is wanted")
    if len(data) > _MOST_LEVELS:
        raise InputError(f"take: {len(data)} levels; at most {_MOST_LEVELS}")
    return tuple(_take_level(level, f"take[{j}]", fee, touch) for j, level in enumerate(data))


def _take_level(data: object, where: str, fee: float, touch: float) -> TakeLevel:
    if not isinstance(data, Mapping):
        raise InputError(f"{where}: an object is wanted")
    for name in ("price", "size"):
        if name not in data:
            raise InputError(f"{where}.{name}: is missing")
    _no_others(data, {"price", "size", "fee"}, f"{where}.")
    price = _number(data["price"], f"{where}.price")
    if price < touch:
        raise InputError(f"{where}.price: {price:g} above mid is better than the touch, h = {touch:g}")
    return TakeLevel(price + _number(data.get("fee", fee), f"{where}.fee"), _number(data["size"], f"{where}.size"))


def _check_levels(problem: Problem) -> None:
    for j, level in enumerate(problem.levels):
        if not (math.isfinite(level.size) and 0 < level.size <= LARGEST):
            raise InputError(f"take[{j}].size: shares above 0 and at most {LARGEST:g} are wanted, not {level.size}")
        if not (math.isfinite(level.cost) and abs(level.cost) <= LARGEST):
            raise InputError(f"take[{j}]: price and fee must be finite and at most {LARGEST:g} in size")
        if not problem.lambda_over + level.cost > 0:
            raise InputError(f"take[{j}]: lambda_over + price + fee must be above 0: else taking too much would pay")


def _check_numbers(problem: Problem) -> None:
    named = {
        "S": problem.size,
        "h": problem.h,
        "f": problem.f,
        "theta": problem.theta,
        "lambda_under": problem.lambda_under,
        "lambda_over": problem.lambda_over,
    }
    for name, value in named.items():
        if not math.isfinite(value):
            raise InputError(f"{name}: must be finite, not {value}")
        if abs(value) > LARGEST:
            raise InputError(f"{name}: at most {LARGEST:g} in size, not {value}")
    if problem.size <= 0:
        raise InputError(f"S: must be above 0, not {problem.size}")
    if problem.size < _LEAST:
        raise InputError(f"S: at least {_LEAST:g}, not {problem.size}")
    for name in ("h", "theta"):
        if named[name] < 0:
            raise InputError(f"{name}: must not be negative, but is {named[name]}")


def _check_venues(problem: Problem) -> None:
    if not problem.venues:
        raise InputError("venues: at least one is wanted")
    lengths = {}
    for k, venue in enumerate(problem.venues):
        if not (math.isfinite(venue.queue) and venue.queue >= 0):
            raise InputError(f"venues[{k}].queue: a finite number of 0 or more is wanted, not {venue.queue}")
        if not math.isfinite(venue.rebate):
            raise InputError(f"venues[{k}].rebate: must be finite, not {venue.rebate}")
        for name, value in (("queue", venue.queue), ("rebate", venue.rebate)):
            if abs(value) > LARGEST:
                raise InputError(f"venues[{k}].{name}: at most {LARGEST:g} in size, not {value}")
        if isinstance(venue.outflow, Empirical):
            lengths[k] = len(venue.outflow.samples)
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"venues[{k}] has {n}" for k, n in lengths.items())
        raise InputError(f"samples: every empirical venue must have as many samples, but {listed}")
    if problem.common is not None and not 0 <= problem.common.weight <= 1:
        raise InputError(f"common.weight: must be between 0 and 1, not {problem.common.weight}")


def _check_assumptions(problem: Problem) -> None:
    rebates = [venue.rebate for venue in problem.venues]
    if not min(rebates) + problem.h > 0:
        worst = rebates.index(min(rebates))
        raise InputError(
            f"venues[{worst}].rebate: h + rebate must be above 0 (A1), but is {min(rebates) + problem.h:.9g}"
        )
    if not problem.lambda_over > problem.h + max(rebates):
        raise InputError(
            f"lambda_over: must be above h + the highest rebate, {problem.h + max(rebates):.9g} (A2), "
            f"but is {problem.lambda_over:.9g}"
        )
    if not problem.lambda_under > problem.h + problem.f:
        raise InputError(
            f"lambda_under: must be above h + f, {problem.h + problem.f:.9g} (A3), but is {problem.lambda_under:.9g}"
        )
