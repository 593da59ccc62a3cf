"""The options of an order, once: the command line, the screen's form, a sweep and a request are made of this table.

How a tape is read has options of its own (sor.cli.options.tape_options).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sor.core.order import Liquidity, QueueModel, Side
from sor.core.spec import ROUTER
from sor.core.units import MOST_SHARES
from sor.options.option_values import (
    calendar_day,
    choice,
    coefficient,
    latency,
    levels,
    parts,
    price,
    queue_model,
    seconds,
    whole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOption:
    """One option, by its name in a request.

    metavar: what is typed for it, empty for a flag. help, sweep, form: what `sor backtest`, `sor sweep` (None: not an
    option there) and the form say of it. default: of the default profile; unset, unset_form: in words, where there is
    none. words: what may be typed, where that is a list. parse: from its name and what was typed to exact units,
    bounds checked; None where that takes more than the text.
    """

    name: str
    metavar: str = ""
    help: str = ""
    default: str | int | None = None
    unset: str = ""
    words: tuple[str, ...] = ()
    parse: Callable[[str, Any], Any] | None = None
    sweep: str | None = None
    label: str
    form: str
    unset_form: str = ""

    @property
    def typed(self) -> str:
        """Its name as it is typed, and as messages have it."""
        return self.name.replace("_", "-")

    def exact(self, value: Any) -> Any:
        """What was typed in exact units. InputError where it is out of bounds."""
        assert self.parse is not None
        return None if value is None else self.parse(self.typed, value)

    def help_text(self) -> str:
        """Of `sor backtest`."""
        return self._with_default(self.help)

    def sweep_text(self) -> str:
        """Of `sor sweep`, which has this option."""
        assert self.sweep is not None
        return self._with_default(self.sweep)

    def _with_default(self, text: str) -> str:
        default = self.unset if self.default is None else str(self.default)
        # A text that says itself what holds without the option needs no second word on it.
        if not default or "[default: " in text:
            return text
        return f"{text}  [default: {default}]".lstrip()


_SHARES = partial(whole, least=1, unit="shares")

ORDER_OPTIONS = (
    OrderOption(
        name="profile", metavar="default|seed", words=("default", "seed"), help="seed: the original system's rules.",
        label="profile", form="seed: the original system's rules.", unset_form="default",
    ),
    OrderOption(
        name="symbol", help="Which symbol, if the tape has several.", metavar="TEXT",
        label="symbol", form="Needed where the tape has several.", unset_form="the only one",
    ),
    OrderOption(
        name="side", metavar="buy|sell", default="buy", words=("buy", "sell"), parse=partial(choice, kind=Side),
        sweep="", label="side", form="Buy or sell.",
    ),
    OrderOption(
        name="quantity", metavar="SHARES", default=5_000, parse=partial(_SHARES, most=MOST_SHARES),
        sweep="", label="quantity", form="Shares of the parent order.",
    ),
    OrderOption(
        name="start", metavar="TIME", help="HH:MM:SS[.fff] or ISO 8601.", unset="the tape's first snapshot",
        sweep="When the first order starts.",
        label="start", form="HH:MM:SS of the zone below on the day, or ISO 8601.", unset_form="tape's first",
    ),
    OrderOption(
        name="end", metavar="TIME", help="The window is closed.", unset="the tape's last snapshot",
        sweep="When the last order is over.",
        label="end", form="The window is closed: what happens at its end counts.", unset_form="tape's last",
    ),
    OrderOption(
        name="day", metavar="YYYY-MM-DD", help="The day of --start and --end; alone, 09:30 to 16:00 New York.",
        parse=calendar_day, sweep="The day of --start and --end; alone, 09:30 to 16:00 New York.",
        label="day", form="YYYY-MM-DD: of a tape with several; alone, that day's session.", unset_form="the only one",
    ),
    OrderOption(
        name="tz", metavar="ZONE", help="Time zone of times typed and shown.", default="UTC",
        sweep="Time zone of --start and --end.",
        label="time zone", form="IANA name: of times typed and shown.", unset_form="UTC",
    ),
    OrderOption(
        name="clip", help="Work the part of the window that is on the tape.",
        sweep="Work the part of an order's window that is on the tape.",
        label="clip", form="Yes: work the part of the window that is on the tape.",
    ),
    OrderOption(
        name="interval", metavar="SECONDS", help="TWAP's slices.", default=60, parse=seconds,
        sweep="TWAP's slices in seconds.", label="TWAP slice, s", form="Duration of one slice of TWAP.",
    ),
    OrderOption(
        name="liquidity", metavar="consume|replenish", help="What was taken stays taken, or not.", default="consume",
        words=("consume", "replenish"), parse=partial(choice, kind=Liquidity),
        sweep="", label="liquidity", form="What was taken stays taken, or not.",
    ),
    OrderOption(
        name="snapshot_rule", metavar="last|first", help="Which message of a venue counts at one time.",
        default="last", words=("last", "first"), sweep="last or first.",
        label="snapshot rule", form="Which message of a venue counts at one time.",
    ),
    OrderOption(
        name="fees", metavar="FILE|none", help='{"2": {"take": 0.003, "make": 0.002}}.', unset="the bundled table",
        sweep="A JSON file, or none.",
        label="fees", form="A JSON file, or none; empty: the bundled table.", unset_form="bundled table",
    ),
    OrderOption(
        name="strategy", metavar="NAME|FILE.py:NAME", default=ROUTER,
        help="Which one is `optimized` in the report; one of your own by its file.",
        sweep="Names, or FILE.py:NAME for one of your own.",
        label="strategy", form="Which one is `optimized` in the report.",
    ),
    OrderOption(
        name="param", metavar="KEY=VALUE", help="A parameter of your own strategy; repeatable.",
        sweep="KEY=VALUE for all of them that take parameters, NAME.KEY=VALUE for one; repeatable.",
        label="its parameters", form="KEY=VALUE, several with spaces between.", unset_form="none",
    ),
    OrderOption(
        name="lambda_over", metavar="LEVELS", parse=levels,
        help="Penalty for buying too much: dollars or multiples (1.5x), commas.",
        sweep="Each value is a parameter set of its own.  [default: the router tunes its grid]",
        label="lambda over", form="Penalty for too much: dollars or 1.5x; commas make a grid.", unset_form="grid",
    ),
    OrderOption(
        name="lambda_under", metavar="LEVELS", help="Penalty for buying too little.", parse=levels,
        sweep="Penalty for buying too little.",
        label="lambda under", form="Penalty for too little: dollars or 1.5x; commas make a grid.", unset_form="grid",
    ),
    OrderOption(
        name="theta_queue", metavar="LEVELS", help="Penalty for joining the queues.", parse=levels,
        sweep="Penalty for joining the queues.",
        label="theta queue", form="Penalty for joining the queues; commas make a grid.", unset_form="grid",
    ),
    OrderOption(
        name="max_shortfall", metavar="SHARES",
        help="Shares that a slice may leave missing on average, in place of --lambda-under; commas make a grid.",
        label="max shortfall", form="Shares that may be missing, in place of lambda under.", unset_form="none",
    ),
    OrderOption(
        name="router_interval", metavar="SECONDS", help="The router's slices.", default=5, parse=seconds,
        sweep="The router's slices in seconds.",
        label="router slice, s", form="Duration of one slice of the router.",
    ),
    OrderOption(
        name="queue_model", metavar="NAME", help="conservative, proportional, power:2 to power:8, or optimistic.",
        default="conservative", words=tuple(QueueModel), parse=queue_model,
        sweep="", label="queue model", form="What cancellations do to the queue ahead.",
    ),
    OrderOption(
        name="limit_price", metavar="DOLLARS", help="Nothing trades beyond it.", parse=price,
        sweep="Nothing trades beyond it.",
        label="limit price, $", form="Nothing trades beyond it.", unset_form="none",
    ),
    OrderOption(
        name="latency_us", metavar="MICROSECONDS", help="From a decision to the market; by venue: 150,2=80,43=310.",
        default=0, parse=latency,
        sweep="", label="latency, us", form="From a decision to its effect on the book; 150,2=80 by venue.",
    ),
    OrderOption(
        name="cancel_latency_us", metavar="MICROSECONDS", help="From a cancel to its effect, likewise.",
        unset="as orders", parse=latency,
        label="cancel latency, us", form="From a cancel to its effect.", unset_form="as orders",
    ),
    OrderOption(
        name="child_min", metavar="SHARES", help="Smaller child orders are not sent.", default=1, parse=_SHARES,
        label="smallest child", form="Smaller child orders are not sent.",
    ),
    OrderOption(
        name="child_lot", metavar="SHARES", help="Child orders are whole multiples of it.", default=1, parse=_SHARES,
        label="lot", form="Child orders are whole lots.",
    ),
    OrderOption(
        name="max_quote_age", metavar="SECONDS", help="Older quotes do not take part.", unset="no limit",
        parse=seconds, sweep="",
        label="max quote age, s", form="Older quotes do not take part.", unset_form="no limit",
    ),
    OrderOption(
        name="stale_crossed", metavar="SECONDS", unset="off", parse=seconds,
        help="A quote that crosses one newer by more is left out until its venue quotes again.",
        sweep="Leave out a quote that crosses one newer by more seconds.",
        label="stale crossed, s", form="Leave out quotes that cross a newer one for longer than this.",
        unset_form="keep them",
    ),
    OrderOption(
        name="take_fade", metavar="PARTS", unset="off", parse=parts,
        help="Again with only these parts of the displayed size there when takes arrive: 0.8,0.5.",
        label="take fade", form="Share of displayed size that a take does not find; commas make several.",
        unset_form="none",
    ),
    OrderOption(
        name="impact", metavar="Y", unset="off", parse=coefficient,
        help="Charge of Y x volatility x root of the part of the volume, above 1 % of it.",
        label="impact", form="A square-root charge on what is taken, as a sensitivity.", unset_form="none",
    ),
    OrderOption(
        name="orders", metavar="N", help="Spread N parent orders over the window for a distribution.", default=1,
        parse=partial(whole, least=1, most=10_000),
        label="orders", form="Spread N parent orders over the window for a distribution.",
    ),
    OrderOption(
        name="decision_time", metavar="TIME", help="When the parent order was decided, for its delay cost.",
        unset="the start", label="decided at", form="When the order was decided, for its delay cost.",
        unset_form="the start",
    ),
    OrderOption(
        name="seed", metavar="N", help="Seed of everything that is random.", default=0, parse=partial(whole, least=0),
        sweep="Seed of everything that is random.", label="seed", form="Of everything that is random.",
    ),
    OrderOption(
        name="adverse_selection", help="Lower the rebate by the mid's mean move against past fills.",
        sweep="true, false or both.  [default: false]",
        label="adverse selection", form="Lower the rebate by the mid's move against past fills.",
    ),
    OrderOption(
        name="strict", help="A bad row of the tape is an error.", sweep="A bad row of a tape fails its cells.",
        label="strict", form="Yes: a bad row of the tape is an error.",
    ),
)  # fmt: skip
BY_NAME: Mapping[str, OrderOption] = {option.name: option for option in ORDER_OPTIONS}
DEFAULTS: dict[str, str | int] = {o.name: o.default for o in ORDER_OPTIONS if o.default is not None}
