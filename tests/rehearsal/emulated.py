"""A machine with a kernel of its own, emulated by qemu, whose tools are about as old as Amazon Linux 2023's.

What no container may do is done here: swap, kernel settings, a start from the boot loader's point on. Debian 11 has
util-linux 2.36.1, systemd 247, glibc 2.31 and Python 3.9; Amazon Linux 2023 has 2.37.4, 252, 2.34 and 3.9.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field

import roots
from reached import NoHostError, Reached, free_port

SUITE = "bullseye"
PACKAGES = (
    "systemd,systemd-sysv,dbus,openssh-server,python3,sudo,iproute2,procps,ca-certificates,linux-image-cloud-amd64"
)
# Not with the processor's own virtualization: inside another virtual machine it is there, and breaks. So a boot takes
# a minute or two.
BOOT_SECONDS = 1200
DISK = "4G"
# The roles refuse Debian 11, whose Python is too old for sor; here it stands in for the system it resembles.
OS_RELEASE = """\
NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PRETTY_NAME="Amazon Linux 2023"
"""
NETWORK = "[Match]\nName=en*\n[Network]\nDHCP=ipv4\n"


def missing() -> str | None:
    """Why there can be no such machine here, or None."""
    if os.geteuid() != 0:
        return "the emulated machine needs root (debootstrap)"
    if os.uname().machine != "x86_64":
        return "the emulated machine is x86_64"
    for tool, package in (
        ("debootstrap", "debootstrap"),
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("mke2fs", "e2fsprogs"),
        ("ssh", "openssh-client"),
    ):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (apt-get install {package})"
    return None


@dataclass
class Machine(Reached):
    """One machine: `start` boots it from a disk of its own in `folder`, `stop` ends it."""

    _qemu: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def prepare(self) -> None:
        """A disk with a copy of the pristine root, a user who has sudo, and a network card that asks for an address."""
        self.make_key()
        self.port = free_port()
        root = self.folder / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(roots.pristine(SUITE, PACKAGES)), str(root)], check=True)
        roots.admit(root, self.key)
        roots.write(root, "etc/fstab", "/dev/vda / ext4 defaults 0 1\n")
        roots.write(root, "etc/systemd/network/10-card.network", NETWORK)
        roots.inside(root, "systemctl", "enable", "systemd-networkd", "ssh")
        (root / "etc/os-release").unlink()
        roots.write(root, "etc/os-release", OS_RELEASE)
        roots.write(root, "etc/system-release", "Amazon Linux release 2023 (Amazon Linux)\n")
        for part in ("vmlinuz", "initrd.img"):
            shutil.copy(root / part, self.folder / part)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(self.folder / "disk"), DISK], check=True)
        roots.remove(root)

    def start(self) -> None:
        """Boot, and wait for ssh."""
        command = [
            "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-no-reboot",
            "-nographic", "-kernel", str(self.folder / "vmlinuz"), "-initrd", str(self.folder / "initrd.img"),
            "-append", "root=/dev/vda rw console=ttyS0 quiet",
            "-drive", f"file={self.folder / 'disk'},if=virtio,format=raw",
            "-nic", f"user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22",
        ]  # fmt: skip
        log = (self.folder / "console.log").open("ab")
        self._qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + BOOT_SECONDS
        while self.run("true", check=False).returncode:
            if self._qemu.poll() is not None or time.monotonic() > deadline:
                tail = (self.folder / "console.log").read_text(errors="replace")[-800:]
                raise NoHostError(f"the emulated machine does not boot: {' '.join(tail.split())}")
            time.sleep(1)

    def reboot(self) -> None:
        """Boot again: with -no-reboot qemu ends, and starts again."""
        self.run("sudo systemctl reboot", check=False)
        assert self._qemu is not None
        self._qemu.wait(BOOT_SECONDS)
        self.start()

    def stop(self) -> None:
        """End it as a power cut does: its disk goes with the test's folder."""
        if self._qemu is not None and self._qemu.poll() is None:
            self._qemu.kill()
            self._qemu.wait(30)
