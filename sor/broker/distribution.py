"""Have the jars of a Kafka version: KAFKA_HOME, the cache, Apache's download hosts, else the same jars by Maven.

In the cache every version is a folder `kafka_2.13-VERSION` with `libs/*.jar`, and beside it the
archive `kafka_2.13-VERSION.tgz` where it came as one. A folder appears only when all of it was verified.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sor.broker.download import UnreachableError, fetch, fetch_text, file_digest
from sor.errors import InputError, SorError
from sor.files.writing import private_dir, private_opener, wait_for_lock, write_whole
from sor.paths import cache_dir, expanded, state_dir

PINNED_SHA512 = {
    "3.9.1": "1ea204ba73411737a275429ca976d440f007ff0957b90b19be41dc5a4bae52617267769be9f0b5791714d0b3c4c760605bd426faea39edd90763585523fa2cfe",  # noqa: E501
    "3.6.1": "1f063cd67463dd3bb5a5e06e7a1c2278db84bfc836a634fac7c9a005de66a42ac00b32f5e9bbdd22086605f73659efd4ce5bd1185196b02a743be0898daac55d",  # noqa: E501
}
# The first has current releases only, the second all of them.
APACHE = ("https://downloads.apache.org/kafka", "https://archive.apache.org/dist/kafka")
SCALA = "2.13"
MAVEN = Path(__file__).parent / "maven"
_VERSION = re.compile(r"[1-3]\.\d+\.\d+")
_JAR = re.compile(rf"kafka_{re.escape(SCALA)}-(\d+\.\d+\.\d+)\.jar")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class KafkaDistribution:
    """The jars of one Kafka version: `home/libs/*.jar`, and where they came from."""

    version: str
    home: Path
    source: str

    @property
    def classpath(self) -> str:
        """For `java -cp`; Java itself expands the asterisk."""
        return f"{self.home / 'libs'}{os.sep}*"


def find_kafka(version: str, say: Say) -> KafkaDistribution:
    """The distribution, from the first source that has it; `say` gets a line for what takes time.

    Sources: KAFKA_HOME of the same version, the cache, SOR_KAFKA_URL (of the .tgz), Apache, Maven.
    Raises SorError that names every source and why it failed.
    """
    check_version(version)
    if (given := _from_home(version, say)) is not None:
        return given
    home = cache_dir() / "kafka" / name_of(version)
    if home.exists():
        if is_whole(home, version):
            return KafkaDistribution(version, home, "cache")
        say(f"{home}: damaged, or not verified from here, so it is fetched again")
        shutil.rmtree(home)
    return _obtain(version, home, say)


def check_version(version: str) -> None:
    """Kafka 4 has no ZooKeeper mode, and what is no version is no file name."""
    if not _VERSION.fullmatch(version):
        raise InputError(f"Kafka version {version!r}: wanted one of the 3.x line (the last with ZooKeeper), as 3.9.1")


def name_of(version: str) -> str:
    """The name Apache gives the distribution."""
    return f"kafka_{SCALA}-{version}"


def is_whole(home: Path, version: str) -> bool:
    """Whether every jar is there with the checksum it was verified with, and no other."""
    by_maven = (home / "source").exists() and (home / "source").read_text("utf-8").strip() == "maven"
    wanted = MAVEN / f"kafka-{version}.sha256" if by_maven else _verified_list(version)
    return wanted.exists() and wrong_jars(home / "libs", wanted) == []


def _verified_list(version: str) -> Path:
    """What was unpacked from a release that had been verified: kept apart from the jars, so that anyone who can change
    those (a cache that is shared, or put together by somebody else) has not the list as well.
    """
    return state_dir() / "kafka-jars" / f"{name_of(version)}.sha256"


def wrong_jars(libs: Path, wanted: Path) -> list[str]:
    """What differs between a folder of jars and a list as sha256sum writes it: missing, altered or unknown jars."""
    expected = {name: digest for digest, name in (line.split() for line in wanted.read_text("utf-8").splitlines())}
    # In any case: Java's `libs/*` loads x.JAR too.
    found = {path.name for path in libs.iterdir() if path.name.lower().endswith(".jar")} if libs.is_dir() else set()
    altered = {name for name in found & set(expected) if file_digest(libs / name, "sha256") != expected[name]}
    return sorted((found ^ set(expected)) | altered)


def normalise_sha512(text: str) -> str:
    """The digest in a vendor's .sha512: upper or lower case, spaced, wrapped, the file's name before or after it."""
    # Apache has used both "name.tgz: 1EA2 04BA ..." over several lines and "1ea204ba...  name.tgz".
    body = text.partition(":")[2] if ":" in text else text.strip().partition("  ")[0]
    digits = "".join(body.split()).lower()
    if re.fullmatch(r"[0-9a-f]{128}", digits) is None:
        raise SorError("the vendor's .sha512 file does not hold a SHA-512 checksum")
    return digits


def _from_home(version: str, say: Say) -> KafkaDistribution | None:
    given = os.environ.get("KAFKA_HOME")
    if not given:
        return None
    home = expanded(given)
    there = [found[1] for path in home.glob("libs/*.jar") if (found := _JAR.fullmatch(path.name))]
    if not there:
        raise InputError(f"KAFKA_HOME={given}: no libs/kafka_{SCALA}-*.jar in it; correct it, or unset it")
    if version in there:
        return KafkaDistribution(version, home, "KAFKA_HOME")
    say(f"KAFKA_HOME has Kafka {there[0]}, not {version}: passed over")
    return None


def _obtain(version: str, home: Path, say: Say) -> KafkaDistribution:
    failures = []
    for source, get in _sources(version):
        try:
            with _lock(home), _draft(home) as draft:
                if not home.exists():
                    say(f"fetching Kafka {version} from {source} (once; kept in {home.parent})")
                    get(draft)
                    (draft / "source").write_text("maven" if source == "Maven" else source, "utf-8")
                    os.replace(draft, home)
            return KafkaDistribution(version, home, source)
        except UnreachableError as error:
            say(str(error))
            failures.append(str(error))
    raise SorError(
        f"Kafka {version} cannot be had: {'; '.join(failures)}. "
        f"Fetch {name_of(version)}.tgz elsewhere, unpack it, and set KAFKA_HOME to the folder"
    )


def _sources(version: str) -> Iterator[tuple[str, Callable[[Path], None]]]:
    archive = f"{name_of(version)}.tgz"
    urls = [f"{base}/{version}/{archive}" for base in APACHE]
    if given := os.environ.get("SOR_KAFKA_URL"):
        urls.insert(0, given)
    for url in urls:
        yield url, partial(_from_archive, url, version)
    yield "Maven", partial(from_maven, version)


def _from_archive(url: str, version: str, draft: Path) -> None:
    archive = cache_dir() / "kafka" / f"{name_of(version)}.tgz"
    sha512 = PINNED_SHA512.get(version) or normalise_sha512(fetch_text(f"{url}.sha512"))
    if not (archive.exists() and file_digest(archive, "sha512") == sha512):
        fetch(url, archive, sha512)
    unpack(archive, draft)
    listed = _verified_list(version)
    private_dir(listed.parent)
    write_whole(listed, list_of(draft / "libs"), private=True)


def list_of(libs: Path) -> str:
    """The checksums of a folder of jars, as sha256sum writes them."""
    return "".join(f"{file_digest(jar, 'sha256')}  {jar.name}\n" for jar in sorted(libs.glob("*.jar")))


def unpack(archive: Path, home: Path) -> None:
    """Take the jars and the licences out of a distribution; every other name in the archive is ignored."""
    libs = home / "libs"
    libs.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = member.name.split("/")
            is_jar = len(parts) == 3 and parts[1] == "libs" and parts[2].endswith(".jar")
            is_licence = len(parts) == 2 and parts[1] in ("LICENSE", "NOTICE")
            if member.isfile() and (is_jar or is_licence) and (content := tar.extractfile(member)):
                with ((libs if is_jar else home) / parts[-1]).open("wb") as file:
                    shutil.copyfileobj(content, file)


def from_maven(version: str, draft: Path) -> None:
    """Have Maven copy the jars of the checked-in pom into `draft/libs`, and compare them with the checked-in list.

    Maven's own settings decide which repository that is. Raises UnreachableError where it cannot be done here.
    """
    pom, wanted = MAVEN / f"pom-{version}.xml", MAVEN / f"kafka-{version}.sha256"
    program = shutil.which("mvn")
    if not pom.exists():
        raise UnreachableError(f"Maven: no list of checksums for {version} (only {', '.join(PINNED_SHA512)})")
    if program is None:
        raise UnreachableError("Maven: no mvn on PATH")
    command = [program, "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    answer = subprocess.run(
        [*command, f"-DoutputDirectory={draft / 'libs'}"], capture_output=True, text=True, check=False, timeout=1200
    )
    if answer.returncode != 0:
        lines = [line for line in answer.stdout.splitlines() if line.startswith("[ERROR]")] or [
            f"exit {answer.returncode}"
        ]
        raise UnreachableError(f"Maven: {lines[0][:300]}")
    if wrong := wrong_jars(draft / "libs", wanted):
        raise SorError(f"Maven: {len(wrong)} jars are not those of {wanted.name} ({', '.join(wrong[:3])}): removed")


@contextmanager
def _draft(home: Path) -> Iterator[Path]:
    """A folder beside the real one that becomes it when it is complete, and never stays."""
    prefix = f".{home.name}-"
    for left_over in home.parent.glob(f"{prefix}*"):  # of one that was killed; we hold the lock
        shutil.rmtree(left_over, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=prefix, dir=home.parent))
    try:
        draft.chmod(0o755)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    """One download at a time: the second waits and finds the folder there."""
    private_dir(home.parent)
    with open(home.parent / f"{home.name}.lock", "w", opener=private_opener) as file:
        wait_for_lock(file.fileno())
        yield
