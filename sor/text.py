"""Text from outside on its way to a terminal or a page: it may say anything, and command nothing.

Names of files, columns, symbols and runs, cells of a tape, headers of a message: all of them can hold escape sequences
that move the cursor, rename the window or write to the clipboard, and marks that turn the direction of what follows.
Whatever goes to a terminal goes through `say`, `terminal` or (on the screens) `harmless`; whatever goes to a
page goes through `plain` and the templates' escaping (sor.report.pages.render); JSON goes through `json_text`.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# DEL and the C1 controls, the marks that turn or hide text, line and paragraph separators, lone surrogates.
_UNSAFE_IN_JSON = "\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ud800-\\udfff"
_JSON = re.compile(f"[{_UNSAFE_IN_JSON}]")
_UNSAFE = re.compile(f"[\\x00-\\x1f{_UNSAFE_IN_JSON}]")


def plain(text: object) -> str:
    """One line that any terminal shows as it stands: what cannot be printed shows as \\x1b, \\u202e and so on."""
    words = str(text)
    return words if words.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in words)


def harmless(text: str) -> str:
    """Without what would command a terminal: for screens, whose lines may not change their width."""
    return _UNSAFE.sub("", text)


def shorten(text: object, most: int = 100) -> str:
    """At most `most` characters, the last three of them dots where something was cut off; then as `plain`."""
    words = str(text)
    return plain(words if len(words) <= most else f"{words[: most - 3]}...")


def quoted(text: object, most: int = 100) -> str:
    """In quotation marks, shortened: for a value from outside in the midst of a sentence."""
    return repr(shorten(text, most)).replace("\\\\", "\\")


def json_text(text: str) -> str:
    """JSON as it was written, but for what a terminal would obey: in JSON an escape means the same character."""
    return _JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(*lines: object, to: IO[str] | None = None) -> None:
    """Lines for people, on standard error unless `to` says otherwise; one that is closed is no reason to fail."""
    text = "".join(f"{plain(line)}\n" for line in lines)
    if to is not None:
        to.write(text)
        to.flush()
    elif sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


def terminal(**options: Any) -> Console:
    """A console of rich whose texts, from anyone, command nothing."""
    from rich.console import Console
    from rich.segment import Segment

    class Outside:
        """A renderable whose segments have been made plain."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __rich_console__(self, console: Console, options: Any) -> Any:
            for segment in console.render(self._inner, options):
                text = segment.text if segment.control else _lines(segment.text)
                yield Segment(text, segment.style, segment.control)

    class Hook:
        def process_renderables(self, renderables: list[Any]) -> list[Any]:
            return [Outside(one) for one in renderables]

    made = Console(**options)
    made.push_render_hook(Hook())  # type: ignore[arg-type]  # its class has nothing but this method
    return made


def _lines(text: str) -> str:
    return "\n".join(map(plain, text.split("\n")))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
