"""The options that say which run of which topic is read, the same for `sor backtest --from-kafka` and `sor consume`."""

from __future__ import annotations

from typing import Any

import click

from sor.cli.options.kafka_config import bootstrap_servers, kafka_config
from sor.stream import TOPIC


def run_of_topic(command: Any) -> Any:
    """--kafka-config, --bootstrap-servers, --topic, --run (as `run_id`) and --idle-timeout."""
    options = (
        kafka_config,
        bootstrap_servers,
        click.option("--topic", default=TOPIC, show_default=True),
        click.option(
            "--run", "run_id", default="latest", show_default=True, metavar="latest|ID", help="Which run of the topic."
        ),
        click.option(
            "--idle-timeout",
            type=click.FloatRange(min=0, min_open=True),
            default=90.0,
            show_default=True,
            metavar="SECONDS",
            help="Give up after this silence.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
