"""How long a sweep will take, from one measured cell of each strategy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sor.sweep.plan import Cell, Chunk, SweepPlan
from sor.sweep.worker import work

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Estimate:
    """cells by strategy; seconds one takes (None where its first cell failed); seconds to open the first tape."""

    cells: dict[str, int]
    seconds: dict[str, float | None]
    opening: float
    tapes: int

    @property
    def busy(self) -> float | None:
        """Seconds of one worker for everything; None where nothing could be measured."""
        known = [(self.cells[name], seconds) for name, seconds in self.seconds.items() if seconds is not None]
        if len(known) < len(self.cells):
            return None
        return sum(count * seconds for count, seconds in known) + self.tapes * self.opening


def estimate(plan: SweepPlan) -> Estimate:
    """Measure the plan's first cell of each strategy, here."""
    cells: Counter[str] = Counter()
    first: dict[str, Cell] = {}
    tapes = set()
    for chunk in plan.chunks():
        for cell in chunk.cells:
            cells[cell.spec.strategy] += 1
            first.setdefault(cell.spec.strategy, cell)
            tapes.add((cell.tape, cell.symbol))
    seconds: dict[str, float | None] = {}
    opening = 0.0
    for strategy, cell in first.items():
        answer = work(Chunk((cell,)))
        opening = max(opening, answer.seconds - answer.backtests)
        seconds[strategy] = answer.backtests if answer.done else None
    return Estimate(dict(cells), seconds, opening, len(tapes))


def words(found: Estimate, workers: int, price: float | None) -> list[str]:
    """The estimate in plain sentences."""
    lines = [f"{sum(found.cells.values()):,} cells on {found.tapes} tape{'s' if found.tapes != 1 else ''}"]
    for name, count in found.cells.items():
        each = found.seconds[name]
        lines.append(f"  {name}: {count:,} cells" + ("" if each is None else f", {each:.3f} s each (measured)"))
    if found.busy is None:
        lines.append("the first cell of a strategy failed, so no time can be told: run it, and read the reasons")
        return lines
    lines.append(f"about {duration(found.busy / workers)} on {workers} worker{'s' if workers != 1 else ''}")
    hours = found.busy / HOUR
    lines.append(
        f"{hours:.3f} worker-hours" + ("" if price is None else f", ${hours * price:,.2f} at ${price:g} an hour")
    )
    return lines


def duration(seconds: float) -> str:
    """12 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02d} min"
