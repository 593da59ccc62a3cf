"""Memory, swap, disk and clock of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from sor.doctor import place
from sor.doctor.command import answer
from sor.doctor.finding import Finding, State

MIB = 1 << 20
# ZooKeeper and Kafka take about 550 MB together and sor 150 MB at most; below this the next backtest may be killed.
LEAST_MEMORY = 200 * MIB
SMALL_MACHINE = 1536 * MIB
# One partition may grow to 512 MiB before its oldest segment goes.
LEAST_DISK = 700 * MIB
MEMINFO = Path("/proc/meminfo")


def look() -> Iterator[Finding]:
    """All four."""
    yield from _memory(MEMINFO)
    yield _disk(place.DATA if place.is_server() else Path.home())
    yield _clock()


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


def _disk(folder: Path) -> Finding:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return Finding("disk", State.WRONG, f"{folder}: {error.strerror}", "make deploy")
    seen = f"{usage.free // MIB} of {usage.total // MIB} MiB free at {folder}"
    if usage.free < LEAST_DISK:
        return Finding(
            "disk", State.WRONG, seen, "sudo journalctl --vacuum-size=50M; sudo du -xh /var | sort -h | tail"
        )
    return Finding("disk", State.OK, seen)


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
