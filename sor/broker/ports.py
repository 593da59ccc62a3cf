"""Which ports are taken, and by whom, as far as /proc shows."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sor.broker.settings import LOOPBACK

_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket of this machine: address, port, and the inode that names it in /proc/PID/fd."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    inode: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it (Java's ::ffff:127.0.0.1 is loopback too)."""
        mapped = getattr(self.address, "ipv4_mapped", None)
        return (mapped or self.address).is_loopback


def is_free(port: int) -> bool:
    """Whether a server can listen at this port of the loopback address."""
    with socket.socket() as probe:
        # As Java does: a connection of an earlier server in TIME_WAIT does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def listeners(proc: Path = Path("/proc")) -> list[Listener]:
    """Every listening TCP socket; empty on systems without /proc."""
    return [found for table in ("tcp", "tcp6") for found in _read(proc / "net" / table)]


def _read(table: Path) -> Iterator[Listener]:
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return
    for fields in map(str.split, lines):
        if fields[3] == _LISTEN:
            address, port = fields[1].split(":")
            yield Listener(_address(address), int(port, 16), int(fields[9]))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The kernel prints each 32-bit word in the machine's byte order (little-endian wherever we run)."""
    words = [bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8)]
    packed = b"".join(words)
    return ipaddress.IPv4Address(packed) if len(packed) == 4 else ipaddress.IPv6Address(packed)


def sockets_of(pid: int, proc: Path = Path("/proc")) -> set[int]:
    """The inodes of a process's sockets; empty where we may not look."""
    inodes = set()
    try:
        for name in os.listdir(proc / str(pid) / "fd"):
            target = os.readlink(proc / str(pid) / "fd" / name)
            if target.startswith("socket:["):
                inodes.add(int(target[8:-1]))
    except OSError:
        pass
    return inodes


def owner(port: int, proc: Path = Path("/proc")) -> tuple[int, str] | None:
    """Process id and command line of who listens at a port, where we may know it."""
    inodes = {found.inode for found in listeners(proc) if found.port == port}
    if not inodes:
        return None
    for entry in proc.iterdir():
        if entry.name.isdigit() and inodes & sockets_of(int(entry.name), proc):
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            except OSError:
                command = ""
            return int(entry.name), command or "unknown"
    return None
