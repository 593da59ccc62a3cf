"""The bundled tape, read once a process, for tests of what is done with it: reading it is most of a short backtest.

    pytestmark = pytest.mark.usefixtures("tape_read_once")

How tapes are read is tested in `tests/tapes`, and by all tests that do not ask for this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sor.paths import bundled_tape
from sor.tapes.merge.tape_rows import SeveralFiles
from sor.tapes.options import AS_IT_IS
from sor.tapes.snapshots import SnapshotRule
from sor.tapes.spool.read import read_tape
from sor.tapes.spool.tape import SpooledTape

Read = Callable[[SeveralFiles, SnapshotRule, int], SpooledTape]
_been_read: dict[tuple[object, ...], SpooledTape] = {}


@pytest.fixture(scope="module")
def tape_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.open.read_tape", _once(read_tape))
        yield


def _once(read: Read) -> Read:
    def read_once(tape: SeveralFiles, rule: SnapshotRule, batch_snapshots: int) -> SpooledTape:
        if not _is_bundled(tape):
            return read(tape, rule, batch_snapshots)
        key = (tape.wanted, tape.strict, rule, batch_snapshots)
        if key not in _been_read:
            _been_read[key] = read(tape, rule, batch_snapshots)
        return _been_read[key]

    return read_once


def _is_bundled(tape: SeveralFiles) -> bool:
    """As it is: without a format, a unit or a clock of the user's."""
    options, *_ = getattr(tape.open, "args", (None,))
    asked = [(one.path, one.table, one.venue, one.ids) for one in tape.inputs]
    return asked == [(bundled_tape(), None, None, ())] and options == AS_IT_IS
