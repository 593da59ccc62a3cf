"""A broker that is not ours: TLS, passwords, rights. Real, and everything through the commands that a person types."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from secure_broker import SecureBroker, authority, secure_broker

pytestmark = pytest.mark.broker

SECRETS = ("trader-secret", "guest-secret", "scram-secret", "not-the-password")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path_factory.mktemp("secure")) as broker:
        yield broker


def sor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SOR_")}
    call = [sys.executable, "-m", "sor", *arguments]
    done = subprocess.run(call, env=clean | environment, text=True, capture_output=True, check=False)
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS), "a secret is never shown"
    assert "Traceback" not in done.stderr
    return done


def refused(file: Path, *arguments: str) -> str:
    """The one line of a command that the broker turns away."""
    done = sor(*(arguments or ("kafka", "topics")), "--kafka-config", str(file))
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_run_through_tls_and_a_password_is_the_run_of_the_file(secure: SecureBroker, tmp_path: Path) -> None:
    config = str(secure.client_properties("good", "trader-secret"))
    sent = sor("produce", "--speed", "max", "--run-id", "a", "--kafka-config", config)
    assert sent.returncode == 0, sent.stderr
    state = {"SOR_KAFKA_CONFIG": config, "SOR_STATE": str(tmp_path)}
    streamed = sor("backtest", "--from-kafka", "--run", "a", "--json", **state)
    assert streamed.returncode == 0, streamed.stderr
    report = json.loads(streamed.stdout)
    stream = report.pop("stream")
    assert (stream["received"], stream["gaps"]) == (stream["expected"], 0)
    file = json.loads(sor("backtest", "--json").stdout)
    file.pop("stream", None)
    assert report == file
    consumed = sor("consume", "--run", "a", "--out", str(tmp_path / "a.parquet"), "--kafka-config", config)
    assert consumed.returncode == 0, consumed.stderr
    assert f"{stream['received']:,} snapshots of run a" in consumed.stderr
    assert "mock_l1_stream" in sor("kafka", "topics", **state).stdout
    doctor = sor("doctor", "--json", **state)
    findings = {found["name"]: found for found in json.loads(doctor.stdout)["findings"]}
    assert findings["broker"]["state"] == "ok"
    assert secure.servers in findings["broker"]["seen"]


def test_scram(secure: SecureBroker) -> None:
    file = secure.client_properties("scram", "scram-secret")
    file.write_text(file.read_text().replace("=PLAIN\n", "=SCRAM-SHA-256\n").replace("plain.Plain", "scram.Scram"))
    assert sor("kafka", "topics", "--kafka-config", str(file)).returncode == 0


def test_a_wrong_password(secure: SecureBroker) -> None:
    said = refused(secure.client_properties("wrong", "not-the-password"))
    why = r"\((Authentication failed: .*|it ends the connection at the login)\)"  # the answer does not always reach us
    assert re.search(f"the broker at {secure.servers} does not let this user in {why}", said), said
    assert "look at sasl.mechanism and sasl.jaas.config" in said


def test_an_authority_that_did_not_sign(secure: SecureBroker) -> None:
    other = authority(secure.folder, "somebody-else")
    said = refused(secure.client_properties("stranger", "trader-secret", ca=other))
    assert "shows a certificate that is not trusted" in said
    assert "ssl.truststore.location" in said


def test_no_right_to_a_topic(secure: SecureBroker) -> None:
    guest = secure.client_properties("guest", "guest-secret", user="guest")
    said = refused(guest, "produce", "--speed", "max", "--topic", "theirs")
    assert f"creating topic 'theirs': the broker at {secure.servers} does not let this user do that" in said


def test_an_expired_certificate(tmp_path: Path) -> None:
    with secure_broker(tmp_path, days=-1) as broker:
        said = refused(broker.client_properties("late", "trader-secret"))
    assert "shows a certificate that is not trusted (certificate has expired)" in said
