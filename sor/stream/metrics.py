"""The figures of one run, for Prometheus: what they are and how they read as text. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from sor.sources.source import StreamFacts
from sor.stream.progress import StreamProgress


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    COMPLETE = "complete"
    UNPROVEN = "unproven"  # over, and a stream without numbers cannot say whether anything is missing
    INCOMPLETE = "incomplete"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run at one moment. Times are seconds since the epoch; what is not known is None and is left out."""

    command: str
    topic: str
    run: str
    started: float
    updated: float
    state: RunState = RunState.RUNNING
    messages: int = 0
    done: float | None = None
    lag: float | None = None
    unread: int | None = None
    gaps: int | None = None
    duplicates: int | None = None
    rejected: int | None = None

    def after(self, progress: StreamProgress, now: float) -> RunFigures:
        """The same run, read again. A counter never falls: a note may carry an older count."""
        return replace(
            self,
            updated=now,
            messages=max(self.messages, progress.messages),
            done=self.done if progress.done is None else progress.done,
            lag=progress.lag,
            unread=progress.unread,
        )

    def sent(self, messages: int, complete: bool, now: float) -> RunFigures:
        """The run as its producer leaves it."""
        state = RunState.COMPLETE if complete else RunState.INTERRUPTED
        return replace(self, updated=now, messages=messages, state=state, lag=None, done=1.0 if complete else self.done)

    def read(self, facts: StreamFacts, now: float, *, incomplete: bool) -> RunFigures:
        """The run as its reader leaves it; `incomplete` is the reader's own word, who may have wanted a part only."""
        proven = RunState.UNPROVEN if facts.complete is None else RunState.COMPLETE
        return replace(
            self,
            updated=now,
            state=RunState.INCOMPLETE if incomplete else proven,
            messages=facts.received,
            gaps=facts.gaps,
            duplicates=facts.duplicates,
            rejected=facts.rejected,
        )

    def stopped(self, state: RunState, now: float) -> RunFigures:
        """The run where something else ended it."""
        return replace(self, updated=now, state=state)


# Name, type, what it is, and the field. Times and shares in base units, counters with _total: Prometheus' conventions.
METRICS = (
    ("sor_messages_total", "counter", "Snapshots of the run sent to the topic, or read from it.", "messages"),
    ("sor_lag_seconds", "gauge", "How far the producer is behind the pace of its tape.", "lag"),
    ("sor_unread_messages", "gauge", "Messages that the topic has and the reader has not read yet.", "unread"),
    ("sor_gaps", "gauge", "Snapshots of the run that are missing, known when it was read.", "gaps"),
    ("sor_duplicate_messages_total", "counter", "Snapshots that came more than once.", "duplicates"),
    ("sor_rejected_messages_total", "counter", "Messages that could not be read.", "rejected"),
    ("sor_run_done_ratio", "gauge", "Share of the run that is done, by the tape's time.", "done"),
    ("sor_run_start_time_seconds", "gauge", "When this program began with the run.", "started"),
    ("sor_run_update_time_seconds", "gauge", "When these figures were written.", "updated"),
)
STATE = ("sor_run_state", "gauge", "1 for the state that the run is in, 0 for the others.")


def exposition(figures: RunFigures) -> str:
    """The figures in Prometheus' text format, version 0.0.4."""
    labels = ",".join(
        f'{name}="{_escaped(value)}"'
        for name, value in (("command", figures.command), ("topic", figures.topic), ("run", figures.run))
    )
    lines = []
    for name, kind, words, field in METRICS:
        value = getattr(figures, field)
        if value is not None:
            lines += [*_head(name, kind, words), f"{name}{{{labels}}} {value}"]
    lines += _head(*STATE)
    lines += [f'{STATE[0]}{{{labels},state="{state}"}} {int(state is figures.state)}' for state in RunState]
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, words: str) -> tuple[str, str]:
    return f"# HELP {name} {words}", f"# TYPE {name} {kind}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
