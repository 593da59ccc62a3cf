"""Distributions of the outflow xi of a queue over the slice.

Each answers three questions, for arrays: `cdf(x)` = P(xi <= x), `quantile(u)` = inf {x : F(x) >= u}, and
`limited(x)` = E min(xi, x), from which every expectation of the model follows:

    E min(max(xi - Q, 0), L) = limited(Q + L) - limited(Q) .

`atoms()` gives values and probabilities where the distribution is discrete.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sor.core.place.special import gamma_p, gamma_quantile, normal_cdf, normal_quantile
from sor.errors import InputError

Floats = NDArray[np.float64]
Atoms = tuple[Floats, Floats]
LARGEST = 1e18  # of any number in a problem: beyond it sums over the samples would not be finite


class Outflow(Protocol):
    """What the solvers ask of a distribution."""

    def cdf(self, x: ArrayLike) -> Floats: ...
    def quantile(self, u: ArrayLike) -> Floats: ...
    def limited(self, x: ArrayLike) -> Floats: ...
    def atoms(self) -> Atoms | None: ...


def _array(x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float64)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:30]}..."


def _positive(outflow: Any, *names: str) -> None:
    for name in names:
        value = getattr(outflow, name)
        if not (isinstance(value, int | float) and 0 < value <= LARGEST):
            raise InputError(f"{name}: a number above 0 and at most {LARGEST:g} is wanted, not {_short(value)}")


class Continuous:
    """A distribution without atoms."""

    def atoms(self) -> Atoms | None:
        """None: there are none."""
        return None


@dataclass(frozen=True)
class Exponential(Continuous):
    """P(xi > x) = exp(-x / mean)."""

    mean: float

    def __post_init__(self) -> None:
        _positive(self, "mean")

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(-np.expm1(-np.maximum(_array(x), 0) / self.mean))

    def quantile(self, u: ArrayLike) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(-self.mean * np.log1p(-_array(u)))

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        return np.where(x <= 0, x, self.mean * self.cdf(x))


@dataclass(frozen=True)
class Pareto(Continuous):
    """Type I: P(xi > x) = (x_m / x)^alpha from x_m on. The mean may be infinite; nothing here needs it."""

    alpha: float
    x_m: float

    def __post_init__(self) -> None:
        _positive(self, "alpha", "x_m")

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(-np.expm1(-self.alpha * np.log(np.maximum(_array(x), self.x_m) / self.x_m)))

    def quantile(self, u: ArrayLike) -> Floats:
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(self.x_m * np.exp(-np.log1p(-_array(u)) / self.alpha))

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        ratio = np.log(np.maximum(x, self.x_m) / self.x_m)
        power = 1.0 - self.alpha
        # integral of the tail from x_m on; its limit for alpha = 1 is a logarithm
        tail = self.x_m * (np.expm1(power * ratio) / power if power else ratio)
        return np.minimum(x, self.x_m) + tail


@dataclass(frozen=True)
class Lognormal(Continuous):
    """log xi is normal with mean log(median) and standard deviation sigma."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        _positive(self, "median", "sigma")

    def _z(self, x: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(np.maximum(x, 0)) - math.log(self.median)) / self.sigma)

    def cdf(self, x: ArrayLike) -> Floats:
        return normal_cdf(self._z(_array(x)))

    def quantile(self, u: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(self.median * np.exp(self.sigma * normal_quantile(_array(u))))

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        z = self._z(x)
        # E[xi; xi <= x] = median e^(sigma^2 / 2) Phi(z - sigma); the two factors may overflow and vanish, so in logs
        with np.errstate(divide="ignore"):
            part = np.exp(math.log(self.median) + self.sigma**2 / 2 + np.log(normal_cdf(z - self.sigma)))
        return np.where(x <= 0, x, part + x * normal_cdf(-z))


@dataclass(frozen=True)
class Uniform(Continuous):
    """Even between low and high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (isinstance(self.low, int | float) and 0 <= self.low <= LARGEST):
            raise InputError(f"low: a number from 0 to {LARGEST:g} is wanted, not {_short(self.low)}")
        _positive(self, "high")
        if self.high <= self.low:
            raise InputError(f"high: {self.high} must be above low, {self.low}")

    def cdf(self, x: ArrayLike) -> Floats:
        return np.clip((_array(x) - self.low) / (self.high - self.low), 0, 1)

    def quantile(self, u: ArrayLike) -> Floats:
        return np.asarray(self.low + (self.high - self.low) * _array(u))

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        inside = np.clip(x, self.low, self.high) - self.low
        return np.minimum(x, self.low) + inside - inside**2 / (2 * (self.high - self.low))


@dataclass(frozen=True)
class Gamma(Continuous):
    """Density proportional to x^(shape - 1) exp(-x / scale)."""

    shape: float
    scale: float

    def __post_init__(self) -> None:
        _positive(self, "shape", "scale")

    def cdf(self, x: ArrayLike) -> Floats:
        return gamma_p(self.shape, _array(x) / self.scale)

    def quantile(self, u: ArrayLike) -> Floats:
        return self.scale * gamma_quantile(self.shape, _array(u))

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        y = x / self.scale
        above = 1.0 - gamma_p(self.shape, y)
        return np.where(x <= 0, x, self.shape * self.scale * gamma_p(self.shape + 1, y) + x * above)


class Discrete:
    """A distribution on finitely many values; the rest follows from them."""

    def _atoms(self) -> Atoms:
        raise NotImplementedError

    @cached_property
    def _steps(self) -> tuple[Floats, Floats, Floats]:
        """Values, F at them, and E[xi; xi <= value], with a leading zero in the latter two."""
        values, weights = self._atoms()
        mass = np.concatenate([[0.0], weights.cumsum()])
        return values, mass, np.concatenate([[0.0], (values * weights).cumsum()])

    def atoms(self) -> Atoms | None:
        """Values in ascending order and their probabilities."""
        return self._atoms()

    def cdf(self, x: ArrayLike) -> Floats:
        values, mass, _ = self._steps
        return np.asarray(np.minimum(mass[np.searchsorted(values, _array(x), side="right")], 1.0))

    def quantile(self, u: ArrayLike) -> Floats:
        values, mass, _ = self._steps
        # F itself came from a sum: a level that equals it up to rounding is met
        index = np.searchsorted(mass[1:], _array(u) - 1e-13, side="left")
        return values[np.minimum(index, len(values) - 1)]

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        values, mass, moment = self._steps
        index = np.searchsorted(values, x, side="right")
        return np.asarray(moment[index] + x * (1.0 - mass[index]))


@dataclass(frozen=True)
class Poisson(Discrete):
    """Whole shares, mean = variance."""

    mean: float

    def __post_init__(self) -> None:
        _positive(self, "mean")
        if self.mean > 1e9:
            raise InputError(f"mean: at most 1e9 for poisson, not {self.mean!r}")

    def _atoms(self) -> Atoms:
        reach = 10.0 * math.sqrt(self.mean) + 60.0  # beyond it less than 1e-20 is left
        first = max(0, math.floor(self.mean - reach))
        values = np.arange(first, math.ceil(self.mean + reach) + 1, dtype=np.float64)
        # ratios of neighbours, so that no large logarithms cancel
        steps = np.concatenate([[0.0], np.cumsum(math.log(self.mean) - np.log(values[1:]))])
        weights = np.exp(steps - steps.max())
        return values, weights / weights.sum()


@dataclass(frozen=True, eq=False)
class Empirical(Discrete):
    """What was seen: every sample is as likely as any other."""

    samples: Floats  # (N,)

    def __post_init__(self) -> None:
        try:
            samples = np.array(self.samples, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InputError("samples: a list of numbers is wanted") from None
        if samples.ndim != 1 or not samples.size:
            raise InputError("samples: a list of at least one number is wanted")
        if not ((samples >= 0) & (samples <= LARGEST)).all():
            raise InputError(f"samples: every outflow must be a number from 0 to {LARGEST:g}")
        object.__setattr__(self, "samples", samples)

    def _atoms(self) -> Atoms:
        values, counts = np.unique(self.samples, return_counts=True)
        return values, counts / len(self.samples)


class Blend:
    """w xi_0 + (1 - w) eps, xi_0 and eps independent: the marginal law of a venue under `common`.

    One of the two is replaced by nodes and weights: its atoms where it has them (then nothing is approximated), else
    Gauss-Legendre panels in its quantile, graded towards both tails.
    """

    def __init__(self, weight: float, common: Outflow, own: Outflow) -> None:
        parts = [(weight, common), (1.0 - weight, own)]
        parts.sort(key=lambda part: part[1].atoms() is None)
        (node_scale, nodes), (self.scale, self.rest) = parts
        values, self.mass = nodes.atoms() or _panels(nodes)
        self.shift = node_scale * values
        # x - s may miss an atom by a rounding; F must not fall short of its step there
        self.nudge = 0.0 if self.rest.atoms() is None else 1e-11 * (1.0 + float(np.abs(self.shift).max()) / self.scale)

    def atoms(self) -> Atoms | None:
        """Unknown, or too many."""
        return None

    def cdf(self, x: ArrayLike) -> Floats:
        x = _array(x)
        levels = [self.mass @ self.rest.cdf((v - self.shift) / self.scale + self.nudge) for v in x.ravel()]
        return np.array(levels).reshape(x.shape)

    def limited(self, x: ArrayLike) -> Floats:
        x = _array(x)
        # E min(s + c rest, x) = s + c E min(rest, (x - s) / c)
        flat = [
            self.mass @ (self.shift + self.scale * self.rest.limited((v - self.shift) / self.scale)) for v in x.ravel()
        ]
        return np.array(flat).reshape(x.shape)

    def quantile(self, u: ArrayLike) -> Floats:
        """By bisection, to 1e-12 of the value."""
        u = _array(u)
        return np.array([self._one_quantile(float(level)) for level in u.ravel()]).reshape(u.shape)

    def _one_quantile(self, level: float) -> float:
        if float(self.cdf(0.0)) >= level:
            return 0.0
        low, high = 0.0, 1.0
        while float(self.cdf(high)) < level and high < 1e300:
            low, high = high, 2 * high
        while high - low > 1e-12 * high:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if float(self.cdf(middle)) >= level else (middle, high)
        return high


def _panels(outflow: Outflow) -> Atoms:
    nodes, weights = np.polynomial.legendre.leggauss(12)
    tail = 0.5 ** np.arange(1, 45)
    edges = np.unique(np.concatenate([[0.0], tail, np.linspace(0.02, 0.98, 193), 1.0 - tail]))
    width = np.diff(edges)
    u = edges[:-1, None] + width[:, None] * (nodes + 1) / 2
    mass = (width[:, None] * weights / 2).ravel()
    return outflow.quantile(u.ravel()), mass / mass.sum()


def blend(weight: float, common: Outflow, own: Outflow) -> Outflow:
    """The law of w xi_0 + (1 - w) eps."""
    if weight == 0:
        return own
    return common if weight == 1 else Blend(weight, common, own)


FAMILIES: dict[str, type[Any]] = {
    "exponential": Exponential,
    "poisson": Poisson,
    "pareto": Pareto,
    "lognormal": Lognormal,
    "uniform": Uniform,
    "gamma": Gamma,
    "empirical": Empirical,
}


def parse_outflow(data: object, where: str) -> Outflow:
    """{"family": ..., parameters} as read from JSON. InputError names the field, prefixed with `where`."""
    if not isinstance(data, Mapping):
        raise InputError(f"{where}: an object with a family is wanted")
    family = data.get("family")
    if not isinstance(family, str) or family not in FAMILIES:
        raise InputError(f"{where}.family: {family!r} is not one of {', '.join(FAMILIES)}")
    kind = FAMILIES[family]
    wanted = {field.name for field in fields(kind)}
    given = {str(key) for key in data} - {"family"}
    for name in sorted(wanted - given):
        raise InputError(f"{where}.{name}: is missing")
    for name in sorted(given - wanted):
        raise InputError(f"{where}.{name}: unknown; {family} takes {', '.join(sorted(wanted))}")
    values = {name: data[name] for name in wanted}
    for name, value in values.items():
        if isinstance(value, bool):
            raise InputError(f"{where}.{name}: a number is wanted, not {value!r}")
    if family == "empirical" and any(isinstance(v, bool | str) for v in _items(values["samples"])):
        raise InputError(f"{where}.samples: a list of numbers is wanted")
    try:
        outflow: Outflow = kind(**values)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None
    return outflow


def _items(samples: object) -> list[object]:
    return list(samples) if isinstance(samples, list | tuple) else []
