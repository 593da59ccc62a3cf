"""Everything that passes between the screen and the processes that do the work: frozen values, all in this file.

Nothing of Textual is in it: the workers, which draw nothing, do without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sor.core.backtest.live_view import FillLine, LiveView
from sor.doctor.finding import Finding

# -- to a worker -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run as the user asked for it. `options`: the fields of sor.request.BacktestRequest, in the user's words.

    stream: "auto", "kafka" or "embedded"; run: "new" produces the tape first, "latest" or an id reads what is there.
    """

    options: dict[str, Any] = field(default_factory=dict)
    speed: str = "max"
    stream: str = "auto"
    servers: str = "127.0.0.1:9092"
    topic: str = "mock_l1_stream"
    run: str = "new"


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """Write a kept run to a folder: everything that `sor backtest --out` writes. `run` as in Finished."""

    run: str
    folder: str


@dataclass(frozen=True, slots=True)
class FillsRequest:
    """The fills of a kept run."""

    run: str


@dataclass(frozen=True, slots=True)
class TapeRequest:
    """What a tape holds, in a line. `options`: those fields of the form that say which tape."""

    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BrokerRequest:
    """Look at a broker every `every` seconds, and at the systemd units where there are any."""

    servers: str
    topic: str
    every: float = 2.0


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """`sor kafka up` or `down` at a port."""

    up: bool
    port: int


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """`sor doctor` with the broker and the topic of the form."""

    servers: str
    topic: str


WorkerTask = RunRequest | SaveRequest | FillsRequest | TapeRequest | BrokerRequest | BrokerOrder | DoctorRequest


@dataclass(frozen=True, slots=True)
class Control:
    """While a run is on. what: "pause", "resume", "speed" (with a value) or "stop"."""

    what: str
    value: str = ""


# -- from a worker -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Began:
    """The stream is open. via: "embedded" or "kafka"; why: why embedded was chosen, if the user did not ask for it."""

    via: str
    where: str
    symbol: str | None
    first: int
    last: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """The stream's state. lag: seconds that a paced stream is behind its clock, None where nothing is paced.

    sent, received: snapshots produced and read (equal when embedded); done: share of the stream from 0 to 1.
    """

    sent: int = 0
    received: int = 0
    rate: float = 0.0
    done: float | None = None
    lag: float | None = None
    duplicates: int = 0
    gaps: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """A look at the run, ten times a second at most. view: None where only the stream has moved."""

    health: StreamHealth
    view: LiveView | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something worth a line. doing: what the run does now, in a word or two ("waiting", "second pass")."""

    text: str
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """What the run does after the live pass, and how far it is."""

    doing: str
    done: float | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The end. text: the report's JSON, byte for byte that of `--json`.

    kept: where the text was kept, run: where the whole run was (tui.state.kept); empty where they could not be.
    partial: the run was stopped before its end.
    """

    text: str
    kept: str
    run: str
    partial: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """One line that says what is wrong and what to do."""

    text: str


@dataclass(frozen=True, slots=True)
class Saved:
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TapeSummary:
    """text: what the tape holds, in a line; first and last snapshot in ns, None where it was not read."""

    text: str
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class KeptFills:
    """The fills of a kept run, each with its strategy."""

    run: str
    fills: tuple[tuple[str, FillLine], ...]


@dataclass(frozen=True, slots=True)
class GroupLag:
    """How far a consumer group has come in one topic: the offset it has committed, and what it has still to read."""

    group: str
    state: str
    committed: int
    lag: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, all its partitions together; offsets are [first, end). bytes: on disk, None if it is not known."""

    name: str
    partitions: int
    first: int
    end: int
    bytes: int | None
    readers: tuple[GroupLag, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerState:
    """What `sor kafka status`, `topics` and `groups` say, and systemd. topic: the one that the form names."""

    serves: bool
    lines: tuple[str, ...]
    topic: str
    topics: tuple[Topic, ...] = ()
    units: tuple[tuple[str, str], ...] = ()  # name, state
    journal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerDone:
    """`sor kafka up` or `down` has ended well."""

    text: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What `sor doctor` has found."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """The worker has ended without a last word."""

    text: str


Event = (
    Began | LiveUpdate | Noted | Phase | Finished | Failed | Saved | KeptFills | TapeSummary | BrokerState | BrokerDone
    | Examined | Gone
)  # fmt: skip
