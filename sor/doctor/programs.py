"""Java, Kafka, Python and sor: are they there, and which versions."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib.metadata import version

import sor
from sor.broker import java
from sor.doctor import server_layout as place
from sor.doctor.finding import Finding, State
from sor.errors import SorError, install_command

_KAFKA_JAR = re.compile(r"kafka_2\.13-(\d+\.\d+\.\d+)\.jar")


def check() -> Iterator[Finding]:
    """Versions first: they are what somebody who is asked for help wants to know."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("kafka-python", "numpy", "textual"))
    yield Finding("versions", State.OK, f"sor {sor.__version__}, Python {platform.python_version()}, {packages}")
    yield _java()
    if place.is_server():
        yield _kafka()


def _java() -> Finding:
    if place.is_server():
        major = java.major_version(place.JAVA)
        if major is None:
            return Finding("java", State.WRONG, f"{place.JAVA} does not run", "make deploy")
        if major < java.OLDEST:
            return Finding(
                "java", State.WRONG, f"{place.JAVA} is Java {major}, Kafka needs {java.OLDEST}", "make deploy"
            )
        return Finding("java", State.OK, f"Java {major} at {place.JAVA.resolve()}")
    try:
        found = java.find_java()
    except SorError as error:
        return Finding("java", State.WARNING, f"{error}".split(". ")[0], install_command("broker"))
    return Finding("java", State.OK, f"Java {found.major} at {found.program} ({found.source})")


def _kafka() -> Finding:
    there = [m[1] for path in place.KAFKA.glob("libs/*.jar") if (m := _KAFKA_JAR.fullmatch(path.name))]
    if not there:
        return Finding("kafka", State.WRONG, f"no jars in {place.KAFKA}/libs", "make deploy")
    return Finding("kafka", State.OK, f"Kafka {there[0]} at {place.KAFKA.resolve()}")
