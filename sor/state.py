"""Where the program keeps what outlives a run: checkpoints, reports, the screen's log."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """SOR_STATE, else what systemd gives a service, else the user's state folder."""
    for name in ("SOR_STATE", "STATE_DIRECTORY"):
        if value := os.environ.get(name):
            return Path(value.split(":")[0])
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "sor"
