"""AWS without an account: moto's server on a loopback port, for plans that need no credentials and for the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settings import DeployError


@contextmanager
def aws(programs: Path = Path(sys.executable).parent) -> Iterator[dict[str, str]]:
    """Run the server for the length of the block; yields the environment that points AWS clients at it.

    `programs` is the folder with `moto_server`: beside this Python, unless the tests run it from theirs.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [str(programs / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        # Without it moto has none of Amazon's own policies, and Session Manager's could not be attached.
        env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url, server)
        yield environment(url)
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # on a machine that is busy
            server.kill()
            server.wait()


def environment(url: str) -> dict[str, str]:
    """Every AWS variable that could lead a client to a real account is replaced."""
    return {
        "AWS_ENDPOINT_URL": url,
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "simulated"),
        **dict.fromkeys(("AWS_SESSION_TOKEN", "AWS_PROFILE"), ""),
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):  # nosec B310  # on loopback, as made above
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise DeployError("moto's server does not start: run make .venv-ops/.ready again")
