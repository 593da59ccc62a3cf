"""The systemd units of a server."""

from __future__ import annotations

from collections.abc import Iterator

from sor.doctor import server_layout as place
from sor.doctor.command import answer
from sor.doctor.finding import Finding, State

NAMES = ("zookeeper", "kafka")
# A restart or two after a crash are systemd doing its work; more means that something keeps failing.
MANY_RESTARTS = 3


def check() -> Iterator[Finding]:
    """One finding for each unit, or one that says why not."""
    if not place.is_server():
        yield Finding("units", State.SKIPPED, "no kafka.service here; on a developer's machine: sor kafka up")
        return
    for name in NAMES:
        text = answer("systemctl", "show", f"{name}.service")
        if text is None:
            yield Finding(f"unit {name}", State.SKIPPED, "systemctl does not answer")
        else:
            yield judge(name, dict(line.split("=", 1) for line in text.splitlines() if "=" in line))


def judge(name: str, shown: dict[str, str]) -> Finding:
    """What `systemctl show` says of one unit."""
    active, sub = shown.get("ActiveState", ""), shown.get("SubState", "")
    restarts = int(shown.get("NRestarts") or 0)
    seen = f"{active} ({sub}), {restarts} restarts"
    if active == "active":
        if shown.get("UnitFileState") != "enabled":
            return Finding(f"unit {name}", State.WRONG, f"{seen}, not started at boot", f"sudo systemctl enable {name}")
        if restarts > MANY_RESTARTS:
            return Finding(f"unit {name}", State.WARNING, seen, f"journalctl -u {name} -g '^(WARN|ERROR|FATAL) ' -n 50")
        return Finding(f"unit {name}", State.OK, seen)
    if sub == "start-pre":
        return Finding(f"unit {name}", State.WRONG, f"{active}: it waits for room on the disk", place.MAKE_ROOM)
    if active == "activating":
        return Finding(f"unit {name}", State.WARNING, f"{seen}: it is starting", f"journalctl -u {name} -f")
    return Finding(f"unit {name}", State.WRONG, seen, restart(name))


def restart(name: str) -> str:
    """The command that starts a unit whatever came before.

    After ten failed starts in ten minutes systemd refuses to start it until the count is forgotten.
    """
    return f"sudo systemctl reset-failed {name}; sudo systemctl restart {name}; journalctl -u {name} -n 50"
