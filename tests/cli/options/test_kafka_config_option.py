"""Every command that speaks to a broker takes --kafka-config, as docs/stream.md says."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from sor.cli import cli

MAKES_A_BROKER = {"up", "down", "status", "fetch"}  # of `sor kafka`: the local one


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


SPEAKING = [
    pytest.param(command, id=" ".join(path))
    for path, command in commands(cli)
    if path[-1] not in MAKES_A_BROKER and any("--bootstrap-servers" in option.opts for option in command.params)
]


@pytest.mark.parametrize("command", SPEAKING)
def test_it_takes_the_properties_of_the_cluster(command: click.Command) -> None:
    assert len(SPEAKING) >= 7
    assert any("--kafka-config" in option.opts for option in command.params)
