"""One fresh host for all of these tests, which follow each other as an operator's days do."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nspawn
import pytest
from operating import ANSIBLE, REPO, Operator


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    # It takes a quarter of an hour and builds a host: asked for (make rehearse), or where tests run unattended.
    if os.environ.get("SOR_REHEARSE") != "1" and os.environ.get("CI") != "true":
        pytest.skip("asked for with make rehearse")
    reason = nspawn.missing()
    if reason:
        pytest.skip(reason)
    if not ANSIBLE.exists():
        pytest.skip("no .venv-ops here: make .venv-ops/.ready")
    folder = tmp_path_factory.mktemp("rehearsal")
    operator = Operator(nspawn.Host(folder), _wheel(folder), {v: _kafka(v) for v in ("3.9.1", "3.6.1")})
    begin = time.monotonic()
    try:
        operator.host.prepare()
        operator.host.start()
    except RuntimeError as error:
        operator.host.stop()
        pytest.skip(f"no systemd host can be made here: {error}")
    print(f"\nhost up in {time.monotonic() - begin:.0f} s, {folder}")
    try:
        yield operator
    finally:
        operator.host.stop()
        assert not operator.host.group.exists()
        assert str(operator.host.root) not in Path("/proc/mounts").read_text()


def _wheel(folder: Path) -> Path:
    pip = [str(REPO / ".venv" / "bin" / "python"), "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(folder), str(REPO)], check=True)
    return next(folder.glob("*.whl"))


def _kafka(version: str) -> Path:
    """The folder that `sor kafka up` keeps; fetched by the program's own means when it is not there."""
    from sor.broker.distribution import find_kafka
    from sor.errors import SorError

    try:
        return find_kafka(version, print).home
    except SorError as error:
        pytest.skip(f"Kafka cannot be had here: {error}")
