"""Memory, swap, disk and clock of this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sor.doctor import server_layout as place
from sor.doctor.command import answer
from sor.doctor.finding import Finding, State
from sor.errors import SorError
from sor.paths import home

MIB = 1 << 20
# ZooKeeper and Kafka take about 550 MB together and sor 150 MB at most; below this the next backtest may be killed.
LEAST_MEMORY = 200 * MIB
SMALL_MACHINE = 1536 * MIB
# One partition may grow to 512 MiB before its oldest segment goes.
LEAST_DISK = 700 * MIB
MEMINFO = Path("/proc/meminfo")


def check() -> Iterator[Finding]:
    """All of them."""
    yield from _memory(MEMINFO)
    yield _disk(place.DATA) if place.is_server() else _home_disk()
    yield _clock()
    if 'ID="amzn"' in _os_release():
        yield judge_release(answer("sh", "-c", "dnf check-release-update 2>&1"))


def _memory(meminfo: Path) -> Iterator[Finding]:
    try:
        fields = {
            k: int(v.split()[0]) * 1024 for k, v in (line.split(":") for line in meminfo.read_text().splitlines())
        }
    except OSError:
        yield Finding("memory", State.SKIPPED, "this system has no /proc/meminfo")
        return
    total, free, swap = fields["MemTotal"], fields["MemAvailable"], fields.get("SwapTotal", 0)
    left = free + fields.get("SwapFree", 0)
    seen = f"{free // MIB} of {total // MIB} MiB available, {swap // MIB} MiB of swap"
    if left < LEAST_MEMORY:
        yield Finding("memory", State.WRONG, seen, "ps -eo rss,comm --sort -rss | head    (end what is not needed)")
    else:
        yield Finding("memory", State.OK, seen)
    if total < SMALL_MACHINE and swap == 0:
        yield Finding("swap", State.WRONG, f"none, on a machine of {total // MIB} MiB", "make deploy")


def _home_disk() -> Finding:
    try:
        return _disk(home())
    except SorError as error:
        return Finding("disk", State.WRONG, str(error), "export HOME=/home/NAME")


def _disk(folder: Path) -> Finding:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return Finding("disk", State.WRONG, f"{folder}: {error.strerror}", "make deploy")
    seen = f"{usage.free // MIB} of {usage.total // MIB} MiB free at {folder}"
    if usage.free < LEAST_DISK:
        return Finding("disk", State.WRONG, seen, place.MAKE_ROOM)
    return Finding("disk", State.OK, seen)


def _os_release() -> str:
    try:
        return Path("/etc/os-release").read_text()
    except OSError:
        return ""


def judge_release(said: str | None) -> Finding:
    """What `dnf check-release-update` says: Amazon Linux 2023 stays at one release until somebody moves it on."""
    if said is None:
        return Finding("release", State.SKIPPED, "dnf does not answer")
    newer = re.findall(r"^\s*Version (\d[\d.]*):", said, re.MULTILINE)
    failed = re.search(r"^(?:Error|Failed|Cannot)\b.*", said, re.MULTILINE)
    if not newer and failed:
        return Finding("release", State.SKIPPED, f"dnf cannot say: {failed[0]}")
    if not newer:
        return Finding("release", State.OK, "the newest that dnf follows")
    behind = f"{len(newer)} releases behind ({newer[-1]})"
    return Finding("release", State.WARNING, behind, f"sudo dnf upgrade --releasever={newer[-1]}; sudo reboot")


def _clock() -> Finding:
    """Whether somebody keeps the clock right; in a container the clock is the machine's around it."""
    if answer("systemd-detect-virt", "--container") not in (None, "", "none"):
        return Finding("clock", State.SKIPPED, "a container has the clock of the machine around it")
    synchronised = answer("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if synchronised in (None, ""):
        return Finding("clock", State.SKIPPED, "no timedatectl here to ask")
    if synchronised == "yes":
        return Finding("clock", State.OK, "synchronised")
    state = State.WRONG if place.is_server() else State.WARNING
    return Finding("clock", state, "not synchronised", "sudo timedatectl set-ntp true")
