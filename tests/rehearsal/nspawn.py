"""A fresh Debian host with systemd on this machine: debootstrap once, then systemd-nspawn, ssh and a memory limit.

The host shares this machine's kernel, and the network of its caller: one of its own by `scripts/own-network`,
this machine's where that cannot be had. It has its own processes, files, users and systemd. There is one at a time, at
fixed places, so that the next rehearsal finds and removes what one that was killed has left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import roots
from reached import NoHostError, Reached, free_port

SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,python3,python3-apt,sudo,iproute2,procps,ca-certificates"
GIBIBYTE = 1 << 30
CGROUP_V1 = Path("/sys/fs/cgroup/memory")
CGROUP_V2 = Path("/sys/fs/cgroup")
LOCK = Path("/run/lock/sor-rehearsal")
OWN_NETWORK = "SOR_OWN_NETWORK"  # set by scripts/own-network
# Of a machine that has other things to do as well.
BOOT_SECONDS = 300


def missing() -> str | None:
    """Why there can be no such host here, or None."""
    if os.geteuid() != 0:
        return "the rehearsal needs root (debootstrap and systemd-nspawn)"
    for tool, package in (
        ("debootstrap", "debootstrap"),
        ("systemd-nspawn", "systemd-container"),
        ("ssh", "openssh-client"),
        ("tmux", "tmux"),
    ):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (apt-get install {package})"
    return None


def taken_port() -> str | None:
    """What the host needs must be free in the network that it shares with us."""
    for port in (2181, 9092, 9100, 9404):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return f"port {port} is taken in the network that the host shares (ss -ltnp shows by whom)"
    return None


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else rehearses on this machine meanwhile; the lock goes with the process, however that ends."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NoHostError("another rehearsal runs on this machine") from None
        yield


@dataclass
class Host(Reached):
    """One host: `start` boots it, `stop` leaves nothing behind: no process, no mount, no control group."""

    _nspawn: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def root(self) -> Path:
        return roots.home() / "host"

    @property
    def group(self) -> Path:
        base = CGROUP_V1 if CGROUP_V1.is_dir() else CGROUP_V2
        return base / "sor-rehearsal"

    def prepare(self) -> None:
        """A copy of the pristine root with a user who has sudo, a key, and ssh on a loopback port."""
        pristine = roots.pristine(SUITE, PACKAGES)
        subprocess.run(["cp", "-a", "--reflink=auto", str(pristine), str(self.root)], check=True)
        self.make_key()
        self.port = free_port()
        self._trust_what_this_machine_trusts()
        roots.admit(self.root, self.key)
        roots.write(self.root, "etc/default/locale", "LANG=C\nLC_ALL=C\n")
        # As on Amazon Linux one sshd listens for itself: one that a socket started would leave the port at a reload.
        roots.write(self.root, "etc/ssh/sshd_config.d/00-port.conf", f"ListenAddress 127.0.0.1:{self.port}\n")
        # The host's network belongs to the machine around it.
        for unit in ("systemd-networkd", "systemd-resolved", "systemd-timesyncd"):
            roots.inside(self.root, "systemctl", "mask", f"{unit}.service")

    def start(self, timeout: float = BOOT_SECONDS) -> None:
        """Boot and wait for ssh."""
        command = [
            "systemd-nspawn", "--quiet", "-D", str(self.root), "-b", "--register=no", "--keep-unit",
            "--resolv-conf=copy-host", "--console=pipe", "--machine=sor-rehearsal",
        ]  # fmt: skip
        self._limit_memory()
        # The starting shell enters the group first, so that everything it starts is in it.
        join = f"echo $$ > {self.group}/cgroup.procs"
        log = (self.folder / "console.log").open("ab")
        self._nspawn = subprocess.Popen(
            ["/bin/sh", "-c", f'{join} && exec "$@"', "sh", *command],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        self.wait(timeout)

    def wait(self, timeout: float = BOOT_SECONDS) -> None:
        """Until ssh answers and systemd has come up."""
        deadline = time.monotonic() + timeout
        while self.run("true", check=False).returncode:
            if self._nspawn is None or self._nspawn.poll() is not None or time.monotonic() > deadline:
                tail = (self.folder / "console.log").read_text(errors="replace")[-800:]
                raise NoHostError(f"systemd-nspawn does not boot: {' '.join(tail.split())}")
            time.sleep(1)
        self.run("systemctl is-system-running --wait || true")

    def reaches_debian(self) -> None:
        """The roles install packages: without an archive nothing can be rehearsed."""
        done = self.run("sudo apt-get -q -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update", check=False)
        if done.returncode:
            raise NoHostError(f"the host reaches no Debian archive: {' '.join(done.stderr.split())[:300]}")

    def reboot(self, timeout: float = BOOT_SECONDS) -> None:
        """Boot again. With --keep-unit nspawn ends with 133 and leaves the second start to its caller."""
        self.run("sudo systemctl reboot", check=False)
        assert self._nspawn is not None
        ended = self._nspawn.wait(timeout)
        assert ended == 133, f"the reboot ended with {ended}"
        self.start(timeout)

    def to_look_around(self) -> list[str]:
        """The command that opens a terminal on it, from this machine's network as well."""
        into = ["nsenter", "--net", "--target", str(self.processes()[0])] if OWN_NETWORK in os.environ else []
        return [*into, *self.terminal("")]

    def stop(self) -> None:
        """End it, also when it never came up, and remove what is left of it."""
        if self._nspawn is not None and self._nspawn.poll() is None:
            self._nspawn.send_signal(signal.SIGTERM)  # an orderly shutdown
            try:
                self._nspawn.wait(90)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait(30)
        self.sweep()

    def sweep(self) -> None:
        """No process, no control group, no mount and no root of this host, or of one whose rehearsal was killed."""
        for _ in range(50):
            left = self.processes()
            if not left:
                break
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
        if self.group.is_dir():
            for directory in sorted(self.group.rglob("*/"), key=lambda p: -len(p.parts)):
                directory.rmdir()
            self.group.rmdir()
        roots.remove(self.root)

    def processes(self) -> list[int]:
        """Ids of every process of the host, as this machine numbers them."""
        found: set[int] = set()
        for file in [self.group / "cgroup.procs", *self.group.rglob("cgroup.procs")]:
            try:
                found.update(int(line) for line in file.read_text().split())
            except OSError:
                continue
        return sorted(found)

    def memory(self, what: str) -> int:
        """`peak` bytes of the whole group or its `kills` for want of memory."""
        if CGROUP_V1.is_dir():
            if what == "peak":
                return int((self.group / "memory.max_usage_in_bytes").read_text())
            lines = (self.group / "memory.oom_control").read_text().splitlines()
        else:
            if what == "peak":
                return int((self.group / "memory.peak").read_text())
            lines = (self.group / "memory.events").read_text().splitlines()
        return int(dict(line.split() for line in lines)["oom_kill"])

    def listeners(self) -> list[tuple[str, str, int]]:
        """(program, address, port) of every listening TCP socket that a process of the host holds."""
        owners: dict[str, str] = {}
        for pid in self.processes():
            try:
                for fd in Path(f"/proc/{pid}/fd").iterdir():
                    target = os.readlink(fd)
                    if target.startswith("socket:["):
                        owners[target[8:-1]] = Path(f"/proc/{pid}/comm").read_text().strip()
            except OSError:
                continue
        found = []
        for table, family in (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6)):
            for line in Path(table).read_text().splitlines()[1:]:
                parts = line.split()
                if parts[3] == "0A" and parts[9] in owners:
                    address, port = parts[1].split(":")
                    found.append((owners[parts[9]], _address(address, family), int(port, 16)))
        return sorted(set(found))

    def _limit_memory(self) -> None:
        try:
            if not CGROUP_V1.is_dir():
                (CGROUP_V2 / "cgroup.subtree_control").write_text("+memory")
            self.group.mkdir(exist_ok=True)
            name = "memory.limit_in_bytes" if CGROUP_V1.is_dir() else "memory.max"
            (self.group / name).write_text(str(GIBIBYTE))
        except OSError as error:
            raise NoHostError(f"no control group can limit memory here: {error}") from error

    def _trust_what_this_machine_trusts(self) -> None:
        """Certificates and the package installer's settings, so that the host reaches what this machine reaches."""
        for folder in ("usr/local/share/ca-certificates",):
            if Path("/", folder).is_dir():
                shutil.copytree(Path("/", folder), self.root / folder, dirs_exist_ok=True)
        roots.inside(self.root, "update-ca-certificates")
        if Path("/etc/pip.conf").exists():
            shutil.copy("/etc/pip.conf", self.root / "etc/pip.conf")


def _address(hexadecimal: str, family: socket.AddressFamily) -> str:
    """The kernel writes addresses as words in the machine's own byte order (little-endian here)."""
    words = bytes.fromhex(hexadecimal)
    packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
    return socket.inet_ntop(family, packed)
