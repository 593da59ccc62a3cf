"""Off a ridge: Newton's steps on a total whose shortfall has its corner rounded off.

On a ridge many outcomes fill exactly S, and only a few directions of many quantities at once go down. Where (S - A)+ is
rounded within `width` of its corner, ridges are valleys: slopes and curvatures show the way along them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sor.core.place.sample import SampleProblem

Floats = NDArray[np.float64]
_FLAT = 0.02  # least curvature, in Lambda N / S
_FAR = 0.25  # longest step, in S


def smooth_steps(problem: SampleProblem, x: Floats, width: float, steps: int) -> Floats:
    """Where up to `steps` damped Newton steps lead from x; the rounded total never rises."""
    for _ in range(steps):
        step, value = _newton(problem, x, width)
        for shorter in (1.0, 0.3, 0.1):
            new = np.clip(x + shorter * step, 0.0, problem.size)
            if _total(problem, new, width)[0] < value:
                break
        else:
            return x
        x = new
    return x


def _total(p: SampleProblem, x: Floats, width: float) -> tuple[float, Floats, Floats]:
    """The rounded total, S - A of every outcome, and how much of a share short each outcome feels, 0 to 1."""
    fills = np.minimum(p.e, x[:, None])
    gap = p.size - fills.sum(axis=0)
    short = np.clip(gap * (0.5 / width) + 0.5, 0.0, 1.0)
    rounded = width * float(short @ short) + float(np.maximum(gap - width, 0.0).sum())
    return p.n * float(p.theta) * float(x.sum()) + float(fills.sum(axis=1) @ p.b) + p.lam * rounded, gap, short


def _newton(p: SampleProblem, x: Floats, width: float) -> tuple[Floats, float]:
    """The Newton step within [0, S] and the rounded total at x.

    Directions of negative curvature are taken as if it were positive, so that every step goes down.
    """
    value, gap, short = _total(p, x, width)
    beyond = p.e - x[:, None]
    up = (beyond > 0).astype(np.float64)
    slope = p.n * p.theta + p.b * up.sum(axis=1) - p.lam * (up @ short)
    near = up[:, np.abs(gap) < width]
    at_kink = (np.abs(beyond) < width).astype(np.float64)
    curve = (near @ near.T) * p.lam + np.diag(p.lam * (at_kink @ short) - p.b * at_kink.sum(axis=1))
    free = ~(((x <= 0) & (slope >= 0)) | ((x >= p.size) & (slope <= 0)))
    step = np.zeros_like(x)
    if free.any():
        values, vectors = np.linalg.eigh(curve[np.ix_(free, free)] / (2 * width))
        least = _FLAT * p.n * float(p.lam) / p.size
        step[free] = -vectors @ ((vectors.T @ slope[free]) / np.maximum(np.abs(values), least))
        step *= min(1.0, _FAR * p.size / max(float(np.abs(step).max()), 1e-300))
    return step, value
