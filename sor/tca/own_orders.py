"""One's own parent orders against a tape, and what strategies would have paid over the same window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sor.core.backtest.session import Session, SessionResult
from sor.core.backtest.sessions import BacktestResult
from sor.core.execution.accounting import StrategyResult
from sor.core.market.batch import SnapshotBatch
from sor.core.market.oriented import orient
from sor.core.order import Fill
from sor.core.spec import Spec, When
from sor.core.tca.analysis import Analysis, analyse
from sor.core.tca.costs.spreads import FORCED, MAKER
from sor.core.tca.market.fill_quotes import HORIZONS, FillQuotes, FillQuotesRecorder
from sor.core.tca.market.plausible import PlausibleRecorder
from sor.core.tca.own_result import own_result
from sor.errors import InputError
from sor.options.windows import Window
from sor.running.run import find, market_of, of_the_day, part_of, window_of
from sor.sources.source import Source
from sor.tca.fills_file import OwnFill


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """A parent order as it was executed. outcome: the market over its window, and (results) what strategies would have
    paid; problems: of impossible fills, (the fill, why)."""

    name: str
    outcome: SessionResult
    result: StrategyResult
    analysis: Analysis
    quotes: FillQuotes
    problems: tuple[tuple[OwnFill, str], ...]
    compared: BacktestResult | None


@dataclass(slots=True)
class Desk:
    """Analyses orders on one source. tolerance in ns; simulated: see OwnFills; compare: with strategies as well."""

    source: Source
    spec: Spec
    tolerance: int
    simulated: bool
    compare: bool = True
    said: Callable[[str], None] = lambda line: None
    _worked: tuple[Spec, BacktestResult] | None = None  # the last one: orders of one window are worked once

    def order(self, name: str, fills: Sequence[OwnFill], quantity: int | None) -> OwnOrder:
        """fills: of one parent order, by time; quantity: None: what was filled."""
        spec = self._spec(name, fills, quantity)
        window = window_of(self.source, spec)
        self._check(name, fills, window)
        spec = of_the_day(spec, window)
        oriented = [_oriented(fill) for fill in fills]
        outcome, quotes, plausible = self._market(spec, window, oriented)
        compared = self._compared(spec, window) if self.compare else None
        kinds = [_with_kind(own, fill, touch) for own, fill, touch in zip(fills, oriented, quotes.touch, strict=True)]
        result = own_result(name, window.order, kinds, spec.fees, outcome.arrival2, _left_px(compared))
        analysis = analyse(
            result, quotes, window.order, spec.fees, decision2=outcome.decision2, arrival2=outcome.arrival2, orders=()
        )
        pairs = zip(fills, kinds, plausible.seen, strict=True)
        problems = tuple((own, why) for own, fill, seen in pairs if not fill.forced and (why := seen.problem(fill)))
        return OwnOrder(name, outcome, result, analysis, quotes, problems, compared)

    def _spec(self, name: str, fills: Sequence[OwnFill], quantity: int | None) -> Spec:
        """The order's window: from its first decision, else from just before its first fill, to its last fill."""
        sides = {fill.side for fill in fills}
        if len(sides) > 1:
            raise InputError(f"order {name or '(without a name)'} has buys and sells: one parent order has one side")
        filled = sum(fill.qty for fill in fills)
        if quantity is not None and quantity < filled:
            raise InputError(f"--quantity {quantity:,} is less than the {filled:,} shares of its fills")
        first = min(fill.ts - 1 if fill.decided is None else fill.decided for fill in fills)
        spec = self.spec
        return replace(
            spec,
            side=fills[0].side,
            quantity=filled if quantity is None else quantity,
            start=spec.start if spec.start is not None else When(first),
            end=spec.end if spec.end is not None else When(fills[-1].ts),
        )

    def _check(self, name: str, fills: Sequence[OwnFill], window: Window) -> None:
        order = window.order
        off = [fill.row for fill in fills if not order.start <= fill.ts <= order.end]
        if off:
            raise InputError(
                f"{len(off)} fills of order {name or '(without a name)'} are outside its window, the first in row "
                f"{off[0]}: check --start and --end"
            )

    def _market(
        self, spec: Spec, window: Window, fills: list[Fill]
    ) -> tuple[SessionResult, FillQuotes, PlausibleRecorder]:
        """One pass over the tape: quotes at the fills and after them, at their decisions, and whether they can be."""
        order, until = window.order, window.order.end + max(HORIZONS)
        session = Session.for_order(order, spec.rules, [], health=True, decision_time=window.decided)
        quotes = FillQuotesRecorder(fills, until, before=not self.simulated)
        by_decision = sorted(range(len(fills)), key=lambda at: fills[at].decided)
        sent = [fills[at]._replace(ts=fills[at].decided, is_maker=False) for at in by_decision]
        decisions = FillQuotesRecorder(sent, until)
        plausible = PlausibleRecorder(fills, self.tolerance)
        part = part_of(self.source, spec, window, after=max(HORIZONS))
        for batch in _batches(market_of(part, spec)):
            book = session.on_batch(batch)
            if book is not None:
                quotes.on_book(book)
                decisions.on_book(book)
                plausible.on_batch(orient(batch, order.side), book)
        found, decided = quotes.recorded(), decisions.recorded()
        for rank, at in enumerate(by_decision):
            known = decided if self.simulated or fills[at].decided < fills[at].ts else found
            place = rank if known is decided else at
            fills[at] = fills[at]._replace(mid2=known.mid2[place], touch=known.touch[place])
        return session.result(), found, plausible

    def _compared(self, spec: Spec, window: Window) -> BacktestResult:
        """The same window and quantity worked by the strategies."""
        if self._worked is None or self._worked[0] != spec:
            self.said(f"working {spec.quantity:,} shares as {spec.strategy}, X_M and twap would have")
            self._worked = spec, find(self.source, spec, window=window)
        return self._worked[1]


def _batches(stream: Iterable[SnapshotBatch]) -> Iterable[SnapshotBatch]:
    return (batch for batch in stream if len(batch))


def _oriented(own: OwnFill) -> Fill:
    """As the engine has them; its kind where the file says it, a take else until the quotes are known."""
    decided = own.ts if own.decided is None else own.decided
    maker = own.kind == MAKER
    return Fill(
        own.ts, own.venue, own.px * own.side.sign, own.qty, maker, own.kind == FORCED, decided, None, decided, None
    )


def _with_kind(own: OwnFill, fill: Fill, touch: int | None) -> Fill:
    """A fill of unknown kind took if it paid the opposite best or more, as Lee and Ready's quote rule has it."""
    if own.kind is not None:
        return fill
    return fill._replace(is_maker=touch is not None and fill.px < touch)


def _left_px(compared: BacktestResult | None) -> int | None:
    """Any strategy's: the last opposite quote and its take fee are the market's."""
    if compared is None:
        return None
    return next((r.left_px for r in compared.outcome.results.values() if r.left_px is not None), None)
