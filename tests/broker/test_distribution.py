"""Where Kafka's jars come from: every source, served on loopback or laid out in a folder."""

from __future__ import annotations

import functools
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sor.broker import distribution
from sor.broker.distribution import PINNED_SHA512, find_kafka, is_whole, list_of, normalise_sha512, unpack, wrong_jars
from sor.errors import InputError, SorError

DIGEST = PINNED_SHA512["3.9.1"]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL that serves it."""
    folder = tmp_path / "web"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No KAFKA_HOME, no Maven, an empty cache, and Apache's hosts at a port where nobody is."""
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    monkeypatch.delenv("SOR_KAFKA_URL", raising=False)
    monkeypatch.setenv("SOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(distribution, "APACHE", ("http://127.0.0.1:1/kafka", "http://127.0.0.1:1/dist/kafka"))
    return monkeypatch


def archive(version: str, jars: dict[str, bytes]) -> bytes:
    """A distribution's .tgz in small, with things in it that must not be unpacked."""
    top = f"kafka_2.13-{version}"
    members = {f"{top}/libs/{name}": content for name, content in jars.items()}
    members |= {f"{top}/LICENSE": b"licence", f"{top}/bin/kafka-server-start.sh": b"#!/bin/sh"}
    members |= {f"{top}/libs/../../../outside.jar": b"!", "/tmp/absolute.jar": b"!", f"{top}/site-docs/a.tgz": b"!"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo(f"{top}/libs/link.jar")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return buffer.getvalue()


JARS = {"kafka_2.13-3.8.0.jar": b"broker", "zookeeper-3.8.4.jar": b"zookeeper"}


def publish(folder: Path, version: str, content: bytes, sha512: str | None = None) -> None:
    name = f"kafka_2.13-{version}.tgz"
    (folder / name).write_bytes(content)
    digest = sha512 or hashlib.sha512(content).hexdigest()
    (folder / f"{name}.sha512").write_text(vendor_form(name, digest))


def vendor_form(name: str, digest: str) -> str:
    """As Apache writes it: upper case, groups of eight, wrapped and indented."""
    groups = [digest.upper()[i : i + 8] for i in range(0, 128, 8)]
    rows = [" ".join(groups[i : i + 4]) for i in range(0, 16, 4)]
    return f"{name}: " + "\n               ".join(rows) + "\n"


def test_the_vendors_checksum_in_every_form_it_has_had() -> None:
    name = "kafka_2.13-3.9.1.tgz"
    assert normalise_sha512(vendor_form(name, DIGEST)) == DIGEST
    assert normalise_sha512(f"{name}:\n{vendor_form('', DIGEST).removeprefix(': ')}") == DIGEST
    assert normalise_sha512(f"{DIGEST}  {name}\n") == DIGEST
    assert normalise_sha512(DIGEST.upper()) == DIGEST
    for wrong in ("", "<html>", DIGEST[:-1], f"{name}: {DIGEST}00"):
        with pytest.raises(SorError, match=r"\.sha512"):
            normalise_sha512(wrong)


def test_another_version_is_fetched_and_checked_by_the_vendors_own_checksum(
    web: tuple[Path, str], no_sources: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, url = web
    publish(folder, "3.8.0", archive("3.8.0", JARS))
    no_sources.setattr(distribution, "APACHE", ("http://127.0.0.1:1/kafka", url))
    (folder / "3.8.0").symlink_to(folder)
    said: list[str] = []
    found = find_kafka("3.8.0", said.append)
    assert found.home == tmp_path / "cache" / "kafka" / "kafka_2.13-3.8.0"
    assert {path.name: path.read_bytes() for path in (found.home / "libs").iterdir()} == JARS
    assert sorted(path.name for path in found.home.iterdir()) == ["LICENSE", "libs", "source"]
    assert (found.home.parent / "kafka_2.13-3.8.0.tgz").exists()
    assert "127.0.0.1:1/kafka/3.8.0" in said[1]  # the source that failed is named
    assert found.classpath == f"{found.home}/libs/*"
    for path in folder.iterdir():
        path.unlink()
    assert find_kafka("3.8.0", said.append).source == "cache"  # nothing is fetched twice


def test_a_given_url_comes_first(web: tuple[Path, str], no_sources: pytest.MonkeyPatch) -> None:
    folder, url = web
    publish(folder, "3.8.0", archive("3.8.0", JARS))
    no_sources.setenv("SOR_KAFKA_URL", f"{url}/kafka_2.13-3.8.0.tgz")
    assert find_kafka("3.8.0", print).source == f"{url}/kafka_2.13-3.8.0.tgz"


def test_a_pinned_version_is_checked_by_the_pin_whatever_the_server_says(
    web: tuple[Path, str], no_sources: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, url = web
    publish(folder, "3.9.1", archive("3.9.1", {"kafka_2.13-3.9.1.jar": b"another"}))  # with a checksum that fits it
    no_sources.setenv("SOR_KAFKA_URL", f"{url}/kafka_2.13-3.9.1.tgz")
    with pytest.raises(SorError, match=r"checksum.*1ea204ba73411737.*removed"):
        find_kafka("3.9.1", print)
    assert [path.name for path in (tmp_path / "cache" / "kafka").iterdir()] == ["kafka_2.13-3.9.1.lock"]


def test_nothing_reachable_names_every_source_and_the_way_out(no_sources: pytest.MonkeyPatch) -> None:
    with pytest.raises(SorError) as raised:
        find_kafka("3.9.1", print)
    message = str(raised.value)
    for part in ("/kafka/3.9.1/kafka_2.13-3.9.1.tgz", "/dist/kafka/", "Maven: no mvn on PATH", "set KAFKA_HOME"):
        assert part in message


@pytest.mark.parametrize(
    "damage", ["altered", "missing", "unknown", "unknown, by another case", "altered with a list beside it"]
)
def test_a_damaged_cache_is_fetched_again(
    web: tuple[Path, str], no_sources: pytest.MonkeyPatch, damage: str, tmp_path: Path
) -> None:
    folder, url = web
    publish(folder, "3.8.0", archive("3.8.0", JARS))
    no_sources.setenv("SOR_KAFKA_URL", f"{url}/kafka_2.13-3.8.0.tgz")
    libs = find_kafka("3.8.0", print).home / "libs"
    jar = libs / "kafka_2.13-3.8.0.jar"
    if damage == "altered":
        jar.write_bytes(b"brok")
    elif damage == "missing":
        jar.unlink()
    elif damage == "altered with a list beside it":
        jar.write_bytes(b"brok")
        (libs.parent / "libs.sha256").write_text(list_of(libs))
    else:
        (libs / ("evil.JAR" if "case" in damage else "evil.jar")).write_bytes(b"!")
    assert not is_whole(libs.parent, "3.8.0")
    said: list[str] = []
    find_kafka("3.8.0", said.append)
    assert "damaged" in said[0]
    assert {path.name: path.read_bytes() for path in libs.iterdir()} == JARS


def test_kafka_home(no_sources: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    (home / "libs").mkdir(parents=True)
    no_sources.setenv("KAFKA_HOME", str(home))
    with pytest.raises(InputError, match=r"KAFKA_HOME=.*no libs/kafka_2\.13"):
        find_kafka("3.9.1", print)
    (home / "libs" / "kafka_2.13-3.9.1.jar").write_bytes(b"")
    assert find_kafka("3.9.1", print) == distribution.KafkaDistribution("3.9.1", home, "KAFKA_HOME")
    said: list[str] = []
    with pytest.raises(SorError):
        find_kafka("3.6.1", said.append)
    assert said[0] == "KAFKA_HOME has Kafka 3.9.1, not 3.6.1: passed over"


@pytest.mark.parametrize("version", ["4.0.0", "3.9", "latest", "../3.9.1", "3.9.1; rm"])
def test_versions_that_have_no_zookeeper_or_are_none(version: str) -> None:
    with pytest.raises(InputError, match=r"3\.x line"):
        find_kafka(version, print)


def test_unpacking_takes_jars_and_licences_only(tmp_path: Path) -> None:
    file = tmp_path / "in.tgz"
    file.write_bytes(archive("3.8.0", JARS))
    unpack(file, tmp_path / "home")
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["home/LICENSE", *(f"home/libs/{name}" for name in JARS), "in.tgz"]
    listed = tmp_path / "list"
    listed.write_text(list_of(tmp_path / "home" / "libs"))
    assert wrong_jars(tmp_path / "home" / "libs", listed) == []


def maven(tmp_path: Path, script: str) -> None:
    program = tmp_path / "mvn"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_maven_bringing_other_jars_is_refused(tmp_path: Path) -> None:
    maven(
        tmp_path, "for a; do case $a in -DoutputDirectory=*) d=${a#*=};; esac; done; /bin/mkdir $d; echo > $d/evil.jar"
    )
    with pytest.raises(SorError, match=r"Maven: 106 jars are not those of kafka-3\.9\.1\.sha256 \(.*\): removed"):
        find_kafka("3.9.1", print)
    assert [path.name for path in (tmp_path / "cache" / "kafka").iterdir()] == ["kafka_2.13-3.9.1.lock"]


def test_maven_failing_says_its_first_error(tmp_path: Path) -> None:
    maven(tmp_path, "echo [INFO] hello; echo '[ERROR] Could not transfer'; exit 1")
    with pytest.raises(SorError, match=r"Maven: \[ERROR\] Could not transfer"):
        find_kafka("3.9.1", print)


def test_a_killed_download_leaves_nothing_for_ever(
    web: tuple[Path, str], no_sources: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, url = web
    publish(folder, "3.8.0", archive("3.8.0", JARS))
    left_over = tmp_path / "cache" / "kafka" / ".kafka_2.13-3.8.0-abcdef" / "libs"
    left_over.mkdir(parents=True)
    no_sources.setenv("SOR_KAFKA_URL", f"{url}/kafka_2.13-3.8.0.tgz")
    find_kafka("3.8.0", print)
    assert not left_over.parent.exists()


@pytest.mark.parametrize("version", ["3.9.1", "3.6.1"])
def test_the_checked_in_lists_name_the_jars_that_are_needed(version: str) -> None:
    lines = (distribution.MAVEN / f"kafka-{version}.sha256").read_text("utf-8").splitlines()
    names = [line.split()[1] for line in lines]
    assert names == sorted(set(names))
    assert all(len(line.split()[0]) == 64 for line in lines)
    for needed in (
        f"kafka_2.13-{version}.jar",
        f"kafka-tools-{version}.jar",
        "reload4j-1.2.25.jar",
        "slf4j-reload4j-1.7.36.jar",
    ):
        assert needed in names
    assert any(name.startswith("zookeeper-3.8") for name in names)
    pom = (distribution.MAVEN / f"pom-{version}.xml").read_text("utf-8")
    assert "http" not in pom.replace("http://maven.apache.org/POM/4.0.0", "")  # a repository is the user's own choice
