"""The process that does the work: `python -m tui.worker FD`. It runs what the command line runs, and says how it goes.

It has the interpreter for itself, so that a key is answered at once while a run is at full speed. When the screen
goes away, whatever the reason, it stops the run in order and keeps the report so far.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
import traceback
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from sor.core.book import Book
from sor.core.follower import Follower
from sor.core.session import Session
from sor.core.spec import ROUTER, TUNED, Spec
from sor.errors import InputError, SorError
from sor.report.model import Report
from sor.request import Request
from sor.source import Source
from sor.state import state_folder
from sor.stream.names import new_run_id
from sor.stream.pacing import parse_speed
from tui.messages import (
    Began,
    BrokerOrder,
    BrokerRequest,
    Control,
    DoctorRequest,
    Event,
    Examined,
    Failed,
    Finished,
    Health,
    Looked,
    Noted,
    Phase,
    RunRequest,
    Saved,
    SaveRequest,
    Task,
)
from tui.streams import Played, StopReading, Throttle, Windowed

LOOK_SECONDS = 0.1
BROKER_SECONDS = 300.0  # how long a run waits for a broker that is away, as the consumer does
KEEP_REPORTS = 100


class Line:
    """The line to the screen. Once that is gone nothing is sent any more, and that is no error."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def send(self, event: Event) -> None:
        with self._lock, suppress(OSError, ValueError):
            self._connection.send(event)

    def receive(self) -> Control | Task | None:
        """None: the screen is gone."""
        try:
            message: Control | Task = self._connection.recv()
        except (EOFError, OSError):
            return None
        return message


class Run:
    """One run on its way: the stream, the backtest over it, and what there is to say of both."""

    def __init__(self, line: Line, wanted: RunRequest) -> None:
        self._line, self._wanted = line, wanted
        self._throttle = Throttle(parse_speed(wanted.speed))
        self._source: Source | None = None
        self._played: Played | None = None
        self._total: int | None = None
        self._looked_at = self._rated_at = time.monotonic()
        self._rated = self._received = self._sent = 0
        self._rate = 0.0
        self._lag: float | None = None
        self._producer_lag: float | None = None
        self._failure: Exception | None = None
        self._last: tuple[Session, Book] | None = None
        self._follower = Follower("")

    # -- orders from the screen ----------------------------------------------------------------------------------------

    def control(self, order: Control) -> None:
        pace = self._throttle.pace
        if order.what == "pause":
            pace.pause()
        elif order.what == "resume":
            pace.resume()
        elif order.what == "speed":
            self._throttle.set_speed(parse_speed(order.value))
        elif order.what == "stop":
            self.stop()

    def stop(self) -> None:
        self._throttle.pace.stop()

    # -- the run -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        began = time.monotonic()
        request = Request(**self._wanted.wishes)
        spec = request.spec()
        via, why = self._choose()
        try:
            report = self._embedded(request, spec, why) if via == "embedded" else self._through_kafka(request, spec)
        except InputError:
            if self._played is not None and self._played.partial:
                raise SorError("stopped before the order's window began: there is nothing to report") from None
            raise
        partial = self._played is not None and self._played.partial
        text = report.to_json()
        kept = keep(text)
        self._line.send(
            Finished(text, zlib.compress(pickle.dumps(report), 1), str(kept), partial, time.monotonic() - began)
        )

    def _choose(self) -> tuple[str, str]:
        wanted = self._wanted
        if wanted.stream != "auto":
            return wanted.stream, ""
        from tui.broker import answers

        if answers(wanted.servers):
            return "kafka", ""
        return "embedded", f"no broker answers at {wanted.servers}"

    def _embedded(self, request: Request, spec: Spec, why: str) -> Report:
        from sor.api import tape_source

        self._line.send(Phase("reading the tape"))
        source = tape_source(request, lambda done, total: self._reading(done, total))
        return self._backtest(source, spec, "embedded", str(source.tape_facts().name), why, cut=True)

    def _through_kafka(self, request: Request, spec: Spec) -> Report:
        from sor.stream.consumer import open_source

        wanted, run = self._wanted, self._wanted.run
        producer = None
        if run == "new":
            producer, run = self._produce(request, spec)
        try:
            rule = request.rule()
            source = open_source(wanted.servers, wanted.topic, run, 90.0, self._reader_says, snapshot_rule=rule)
            try:
                return self._backtest(source, spec, "kafka", f"{wanted.topic} run {source.run}", "", cut=False)
            finally:
                source.close()
        except StopReading:
            raise SorError("stopped before the first snapshot came: there is nothing to report") from None
        finally:
            self.stop()
            if producer is not None:
                producer.join(10.0)

    def _produce(self, request: Request, spec: Spec) -> tuple[threading.Thread, str]:
        """`sor produce` in a thread of its own. The whole tape is sent; the window is the order's."""
        from sor.api import tape_source
        from sor.stream.producer import produce

        wanted, run = self._wanted, new_run_id()
        self._line.send(Phase("reading the tape"))
        tape = tape_source(request, lambda done, total: self._reading(done, total))
        order = spec.order(*(tape.bounds() or (0, 0)))
        source = Windowed(tape, self._throttle, order.start, order.end)

        def work() -> None:
            try:
                produce(
                    source,
                    wanted.servers,
                    wanted.topic,
                    pace=self._throttle.pace,
                    run_id=run,
                    timeout=BROKER_SECONDS,
                    rule=request.rule(),
                    progress=self._writer_says,
                )
            except Exception as error:
                self._failure = error

        thread = threading.Thread(target=work, name="producer", daemon=True)
        thread.start()
        return thread, run

    def _backtest(self, source: Source, spec: Spec, via: str, where: str, why: str, *, cut: bool) -> Report:
        from sor.run import run

        self._source, self._total = source, source.stream_facts().expected
        bounds = source.bounds()
        first, last = bounds or (0, 0)
        self._line.send(Began(via, where, source.tape_facts().symbol, first, last, why))
        windowed: Source = source
        if bounds is not None and cut:
            order = spec.order(first, last)
            windowed = Windowed(source, self._throttle, order.start, order.end)
        self._follower = Follower(TUNED if spec.strategy == ROUTER else spec.strategy)
        self._played = Played(windowed, self._throttle, self._moved, cut=cut)
        report = run(self._played, spec, self._watch)
        self._look(last=True)
        return report

    # -- what there is to say ------------------------------------------------------------------------------------------

    def _watch(self, session: Session, book: Book) -> None:
        self._last = session, book

    def _moved(self, number: int, snapshots: int, lag: float | None) -> None:
        """After every batch, and now and then while nothing is due."""
        if number == 1:
            self._received = snapshots
            if lag is not None or self._throttle.pace.flat_out:
                self._lag = lag
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._look()
            return
        if self._last is not None:
            self._look(last=True)
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            total = self._played_total()
            self._line.send(Phase("second pass", snapshots / total if total else None))

    def _look(self, last: bool = False) -> None:
        view = None
        if self._last is not None:
            view = self._follower.look(*self._last)
            self._last = None
        self._looked_at = time.monotonic()
        if view is not None or not last:
            self._line.send(Looked(self._health(), view))

    def _played_total(self) -> int:
        return self._received

    def _health(self) -> Health:
        now = time.monotonic()
        if now - self._rated_at >= 0.5:
            self._rate = (self._received - self._rated) / (now - self._rated_at)
            self._rated_at, self._rated = now, self._received
        facts = None if self._source is None else self._source.stream_facts()
        if facts is None:
            return Health()
        total = facts.expected or self._total
        return Health(
            sent=max(self._sent, self._received),
            received=self._received,
            rate=self._rate,
            done=self._received / total if total else None,
            lag=self._producer_lag if self._producer_lag is not None else self._lag,
            duplicates=facts.duplicates,
            gaps=facts.gaps,
            rejected=facts.rejected,
        )

    def _reading(self, done: int, total: int) -> None:
        if self._throttle.stopped:
            raise SorError("stopped while the tape was being read: there is nothing to report")
        if total and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._line.send(Phase("reading the tape", done / total))

    def _writer_says(self, progress: object) -> None:
        from sor.stream.progress import Progress

        assert isinstance(progress, Progress)
        if progress.note is not None:
            self._line.send(Noted(progress.note, progress.doing))
            return
        self._sent, self._producer_lag = progress.messages, progress.lag

    def _reader_says(self, progress: object) -> None:
        """Called while messages are read or waited for: the place to leave when nothing more is to be expected."""
        from sor.stream.progress import Progress

        assert isinstance(progress, Progress)
        if self._failure is not None:
            raise self._failure
        if self._throttle.stopped and progress.note is None:
            raise StopReading
        if progress.note is not None:
            self._line.send(Noted(progress.note, progress.doing))
        elif time.monotonic() - self._looked_at >= LOOK_SECONDS and self._played is not None:
            self._look()


def keep(text: str) -> Path | None:
    """Put a report where it outlives the screen; the oldest go when there are too many. None where nothing can be."""
    folder = state_folder() / "reports"
    for place in (folder, Path.cwd()):
        path = place / f"sor-report-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
        try:
            place.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        except OSError:
            continue
        for old in sorted(folder.glob("sor-report-*.json"))[:-KEEP_REPORTS]:
            old.unlink(missing_ok=True)
        return path
    return None


def save(line: Line, wanted: SaveRequest) -> None:
    """What `sor backtest --out` writes."""
    report: Report = pickle.loads(zlib.decompress(wanted.packed))
    line.send(Saved(tuple(str(path) for path in report.write(Path(wanted.folder)))))


def serve(line: Line, task: Task) -> None:
    """Do one task, with one line for whatever goes wrong."""
    try:
        if isinstance(task, RunRequest):
            _serve_run(line, task)
        elif isinstance(task, SaveRequest):
            save(line, task)
        elif isinstance(task, BrokerRequest):
            from tui.broker import watch

            threading.Thread(target=_end_with, args=(line,), daemon=True).start()
            watch(line.send, task)
        elif isinstance(task, BrokerOrder):
            from tui.broker import order

            order(line.send, task)
        elif isinstance(task, DoctorRequest):
            from sor.doctor import examine

            line.send(Examined(tuple(examine(task.servers, task.topic))))
    except SorError as error:
        line.send(Failed(" ".join(str(error).split())))
    except MemoryError:
        line.send(Failed("out of memory: use a smaller tape, or a Parquet tape with a window"))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        line.send(Failed(f"{where}{error.strerror or error}"))
    except Exception as error:
        traceback.print_exc()
        line.send(Failed(f"this is a mistake in the program ({type(error).__name__}: {error}); see {log_file()}"))


def _serve_run(line: Line, task: RunRequest) -> None:
    run = Run(line, task)

    def listen() -> None:
        while (message := line.receive()) is not None:
            if isinstance(message, Control):
                try:
                    run.control(message)
                except SorError as error:
                    line.send(Noted(str(error)))
        run.stop()  # the screen is gone: what was done so far is kept

    threading.Thread(target=listen, name="orders", daemon=True).start()
    run.run()


def _end_with(line: Line) -> None:
    """Looking at a broker goes on for ever, but not without a screen."""
    while line.receive() is not None:
        pass
    os._exit(0)


def log_file() -> Path:
    """Where a worker's complaints go."""
    return state_folder() / "tui.log"


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    _warm()
    line = Line(connection)
    task = line.receive()
    if task is not None and not isinstance(task, Control):
        serve(line, task)


def _warm() -> None:
    """Import what every run needs while there is time."""
    import sor.api
    import sor.run
    import sor.tapes.csv_tape  # noqa: F401


if __name__ == "__main__":
    main()
