"""What was asked and what was read: the order, the tape, the stream, the rules."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from sor.core.backtest.session import SessionResult
from sor.core.backtest.sessions import BacktestResult
from sor.core.feed import ROUND_LOT
from sor.core.fees import MILLION, VenueFee
from sor.core.market.batch import Form
from sor.core.order import Latency
from sor.core.spec import Spec
from sor.core.units import dollars, format_time, round_half_even
from sor.report.sections.figures import money, seconds
from sor.report.sections.venues import venue_name
from sor.sources.source import FileFacts, StreamFacts, TapeFacts

if TYPE_CHECKING:
    from sor.report.types.rules import RulesSection, VenueFees
    from sor.report.types.run import OrderSection, StreamSection, TapeFile, TapeSection


def order_section(found: BacktestResult) -> OrderSection:
    """The parent order. `asked`: the window asked for, where it was clipped to the tape."""
    outcome, asked = found.outcome, found.asked
    order = outcome.order
    arrival = None if outcome.arrival2 is None else dollars(Fraction(outcome.arrival2 * order.side.sign, 2))
    return {
        "side": order.side.value,
        "quantity": order.quantity,
        "start": format_time(order.start),
        "end": format_time(order.end),
        "asked": None if asked is None else {"start": format_time(asked[0]), "end": format_time(asked[1])},
        "limit_price": money(order.limit_price),
        "arrival_px": arrival,
        "participation": _participation(outcome),
    }


def _participation(outcome: SessionResult) -> Decimal | None:
    volume = outcome.market.volume_in_window
    return round_half_even(Fraction(outcome.order.quantity, volume), 6) if volume else None


def tape_section(tape: TapeFacts, form: Form, outcome: SessionResult) -> TapeSection:
    """What was read, and what it held."""
    market = outcome.market
    section: TapeSection = {
        "name": tape.name,
        "form": form.value,
        "files": [_file(file) for file in tape.files],
        "symbol": tape.symbol,
        "rows": tape.rows,
        "bad_rows": tape.bad_rows,
        "out_of_order": tape.out_of_order,
        "snapshots": market.snapshots,
        "snapshots_in_window": market.snapshots_in_window,
        "quotes": market.quotes,
        "first": None if market.first_ts is None else format_time(market.first_ts),
        "last": None if market.last_ts is None else format_time(market.last_ts),
        "venues": [venue_name(venue) for venue in market.venues],
        "trades_in_window": market.trades_in_window,
        "volume_in_window": market.volume_in_window,
        "off_exchange": {"trades": tape.off_exchange_trades, "shares": tape.off_exchange},
    }
    if tape.round_lot != ROUND_LOT:
        section["round_lot"] = tape.round_lot
    return section


def _file(file: FileFacts) -> TapeFile:
    return {
        "name": file.name,
        "rows": file.rows,
        "first": None if file.first is None else format_time(file.first),
        "last": None if file.last is None else format_time(file.last),
    }


def stream_section(stream: StreamFacts) -> StreamSection:
    """Proof of completeness."""
    return {
        "expected": stream.expected,
        "received": stream.received,
        "duplicates": stream.duplicates,
        "gaps": stream.gaps,
        "rejected": stream.rejected,
        "complete": stream.complete,
    }


def rules_section(spec: Spec) -> RulesSection:
    """The execution rules and the grid."""
    return {
        "profile": spec.profile,
        "strategy": spec.strategy,
        "liquidity": spec.liquidity.value,
        "interval_s": seconds(spec.interval),
        "router_interval_s": seconds(spec.router_interval),
        "queue_model": spec.queue_model.value,
        "adverse_selection": spec.adverse_selection,
        "latency_us": _microseconds(spec.latency.default),
        "latency_us_by_venue": _by_venue(spec.latency),
        "cancel_latency_us": _microseconds(spec.rules.cancels.default),
        "cancel_latency_us_by_venue": _by_venue(spec.rules.cancels),
        "child_min": spec.lots.minimum,
        "child_lot": spec.lots.lot,
        "max_quote_age_s": None if spec.max_quote_age is None else seconds(spec.max_quote_age),
        "stale_crossed_s": None if spec.stale_crossed is None else seconds(spec.stale_crossed),
        "tz": spec.tz,
        "fees": _fees(spec),
        "grid": {
            "lambda_over": [str(level) for level in spec.grid.lambda_over],
            "lambda_under": [str(level) for level in spec.grid.lambda_under],
            "theta_queue": [str(level) for level in spec.grid.theta_queue],
        },
        "orders": spec.orders,
        "seed": spec.seed,
    }


def _microseconds(ns: int) -> Decimal:
    return round_half_even(Fraction(ns, 1000), 3)


def _by_venue(latency: Latency) -> dict[str, Decimal]:
    return {str(venue): _microseconds(ns) for venue, ns in sorted(latency.venues.items())}


def _fees(spec: Spec) -> dict[str, VenueFees]:
    return {str(venue): _venue_fees(venue, fee) for venue, fee in sorted(spec.fees.venues.items())}


def _venue_fees(venue: int, fee: VenueFee) -> VenueFees:
    """The id is the key. `_below`: of shares below one dollar, where they do not cost the same at every price."""
    named = venue_name(venue)
    fees: VenueFees = {
        "name": named["name"],
        "mic": named["mic"],
        "take": dollars(fee.take),
        "make": dollars(fee.make),
    }
    if fee.take_below is not None:
        fees["take_below"] = _part_of_value(fee.take_below)
    if fee.make_below is not None:
        fees["make_below"] = _part_of_value(fee.make_below)
    return fees


def _part_of_value(millionths: int) -> Decimal:
    return round_half_even(Fraction(millionths, MILLION), 6)
