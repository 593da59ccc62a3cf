"""The panels of the live screen. Each takes the run as it is (tui.desk.Live) and draws its part."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from sor.core.live import POINTS, LiveView, SliceLine, StrategyLine, VenueLine
from sor.core.spec import ROUTER, TUNED
from sor.core.units import NANO
from tui import words
from tui.desk import Live, speed_words
from tui.widgets.bars import Curve, bar, plot
from tui.widgets.panel import BAD, DIM, GOOD, MARK, WARN, Panel, line, spread

BASELINES = ("best_ask", "twap")
CURVES = {"best_ask": ("$text-warning", (3, 5)), "twap": ("$text-accent", (1, 2))}
NAME = 9
NARROW = 34  # cells below which a panel shows figures without their words


class LivePanel(Panel):
    """A panel over the run."""

    live: Live | None = None

    def show(self, live: Live | None) -> None:
        self.live = live
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Content]:
        if self.live is None or self.live.view is None:
            return self.waiting()
        return self.draw(self.live.view, width, height)

    def waiting(self) -> Sequence[Content]:
        return []

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        raise NotImplementedError


class BookPanel(LivePanel):
    TITLE = "Book"

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        bid = max((v.bid_px for v in view.venues if v.bid_px is not None), default=None)
        ask = min((v.ask_px for v in view.venues if v.ask_px is not None), default=None)
        spread_words = "" if bid is None or ask is None else f"spread {words.quote(ask - bid)}"
        self.title("Book", f"NBBO {words.quote(bid)} / {words.quote(ask)}  {spread_words}")
        sizes = width >= NARROW
        name = max(5, min(14, width - (31 if sizes else 18)))
        shares = "shares" if sizes else ""
        head = f"{'':{name}}{shares:>{len(shares)}} {'bid':>7}   {'ask':>7} {shares}"
        rows = [line((head.rstrip(), DIM))]
        venues = view.venues if len(view.venues) < height else _nearest(view.venues, height - 1)
        return rows + [self._venue(v, name, sizes) for v in venues]

    def _venue(self, v: VenueLine, name: int, sizes: bool) -> Content:
        bid = "bold " + GOOD if v.best_bid else ""
        ask = "bold " + BAD if v.best_ask else ""
        return line(
            f"{words.venue(v.venue, name - 1):{name}}",
            ((f"{v.bid_sz:>6,} " if v.bid_sz else f"{'':7}") if sizes else " ", bid or DIM),
            (f"{words.quote(v.bid_px):>7}{'•' if v.best_bid else ' '}", bid),
            " ",
            (f"{'•' if v.best_ask else ' '}{words.quote(v.ask_px):>7}", ask),
            (f" {v.ask_sz:>6,}" if v.ask_sz and sizes else "", ask or DIM),
        )


def _nearest(venues: Sequence[VenueLine], count: int) -> list[VenueLine]:
    """Those at the best prices, in the order of their ids, where not all have room."""
    far = 2**62
    ranked = sorted(venues, key=lambda v: (not (v.best_bid or v.best_ask), v.ask_px or far, v.venue))
    return sorted(ranked[:count], key=lambda v: v.venue)


class OrderPanel(LivePanel):
    TITLE = "Order"

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        mine, schedule = view.strategy, view.schedule
        began = self.live.began if self.live else None
        symbol = (began.symbol if began else None) or "shares"
        self.title(f"{view.side.value.capitalize()} {view.quantity:,} {symbol}", words.strategy(view.shown))
        done = mine.done + mine.forced
        window = f"{words.clock(view.start)} to {words.clock(view.end)}"
        rows = [spread(line((window, DIM)), line(self._left(view)), width)]
        target = None if schedule is None else schedule.target
        rows.append(
            spread(line((f"{done:,}", "bold"), f" of {view.quantity:,} done"), self._behind(done, target), width)
        )
        mark = None if target is None else target / view.quantity
        rows.append(bar(done / view.quantity, width, GOOD, mark))
        if schedule is not None and height >= 6:
            rows += self._slice(view, width)
        average = line((words.px(mine.average, 4), "bold"), " average")
        rows.append(spread(average, _cost(mine, view), width))
        rows.append(
            spread(
                line((f"made {mine.made:,}", ""), (f"  taken {done - mine.made - mine.forced:,}", "")),
                self._forced(mine),
                width,
            )
        )
        if height > 8:
            rows.append(spread(line(("arrival price", DIM)), line(words.px(view.arrival, 4)), width))
        return rows

    @staticmethod
    def _left(view: LiveView) -> str:
        if view.ts >= view.end:
            return "closed"
        return "waits for its start" if view.ts < view.start else f"{words.seconds(view.end - view.ts)} left"

    @staticmethod
    def _forced(mine: StrategyLine) -> Content:
        return line((f"forced {mine.forced:,}", WARN)) if mine.forced else line((f"{mine.fills:,} fills", DIM))

    @staticmethod
    def _behind(done: int, target: int | None) -> Content:
        if target is None:
            return line("")
        gap = done - target
        return line((f"{-gap:,} behind {target:,}", WARN) if gap < 0 else (f"target {target:,}", DIM))

    @staticmethod
    def _slice(view: LiveView, width: int) -> list[Content]:
        s = view.schedule
        assert s is not None
        share = (view.ts - s.begins) / max(1, s.ends - s.begins)
        left = words.seconds(s.ends - view.ts) if view.ts < s.ends else "over"
        label, tail = f"slice {s.index + 1} of {s.slices} ", f" {left:>7}"
        return [line((label, DIM), bar(share, width - len(label) - len(tail), MARK), (tail, DIM))]


def _cost(mine: StrategyLine, view: LiveView) -> Content:
    shares = mine.done + mine.forced
    value = words.bps(mine.cost, abs(view.arrival or 0) * shares)
    if value is None:
        return line("")
    return line((f"{value:+.2f} bps", GOOD if value < 0 else BAD if value > 0 else ""), (" to arrival", DIM))


class SlicePanel(LivePanel):
    """M and L_k of the current slice as bars, with what of them was filled; where there is room, the slices before."""

    TITLE = "Allocation"

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        if not view.slices:
            self.title("Allocation", "")
            router = "the router" if view.shown.startswith(ROUTER) else words.strategy(view.shown)
            waits = "no slice yet" if view.ts < view.start or view.shown in _SLICED else "takes, and allocates nothing"
            return [line((f"{router}: {waits}", DIM))]
        last = view.slices[-1]
        size = last.market + sum(qty for _, qty in last.limits)
        tuned = "tuned on the past" if view.shown == TUNED else words.strategy(view.shown)
        what = "Allocation, slice" if width >= 46 else "Slice"
        self.title(f"{what} {last.index + 1}: {size:,}", tuned)
        venues = [v.venue for v in view.venues]
        shown = venues if len(venues) < height else [v for v, _ in last.limits]
        rows = [self._market(last, size, width)]
        limits, made = dict(last.limits), dict(last.made)
        rows += [self._bar(words.venue(v, NAME), limits.get(v, 0), made.get(v, 0), size, width) for v in shown]
        if last.reason:
            rows.append(line((f"all market: {last.reason}", WARN)))
        if height >= len(rows) + 4:
            rows += self._before(view, venues, width, height - len(rows))
        return rows

    @staticmethod
    def _market(last: SliceLine, size: int, width: int) -> Content:
        taken = "" if width < NARROW else " taken"
        label, figures = f"{'M market':{NAME + 1}}", f" {last.market:>6,}{taken} {last.taken:>5,}"
        share = last.market / max(1, size)
        return line((label, "bold"), bar(share, width - len(label) - len(figures), MARK), figures)

    @staticmethod
    def _bar(name: str, qty: int, filled: int, size: int, width: int) -> Content:
        made = "" if width < NARROW else "  made"
        tail = f"{made} {filled:>5,}" if qty else " " * (len(made) + 6)
        label, figures = f"{name:{NAME + 1}}", f" {qty:>6,}{tail}"
        cells = width - len(label) - len(figures)
        whole = max(1, size)
        return line(
            (label, "" if qty else DIM),
            bar(filled / whole, cells, GOOD, second=max(0, qty - filled) / whole),
            (figures, "" if qty else DIM),
        )

    @staticmethod
    def _before(view: LiveView, venues: Sequence[int], width: int, height: int) -> list[Content]:
        """A row a slice, newest first: M and each L_k."""
        cell = max(5, min(9, (width - 12) // (len(venues) + 1)))
        head = f"{'slice':>6}{'M':>{cell}}" + "".join(f"{words.venue(v, cell - 1):>{cell}}" for v in venues)
        rows = [line(""), line((head, DIM))]
        for s in list(reversed(view.slices))[: height - 2]:
            limits = dict(s.limits)
            text = f"{s.index + 1:>6}{s.market:>{cell},}" + "".join(
                f"{limits.get(v, 0) or '·':>{cell}}" for v in venues
            )
            rows.append(line((text, "" if s is view.slices[-1] else DIM)))
        return rows


_SLICED = (TUNED, "X_M", "X_E")


class RestingPanel(LivePanel):
    TITLE = "Working orders"

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        resting = view.resting
        self.title("Working orders", f"{len(resting)} in queues" if resting else "")
        if not resting:
            return [line(("no order rests in a queue", DIM))]
        name = max(5, min(14, width - 29))
        head = f"{'':{name}}{'price':>8} {'left':>6} {'filled':>6} {'ahead':>6}"
        rows = [line((head[:width], DIM))]
        for r in resting[: height - 1]:
            ahead = line((f"{r.ahead:>6,}", GOOD if r.ahead == 0 else ""))
            rows.append(
                line(f"{words.venue(r.venue, name - 1):{name}}{words.quote(r.px):>8} {r.qty - r.filled:>6,} "
                     f"{r.filled:>6,} ", ahead)
            )  # fmt: skip
        return rows


class FillsPanel(LivePanel):
    TITLE = "Fills"

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        assert self.live is not None
        self.title("Fills", f"{self.live.fill_count:,} in all" if self.live.fill_count else "")
        fills = list(self.live.fills)[-height:]
        if not fills:
            return [line(("none yet", DIM))]
        styles = {"make": GOOD, "take": "", "forced": WARN}
        name = max(5, min(12, width - 31))
        return [
            line(
                (words.clock(f.ts, 2), DIM),
                f" {f.qty:>5,} {words.quote(f.px):>7} ",
                f"{words.venue(f.venue, name - 1):{name}}",
                (f.kind, styles[f.kind]),
            )
            for f in reversed(fills)
        ]


class CostPanel(LivePanel):
    """What was paid beyond the arrival price, in dollars: the strategy and two baselines."""

    TITLE = "Cost against arrival, $"

    def draw(self, view: LiveView, width: int, height: int) -> Sequence[Content]:
        by_name = {s.name: s for s in view.strategies}
        names = [name for name in BASELINES if name in by_name and name != view.shown]
        curves = [Curve(_dollars(by_name[n]), *CURVES[n]) for n in names]
        curves.append(Curve(_dollars(view.strategy), GOOD))
        legend: list[Content] = [self._legend("━", GOOD, view.strategy, view)]
        legend += [
            self._legend(sign, CURVES[n][0], by_name[n], view) for n, sign in zip(names, ("╍", "┄"), strict=False)
        ]
        roomy = sum(one.cell_length for one in legend) + 3 * len(legend) <= width
        rows = [Content("   " if roomy else " ").join(legend)]
        if not any(curve.values for curve in curves):
            return [*rows, line(("begins with the order", DIM))]
        chart_height = max(1, height - (2 if height >= 6 else 1))
        labels = 8
        lines, low, high = plot(curves, POINTS + 1, max(4, width - labels), chart_height)
        for at, one in enumerate(lines):
            text = f"{high:+,.0f}" if at == 0 else f"{low:+,.0f}" if at == len(lines) - 1 else ""
            rows.append(line((f"{text:>{labels - 1}} ", DIM), one))
        if height >= 6:
            begin, end = words.clock(view.start), words.clock(view.end)
            rows.append(spread(line((" " * labels + begin, DIM)), line((end, DIM)), width))
        return rows

    @staticmethod
    def _legend(sign: str, style: str, s: StrategyLine, view: LiveView) -> Content:
        figure = "-" if s.cost is None else f"{s.cost / NANO:+,.0f}"
        return line((sign, style), f"{words.strategy(s.name)} ", (figure, "bold" if s.name == view.shown else ""))


def _dollars(s: StrategyLine) -> list[float]:
    return [value / NANO for value in s.path]


class StreamPanel(LivePanel):
    """Where the stream comes from and how it is getting on."""

    TITLE = "Stream"

    def lines(self, width: int, height: int) -> Sequence[Content]:
        live = self.live
        if live is None:
            return []
        h, began = live.health, live.began
        via = began.via if began else live.request.stream
        self.title("Stream", via)
        rows = [] if began is None else [line((began.where, DIM))]
        if began is not None and began.why:
            rows.append(line((began.why, DIM)))
        share = 0.0 if h.done is None else h.done
        rows += [
            spread(line(live.state), line("" if h.done is None else f"{h.done:.0%}"), width),
            bar(share, width, MARK),
            _pair("snapshots", f"{h.received:,}", width),
            _pair("rate", f"{h.rate:,.0f}/s", width),
            _pair("speed", speed_words(live.speed), width),
            _pair("behind the clock", words.lag(h.lag), width),
        ]
        if via == "kafka":
            rows.append(_pair("sent, not yet read", f"{max(0, h.sent - h.received):,}", width))
        trouble = h.duplicates + h.gaps + h.rejected
        text = f"{h.duplicates:,} / {h.gaps:,} / {h.rejected:,}"
        rows.append(_pair("dup / gaps / rejected", text, width, WARN if trouble else ""))
        return rows


def _pair(name: str, value: str, width: int, style: str = "") -> Content:
    return spread(line((name, DIM)), line((value, style)), width)


class StatePanel(LivePanel):
    """What the run does and when it is; where the panel of the stream has no room, how the stream gets on as well."""

    DEFAULT_CSS = """
    StatePanel { height: 1; border: none; padding: 0 1; background: $surface; }
    """

    def lines(self, width: int, height: int) -> Sequence[Content]:
        live = self.live
        if live is None:
            return [line(("no run yet: F2 to set one up", DIM))]
        h = live.health
        state = live.state + (f" {live.phase_done:.0%}" if live.phase_done is not None else "")
        style = {"running": GOOD, "failed": BAD, "paused": WARN, "stopping": WARN}.get(live.state, MARK)
        via = live.began.via if live.began else live.request.stream
        at = "" if live.view is None else words.clock(live.view.ts, 1)
        left = line((f"● {state}", style), f"  {via}, {speed_words(live.speed)}  ", (at, "bold"))
        if self.screen.has_class("-wide") and self.screen.has_class("-tall"):
            return [left]  # the panel of the stream has the rest
        trouble = h.duplicates + h.gaps + h.rejected
        parts: list[tuple[str, str]] = [
            (f"lag {words.lag(h.lag)}  ", DIM),
            (f"{h.rate:,.0f}/s  ", DIM),
            (f"dup {h.duplicates} gap {h.gaps} rej {h.rejected}", WARN if trouble else DIM),
            ("" if h.done is None else f"  {h.done:.0%}", ""),
        ]
        while left.cell_length + line(*parts).cell_length >= width and len(parts) > 1:
            parts = parts[1:]
        return [spread(left, line(*parts), width)]
