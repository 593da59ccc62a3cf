"""The special functions that the outflow families need, in numpy and the standard library."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TERMS = 200_000
_TINY = 1e-300


def normal_cdf(z: Floats) -> Floats:
    """The standard normal distribution function."""
    z = np.asarray(z, dtype=np.float64)
    flat = [0.5 * math.erfc(-v / math.sqrt(2)) for v in z.ravel().tolist()]
    return np.array(flat).reshape(z.shape)


def normal_quantile(u: Floats) -> Floats:
    """Its inverse; -inf at 0 and inf at 1."""
    inverse = NormalDist().inv_cdf
    u = np.asarray(u, dtype=np.float64)
    flat = [inverse(v) if 0 < v < 1 else (-math.inf if v <= 0 else math.inf) for v in u.ravel().tolist()]
    return np.array(flat).reshape(u.shape)


def gamma_p(a: float, x: Floats) -> Floats:
    """The regularised lower incomplete gamma function P(a, x), a > 0, x >= 0.

    The series below a + 1 and Lentz's continued fraction above (Abramowitz and Stegun 6.5.29, 6.5.31).
    """
    x = np.asarray(x, dtype=np.float64)
    flat = np.maximum(x.ravel(), 0.0)
    out = np.zeros_like(flat)
    out[np.isinf(flat)] = 1.0
    series = (flat > 0) & (flat < a + 1)
    fraction = (flat >= a + 1) & np.isfinite(flat)
    if series.any():
        out[series] = _weight(a, flat[series]) * _series(a, flat[series])
    if fraction.any():
        out[fraction] = 1.0 - _weight(a, flat[fraction]) * _fraction(a, flat[fraction])
    return np.clip(out, 0.0, 1.0).reshape(x.shape)


def _weight(a: float, x: Floats) -> Floats:
    """x^a e^-x / Gamma(a)."""
    result: Floats = np.exp(a * np.log(x) - x - math.lgamma(a))
    return result


def _series(a: float, x: Floats) -> Floats:
    term = np.full_like(x, 1.0 / a)
    total = term.copy()
    for n in range(1, _TERMS):
        term *= x / (a + n)
        total += term
        if (term < total * 1e-17).all():
            break
    return total


def _fraction(a: float, x: Floats) -> Floats:
    b = x + 1.0 - a
    c = np.full_like(x, 1.0 / _TINY)
    d = 1.0 / b
    h = d.copy()
    for n in range(1, _TERMS):
        an = -n * (n - a)
        b += 2.0
        d = an * d + b
        d[np.abs(d) < _TINY] = _TINY
        c = b + an / c
        c[np.abs(c) < _TINY] = _TINY
        d = 1.0 / d
        step = d * c
        h *= step
        if (np.abs(step - 1.0) < 2e-15).all():
            break
    return h


def gamma_quantile(a: float, u: Floats) -> Floats:
    """The x with P(a, x) = u: Newton's steps in log x, kept inside a shrinking bracket."""
    u = np.asarray(u, dtype=np.float64)
    flat = u.ravel()
    out = np.zeros_like(flat)
    out[flat >= 1] = np.inf
    inner = (flat > 0) & (flat < 1)
    if inner.any():
        out[inner] = np.exp(_log_gamma_quantile(a, flat[inner]))
    return out.reshape(u.shape)


def _log_gamma_quantile(a: float, u: Floats) -> Floats:
    # P(a, x) <= x^a / Gamma(a + 1), so this is below the answer; the top is moved up until it is above.
    low = (np.log(u) + math.lgamma(a + 1)) / a
    high = np.maximum(low, math.log(a)) + 1.0
    while (short := gamma_p(a, np.exp(high)) < u).any():
        high[short] += 1.0
    y = _wilson_hilferty(a, u, low, high)
    for _ in range(80):
        x = np.exp(y)
        miss = gamma_p(a, x) - u
        high = np.where(miss >= 0, np.minimum(high, y), high)
        low = np.where(miss < 0, np.maximum(low, y), low)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = y - miss / (_weight(a, x))
        good = (newton > low) & (newton < high)
        fresh = np.where(good, newton, 0.5 * (low + high))
        done = np.abs(fresh - y) <= 1e-13 * np.maximum(np.abs(y), 1.0)
        y = fresh
        if (done | (high - low <= 1e-13 * np.maximum(np.abs(y), 1.0))).all():
            break
    return y


def _wilson_hilferty(a: float, u: Floats, low: Floats, high: Floats) -> Floats:
    """A first guess of log x, inside the bracket."""
    cube = 1.0 - 1.0 / (9 * a) + normal_quantile(u) / (3 * math.sqrt(a))
    guess = np.where(cube > 0, math.log(a) + 3 * np.log(np.maximum(cube, 1e-12)), low)
    inside = (guess > low) & (guess < high)
    result: Floats = np.where(inside, guess, 0.5 * (low + high))
    return result
