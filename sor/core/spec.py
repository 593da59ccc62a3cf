"""What the user asked for, in exact units: one frozen value that every front end builds and the core reads."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product

from sor.core.feed import BY_VENUE, Feed
from sor.core.fees import NO_FEES, FeeSchedule
from sor.core.order import ANY_SIZE, AT_ONCE, Latency, Liquidity, Lots, QueueModel, Rules, Side
from sor.core.strategies.plug_in import PlugIn
from sor.core.units import NANO, decimal, plain
from sor.errors import InputError


@dataclass(frozen=True, slots=True)
class Level:
    """One value of a penalty: dollars a share, or a multiple of the slice's natural scale."""

    value: Fraction
    multiple: bool

    def __str__(self) -> str:
        """As it is typed: 0.05 dollars, or 1.5x; exact, as every level was written as a decimal."""
        digits = Decimal(self.value.numerator) / Decimal(self.value.denominator)
        return f"{plain(digits)}{'x' if self.multiple else ''}"

    @classmethod
    def parse(cls, name: str, text: str) -> Level:
        """What was typed for a penalty. InputError for what is no level, or is out of the model's bounds."""
        multiple = text.lower().endswith("x")
        number = decimal(name, text[:-1] if multiple else text)
        if number < 0:
            raise InputError(f"{name} {text!r} must not be negative")
        if multiple and number <= 1 and name.startswith("lambda"):
            raise InputError(f"{name} {text!r}: a multiple must be above 1 (the model's assumptions A2 and A3)")
        return cls(Fraction(number), multiple)


@dataclass(frozen=True, slots=True)
class Parameters:
    """One candidate of the search."""

    lambda_over: Level
    lambda_under: Level
    theta_queue: Level


PENALTIES = tuple(field.name for field in fields(Parameters))


@dataclass(frozen=True, slots=True)
class Grid:
    """The candidates of the search: all combinations, in the order lambda_over, lambda_under, theta_queue."""

    lambda_over: tuple[Level, ...]
    lambda_under: tuple[Level, ...]
    theta_queue: tuple[Level, ...]

    def __len__(self) -> int:
        return len(self.lambda_over) * len(self.lambda_under) * len(self.theta_queue)

    def first(self) -> Parameters:
        """The first candidate, without laying out the others."""
        return Parameters(self.lambda_over[0], self.lambda_under[0], self.theta_queue[0])

    def candidates(self) -> list[Parameters]:
        return [Parameters(*levels) for levels in product(self.lambda_over, self.lambda_under, self.theta_queue)]


def _range(first: str, step: str, count: int) -> tuple[Level, ...]:
    return tuple(Level(Fraction(first) + k * Fraction(step), multiple=False) for k in range(count))


def _multiples(text: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in text.split())


# 25 x 15 x 13 = 4,875 candidates. Multiples above 1 satisfy the model's assumptions on every slice. The steps grow,
# because answers change near the bounds and hardly at all far from them (docs/model.md shows the cost over the grid).
MULTIPLES = Grid(
    lambda_over=_multiples(
        "1.01 1.02 1.03 1.05 1.07 1.1 1.13 1.16 1.2 1.25 1.3 1.4 1.5 1.6 1.8 2 2.25 2.5 3 3.5 4 5 6 7 8"
    ),
    lambda_under=_multiples("1.02 1.05 1.1 1.2 1.35 1.5 1.75 2 2.5 3 3.75 4.5 5.5 7 9"),
    theta_queue=_multiples("0 0.02 0.04 0.07 0.1 0.15 0.2 0.3 0.45 0.7 1 1.75 3"),
)
# The seed's parameters were dollars. Strategies without router slices have nothing that a multiple could be of.
DOLLARS = Grid(
    lambda_over=_range("0.01", "0.01", 25),
    lambda_under=_range("0.01", "0.01", 15),
    theta_queue=_range("0", "0.0005", 13),
)

SECOND = NANO


@dataclass(frozen=True, slots=True)
class When:
    """A time as it was typed, in ns: since the epoch, or (`of_day`) since midnight in a time zone."""

    ns: int
    of_day: bool = False
    zone: str = "UTC"


ROUTER = "cont_kukanov"
TUNED = "cont_kukanov_walk_forward"  # the router with parameters tuned on the slices before the present one
SIMPLE = ("best_ask", "twap", "static")  # strategies that need neither history nor parameters
STRATEGIES = (ROUTER, *SIMPLE, "X_M", "X_E")


@dataclass(frozen=True, slots=True)
class Spec:
    """A backtest. start and end None mean the whole tape, or the session of `day`; tz: the time zone in which times are
    shown; clip: work the part of the window that is on the tape; interval and ages in ns; prices in
    nanodollars; feed: what the source is like, once it is known; stale_crossed: see sor.core.market.stale_crossed,
    None leaves every quote in. take_fade: parts of the displayed size under which the strategies are worked again;
    impact: the coefficient of the square-root charge, None for none."""

    side: Side = Side.BUY
    quantity: int = 5_000
    start: When | None = None
    end: When | None = None
    tz: str = "UTC"
    day: date | None = None
    clip: bool = False
    interval: int = 60 * SECOND
    limit_price: int | None = None
    liquidity: Liquidity = Liquidity.CONSUME
    latency: Latency = AT_ONCE
    cancel_latency: Latency | None = None
    lots: Lots = ANY_SIZE
    max_quote_age: int | None = None
    stale_crossed: int | None = None
    take_fade: tuple[Fraction, ...] = ()
    impact: Decimal | None = None
    fees: FeeSchedule = field(default=NO_FEES)
    strategy: str = ROUTER
    lambda_over: tuple[Level, ...] | None = None
    lambda_under: tuple[Level, ...] | None = None
    theta_queue: tuple[Level, ...] | None = None
    router_interval: int = 5 * SECOND
    queue_model: QueueModel = QueueModel.CONSERVATIVE
    adverse_selection: bool = False
    orders: int = 1
    seed: int = 0
    profile: str = "default"
    feed: Feed = BY_VENUE
    decision_time: When | None = None
    also_analysed: tuple[str, ...] = ()
    decided: int | None = None  # the decision time in ns, once the window is known
    plug_in: PlugIn | None = None  # a strategy of one's own; `strategy` is its name

    @property
    def analysed(self) -> tuple[str, ...]:
        """The strategies whose executions are analysed: the chosen one, its walk forward, the headline's baseline."""
        walked = (TUNED,) if self.strategy == ROUTER else ()
        wanted = (self.strategy, *walked, *(() if self.strategy in ("X_M", *SIMPLE) else ("X_M",)))
        return tuple(dict.fromkeys((*wanted, *self.also_analysed)))

    @property
    def rules(self) -> Rules:
        return Rules(
            self.fees, self.liquidity, self.latency, self.max_quote_age, self.cancel_latency, self.lots, self.feed
        )

    @property
    def grid(self) -> Grid:
        if self.plug_in is not None:  # it has none of these parameters
            return Grid(*(levels[:1] for levels in (DOLLARS.lambda_over, DOLLARS.lambda_under, DOLLARS.theta_queue)))
        default = DOLLARS if self.strategy in SIMPLE else MULTIPLES
        return Grid(
            default.lambda_over if self.lambda_over is None else self.lambda_over,
            default.lambda_under if self.lambda_under is None else self.lambda_under,
            default.theta_queue if self.theta_queue is None else self.theta_queue,
        )
