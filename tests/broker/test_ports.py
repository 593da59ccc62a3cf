"""Who listens where, against sockets of this very process and tables as the kernel writes them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sor.broker import ports

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(address: str, state: str, inode: int) -> str:
    nothing = "00000000:00000000 00:00000000 00000000     0        0"
    return f"   0: {address} 00000000:0000 {state} {nothing} {inode} 1 0 100 0 0 10 0\n"


def test_a_port_that_is_listened_at_is_taken_and_its_owner_known() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        server.listen()
        assert not ports.is_free(port)
        owner = ports.owner(port)
        assert owner is not None
        assert owner[0] == os.getpid()
        assert "python" in owner[1] or "pytest" in owner[1]
        (listener,) = [found for found in ports.listeners() if found.port == port]
        assert listener.is_loopback
    assert ports.is_free(port)
    assert ports.owner(port) is None


def test_a_port_with_an_old_connection_in_time_wait_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = server.accept()
        served.close()  # closes first: this side keeps TIME_WAIT
        client.close()
    assert ports.is_free(port)


def test_addresses_as_the_kernel_prints_them(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        HEAD + row("0100007F:2384", "0A", 1) + row("00000000:0016", "0A", 2) + row("0100007F:1F90", "01", 3)
    )
    (tmp_path / "net" / "tcp6").write_text(
        HEAD
        + row("0000000000000000FFFF00000100007F:2385", "0A", 4)
        + row("00000000000000000000000000000000:2386", "0A", 5)
        + row("00000000000000000000000001000000:2387", "0A", 6)
        + row("0000000000000000FFFF0000020010AC:2388", "0A", 7)
    )
    found = {
        listener.inode: (str(listener.address), listener.port, listener.is_loopback)
        for listener in ports.listeners(tmp_path)
    }
    assert found == {
        1: ("127.0.0.1", 9092, True),
        2: ("0.0.0.0", 22, False),
        4: ("::ffff:7f00:1", 9093, True),
        5: ("::", 9094, False),
        6: ("::1", 9095, True),
        7: ("::ffff:ac10:2", 9096, False),
    }


def test_without_proc_nothing_is_known(tmp_path: Path) -> None:
    assert ports.listeners(tmp_path) == []
    assert ports.owner(9092, tmp_path) is None
    assert ports.sockets_of(1, tmp_path) == set()
