"""The option `--metrics`: a run's figures in a file that Prometheus' node_exporter reads (its textfile collector)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sor.errors import InputError

if TYPE_CHECKING:
    from sor.sources.source import StreamFacts
    from sor.stream.metrics import RunFigures
    from sor.stream.produce.producer import Sent
    from sor.stream.progress import Show, StreamProgress

FOLDER = "SOR_METRICS_DIR"
WRITE_SECONDS = 2.0

metrics_option = click.option(
    "--metrics",
    metavar="FILE.prom",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Keep the run's rate, lag, gaps and state there for Prometheus. {FOLDER}=DIR: a file a run.",
)


@contextmanager
def run_metrics(command: str, topic: str, file: Path | None) -> Iterator[RunMetrics]:
    """What a command reports of its run; nothing at all if neither a file nor a folder is named.

    A run that ends by an error or by Ctrl-C is written as such.
    """
    if file is not None and not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
        raise InputError(f"--metrics {file}: {file.parent} is no folder that can be written")
    metrics = RunMetrics(command, topic, file, os.environ.get(FOLDER))
    try:
        yield metrics
    except BaseException as error:
        metrics.stopped(by_hand=isinstance(error, KeyboardInterrupt))
        raise


class RunMetrics:
    """The figures of one run on their way into a file, which is never half of one."""

    def __init__(self, command: str, topic: str, file: Path | None, folder: str | None) -> None:
        self._command, self._topic, self._file, self._folder = command, topic, file, folder
        self._figures: RunFigures | None = None
        self._written = 0.0

    def watching(self, show: Show) -> Show:
        """The same, and the figures are kept; if they go nowhere it is `show` itself."""
        if self._file is None and not self._folder:
            return show

        def both(progress: StreamProgress) -> None:
            show(progress)
            if self._figures is not None:
                self._figures = self._figures.after(progress, time.time())
                if time.monotonic() - self._written >= WRITE_SECONDS:
                    self._write()

        return both

    def begin(self, run: str) -> None:
        """Now it is known which run it is."""
        if self._file is None and not self._folder:
            return
        from sor.files.writing import file_name
        from sor.stream.metrics import RunFigures

        if self._file is None:
            # The name is made of the labels: two files with the same ones would be two values of one series.
            self._file = Path(self._folder or "") / f"{file_name(f'{self._command}-{self._topic}-{run}')}.prom"
        now = time.time()
        self._figures = RunFigures(self._command, self._topic, run, now, now)
        self._write()

    def sent(self, sent: Sent) -> None:
        if self._figures is not None:
            self._figures = self._figures.sent(sent.snapshots, sent.complete, time.time())
            self._write()

    def read(self, facts: StreamFacts, *, incomplete: bool) -> None:
        if self._figures is not None:
            self._figures = self._figures.read(facts, time.time(), incomplete=incomplete)
            self._write()

    def stopped(self, *, by_hand: bool) -> None:
        """It ends before its end."""
        if self._figures is None:
            return
        from sor.stream.metrics import RunState

        state = RunState.INTERRUPTED if by_hand else RunState.FAILED
        self._figures = self._figures.stopped(state, time.time())
        self._write()

    def _write(self) -> None:
        """Figures that cannot be written are no reason to end a run: it is said once, and the run goes on."""
        from sor.files.writing import whole_file
        from sor.stream.metrics import exposition

        assert self._file is not None
        assert self._figures is not None
        self._written = time.monotonic()
        try:
            with whole_file(self._file) as draft:
                draft.write_text(exposition(self._figures), encoding="utf-8")
                draft.chmod(0o644)  # who reads it is another user, and a unit's files are its own
        except OSError as error:
            from sor.text import say

            say(f"sor: the run's figures are not written any more: {self._file}: {error.strerror}")
            self._figures = None
