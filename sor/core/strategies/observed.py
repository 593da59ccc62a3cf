"""What a router is shown of the past slice: a slice has two decisions, and a router is asked at one of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sor.core.strategies.interface import Flow, Outcome, View


@dataclass(slots=True)
class Observed:
    """Outcomes and flow of all decisions since the router was asked last."""

    _last: tuple[Outcome, ...] = ()
    _flow: dict[int, Flow] = field(default_factory=dict)

    def on_view(self, view: View) -> None:
        self._last = view.last or self._last
        for new in view.flow:
            old = self._flow.get(new.venue, Flow(new.venue, 0, 0))
            self._flow[new.venue] = Flow(new.venue, old.sold + new.sold, old.fell + new.fell)

    def since(self, view: View) -> View:
        """The view with all of it, which is then forgotten."""
        seen = replace(view, last=self._last, flow=tuple(self._flow[venue] for venue in sorted(self._flow)))
        self._last, self._flow = (), {}
        return seen
