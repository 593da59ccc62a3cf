"""For all tests: what a shell may have changed for its background jobs is put back, and who runs beside whom."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any

# What is compiled is kept, whatever the machine's habit: a container often says otherwise, and every `sor` that a test
# starts would compile numpy, pandas and matplotlib again: half of what a report with pictures takes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Thousands of tests are held in memory, and Python would look at them for cycles again and again: a fifth of all time.
gc.set_threshold(100_000, *gc.get_threshold()[1:])

# One thread of linear algebra a process, the children's too: `make test` has a process a core already, and threads that
# wait for each other there take three times the processor's time. numpy reads these as it loads.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

pytest_plugins = (
    "broker_fixtures",  # one broker a version for all folders
    "tape_read_once",
)

# A shell starts its background jobs with Ctrl-C ignored, and children inherit that: the programs under test would
# never notice the interrupts that the tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example may take as long as it takes: on a busy machine a deadline of 0.2 s fails tests that are right.
settings.register_profile("sor", deadline=None)
settings.load_profile("sor")

SCREENS = Path(__file__).parent / "tui"

# A defect of the program is one line for its user; here it is to be seen whole.
os.environ["SOR_DEBUG"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of a broker in one group: `pytest -n 2 --dist loadgroup` runs them in turn on one worker, with one
    warm broker a version, beside the tests that only compute. It begins with them, as they take longest, and with the
    screens, whose files do so among the others: none of these is left alone at the end."""
    items.sort(key=lambda item: (not item.get_closest_marker("broker"), SCREENS not in item.path.parents))
    for item in items:
        if item.get_closest_marker("broker"):
            item.add_marker(pytest.mark.xdist_group("broker"))


@pytest.hookimpl(optionalhook=True)  # for those who have no pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Other tests go to the workers by file: what the fixture of a file makes is made once, not once a worker."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

    class Files(LoadGroupScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return str(super()._split_scope(nodeid)).partition("::")[0]

    config.option.loadscopereorder = False  # in the order above, not those of most tests first
    return Files(config, log)
