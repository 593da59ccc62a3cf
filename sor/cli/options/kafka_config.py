"""The options `--kafka-config` and `--bootstrap-servers`, the same for every command that speaks to a broker."""

from __future__ import annotations

from pathlib import Path

import click

from sor.stream import BOOTSTRAP_SERVERS


def _use(_: click.Context, __: click.Parameter, path: Path | None) -> None:
    if path is not None:
        from sor.stream.kafka.properties import use

        use(path)


# Eager, because the file may name the brokers: --bootstrap-servers is looked at after it, and comes first all the same.
kafka_config = click.option(
    "--kafka-config",
    envvar="SOR_KAFKA_CONFIG",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=_use,
    help="client.properties as Kafka's own tools take it: TLS, password, bootstrap.servers (SOR_KAFKA_CONFIG).",
)
bootstrap_servers = click.option(
    "--bootstrap-servers", envvar="SOR_BOOTSTRAP_SERVERS", default=BOOTSTRAP_SERVERS, show_default=True
)
