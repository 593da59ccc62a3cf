"""client.properties as Kafka's own tools take it: each mistake is one clear line, and no secret is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sor.errors import InputError
from sor.stream.kafka.properties import VARIABLE, connection, read, use

LOGIN = (
    'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="s3cret";'
)


@pytest.fixture(autouse=True)
def _no_file_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what `use` leaves in the environment is taken back.
    for name in (VARIABLE, "SOR_BOOTSTRAP_SERVERS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def write(folder: Path, *lines: str) -> Path:
    file = folder / "client.properties"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_comments_spaces_colons_and_lines_that_go_on(tmp_path: Path) -> None:
    file = write(tmp_path, "# one", "! two", "a = 1", "b:2", "c=x \\", "    y=z", "")
    assert read(file) == {"a": "1", "b": "2", "c": "x y=z"}


def test_a_password_and_its_escapes(tmp_path: Path) -> None:
    login = LOGIN.replace("s3cret", 'a\\"b')
    use(write(tmp_path, "security.protocol=SASL_PLAINTEXT", "sasl.mechanism=SCRAM-SHA-512", login))
    assert connection() == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": 'a"b',
    }


def test_without_a_file_nothing_changes() -> None:
    assert connection() == {}


def test_servers_of_the_file_are_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    use(write(tmp_path, "bootstrap.servers=a:1, b:2"))
    assert os.environ["SOR_BOOTSTRAP_SERVERS"] == "a:1,b:2"
    monkeypatch.setenv("SOR_BOOTSTRAP_SERVERS", "c:3")
    use(write(tmp_path, "bootstrap.servers=a:1"))
    assert os.environ["SOR_BOOTSTRAP_SERVERS"] == "c:3"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["security.protocol=TLS"], "security.protocol must be one of PLAINTEXT, SSL"),
        (["security.protocol=SASL_SSL", "sasl.mechanism=GSSAPI", LOGIN], "sasl.mechanism must be one of PLAIN"),
        (["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", LOGIN.replace("user", "u")], "jaas.config needs"),
        (["security.protocol=SSL", "ssl.truststore.location=/x.jks"], "ssl.truststore.type must be PEM"),
        (["security.protocol=SSL", "ssl.truststore.type=PEM", "ssl.truststore.location=/absent"], "be read: No such"),
        (["ssl.provider=BC"], "ssl.provider is not supported; these are: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_no_secret(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(InputError) as raised:
        use(write(tmp_path, *lines))
    assert said in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InputError, match="--kafka-config /absent cannot be read: No such file"):
        use(Path("/absent"))
