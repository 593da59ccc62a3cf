"""The one error family. Every error a user can cause is one of these: one line, and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong use or input, 130 interrupted.
"""


class SorError(Exception):
    """Something went wrong that the user should read about in one line."""

    exit_code = 1


class InputError(SorError):
    """The user's input is wrong: a file, a value, an option."""

    exit_code = 2


class MissingExtraError(InputError):
    """An optional package is needed and is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'sor-backtest[{extra}]'")


class StreamError(SorError):
    """The broker or the stream failed us."""
