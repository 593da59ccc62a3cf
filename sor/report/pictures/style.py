"""How the pictures look: colours that the colour-blind can tell apart, quiet axes, time and money on them.

Strategies: M. Okabe, K. Ito, "Color universal design" (2008). Parts of a cost: P. Tol, "Colour schemes"
(SRON/EPS/TN/09-002), muted, so that no part has a strategy's colour. Wherever a colour says something, a shape or a
word says it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sor.errors import MissingExtraError

try:
    from matplotlib import style
    from matplotlib.figure import Figure
except ImportError:
    raise MissingExtraError("drawing the report", "plot") from None

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
OTHERS = (ORANGE, GREEN, VERMILION, PURPLE, SKY)
MARKERS = ("o", "^", "s", "D", "v", "P")
INK, QUIET, FAINT = "#222222", "#666666", "#DDDDDD"
TITLE_SIZE = 11.5

LOOK: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#EBEBEB",
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.9,
    "svg.hashsalt": "sor",  # the same bytes for the same picture
    "svg.fonttype": "path",
}


class NotebookFigure(Figure):
    """A figure that notebooks show, whatever backend is in use or none."""

    def _repr_png_(self) -> bytes:
        from io import BytesIO

        out = BytesIO()
        with look():
            self.savefig(out, format="png", dpi=110)
        return out.getvalue()


def look() -> Any:
    """A context in which the pictures are drawn; the user's own settings and backend are as before afterwards."""
    return style.context(["default", LOOK])


def picture(width: float, height: float) -> NotebookFigure:
    """An empty picture that belongs to no window and no backend. Sizes in inches."""
    return NotebookFigure(figsize=(width, height), layout="constrained", facecolor="white")


def save(figure: Figure, path: Path) -> None:
    """Write the picture; its format is told by the name. No dates inside."""
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with look():
        figure.savefig(path, dpi=150, metadata=metadata)


def colours(strategies: Sequence[str], chosen: str) -> Mapping[str, tuple[str, str]]:
    """Colour and marker of each strategy: blue and a dot for the chosen one, the others in their order."""
    rest = [name for name in strategies if name != chosen]
    found = {name: (OTHERS[i % len(OTHERS)], MARKERS[1 + i % (len(MARKERS) - 1)]) for i, name in enumerate(rest)}
    return {chosen: (BLUE, MARKERS[0]), **found}


def title(ax: Axes, text: str, reading: str) -> None:
    """A panel's name, and under it in small print how to read it."""
    ax.set_title(f"{text}\n", loc="left", fontsize=TITLE_SIZE, fontweight="bold", color=INK, pad=3)
    ax.annotate(
        reading, (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=8.5, color=QUIET
    )


def say(ax: Axes, text: str) -> None:
    """Where there is nothing to draw, words instead of an empty frame."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=QUIET)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)


def legend_below(ax: Axes, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """In one line under the axis, where it hides nothing."""
    ax.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0, -0.155),
        borderaxespad=0,
        borderpad=0,
        ncols=len(labels),
        handlelength=1.2,
        columnspacing=1.6,
    )


def clock_axis(ax: Axes, start: int, end: int) -> None:
    """The x axis as UTC clock times; it holds seconds since `start` (ns since the epoch)."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    span = max((end - start) / 1e9, 1e-3)
    steps = (0.001, 0.01, 0.1, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 86400)
    step = next((s for s in steps if span / s <= 7), 86400 * max(1, round(span / 86400 / 6)))
    origin = (start % (86_400 * 10**9)) / 1e9
    ax.set_xlim(-0.02 * span, 1.02 * span)
    offset = -(origin % step)
    ax.xaxis.set_major_locator(MultipleLocator(step, offset=offset))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _clock(origin + x, step)))
    ax.set_xlabel("UTC", loc="right")


def _clock(seconds: float, step: float) -> str:
    seconds = round(seconds, 3) % 86_400
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    if step >= 60:
        return f"{hours:02d}:{minutes:02d}"
    return f"{hours:02d}:{minutes:02d}:{rest:02.0f}" if step >= 1 else f"{minutes:02d}:{rest:06.3f}"


def apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """Heights for labels at these places, moved apart so that neighbours differ by at least `least`."""
    names = sorted(places, key=lambda name: places[name])
    heights = [places[name] for name in names]
    for _ in range(200):
        moved = False
        for i in range(len(heights) - 1):
            lack = least - (heights[i + 1] - heights[i])
            if lack > least * 1e-3:
                heights[i] -= lack / 2
                heights[i + 1] += lack / 2
                moved = True
        if not moved:
            break
    return dict(zip(names, heights, strict=True))
