"""Newton's steps on a total whose shortfall has its corner rounded off: off ridges, and from far to near.

On a ridge many outcomes fill exactly S, and only a few directions of many quantities at once go down. Where (S - A)+ is
rounded within `width` of its corner, ridges are valleys: slopes and curvatures show the way along them. With a width
that shrinks step by step this is the quick way from any start to the neighbourhood of a low point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.sample import SampleProblem

Floats = NDArray[np.float64]
_FLAT = 0.02  # least curvature, in Lambda N / S
_FAR = 0.25  # longest step, in S


def smooth_steps(problem: SampleProblem, x: Floats, width: float, steps: int, worth: float = 0.0) -> Floats:
    """Where up to `steps` damped Newton steps lead from x; the rounded total never rises.

    Ends at a step that gains less than `worth`, a share of `problem.worth`.
    """
    enough = worth * problem.worth
    here = _point(problem, x, width)
    for _ in range(steps):
        step = _newton(problem, here, width)
        for shorter in (1.0, 0.3, 0.1):
            there = _point(problem, np.clip(here.x + shorter * step, 0.0, problem.size), width)
            gain = here.total - there.total
            if gain > 0:
                break
        else:
            break
        here = there
        if gain < enough:
            break
    return here.x


class _Point(NamedTuple):
    x: Floats
    total: float  # rounded
    beyond: Floats  # (K + 1, N) e - x
    gap: Floats  # (N,) S - A
    short: Floats  # (N,) how much of a share short each outcome feels, 0 to 1


def _point(p: SampleProblem, x: Floats, width: float) -> _Point:
    beyond = p.e - x[:, None]
    missing = np.minimum(beyond, 0.0)  # fills less x
    gap = float(p.size - x.sum()) - missing.sum(axis=0)
    short = gap * (0.5 / width)
    short += 0.5
    np.maximum(short, 0.0, out=short)
    np.minimum(short, 1.0, out=short)
    rounded = width * float(short @ short) + float(np.maximum(gap - width, 0.0).sum())
    total = p.n * (float(p.theta) * float(x.sum()) + float(p.b @ x)) + float(p.b @ missing.sum(axis=1))
    return _Point(x, total + float(p.lam) * rounded, beyond, gap, short)


def _newton(p: SampleProblem, at: _Point, width: float) -> Floats:
    """The Newton step within [0, S]; curvatures count as positive, so that every step goes down."""
    up = (at.beyond > 0).astype(np.float64)
    slope = p.n * p.theta + p.b * up.sum(axis=1) - p.lam * (up @ at.short)
    free = ~(((at.x <= 0) & (slope >= 0)) | ((at.x >= p.size) & (slope <= 0)))
    step = np.zeros_like(at.x)
    near = up.compress(np.abs(at.gap) < width, axis=1)
    at_kink = (np.abs(at.beyond) < width).astype(np.float64)
    curve = (near @ near.T) * p.lam
    curve.flat[:: len(step) + 1] += p.lam * (at_kink @ at.short) - p.b * at_kink.sum(axis=1)
    values, vectors = np.linalg.eigh(curve[free][:, free] / (2 * width))
    least = _FLAT * p.n * float(p.lam) / float(p.size)
    step[free] = -vectors @ ((vectors.T @ slope[free]) / np.maximum(np.abs(values), least))
    step *= min(1.0, _FAR * float(p.size) / max(float(np.abs(step).max()), 1e-300))
    return step
