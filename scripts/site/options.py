#!/usr/bin/env python3
"""Print a page of every command of `sor` and its options, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from sor.cli import cli

INTRO = """# Commands and options

One program, `sor`, and three names that people type often: `sor-backtest` is `sor backtest`, `sor-producer` is
`sor produce`, `sor-tui` is `sor tui`. Results go to standard output, everything for people to standard error. Exit
codes: 0 done, 1 failed, 2 wrong use or input, 130 interrupted. `eval "$(sor completion bash)"` teaches a shell the
commands and their options (zsh and fish too).
"""


def main() -> None:
    """The page, as Markdown, on standard output."""
    context = click.Context(cli, info_name="sor")
    print("\n".join([INTRO, *_commands(cli, context)]))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield from _command(command, inner)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    depth = context.command_path.count(" ")
    yield f"{'#' * (depth + 1)} {context.command_path}\n"
    if not isinstance(command, click.Group):
        yield f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield _escaped(" ".join((command.help or "").split())) + "\n"
    if command.epilog:
        yield _epilog(command.epilog)
    rows = [_option(option, context) for option in command.params if isinstance(option, click.Option)]
    if rows := [row for row in rows if row]:
        yield "| option | |\n|---|---|"
        yield "\n".join(rows) + "\n"


def _option(option: click.Option, context: click.Context) -> str:
    """A row of the table; nothing for an option that is not shown."""
    record = option.get_help_record(context)
    if record is None:
        return ""
    names, help_text = record
    return f"| `{_cell(names)}` | {_escaped(_cell(help_text))} |"


def _epilog(text: str) -> str:
    """Examples: what follows their first colon is to be typed."""
    lead, colon, example = " ".join(text.replace("\b", "").split()).partition(":")
    return f"{_escaped(lead)}:\n\n```text\n{example.strip()}\n```\n" if colon else f"{_escaped(text)}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    """What Markdown or HTML would read as something else, outside of code."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[") for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    main()
