"""How many examples a test of chance tries: `SOR_THOROUGH=20 pytest tests/core` tries twenty times as many.

For a night, or after a change of the engine or of a reader; the nightly workflow tries ten times as many.
"""

from __future__ import annotations

import os

THOROUGH = int(os.environ.get("SOR_THOROUGH", "1"))
