"""A broker that wants TLS or a password: `--kafka-config client.properties`, the file that Kafka's own tools take.

The names are Kafka's (kafka.apache.org/documentation, "Consumer Configs"). The file is named in SOR_KAFKA_CONFIG for
the processes that this one starts, so that nothing of what is in it is ever an argument, which others can see.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sor.errors import InputError

VARIABLE = "SOR_KAFKA_CONFIG"
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_KNOWN = {
    "security.protocol", "sasl.mechanism", "sasl.jaas.config", "ssl.truststore.type", "ssl.truststore.location",
    "ssl.truststore.certificates", "ssl.keystore.type", "ssl.keystore.location", "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
}  # fmt: skip
_SECURITY = ("security.", "sasl.", "ssl.")


def use(path: Path) -> None:
    """Let every connection of this process, and of those that it starts, follow this file.

    Raises:
        InputError: in one line, when it cannot be read or asks for something that is not supported.
    """
    found = read(path)
    _settings(path, found)
    os.environ[VARIABLE] = str(path.absolute())
    if found.get("bootstrap.servers"):
        os.environ.setdefault("SOR_BOOTSTRAP_SERVERS", found["bootstrap.servers"].replace(" ", ""))


def in_use() -> bool:
    """Whether connections follow a file; then no plain question to a port says anything of the broker."""
    return bool(os.environ.get(VARIABLE))


def connection() -> dict[str, Any]:
    """What kafka-python needs to connect as the file says; empty without a file."""
    if not in_use():
        return {}
    path = Path(os.environ[VARIABLE])
    return _settings(path, read(path))


def read(path: Path) -> dict[str, str]:
    """Names and values of a properties file: `#` and `!` begin comments, a backslash at the end goes on."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"--kafka-config {path} cannot be read: {reason}") from error
    found = {}
    for line in re.sub(r"\\\r?\n[ \t]*", "", text).splitlines():
        if (stripped := line.strip()) and stripped[0] not in "#!":
            name, _, value = re.sub(r"\s*[=:]\s*", "=", stripped, count=1).partition("=")
            found[name] = value
    return found


def _settings(path: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """kafka-python's arguments. What is not of security (timeouts, sizes, serializers) is sor's own affair."""
    for name in given:
        if name.startswith(_SECURITY) and name not in _KNOWN:
            raise _refused(path, name, f"is not supported; these are: {', '.join(sorted(_KNOWN))}")
    protocol = given.get("security.protocol", "PLAINTEXT").upper()
    if protocol not in _PROTOCOLS:
        raise _refused(path, "security.protocol", f"must be one of {', '.join(_PROTOCOLS)}")
    settings: dict[str, Any] = {"security_protocol": protocol}
    if protocol.startswith("SASL"):
        settings |= _sasl(path, given)
    if protocol.endswith("SSL"):
        settings["ssl_context"] = _tls(path, given)
    return settings


def _sasl(path: Path, given: Mapping[str, str]) -> dict[str, Any]:
    mechanism = given.get("sasl.mechanism", "")
    if mechanism not in _MECHANISMS:
        raise _refused(path, "sasl.mechanism", f"must be one of {', '.join(_MECHANISMS)}")
    words = dict(re.findall(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"', given.get("sasl.jaas.config", "")))
    if "username" not in words or "password" not in words:
        # Never the value itself: it may hold half a password.
        raise _refused(path, "sasl.jaas.config", 'needs username="..." and password="..."')
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": re.sub(r"\\(.)", r"\1", words["username"]),
        "sasl_plain_password": re.sub(r"\\(.)", r"\1", words["password"]),
    }


def _tls(path: Path, given: Mapping[str, str]) -> ssl.SSLContext:
    """Whom to trust (the system's authorities without a truststore), and who one is where that is asked."""
    for store in ("ssl.truststore", "ssl.keystore"):
        if f"{store}.location" in given and given.get(f"{store}.type", "JKS").upper() != "PEM":
            raise _refused(path, f"{store}.type", "must be PEM (keytool -exportcert -rfc makes one of a JKS)")
    trusted, inline = given.get("ssl.truststore.location"), given.get("ssl.truststore.certificates")
    mine, password = given.get("ssl.keystore.location"), given.get("ssl.key.password")
    name, context = "ssl.truststore.location", ssl.create_default_context()
    try:
        if trusted or inline:
            context = ssl.create_default_context(cafile=trusted, cadata=inline.replace("\\n", "\n") if inline else None)
        if mine:
            name = "ssl.keystore.location"
            # A key with a passphrase and none given must not stop to ask for it.
            context.load_cert_chain(mine, password=password or "")
    except (OSError, ssl.SSLError) as error:
        said = error.strerror if type(error) is FileNotFoundError else "it is no PEM file that can be used"
        raise _refused(path, name, f"cannot be read: {said}") from error
    if given.get("ssl.endpoint.identification.algorithm", "https") == "":
        context.check_hostname = False
    return context


def _refused(path: Path, name: str, why: str) -> InputError:
    return InputError(f"--kafka-config {path}: {name} {why}")
