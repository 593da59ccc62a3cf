"""What a user names: brokers and runs. Checked without a Kafka client, so that a form can do it while one types."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

from sor.errors import InputError
from sor.text import quoted

_PORT = re.compile("[0-9]{1,5}")  # str.isdigit takes ² as well, and int does not
MAX_RUN, MAX_SYMBOL = 200, 1000  # characters


def check_servers(servers: str) -> str:
    """`host:port[,host:port]`, or a clear error."""
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
            raise InputError(
                f"--bootstrap-servers {quoted(servers)}: a server is written host:port, as in 127.0.0.1:9092"
            )
    return servers


def new_run_id() -> str:
    """Readable, in the order of time, and never the same twice."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"


def check_run_id(run: str) -> str:
    if not _is_name(run, MAX_RUN) or run == "latest" or run.startswith("bare@"):
        raise InputError(
            f"run id {quoted(run)}: up to {MAX_RUN} printable characters, not `latest`, not beginning with `bare@`"
        )
    return run


def check_family(run: str) -> str:
    """The id of a run of several symbols: a folder of results is named after it."""
    if "/" in check_run_id(run) or run.startswith("."):
        raise InputError(f"run id {quoted(run)}: for several symbols it has no / and does not begin with a dot")
    return run


def member_of(family: str, symbol: str) -> str:
    """The id of one symbol's run, where several symbols are sent together."""
    return f"{family}/{symbol}"


def check_symbol(symbol: str) -> str:
    """A symbol that can be part of a run's id."""
    if not _is_name(symbol, MAX_SYMBOL):
        raise InputError(
            f"symbol {quoted(symbol)}: what is sent with its symbol in the run's id has up to {MAX_SYMBOL} printable "
            "characters; choose the others with --symbol"
        )
    return symbol


def can_be_read(run: str) -> bool:
    """Whether a producer of ours could have given a run this id: what stands in a topic may be anything."""
    return _is_name(run, MAX_RUN + 1 + MAX_SYMBOL) and run != "latest" and not run.startswith("bare@")


def split_member(run: str, symbol: str | None) -> str | None:
    """The family of a run that is the one of this symbol; None where it is none, or not one of ours."""
    if not symbol or not _is_name(symbol, MAX_SYMBOL):
        return None
    family = run.removesuffix(member_of("", symbol))
    try:
        return check_family(family) if member_of(family, symbol) == run else None
    except InputError:
        return None


def _is_name(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable() and text == text.strip()
