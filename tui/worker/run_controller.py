"""One run on its way, in the worker's process: the stream, the backtest over it, and what there is to say of both."""

from __future__ import annotations

import pickle  # nosec B403  # written only
import threading
import time
import zlib

from sor.core.backtest.live_view_builder import LiveViewBuilder
from sor.core.backtest.session import Session
from sor.core.market.book import Book
from sor.core.spec import ROUTER, TUNED, Spec
from sor.errors import InputError, SorError
from sor.report.report import Report
from sor.request import BacktestRequest
from sor.sources.source import Source, TimelineSource
from sor.stream.names import new_run_id
from sor.stream.produce.pacing import parse_speed
from tui.messages import Began, Control, Finished, LiveUpdate, Noted, Phase, RunRequest, StreamHealth
from tui.state import kept
from tui.worker.streams import Played, PlayedTape, StopReading, Throttle, Windowed
from tui.worker.worker_line import WorkerLine

VIEW_SECONDS = 0.1
BROKER_SECONDS = 300.0  # how long a run waits for a broker that is away, as the consumer does


class RunController:
    """One run on its way: the stream, the backtest over it, and what there is to say of both."""

    def __init__(self, line: WorkerLine, wanted: RunRequest) -> None:
        self._line, self._wanted = line, wanted
        self._throttle = Throttle(parse_speed(wanted.speed))
        self._source: Source | None = None
        self._played: Played | None = None
        self._total: int | None = None
        self._view_sent_at = self._rated_at = time.monotonic()
        self._rated = self._received = self._sent = 0
        self._rate = 0.0
        self._lag: float | None = None
        self._producer_lag: float | None = None
        self._failure: Exception | None = None
        self._last: tuple[Session, Book] | None = None
        self._follower = LiveViewBuilder("")

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
        request = BacktestRequest(**self._wanted.options)
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
        place = kept.keep(text, zlib.compress(pickle.dumps(report), 1))
        self._line.send(
            Finished(text, str(place or ""), kept.run_of(place) if place else "", partial, time.monotonic() - began)
        )

    def _choose(self) -> tuple[str, str]:
        wanted = self._wanted
        if wanted.stream != "auto":
            return wanted.stream, ""
        from tui.reach import answers

        if answers(wanted.servers):
            return "kafka", ""
        return "embedded", f"no broker answers at {wanted.servers}"

    def _embedded(self, request: BacktestRequest, spec: Spec, why: str) -> Report:
        from sor.running.tape_source import tape_source

        self._line.send(Phase("reading the tape"))
        source = tape_source(request, lambda done, total: self._on_tape_read(done, total))
        return self._backtest(source, spec, "embedded", str(source.tape_facts().name), why, cut=True)

    def _through_kafka(self, request: BacktestRequest, spec: Spec) -> Report:
        from sor.stream.consume.open import open_source

        wanted, run = self._wanted, self._wanted.run
        producer = None
        if run == "new":
            producer, run = self._produce(request, spec)
        try:
            rule = request.rule()
            source = open_source(wanted.servers, wanted.topic, run, 90.0, self._on_read, snapshot_rule=rule)
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

    def _produce(self, request: BacktestRequest, spec: Spec) -> tuple[threading.Thread, str]:
        """`sor produce` in a thread of its own. The whole tape is sent; the window is the order's."""
        from sor.options.windows import choose_window
        from sor.running.tape_source import tape_source
        from sor.stream.produce.producer import produce

        wanted, run = self._wanted, new_run_id()
        self._line.send(Phase("reading the tape"))
        tape = tape_source(request, lambda done, total: self._on_tape_read(done, total))
        order = choose_window(spec, tape.timeline()).order
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
                    progress=self._on_written,
                )
            except Exception as error:
                self._failure = error

        thread = threading.Thread(target=work, name="producer", daemon=True)
        thread.start()
        return thread, run

    def _backtest(self, source: Source, spec: Spec, via: str, where: str, why: str, *, cut: bool) -> Report:
        from sor.running.run import run, window_of

        self._source, self._total = source, source.stream_facts().expected
        bounds = source.bounds()
        first, last = bounds or (0, 0)
        self._line.send(Began(via, where, source.tape_facts().symbol, first, last, why))
        windowed: Source = source
        if cut and isinstance(source, TimelineSource):
            order = window_of(source, spec).order
            windowed = Windowed(source, self._throttle, order.start, order.end)
        self._follower = LiveViewBuilder(TUNED if spec.strategy == ROUTER else spec.strategy)
        play = PlayedTape if isinstance(windowed, TimelineSource) else Played
        self._played = play(windowed, self._throttle, self._on_played, cut=cut)
        report = run(self._played, spec, self._on_book, BacktestRequest(**self._wanted.options).asked())
        self._send_view(last=True)
        return report

    # -- what there is to say ------------------------------------------------------------------------------------------

    def _on_book(self, session: Session, book: Book) -> None:
        self._last = session, book

    def _on_played(self, number: int, snapshots: int, lag: float | None) -> None:
        """After every batch, and now and then while nothing is due."""
        if number == 1:
            self._received = snapshots
            if lag is not None or self._throttle.pace.flat_out:
                self._lag = lag
            if time.monotonic() - self._view_sent_at >= VIEW_SECONDS:
                self._send_view()
            return
        if self._last is not None:
            self._send_view(last=True)
        if time.monotonic() - self._view_sent_at >= VIEW_SECONDS:
            self._view_sent_at = time.monotonic()
            self._line.send(Phase("second pass", snapshots / self._received if self._received else None))

    def _send_view(self, last: bool = False) -> None:
        view = None
        if self._last is not None:
            view = self._follower.snapshot(*self._last)
            self._last = None
        self._view_sent_at = time.monotonic()
        if view is not None or not last:
            self._line.send(LiveUpdate(self._health(), view))

    def _health(self) -> StreamHealth:
        now = time.monotonic()
        if now - self._rated_at >= 0.5:
            self._rate = (self._received - self._rated) / (now - self._rated_at)
            self._rated_at, self._rated = now, self._received
        facts = None if self._source is None else self._source.stream_facts()
        if facts is None:
            return StreamHealth()
        total = facts.expected or self._total
        return StreamHealth(
            sent=max(self._sent, self._received),
            received=self._received,
            rate=self._rate,
            done=self._received / total if total else None,
            lag=self._producer_lag if self._producer_lag is not None else self._lag,
            duplicates=facts.duplicates,
            gaps=facts.gaps,
            rejected=facts.rejected,
        )

    def _on_tape_read(self, done: int, total: int) -> None:
        if self._throttle.stopped:
            raise SorError("stopped while the tape was being read: there is nothing to report")
        if total and time.monotonic() - self._view_sent_at >= VIEW_SECONDS:
            self._view_sent_at = time.monotonic()
            self._line.send(Phase("reading the tape", done / total))

    def _on_written(self, progress: object) -> None:
        from sor.stream.progress import StreamProgress

        assert isinstance(progress, StreamProgress)
        if progress.note is not None:
            self._line.send(Noted(progress.note, progress.doing))
            return
        self._sent, self._producer_lag = progress.messages, progress.lag

    def _on_read(self, progress: object) -> None:
        """Called while messages are read or waited for: the place to leave when nothing more is to be expected."""
        from sor.stream.progress import StreamProgress

        assert isinstance(progress, StreamProgress)
        if self._failure is not None:
            raise self._failure
        if self._throttle.stopped and progress.note is None:
            raise StopReading
        if progress.note is not None:
            self._line.send(Noted(progress.note, progress.doing))
        elif time.monotonic() - self._view_sent_at >= VIEW_SECONDS and self._played is not None:
            self._send_view()
