"""A download host like Apache's, on loopback, which the rehearsal's host shares."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def mirror(folder: Path) -> Iterator[str]:
    """Serve the folder for the length of the block; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def publish(archive: Path) -> None:
    """Write the checksum beside an archive as Apache does: upper case, spaced and wrapped after the file's name."""
    digest = hashlib.sha512(archive.read_bytes()).hexdigest().upper()
    words = [digest[at : at + 8] for at in range(0, len(digest), 8)]
    text = f"{archive.name}: {' '.join(words[:7])}\n{' ' * (len(archive.name) + 2)}{' '.join(words[7:])}\n"
    archive.with_name(archive.name + ".sha512").write_text(text)
