"""One fresh host for all of these tests, which follow each other as an operator's days do."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nspawn
import pytest
from operating import ANSIBLE, REPO, Operator, unavailable
from reached import NoHostError

from sor.broker.distribution import find_kafka
from sor.errors import SorError


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    # It takes a quarter of an hour and builds a host: only when asked for.
    if os.environ.get("SOR_REHEARSE") != "1":
        pytest.skip("asked for with make rehearse")
    if reason := nspawn.missing():
        unavailable(reason)
    if not ANSIBLE.exists():
        unavailable("there is no .venv-ops: make .venv-ops/.ready")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it clears up as after Ctrl-C
    try:
        with nspawn.alone():
            yield from _host(tmp_path_factory.mktemp("rehearsal"))
    except NoHostError as error:
        unavailable(str(error))


def _host(folder: Path) -> Iterator[Operator]:
    host = nspawn.Host(folder)
    host.sweep()
    if reason := nspawn.taken_port():
        raise NoHostError(reason)
    kafka = {version: _kafka(version) for version in ("3.9.1", "3.6.1")}
    begin = time.monotonic()
    try:
        host.prepare()
        host.start()
        host.reaches_debian()
        print(f"\nhost up in {time.monotonic() - begin:.0f} s, {folder}")
        yield Operator(host, _wheel(folder), kafka)
    finally:
        # To look around in what the tests have left; the next rehearsal removes it.
        if os.environ.get("SOR_REHEARSE_KEEP") == "1" and host.processes():
            print(f"\nkept: {shlex.join(host.to_look_around())}")
        else:
            _end(host)


def _end(host: nspawn.Host) -> None:
    """Nothing is left: no process, no mount, no folder."""
    host.stop()
    assert not host.group.exists()
    assert str(host.root) not in Path("/proc/mounts").read_text()
    assert not host.root.exists()


def _wheel(folder: Path) -> Path:
    pip = [str(REPO / ".venv" / "bin" / "python"), "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(folder), str(REPO)], check=True)
    return next(folder.glob("*.whl"))


def _kafka(version: str) -> Path:
    """The folder that `sor kafka up` keeps; fetched by the program's own means when it is not there."""
    try:
        return find_kafka(version, print).home
    except SorError as error:
        raise NoHostError(f"Kafka cannot be had here: {error}") from error
