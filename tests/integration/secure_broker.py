"""A real broker that wants TLS and a password: one process in KRaft mode, with users, and rights to topics."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sor.broker.distribution import find_kafka
from sor.broker.java import find_java
from sor.broker.settings import CONFIG

LOGGING = f"-Dlog4j.configuration={(CONFIG / 'reload4j.properties').as_uri()}"
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"
# Its own listener is plain: with an expired certificate on that one a broker does not start.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=SECURE://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=SECURE:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
advertised.listeners=SECURE://localhost:{port},INSIDE://127.0.0.1:{inside}
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="broker" password="broker-secret" user_broker="broker-secret" user_trader="trader-secret" \
user_guest="guest-secret";
listener.name.secure.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:trader;User:ANONYMOUS
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


@dataclass(frozen=True, slots=True)
class SecureBroker:
    """Where it is, and the authority that signed its certificate."""

    port: int
    ca: Path
    folder: Path

    @property
    def servers(self) -> str:
        return f"localhost:{self.port}"

    def client_properties(self, name: str, password: str, user: str = "trader", ca: Path | None = None) -> Path:
        """A file as Kafka's own tools take it."""
        file = self.folder / f"{name}.properties"
        file.write_text(
            f"# {name}\nbootstrap.servers={self.servers}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n"
            "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n"
            f'  username="{user}" password="{password}";\n'
            f"ssl.truststore.type=PEM\nssl.truststore.location={ca or self.ca}\n"
        )
        return file


def authority(folder: Path, name: str) -> Path:
    """A certificate that may sign others; its key is beside it."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
        "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    return certificate


def keystore(folder: Path, ca: Path, name: str, days: int) -> Path:
    """Key and certificate of localhost in one PEM file; -1 days: expired."""
    key, request, signed, whole = (folder / f"{name}.{end}" for end in ("key", "csr", "crt", "pem"))
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl(
        "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-CAcreateserial",
        "-out", signed, "-extfile", extensions, "-days", days,
    )  # fmt: skip
    whole.write_text(key.read_text() + signed.read_text())
    return whole


@contextmanager
def secure_broker(folder: Path, days: int = 2) -> Iterator[SecureBroker]:
    """Run it for the length of the block; with -1 days its certificate has expired."""
    ca = authority(folder, "authority")
    store = keystore(folder, ca, "localhost", days)
    port, inside, controller = _free_ports()
    settings = folder / "server.properties"
    values = {
        "port": port,
        "inside": inside,
        "controller": controller,
        "keystore": store,
        "ca": ca,
        "data": folder / "data",
    }
    settings.write_text(SETTINGS.format(**values))
    libs = f"{find_kafka('3.9.1', print).home}/libs/*"
    java = [str(find_java().program), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", LOGGING, "-cp", libs]
    format_it = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)]
    format_it += ["--add-scram", "SCRAM-SHA-256=[name=trader,password=scram-secret]"]
    subprocess.run(format_it, check=True, capture_output=True)
    log = (folder / "kafka.log").open("w")
    with subprocess.Popen([*java, "kafka.Kafka", str(settings)], stdout=log, stderr=log) as process:
        try:
            deadline = time.monotonic() + 300
            while "Kafka Server started" not in (folder / "kafka.log").read_text():
                assert process.poll() is None, (folder / "kafka.log").read_text()[-3000:]
                assert time.monotonic() < deadline, "the broker does not start"
                time.sleep(0.3)
            yield SecureBroker(port, ca, folder)
        finally:
            process.kill()


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, env=os.environ)


def _free_ports() -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
