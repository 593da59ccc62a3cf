"""Where the stream comes from and how it is getting on."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui import format as words
from tui.state.app_state import Live, speed_words
from tui.widgets.drawing.bars import bar
from tui.widgets.live.live_panel import LivePanel
from tui.widgets.panel import BAD, DIM, GOOD, MARK, WARN, line, spread

LATE = 1.0  # seconds behind the clock from which a stream is late


class StreamPanel(LivePanel):
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
            _pair("rate", f"{h.rate:,.0f}/s" if _flows(live) else "-", width),
            _pair("speed", speed_words(live.speed), width),
            _pair("behind the clock", words.lag(h.lag if _flows(live) else None), width),
        ]
        if via == "kafka":
            rows.append(_pair("sent, not yet read", f"{max(0, h.sent - h.received):,}", width))
        trouble = h.duplicates + h.gaps + h.rejected
        text = f"{h.duplicates:,} / {h.gaps:,} / {h.rejected:,}"
        rows.append(_pair("dup / gaps / rejected", text, width, WARN if trouble else ""))
        return rows


def _flows(live: Live) -> bool:
    """Whether snapshots come now: else their rate and their lag are of some time ago."""
    return live.state == "running"


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
        at = "" if live.view is None else live.clock(live.view.ts, 1)
        left = line((f"■ {state}", style), f"  {via}, {speed_words(live.speed)}  ", (at, "bold"))
        why = line((f"  {live.began.why}", DIM)) if live.began and live.began.why else line("")
        if self.screen.has_class("-huge") and self.screen.has_class("-high"):
            return [left]  # the panel of the stream has the rest
        trouble = h.duplicates + h.gaps + h.rejected
        parts: list[tuple[str, str]] = [
            (f"{h.rate:,.0f}/s  " if _flows(live) else "", DIM),
            (f"lag {words.lag(h.lag)}  " if _flows(live) else "", WARN if h.lag is not None and h.lag > LATE else DIM),
            (f"dup {h.duplicates} gap {h.gaps} rej {h.rejected}", WARN if trouble else DIM),
            ("" if h.done is None else f"  {h.done:.0%}", ""),
        ]
        while left.cell_length + line(*parts).cell_length >= width and len(parts) > 1:
            parts = parts[1:]
        if left.cell_length + why.cell_length + line(*parts).cell_length < width:
            left = line(left, why)
        return [spread(left, line(*parts), width)]
