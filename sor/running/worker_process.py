"""The other end of `backtest_workers`: a process that works what it is handed, on a tape that it opens for itself.

`python -m sor.running.worker_process` is started by that module alone: it speaks pickles on standard input and output.
"""

from __future__ import annotations

import os
import pickle  # nosec B403  # of the pipe that started us
import sys
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from sor.errors import InputError
from sor.running.collector import seldom_collected

if TYPE_CHECKING:
    from sor.request import BacktestRequest
    from sor.running.backtest_workers import Work
    from sor.sources.source import TimelineSource


def main() -> None:
    messages = SimpleQueue[Any]()
    Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what anything prints is no answer
        source = _opened(messages.get())
        while True:
            pickle.dump(_answer(source, messages.get()), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


def _listen(pipe: IO[bytes], messages: SimpleQueue[Any]) -> None:
    """Until the pipe is closed: then the process that handed out the work is gone, and ours is of no use any more."""
    try:
        while True:
            messages.put(pickle.load(pipe))  # nosec B301  # what our parent writes
    finally:
        os._exit(1)


def _opened(request: BacktestRequest) -> TimelineSource | Exception:
    """The tape, or why it could not be opened, which is the answer to every task then."""
    from sor.running.tape_source import tape_source

    try:
        return tape_source(request)
    except Exception as error:
        return error


def _answer(source: TimelineSource | Exception, work: Work) -> Any:
    """The task's answer, or the error in its place."""
    from sor.running.run import stream_of

    try:
        if isinstance(source, Exception):
            raise source
        if (source.timeline(), source.tape_facts()) != (work.timeline, work.facts):
            raise InputError("the tape was changed while it was read: try again")
        with seldom_collected():
            return work.task.work(stream_of(source, work.spec, work.window))
    except InputError as error:
        return InputError(str(error))  # some kinds of them do not survive the journey
    except Exception as error:
        return error


if __name__ == "__main__":
    main()
