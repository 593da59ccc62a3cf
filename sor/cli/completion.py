"""`sor completion`: shell completion of `sor` and of the names that people type often."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

NAMES = ("sor", "sor-backtest", "sor-producer", "sor-tui")


def variable(name: str) -> str:
    """The environment variable by which a shell asks the program of this name to complete, as click names it."""
    return f"_{name}_COMPLETE".replace("-", "_").upper()


@click.command(epilog='Example: eval "$(sor completion bash)"    (in ~/.bashrc; fish: sor completion fish | source)')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the lines that teach a shell to complete sor, sor-backtest, sor-producer and sor-tui."""
    kind = get_completion_class(shell)
    assert kind is not None
    for name in NAMES:
        script = kind(command, {}, name, variable(name))
        # Not `script.source()`, which starts a bash to ask its version, once for each name.
        click.echo(script.source_template % script.source_vars())
