"""A machine without processor credits: the start of Kafka, a backtest and the screen with a share of a processor.

    sudo .venv/bin/python benchmarks/throttled.py [--shares 100,20,10,5] [--port 29192]

A broker of its own is started in a control group that the kernel allows so many percent of one processor (root, Linux;
tmux for the screen). The producer, the backtest and the screen run in the same group, as they share a server. Prints a
line for each share, with the machine's load. A start that takes longer than the units allow is said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sor.broker.distribution import find_kafka
from sor.broker.java import find_java
from sor.broker.local import READY_SECONDS, LocalBroker
from sor.errors import SorError

VERSION = "3.9.1"
PERIOD = 100_000  # microseconds, the kernel's own choice
V1, V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
SOR = str(Path(sys.executable).parent / "sor")
SCREEN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Group:
    """A control group that this process and all that it starts are in."""

    folder: Path
    v1: bool

    def allow(self, percent: int) -> None:
        quota = PERIOD * percent // 100
        if self.v1:
            (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {PERIOD}")


@contextmanager
def grouped() -> Iterator[Group]:
    """Enter a new group for the length of the block; at the end go back to where this process was, and remove it."""
    v1 = V1.is_dir()
    base = V1 if v1 else V2
    entries = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    # "1:cpu,cpuacct:/path" of version 1, "0::/path" of version 2
    before = next(path for _, names, path in entries if ("cpu" in names.split(",") if v1 else not names))
    group = Group(base / f"sor-throttled-{os.getpid()}", v1)
    try:
        if not v1:
            (base / "cgroup.subtree_control").write_text("+cpu")
        group.folder.mkdir()
        group.allow(100)
    except OSError as error:
        sys.exit(f"no control group can limit the processor here: {error}")
    try:
        (group.folder / "cgroup.procs").write_text(str(os.getpid()))
        yield group
    finally:
        (base / before.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))
        while (group.folder / "cgroup.procs").read_text():  # what was ended is not gone at once
            time.sleep(0.1)
        group.folder.rmdir()


def seconds(action: Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def command(*arguments: str) -> None:
    done = subprocess.run([SOR, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SorError(f"sor {arguments[0]} ended with {done.returncode}: {done.stderr.strip()[-200:]}")


def open_screen() -> None:
    """Until its first picture is there."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tmux = ["tmux", "-S", f"{folder}/tmux"]
        subprocess.run(
            [*tmux, "-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "50", f"{SOR} tui"], check=True
        )
        try:
            deadline = time.monotonic() + SCREEN_SECONDS
            while "Strategy" not in subprocess.check_output([*tmux, "capture-pane", "-p"], text=True):
                if time.monotonic() > deadline:
                    raise SorError(f"the screen does not open within {SCREEN_SECONDS} s")
                time.sleep(0.5)
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)


def measure(percent: int, port: int, group: Group) -> str:
    """One line: the seconds of each step with this share of a processor."""
    kafka, java = find_kafka(VERSION, lambda _: None), str(find_java().program)
    servers = ("--bootstrap-servers", f"127.0.0.1:{port}")
    with tempfile.TemporaryDirectory(prefix="sor-throttled-", ignore_cleanup_errors=True) as folder:
        broker = LocalBroker(VERSION, port, port + 1, Path(folder))
        steps: dict[str, Callable[[], None]] = {
            "ZooKeeper ready": lambda: broker.start_zookeeper(kafka, java),
            "Kafka ready": lambda: broker.start_kafka(kafka, java),
            "produce": lambda: command("produce", *servers, "--speed", "max", "--run-id", "throttled"),
            "backtest": lambda: command("backtest", "--from-kafka", *servers, "--run", "throttled", "--json"),
            "screen opens": open_screen,
        }
        told = []
        group.allow(percent)
        try:
            for name, action in steps.items():
                told.append(f"{name} {seconds(action):.0f} s")
        except SorError as error:
            told.append(f"stopped: {error}")
        finally:
            group.allow(100)
            broker.down()
    return f"{percent} %: {', '.join(told)}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--shares", default="100,20,10,5", help="percent of one processor, by commas")
    options.add_argument("--port", type=int, default=29192, help="of the broker; ZooKeeper has the next one")
    given = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("a control group needs root")
    if shutil.which("tmux") is None:
        sys.exit("tmux is not installed: the screen is opened in it")
    print(f"a start is given up after {READY_SECONDS:.0f} s, here as by the units", flush=True)
    with grouped() as group:
        for share in map(int, given.shares.split(",")):
            print(f"{measure(share, given.port, group)} (load {os.getloadavg()[0]:.1f})", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SorError as error:  # no Kafka or Java to be had
        sys.exit(str(error))
