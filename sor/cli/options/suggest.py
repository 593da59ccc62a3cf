"""What a shell offers for an option's value. Whether a value is right is judged in sor.request, for all front ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Suggest(click.types.StringParamType):
    """Text for which a shell offers these words; given as a function where naming them imports something heavy."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        self.words = words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self.words() if word.startswith(incomplete)]


def strategies() -> Iterable[str]:
    from sor.core.spec import STRATEGIES
    from sor.plug_ins.find import names

    return (*STRATEGIES, *names())


FILE = click.Path()
STRATEGY = Suggest(strategies)
