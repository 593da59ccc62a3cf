"""The process that does the work: `python -m tui.worker FD`. It runs what the command line runs, and says how it goes.

It has the interpreter for itself, so that a key is answered at once while a run is at full speed. When the screen
goes away, whatever the reason, it stops the run in order and keeps the report so far.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from sor.errors import SorError
from sor.paths import state_dir
from tui.messages import (
    BrokerOrder,
    BrokerRequest,
    Control,
    DoctorRequest,
    Examined,
    Failed,
    FillsRequest,
    Noted,
    RunRequest,
    Saved,
    SaveRequest,
    TapeRequest,
    WorkerTask,
)
from tui.worker.run_controller import RunController
from tui.worker.worker_line import WorkerLine


def serve(line: WorkerLine, task: WorkerTask) -> None:
    """Do one task, with one line for whatever goes wrong."""
    try:
        if isinstance(task, RunRequest):
            _serve_run(line, task)
        elif isinstance(task, SaveRequest):
            from tui.worker.kept_run import unpack

            line.send(Saved(tuple(str(path) for path in unpack(task.run).write(Path(task.folder)))))
        elif isinstance(task, FillsRequest):
            from tui.worker.kept_run import fills

            line.send(fills(task.run))
        elif isinstance(task, TapeRequest):
            from tui.worker.tape_facts import look_at_tape

            line.send(look_at_tape(task.options))
        elif isinstance(task, BrokerRequest):
            from tui.worker.broker_tasks import watch_broker

            threading.Thread(target=_end_with, args=(line,), daemon=True).start()
            watch_broker(line.send, task)
        elif isinstance(task, BrokerOrder):
            from tui.worker.broker_tasks import start_or_stop

            start_or_stop(line.send, task)
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


def _serve_run(line: WorkerLine, task: RunRequest) -> None:
    run = RunController(line, task)

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


def _end_with(line: WorkerLine) -> None:
    """Looking at a broker goes on for ever, but not without a screen."""
    while line.receive() is not None:
        pass
    os._exit(0)


def log_file() -> Path:
    """Where a worker's complaints go."""
    return state_dir() / "tui.log"


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    _warm()
    line = WorkerLine(connection)
    task = line.receive()
    if task is not None and not isinstance(task, Control):
        serve(line, task)


def _warm() -> None:
    """Import what every run needs while there is time."""
    import sor.api
    import sor.running.run
    import sor.tapes.csv.reader  # noqa: F401


if __name__ == "__main__":
    main()
