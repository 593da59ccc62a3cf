"""What a user names: brokers and runs. Checked without a Kafka client, so that a form can do it while one types."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from sor.errors import InputError


def check_servers(servers: str) -> str:
    """`host:port[,host:port]`, or a clear error."""
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise InputError(f"--bootstrap-servers {servers!r}: a server is written host:port, as in 127.0.0.1:9092")
    return servers


def new_run_id() -> str:
    """Readable, in the order of time, and never the same twice."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"


def check_run_id(run: str) -> str:
    if not run or len(run) > 200 or not run.isprintable() or run == "latest" or run.startswith("bare@"):
        raise InputError(f"run id {run!r}: up to 200 printable characters, not `latest`, not beginning with `bare@`")
    return run


def check_family(run: str) -> str:
    """The id of a run of several symbols: a folder of results is named after it."""
    if "/" in check_run_id(run) or run.startswith("."):
        raise InputError(f"run id {run!r}: for several symbols it has no / and does not begin with a dot")
    return run
