"""For all tests: what a shell may have changed for its background jobs is put back."""

from __future__ import annotations

import os
import signal

# A shell starts its background jobs with Ctrl-C ignored, and children inherit that: the programs under test would
# never notice the interrupts that the tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A defect of the program is one line for its user; here it is to be seen whole.
os.environ["SOR_DEBUG"] = "1"
