"""The downloader against a real HTTP server on loopback that resumes, ignores ranges, cuts, or lies."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sor.broker.download import DownloadProgress, UnreachableError, fetch, fetch_text
from sor.errors import InputError, SorError

CONTENT = bytes(range(256)) * 8192  # 2 MiB
DIGEST = hashlib.sha512(CONTENT).hexdigest()


@dataclass
class Site:
    """What the server has and how it behaves, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    cuts: list[int] = field(default_factory=list)  # answer so many bytes, then hang up; one entry a request
    ranges: bool = True
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    behaviour = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            behaviour.asked.append(wanted)
            if self.path != "/file.tgz":
                self.send_error(404, "Not Found")
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and behaviour.ranges else 0
            if start > len(behaviour.content) or (wanted and start == len(behaviour.content)):
                self.send_error(416)
                return
            body = behaviour.content[start:]
            self.send_response(206 if wanted and behaviour.ranges else 200)
            if wanted and behaviour.ranges:
                end = len(behaviour.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: behaviour.cuts.pop(0)] if behaviour.cuts else body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    behaviour.url = f"http://127.0.0.1:{server.server_address[1]}/file.tgz"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield behaviour
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.tgz"


def files(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_whole_file(site: Site, target: Path) -> None:
    fetch(site.url, target, DIGEST.upper())
    assert target.read_bytes() == CONTENT
    assert files(target) == ["file.tgz"]


def test_cut_in_the_middle_is_resumed(site: Site, target: Path) -> None:
    site.cuts = [700_000, 300_000]
    fetch(site.url, target, DIGEST)
    assert target.read_bytes() == CONTENT
    assert site.asked == ["", "bytes=700000-", "bytes=1000000-"]


def test_a_server_without_ranges_sends_it_all_again(site: Site, target: Path) -> None:
    site.cuts, site.ranges = [700_000], False
    fetch(site.url, target, DIGEST)
    assert target.read_bytes() == CONTENT


def test_what_arrived_is_kept_for_the_next_call(site: Site, target: Path) -> None:
    site.cuts = [100_000] * 4
    with pytest.raises(UnreachableError, match=r"cut 4 times"):
        fetch(site.url, target, DIGEST)
    assert files(target) == ["file.tgz.part"]
    site.asked.clear()
    fetch(site.url, target, DIGEST)
    assert site.asked == ["bytes=400000-"]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "left",
    [b"of another file" * 1000, CONTENT + b"longer", bytes(len(CONTENT))],
    ids=["shorter", "longer", "as long"],
)
def test_pieces_of_another_file_are_discarded(site: Site, target: Path, left: bytes) -> None:
    target.parent.mkdir()
    target.with_name("file.tgz.part").write_bytes(left)
    fetch(site.url, target, DIGEST)
    assert target.read_bytes() == CONTENT
    assert files(target) == ["file.tgz"]


def test_a_complete_part_is_used(site: Site, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("file.tgz.part").write_bytes(CONTENT)
    fetch(site.url, target, DIGEST)
    assert target.read_bytes() == CONTENT
    assert site.asked == []


def test_a_wrong_file_is_refused_and_removed(site: Site, target: Path) -> None:
    site.content = CONTENT[:-1] + b"!"
    with pytest.raises(SorError) as raised:
        fetch(site.url, target, DIGEST)
    assert "checksum" in str(raised.value)
    assert "removed" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not isinstance(
        raised.value, UnreachableError
    )  # no other source is tried: this is no accident of the network
    assert files(target) == []
    assert site.asked == [""]  # the same bytes are not asked for twice


def test_a_wrong_file_after_a_cut_is_refused_too(site: Site, target: Path) -> None:
    site.content, site.cuts = CONTENT[:-1] + b"!", [1000]
    with pytest.raises(SorError, match="checksum"):
        fetch(site.url, target, DIGEST)
    assert files(target) == []


def test_a_missing_file_and_a_silent_host(site: Site, target: Path) -> None:
    with pytest.raises(UnreachableError, match="404"):
        fetch(site.url.replace("file", "other"), target, DIGEST)
    with pytest.raises(UnreachableError, match="refused"):
        fetch("http://127.0.0.1:1/file.tgz", target, DIGEST)
    with pytest.raises(UnreachableError, match="404"):
        fetch_text(site.url + ".sha512")


def test_progress_in_lines_without_a_terminal(site: Site, target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetch(site.url, target, DIGEST)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "file.tgz: 2.1 of 2.1 MB" in shown.err
    assert "\r" not in shown.err


def test_progress_on_a_terminal_rewrites_its_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    progress = DownloadProgress("file.tgz", terminal)
    progress._next = 0.0
    progress.advance(1_000_000, 1_000_000, 4_000_000)
    progress.write_last(4_000_000)
    assert "1.0 of 4.0 MB" in terminal.getvalue().split("\r")[0]
    assert terminal.getvalue().endswith("\n")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/kafka.tgz", "kafka.tgz", "FILE:///etc/passwd"])
def test_only_the_web_is_downloaded_from(url: str, tmp_path: Path) -> None:
    for get in (lambda: fetch(url, tmp_path / "x", "0" * 128), lambda: fetch_text(url)):
        with pytest.raises(InputError, match="is no address of the web"):
            get()
    assert not (tmp_path / "x").exists()
