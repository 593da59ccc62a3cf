"""The routers of the literature, slowly: fractions where a rule is rational, 60 digits where it has a root or power.

Each takes what a `Sight` shows, remembers what it needs, and answers M and L_k. All leave out venues at which
h + r_k is not above 0, and take everything where there is nowhere to rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations
from math import isqrt

from reference.routed import Outcome, Sight

NANO = 1_000_000_000
DIGITS = 60
NEAR = Fraction(1, 10**9)
Split = tuple[int, dict[int, int]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the formulas are of: h, f, and of the venues that pay h + r_k and Q_k."""

    size: int
    h: Fraction
    f: int
    gains: Mapping[int, Fraction]
    queues: Mapping[int, int]

    @classmethod
    def of(cls, sight: Sight) -> Terms | None:
        if sight.half_spread is None or sight.fee is None:
            return None
        gains = {k: sight.half_spread + r for k, r in sorted(sight.rebates.items()) if sight.half_spread + r > 0}
        return cls(sight.size, sight.half_spread, sight.fee, gains, sight.queues) if gains else None


def answer(size: int, limits: Mapping[int, int]) -> Split:
    """What is not resting is taken at once."""
    limits = {k: qty for k, qty in limits.items() if qty}
    return size - sum(limits.values()), limits


def exact(value: Fraction) -> Decimal:
    with localcontext(prec=DIGITS):
        return Decimal(value.numerator) / Decimal(value.denominator)


def total_of(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


# --- delay ------------------------------------------------------------------------------------------------------------


@dataclass
class ByDelay:
    """L_k = (mu_k (h + r_k - nu) / c - Q_k)+, nu the larger of -(h + f) and the level at which sum L = S."""

    c: Fraction = Fraction(1, 10_000)
    window: Fraction = Fraction(300)
    sold: list[tuple[int, int, Mapping[int, int]]] = field(default_factory=list)  # since, until, shares by venue
    asked: int | None = None

    def allocate(self, sight: Sight) -> Split:
        if self.asked is not None:
            self.sold.append((self.asked, sight.ts, sight.sold))
        self.asked = sight.ts
        terms = Terms.of(sight)
        if terms is None:
            return sight.size, {}
        rates = {k: rate for k in terms.gains if (rate := self.rate(k, sight.ts))}
        if not rates:
            return sight.size, {}
        cost = self.c * NANO
        floor = -(terms.h + terms.f)

        def limits(nu: Fraction) -> dict[int, Fraction]:
            return {k: max(Fraction(0), mu * (terms.gains[k] - nu) / cost - terms.queues[k]) for k, mu in rates.items()}

        nu = floor
        if sum(limits(floor).values()) > terms.size:
            nu = self.level(terms, rates, cost)
        return answer(sight.size, whole(limits(nu)))

    def level(self, terms: Terms, rates: Mapping[int, Fraction], cost: Fraction) -> Fraction:
        """At which sum L = S: the venues are let in one after the other, the one that pays longest first."""
        entry = {k: terms.gains[k] - cost * terms.queues[k] / mu for k, mu in rates.items()}
        order = sorted(entry, key=lambda k: -entry[k])
        for n in range(1, len(order) + 1):
            used = order[:n]
            slope = total_of(rates[k] / cost for k in used)
            nu = (total_of(rates[k] * terms.gains[k] / cost - terms.queues[k] for k in used) - terms.size) / slope
            if n == len(order) or nu >= entry[order[n]]:
                return nu
        raise AssertionError

    def rate(self, venue: int, now: int) -> Fraction:
        """Shares a second over the slices that lie in the last `window` seconds, and the last one in any case."""
        kept = [one for one in self.sold if one[0] >= now - self.window * NANO] or self.sold[-1:]
        time = sum(until - since for since, until, _ in kept)
        return Fraction(sum(sold.get(venue, 0) for _, _, sold in kept) * NANO, time) if time else Fraction(0)


# --- proportional_update ----------------------------------------------------------------------------------------------


@dataclass
class Proportional:
    """r <- Proj[r + gamma_n (rho_k 1{filled whole} - mean_j rho_j 1{filled whole})]; pools are displayed queues."""

    gamma: Fraction = Fraction(1, 2)
    power: Fraction = Fraction(7, 10)
    parts: dict[int, Fraction] = field(default_factory=dict)  # of all venues that were ever there
    shares: dict[int, Fraction] = field(default_factory=dict)  # r, of the last slice
    sent: tuple[Terms, Mapping[int, int]] | None = None
    steps: int = 0
    hangs: bool = False  # whether a share ever went by remainders that are as good as equal

    def allocate(self, sight: Sight) -> Split:
        if self.sent is not None:
            self.learn(*self.sent, sight.last)
        self.sent = None
        terms = Terms.of(sight)
        if terms is None:
            return sight.size, {}
        for k in terms.gains:
            self.parts.setdefault(k, Fraction(1, len(terms.gains)))
        self.shares = self.of_the_slice(list(terms.gains))
        parts = {k: part * sight.size for k, part in self.shares.items()}
        limits = whole(parts)
        self.hangs |= any(abs(a % 1 - b % 1) < NEAR for a, b in combinations(parts.values(), 2))
        self.sent = terms, limits
        return answer(sight.size, limits)

    def of_the_slice(self, venues: list[int]) -> dict[int, Fraction]:
        """r on the simplex of the venues that are there now."""
        total = total_of(self.parts[k] for k in venues)
        return {k: self.parts[k] / total if total else Fraction(1, len(venues)) for k in venues}

    def learn(self, terms: Terms, limits: Mapping[int, int], last: tuple[Outcome, ...]) -> None:
        """The part that these venues have among all stays as it was."""
        self.steps += 1
        step = step_of(self.gamma, self.steps, self.power)
        filled = {o.venue: o.filled for o in last}
        best = max(terms.gains.values())
        gains = {k: terms.gains[k] / best if filled.get(k, 0) == qty else Fraction(0) for k, qty in limits.items()}
        mean = total_of(gains.values()) / len(gains)
        total = total_of(self.parts[k] for k in limits) or 1
        moved = projected({k: self.shares[k] + step * (gain - mean) for k, gain in gains.items()})
        self.parts.update({k: part * total for k, part in moved.items()})


def step_of(gamma: Fraction, n: int, power: Fraction) -> Fraction:
    with localcontext(prec=DIGITS):
        return gamma / Fraction(Decimal(n) ** exact(power))


def projected(point: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """The nearest point with parts of at least 0 that sum to 1."""
    high = sorted(point.values(), reverse=True)
    shift = Fraction(0)
    for n in range(1, len(high) + 1):
        level = (total_of(high[:n]) - 1) / n
        if high[n - 1] > level:
            shift = level
    return {k: max(Fraction(0), part - shift) for k, part in point.items()}


def whole(parts: Mapping[int, Fraction]) -> dict[int, int]:
    """Floors, and of the whole shares that are missing one each to the largest remainders, the smaller id of equals."""
    floors = {k: int(part) for k, part in parts.items()}
    missing = int(total_of(parts.values())) - sum(floors.values())
    for k in sorted(parts, key=lambda k: (floors[k] - parts[k], k))[:missing]:
        floors[k] += 1
    return floors


# --- censored ---------------------------------------------------------------------------------------------------------


@dataclass
class Censored:
    """Kaplan-Meier of the own outcomes by venue; the next share where w_k T_k(L_k + 1) is largest."""

    lambda_under: Fraction = Fraction(3, 2)
    theta: Fraction = Fraction(0)
    enough: int = 10
    memory: int = 1_000
    seen: dict[int, list[Outcome]] = field(default_factory=dict)

    def allocate(self, sight: Sight) -> Split:
        for outcome in sight.last:
            self.seen.setdefault(outcome.venue, []).append(outcome)
            del self.seen[outcome.venue][: -self.memory]
        terms = Terms.of(sight)
        if terms is None:
            return sight.size, {}
        penalty = max(Fraction(0), self.lambda_under * (terms.h + terms.f)) + self.theta * terms.h
        least = penalty - terms.h - terms.f
        weights = {k: penalty + gain for k, gain in terms.gains.items()}
        limits = dict.fromkeys(terms.gains, 0)
        tails = {k: self.kept(k, 0) for k in limits}  # T_k(L_k + 1)
        for _ in range(sight.size):
            best = min(limits, key=lambda k: (-weights[k] * tails[k], k))
            if weights[best] * tails[best] < least:
                break
            limits[best] += 1
            tails[best] *= self.kept(best, limits[best])
        return answer(sight.size, limits)

    def kept(self, venue: int, s: int) -> Fraction:
        """1 - h_s, hoped for where few orders were larger."""
        risk = [o for o in self.seen.get(venue, ()) if o.filled >= s and o.rested > s and not (o.cut and o.filled == s)]
        stopped = sum(o.filled == s for o in risk)
        larger = sum((o.filled if o.cut else o.rested) > s for o in self.seen.get(venue, ()))
        if not risk:
            return Fraction(larger < self.enough)
        part = Fraction(len(risk) - stopped, len(risk))
        return part if larger >= self.enough else wilson(part, len(risk))


def wilson(part: Fraction, n: int, z: int = 2) -> Fraction:
    """The upper bound of Wilson's interval, its root (of n^2 times what stands there) in whole millionths."""
    square = part * (1 - part) * n + Fraction(z * z, 4)
    root = Fraction(isqrt(int(square * z * z * 10**12)), 10**6)
    return min(Fraction(1), (part * n + Fraction(z * z, 2) + root) / (n + z * z))


# --- cont_kukanov_online ----------------------------------------------------------------------------------------------

MARKET = -1  # M's place among the venues


@dataclass
class Iterate:
    """X and its running mean, in shares of S. Who appears later has had its first part all along."""

    point: dict[int, Decimal] = field(default_factory=dict)
    mean: dict[int, Decimal] = field(default_factory=dict)
    steps: int = 0


@dataclass
class Online:
    """X <- max(X - gamma g, 0) on what the own orders met, in shares of S; the running mean is sent, in whole shares.

    h, f and r_k are those of the next slice, when the step is made, over the venues that both slices have.
    """

    lambda_under: Fraction = Fraction(3, 2)
    lambda_over: Fraction = Fraction(3, 2)
    theta: Fraction = Fraction(1, 10)
    speed: Fraction = Fraction(1)
    lookup: bool = False
    states: dict[tuple[int, ...], Iterate] = field(default_factory=dict)
    state: tuple[int, ...] = ()
    past: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    sold: dict[int, int] = field(default_factory=dict)
    sent: tuple[int, int, Mapping[int, int]] | None = None  # S, M and L

    def allocate(self, sight: Sight) -> Split:
        for k, qty in sight.sold.items():
            self.sold[k] = self.sold.get(k, 0) + qty
        terms, sent = Terms.of(sight), self.sent
        self.sent = None
        if terms is None:
            return sight.size, {}
        if sent is not None:
            self.learn(*sent, terms, sight)
        self.state = self.third_of_each(terms, sight.sold) if self.lookup else ()
        now = self.states.setdefault(self.state, Iterate())
        with localcontext(prec=DIGITS):
            for k in (MARKET, *terms.gains):
                now.point.setdefault(k, 1 / Decimal(len(terms.gains) + 1))
                now.mean.setdefault(k, now.point[k])
            shares = {k: min(sight.size, round(now.mean[k] * sight.size)) for k in (MARKET, *terms.gains)}
        market = shares.pop(MARKET)
        self.sent = sight.size, market, shares
        return market, {k: qty for k, qty in shares.items() if qty}

    def third_of_each(self, terms: Terms, sold: Mapping[int, int]) -> tuple[int, ...]:
        """Terciles of the queue and of what was sold, at the two venues that sold most so far."""
        busy = sorted(sorted(terms.gains, key=lambda k: (-self.sold.get(k, 0), k))[:2])
        return tuple(
            self.third(("queue", k), terms.queues[k]) if of == "queue" else self.third((of, k), sold.get(k, 0))
            for k in busy
            for of in ("queue", "volume")
        )

    def third(self, figure: tuple[str, int], value: int) -> int:
        """Of what it was before, half of its equals below it; the middle at first."""
        past = self.past.setdefault(figure, [])
        below = sum(Fraction(1) if one < value else Fraction(one == value, 2) for one in past)
        found = min(2, int(3 * below / len(past))) if past else 1
        past.append(value)
        return found

    def learn(self, size: int, market: int, limits: Mapping[int, int], terms: Terms, sight: Sight) -> None:
        filled = {o.venue: o.filled for o in sight.last}
        gains = {k: gain for k, gain in terms.gains.items() if k in limits}
        take = terms.h + terms.f
        under = max(Fraction(0), self.lambda_under * take)
        over, theta = self.lambda_over * max(terms.gains.values()), self.theta * terms.h
        done = market + sum(filled.values())
        push = (over if done > size else 0) - (under + theta if done < size else 0)
        slopes = {MARKET: take + theta + push}
        for k, gain in gains.items():
            slopes[k] = theta + (push - gain if filled.get(k, 0) >= limits[k] else 0)
        now = self.states[self.state]
        now.steps += 1
        with localcontext(prec=DIGITS):
            step = exact(self.speed) * self.step([take, *gains.values()], under + over + theta, sight.slices)
            for k, slope in slopes.items():
                now.point[k] = max(Decimal(0), now.point[k] - step * exact(slope))
            for k, one in now.point.items():
                now.mean[k] += (one - now.mean[k]) / (now.steps + 1)

    def step(self, pays: list[Fraction], more: Fraction, slices: int) -> Decimal:
        """sqrt(K) [N (h + f + theta + lu + lo)^2 + N sum (h + r_k + theta + lu + lo)^2]^-1/2, S being 1."""
        slices = max(1, slices // 81) if self.lookup else slices
        squares = sum((one + more) ** 2 for one in pays)
        return exact(Fraction(max(1, len(pays) - 1)) / (slices * squares)).sqrt()


# --- imbalance --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """A slice that is over, seen from one venue: what an order behind its queue would have met, and the mid's move."""

    met: int
    rise: Fraction


@dataclass
class ByImbalance:
    """All of S at the venue with the largest p(I), or all taken."""

    bins: int = 5
    enough: int = 30
    memory: int = 1_000
    windows: dict[tuple[int, int], list[Window]] = field(default_factory=dict)  # by bin and venue
    begun: tuple[int, int, Mapping[int, int]] | None = None  # bin, mid2 and queues when it was asked last

    def allocate(self, sight: Sight) -> Split:
        self.learn(sight)
        self.begun = None
        terms = Terms.of(sight)
        if terms is None or sight.mid2 is None:
            return sight.size, {}
        here = self.bin(sight)
        self.begun = here, sight.mid2, {k: terms.queues[k] for k in terms.gains}
        found = {k: self.past(here, k) for k in terms.gains}
        filled = {
            k: Fraction(sum(min(w.met, sight.size) for w in windows), sight.size * len(windows))
            if windows
            else Fraction(0)
            for k, windows in found.items()
        }
        best = min(found, key=lambda k: (-filled[k], -terms.gains[k], k))
        return (0, {best: sight.size}) if self.pays(terms, best, filled[best], found[best]) else (sight.size, {})

    def pays(self, terms: Terms, venue: int, p: Fraction, windows: list[Window]) -> bool:
        had = [min(w.met, terms.size) for w in windows]
        against = -average([w.rise for w in windows], had)
        away = average([w.rise for w in windows], [terms.size - qty for qty in had])
        rest = -(terms.gains[venue] - against) * p + (1 - p) * (terms.h + terms.f + away)
        return rest < terms.h + terms.f

    def past(self, here: int, venue: int) -> list[Window]:
        windows = self.windows.get((here, venue), [])
        if len(windows) >= self.enough:
            return windows
        return [w for b in range(self.bins) for w in self.windows.get((b, venue), [])]

    def learn(self, sight: Sight) -> None:
        if self.begun is None or sight.mid2 is None:
            return
        bin_, mid2, queues = self.begun
        for k, queue in queues.items():
            kept = self.windows.setdefault((bin_, k), [])
            kept.append(Window(max(0, sight.sold.get(k, 0) - queue), Fraction(sight.mid2 - mid2, 2)))
            del kept[: -self.memory]

    def bin(self, sight: Sight) -> int:
        rest, take = sight.touch
        return min(self.bins - 1, int(Fraction(rest, rest + take) * self.bins))


def average(values: list[Fraction], weights: list[int]) -> Fraction:
    total = sum(weights)
    return sum((v * w for v, w in zip(values, weights, strict=True)), Fraction(0)) / total if total else Fraction(0)
