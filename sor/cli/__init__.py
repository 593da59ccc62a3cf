"""The command line: thin commands over the core, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module

import click

import sor
from sor.errors import SorError
from sor.running.collector import leave
from sor.running.one_thread import ONE_THREAD
from sor.text import say

LONGEST_WORD = 300  # longer than any name of a file

# command -> (module, one line for the list of commands). The module is imported when its command is
# typed, not before: `sor --help` must answer at once.
COMMANDS = {
    "backtest": ("sor.cli.backtest", "Route a parent order over a tape or a stream and report the savings."),
    "report": ("sor.cli.report", "Show a report that was kept, or make a page of it to mail."),
    "compare": ("sor.cli.compare", "Set reports side by side: runs, routers, days."),
    "produce": ("sor.cli.stream.produce", "Stream a tape to a Kafka topic as a live market would."),
    "consume": ("sor.cli.stream.consume", "Write a run of a Kafka topic, or a stretch of it, to a tape."),
    "tca": ("sor.cli.tca", "Analyse executions of your own against a tape, and what strategies would have paid."),
    "place": ("sor.cli.place", "Solve one Cont-Kukanov order placement problem, JSON in, JSON out."),
    "data": ("sor.cli.data", "Look at, make and convert tapes."),
    "kafka": ("sor.cli.stream.kafka", "Run a real local broker and ZooKeeper for development and tests."),
    "paper": ("sor.cli.paper", "Reproduce the figures and tables of Cont and Kukanov."),
    "sweep": ("sor.cli.sweep", "Run many orders over many tapes and parameters, in parallel."),
    "strategy": ("sor.cli.strategy", "Write, check and list strategies of your own."),
    "doctor": ("sor.cli.doctor", "Check this machine, name what is wrong and the command that fixes it."),
    "tui": ("sor.cli.tui", "Open the terminal interface."),
    "completion": ("sor.cli.completion", "Print what teaches a shell to complete these commands."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are called. Groups within `sor` have their own `table`."""

    table = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        command = import_module(self.table[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: sor backtest --json    (the bundled tape, 5,000 shares to buy)",
)
@click.version_option(sor.__version__, prog_name="sor")
def cli() -> None:
    """A smart order router backtester: exact, fast, honest in its numbers."""


def run(args: list[str], name: str) -> int:
    """Run the program and return its exit code; every error is one line on standard error."""
    _open_closed_streams()
    for variable, value in ONE_THREAD.items():  # what the user has set stays
        os.environ.setdefault(variable, value)
    # Reports go to pipes that close early (`| head`), and a closed pipe is not an error of ours.
    try:
        result = cli.main(args=args, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except click.exceptions.NoArgsIsHelpError as error:
        say(*error.format_message().splitlines())
        return 2
    except click.ClickException as error:
        return _fail(_one_line(error), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except SorError as error:
        return _fail(str(error), error.exit_code)
    except MemoryError:
        return _fail("out of memory: use a smaller tape, or a Parquet tape with --start and --end", 1)
    except OSError as error:
        return _fail(f"{_where(error)}{error.strerror or error}", 1)
    except Exception as error:
        if os.environ.get("SOR_DEBUG"):
            raise
        return _fail(f"a defect of sor, please report it: {error!r}; with SOR_DEBUG=1 it says where", 1)


def _open_closed_streams() -> None:
    """Where a caller closed a standard stream, the next file opened would get its number, and what is meant for people
    would be written into it. Standard error goes nowhere then; writing to a closed standard output stays an error.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  # for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def _where(error: OSError) -> str:
    """Files of ours carry their name in their errors; what is left of these two is standard output."""
    if error.filename:
        return f"{error.filename}: "
    return "standard output: " if error.errno in (errno.ENOSPC, errno.EBADF) else ""


def _one_line(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message} (see: {error.ctx.command_path} --help)"
    return message


def _fail(message: str, code: int) -> int:
    say(f"sor: {' '.join(map(_short, message.split()))}")
    return code


def _short(word: str) -> str:
    """What was typed is shown again, but not all of 5,000 digits."""
    return word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}...({len(word):,} characters)"


def main() -> None:
    """Entry point of `sor`."""
    leave(run(sys.argv[1:], "sor"))


def backtest_main() -> None:
    """Entry point of `sor-backtest`, the same as `sor backtest`."""
    _alias("sor-backtest", "backtest")


def produce_main() -> None:
    """Entry point of `sor-producer`, the same as `sor produce`."""
    _alias("sor-producer", "produce")


def tui_main() -> None:
    """Entry point of `sor-tui`, the same as `sor tui`."""
    _alias("sor-tui", "tui")


def _alias(name: str, command: str) -> None:
    """Run one command under a name of its own, with `--version` as the program has it."""
    _complete_alias(name, command)
    args = sys.argv[1:]
    leave(run(args if args == ["--version"] else [command, *args], "sor"))


def _complete_alias(name: str, command: str) -> None:
    """Answer a shell that asks for completions of `name`: click does so for `sor` only."""
    from sor.cli.completion import variable

    asked = os.environ.get(variable(name))
    if not asked:
        return
    from click.shell_completion import shell_complete

    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    sys.exit(shell_complete(found, {}, name, variable(name), asked))
