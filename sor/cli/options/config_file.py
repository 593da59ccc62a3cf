"""The option `--config FILE.toml`: any option of the command by its name; what is typed goes before the file."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import click

from sor.cli.options.suggest import FILE
from sor.errors import InputError


def _read(context: click.Context, _: click.Parameter, path: str | None) -> None:
    """What the file says becomes the command's defaults, as if it had been typed."""
    if path is None:
        return
    from sor.files.toml_file import read_toml

    options = {
        word.lstrip("-"): option
        for option in context.command.params
        if isinstance(option, click.Option) and option.name not in ("config", "help")
        for word in option.opts
    }
    found: dict[str, Any] = {}
    for key, value in read_toml(Path(path), f"file of options of {context.command_path}").items():
        option = options.get(key.replace("_", "-"))
        if option is None:
            raise InputError(f"{path}: unknown option {key!r}{_nearest(key.replace('_', '-'), options)}")
        assert option.name is not None
        found[option.name] = _typed(f"{path}: {key}", option, value)
    context.default_map = {**(context.default_map or {}), **found}


def _nearest(key: str, options: dict[str, click.Option]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, options, 1)
    return f"; did you mean {close[0]!r}?" if close else "; it takes the names of the options, without the dashes"


def _typed(where: str, option: click.Option, value: Any) -> Any:
    """The value as it would have been typed. InputError where the option cannot have it."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise InputError(f"{where} must be true or false")
        return value
    items = value if isinstance(value, list) else [value]
    if not items or any(isinstance(item, bool | dict | list) for item in items):
        raise InputError(f"{where} must be one value or a list of values")
    texts = [item.isoformat() if isinstance(item, date | time) else str(item) for item in items]
    return tuple(texts) if option.multiple else ",".join(texts)  # a grid of numbers is typed with commas


config_option = click.option(
    "--config",
    type=FILE,
    metavar="FILE.toml",
    is_eager=True,
    expose_value=False,
    callback=_read,
    help="A TOML file of options by their names; what is typed goes before it.",
)
