"""One row a venue: what it shows, and what we have there: the allocation of this slice and the order in its queue."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from sor.core.backtest.live_view import LiveView, RestingLine, SliceLine, VenueLine
from sor.core.spec import ROUTER, TUNED
from tui import format as words
from tui.state.app_state import Live
from tui.widgets.live.live_panel import LivePanel
from tui.widgets.panel import BAD, DIM, GOOD, MARK, WARN, Part, line

SIZE, OURS = 6, 6
LEAST_PRICE, LONGEST_BAR = 7, 24


class VenuePanel(LivePanel):
    TITLE = "Venues"

    def fit(self, live: Live | None) -> None:
        """As high as there are venues, and a line for a slice that could not be split."""
        if live is not None and live.view is not None and not self.has_class("-alone"):
            self.styles.height = len(live.view.venues) + 2 + (bool(_reason(live.view)))

    def draw(self, live: Live, view: LiveView, width: int, height: int) -> Sequence[Content]:
        last = view.slices[-1] if view.slices else None
        self.title(f"Venues  {_national(view)}", _allocated(view, last))
        shape = _ColumnWidths.for_view(view, width)
        rows = [shape.head()]
        if why := _reason(view):
            rows.insert(0, line((why, WARN)))
        room = height - len(rows)
        venues = view.venues if len(view.venues) <= room else _nearest(view, room - 1)
        ours = dict(last.limits) if last else {}
        made = dict(last.made) if last else {}
        resting = {r.venue: r for r in view.resting}
        rows += [shape.row(v, ours.get(v.venue, 0), made.get(v.venue, 0), resting.get(v.venue)) for v in venues]
        if len(venues) < len(view.venues):
            rows.append(line((f"and {len(view.venues) - len(venues)} further from the best price: z shows all", DIM)))
        return rows


def _reason(view: LiveView) -> str:
    """Why the slice could not be split, where it could not."""
    last = view.slices[-1] if view.slices else None
    if last is None or not last.reason or view.ts >= view.end:
        return ""
    return f"all of slice {last.index + 1} went to market: {last.reason}"


def _national(view: LiveView) -> str:
    bid, ask = view.national
    apart = "" if bid is None or ask is None else f", spread {words.quote(ask - bid)}"
    return f"{words.quote(bid)} / {words.quote(ask)}{apart}"


def _allocated(view: LiveView, last: SliceLine | None) -> str:
    """How the slice was split, in a few words."""
    if last is None:
        sliced = view.shown in (TUNED, ROUTER, "X_M", "X_E")
        return "no slice yet" if sliced else f"{words.strategy(view.shown)} takes, and rests nowhere"
    rests = sum(qty for _, qty in last.limits)
    return f"slice {last.index + 1}: {last.market + rests:,} = M {last.market:,} + L {rests:,}"


def _nearest(view: LiveView, count: int) -> list[VenueLine]:
    """Where we are, and those at the best prices, in the order of their ids, where not all have room."""
    far = 2**62
    ours = {r.venue for r in view.resting}
    ranked = sorted(
        view.venues, key=lambda v: (v.venue not in ours, not (v.best_bid or v.best_ask), v.ask_px or far, v.venue)
    )
    return sorted(ranked[: max(1, count)], key=lambda v: v.venue)


class _ColumnWidths:
    """How wide each column is; the bars have what is left."""

    def __init__(self, name: int, price: int, bar: int, largest: int) -> None:
        self._name, self._price, self._bar, self._largest = name, price, bar, largest

    @classmethod
    def for_view(cls, view: LiveView, width: int) -> _ColumnWidths:
        name = max((len(words.venue(v.venue)) for v in view.venues), default=0) + 1
        prices = [px for v in view.venues for px in (v.bid_px, v.ask_px)]
        price = max([LEAST_PRICE, *(len(words.quote(px)) + 1 for px in prices)])
        figures = name + 2 * (SIZE + 1) + 3 * price + 4 * (OURS + 1) + 1
        largest = max((max(v.bid_sz, v.ask_sz) for v in view.venues), default=1)
        return cls(name, price, min(LONGEST_BAR, max(0, (width - figures) // 2)), max(1, largest))

    def head(self) -> Content:
        gap, px = " " * self._bar, self._price
        market = f"{'':{self._name}}{gap}{'size':>{SIZE}}{'bid':>{px}}  {'ask':<{px - 1}} {'size':>{SIZE}}{gap}"
        ours = "".join(f" {head:>{OURS}}" for head in ("L_k", "filled", "left", "ahead"))
        return line((f"{market} {ours}{'at':>{px}}", DIM))

    def row(self, v: VenueLine, ours: int, made: int, resting: RestingLine | None) -> Content:
        bid, ask = (f"bold {GOOD}" if v.best_bid else ""), (f"bold {BAD}" if v.best_ask else "")
        return line(
            f"{words.venue(v.venue):{self._name}}",
            self._cells(v.bid_sz, GOOD if v.best_bid else DIM, left=True),
            (f"{_size(v.bid_sz)}{words.quote(v.bid_px):>{self._price}}", bid),
            (f"{'•' if v.best_bid else ' '}{'•' if v.best_ask else ' '}", DIM),
            (f"{words.quote(v.ask_px):<{self._price - 1}} {_size(v.ask_sz)}", ask),
            self._cells(v.ask_sz, BAD if v.best_ask else DIM, left=False),
            " ",
            *self._ours(ours, made, resting),
        )

    def _cells(self, size: int, style: str, *, left: bool) -> tuple[str, str]:
        """A bar that grows away from the prices."""
        halves = round(size / self._largest * self._bar * 2)
        whole, half = "━" * (halves // 2), halves % 2
        text = f"{'╺' * half}{whole}" if left else f"{whole}{'╸' * half}"
        return (f"{text:>{self._bar}}" if left else f"{text:<{self._bar}}", style)

    def _ours(self, ours: int, made: int, resting: RestingLine | None) -> list[Part]:
        if not ours and resting is None:
            return [(f" {'·':>{OURS}}" * 4, DIM)]
        left = 0 if resting is None else resting.qty - resting.filled
        ahead = "·" if resting is None else "?" if resting.ahead is None else f"{resting.ahead:,}"
        first = resting is not None and resting.ahead == 0
        return [
            (f" {ours:>{OURS},}", "bold"),
            (f" {made:>{OURS},}", GOOD if made else ""),
            (f" {left:>{OURS},}", MARK if left else ""),
            (f" {ahead:>{OURS}}", GOOD if first else ""),
            (f"{words.quote(resting.px):>{self._price}}" if resting is not None else "", ""),
        ]


def _size(size: int) -> str:
    return f"{size:>{SIZE},}" if size else " " * SIZE
