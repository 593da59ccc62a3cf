"""Random cases for routers that learn: many slices on tapes that sell, and parameters that matter there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from reference.literature import ByDelay, ByImbalance, Censored, Online, Proportional
from reference.market import Snapshot
from reference.pacing import Curve, Paced, PartOfVolume, Shortfall
from reference.routed import AllMarket, Router
from reference.rules import SECOND, Delay, Fee, Order, Rules
from reference.schedule import Schedule
from reference.tapes import BASE, CALM, CENT, FEES, MODELS, STICKY, T0, VENUES, WILD, random_order, random_tape

MIDNIGHT = T0 - (9 * 3600 + 1800) * SECOND  # New York's: T0 is half past nine there
WAITS = (0, 0, 1, SECOND // 1_000, SECOND // 100)


@dataclass(frozen=True)
class RoutedCase:
    """A tape, an order, the rules, a queue model, and the parameters as one types them."""

    seed: int
    tape: tuple[Snapshot, ...]
    order: Order
    rules: Rules
    model: str
    parameters: Mapping[str, str]


def routed_case(seed: int, name: str) -> RoutedCase:
    rng = Random(f"{name} {seed}")
    eager = replace(STICKY, trades=(1, 2, 3, 4))
    tape = random_tape(rng, rng.choice((STICKY, eager, eager, replace(CALM, trades=(0, 1, 2, 3)), WILD)), 60)
    most = 3_000 if name == "censored" else 20_000  # censored places share by share
    quantity = rng.choice((1, 40, 150, 600, 3_000, most))
    order = random_order(rng, tape)
    order = replace(order, quantity=quantity, end=max(order.end, order.start + 1), limit=None)
    if rng.random() < 0.1:
        order = replace(order, limit=BASE + rng.randint(-2, 3) * CENT)
    parameters = {key: rng.choice(values) for key, values in PARAMETERS[name].items()}
    return RoutedCase(seed, tape, order, _rules(rng, order), rng.choice(MODELS), parameters)


def _rules(rng: Random, order: Order) -> Rules:
    interval = max(1, (order.end - order.start) // rng.choice((1, 5, 12, 25, 40)) + rng.choice((-1, 0, 1)))
    slow = rng.random() < 0.3
    return Rules(
        fees={venue: Fee(rng.choice(FEES), rng.choice((*FEES, 1_234_567, -6_000_000))) for venue in VENUES},
        latency=_delay(rng, interval) if slow else Delay(),
        cancel_latency=_delay(rng, interval) if slow and rng.random() < 0.5 else None,
        max_quote_age=rng.choice((SECOND, 3 * SECOND)) if rng.random() < 0.15 else None,
        replenish=rng.random() < 0.15,
        child_min=rng.choice((20, 100)) if rng.random() < 0.1 else 1,
        child_lot=rng.choice((10, 100)) if rng.random() < 0.1 else 1,
        interval=interval,
        router_interval=interval,
    )


def _delay(rng: Random, interval: int) -> Delay:
    spans = (*WAITS, interval // 5, interval // 2, interval)
    return Delay(rng.choice(spans), {venue: rng.choice(spans) for venue in VENUES if rng.random() < 0.3})


PARAMETERS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "delay": {"c": ("0.0001", "0.001", "0.00001"), "window": ("300", "2", "0.5")},
    "proportional_update": {"gamma": ("0.5", "0.1", "2"), "power": ("0.7", "1", "0.51")},
    "censored": {
        "lambda_under": ("1.5", "1.1", "4"),
        "theta": ("0", "0.3"),
        "enough": ("10", "2", "5"),
        "memory": ("1000", "7"),
    },
    "cont_kukanov_online": {
        "lambda_under": ("1.5", "3"),
        "lambda_over": ("1.5", "2"),
        "theta": ("0.1", "0"),
        "speed": ("1", "5", "0.3"),
        "lookup": ("no", "no", "yes"),
    },
    "imbalance": {"bins": ("5", "1", "3"), "enough": ("30", "2", "4"), "memory": ("1000", "40")},
    "is": {"risk": ("0.0001", "0", "0.1", "1000"), "sigma": ("0.95", "3"), "eta": ("2.5e-6", "1e-7")},
    "pov": {"rate": ("0.1", "0.33", "1", "0.05")},
    "vwap_schedule": {},
}
ROUTERS: Mapping[str, Callable[..., Router]] = {
    "delay": ByDelay,
    "proportional_update": Proportional,
    "censored": Censored,
    "cont_kukanov_online": Online,
    "imbalance": ByImbalance,
}
CLOCKS: Mapping[str, Callable[..., Paced]] = {"is": Shortfall, "pov": PartOfVolume, "vwap_schedule": Curve}


def router_of(name: str, parameters: Mapping[str, str]) -> Router:
    return ROUTERS[name](**_values(parameters)) if name in ROUTERS else AllMarket()


def clock_of(name: str, case: RoutedCase, curve: Sequence[tuple[int, int]] = ()) -> Paced | None:
    """None: the slices are equal. `curve` as `curve_of` gives it."""
    equal = Schedule(case.order, case.rules.router_interval)
    if name == "vwap_schedule":
        return Curve(equal, volumes=stretches(curve))
    return CLOCKS[name](equal, **_values(case.parameters)) if name in CLOCKS else None


def _values(parameters: Mapping[str, str]) -> dict[str, Fraction | int | bool]:
    whole = ("enough", "memory", "bins")
    return {
        key: text == "yes" if key == "lookup" else int(text) if key in whole else Fraction(text)
        for key, text in parameters.items()
    }


def curve_of(case: RoutedCase) -> list[tuple[int, int]]:
    """Volume of stretches of some seconds, by the second of the day at which they begin; the window has some."""
    rng = Random(case.seed)
    at, lines = 9 * 3600 + 1800 - rng.choice((0, 5, 100)), []
    while at < 9 * 3600 + 1800 + 60:
        lines.append((at, rng.choice((1, 3, 100, 1_000))))
        at += rng.choice((1, 1, 2, 7))
    return [*lines, (at, 7), (at + 3600, 1)]


def stretches(curve: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Each line until the next, the last as long as the one before."""
    times = [at for at, _ in curve]
    ends = [*times[1:], 2 * times[-1] - times[-2]]
    return [
        (MIDNIGHT + at * SECOND, MIDNIGHT + end * SECOND, shares) for (at, shares), end in zip(curve, ends, strict=True)
    ]
