"""For all tests: what a shell may have changed for its background jobs is put back."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# A shell starts its background jobs with Ctrl-C ignored, and children inherit that: the programs under test would
# never notice the interrupts that the tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example may take as long as it takes: on a busy machine a deadline of 0.2 s fails tests that are right.
settings.register_profile("sor", deadline=None)
settings.load_profile("sor")

# A defect of the program is one line for its user; here it is to be seen whole.
os.environ["SOR_DEBUG"] = "1"
