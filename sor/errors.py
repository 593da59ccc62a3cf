"""The one error family. Every error a user can cause is one of these: one line, and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong use or input, 130 interrupted.
"""

import re


class SorError(Exception):
    """Something went wrong that the user should read about in one line."""

    exit_code = 1


class InputError(SorError):
    """The user's input is wrong: a file, a value, an option."""

    exit_code = 2


class MissingExtraError(InputError):
    """An optional package is needed and is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: {install_command(extra)}")


def install_command(extra: str) -> str:
    """What to type for an extra of this package, by the names of what it brings: those are on an index, sor is not.

    >>> install_command("dbn")
    "pip install 'databento-dbn>=0.30'"
    """
    from importlib.metadata import requires

    wanted = [re.split(r"\s*;\s*", line) for line in requires("sor-backtest") or ()]
    names = [name for name, *marker in wanted if marker and re.fullmatch(rf"extra == ['\"]{extra}['\"]", marker[0])]
    return f"pip install {' '.join(repr(name) for name in names)}"


class StreamError(SorError):
    """The broker or the stream failed us."""


class BrokerAwayError(StreamError):
    """No broker answers; it may come back."""


class RunError(StreamError):
    """One run of a topic cannot be read as it was sent; the topic's other runs may well be."""


class StrategyError(InputError):
    """A strategy of the user's own raised an error or broke a rule."""
