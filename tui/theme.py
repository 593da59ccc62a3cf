"""A dark and a light theme in the colours of the report's pictures, which the colour-blind can tell apart.

M. Okabe, K. Ito, "Color universal design" (2008). Wherever a colour says something, a word or a shape says it too.
"""

from __future__ import annotations

from dataclasses import replace

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="sor-dark",
    primary="#56B4E9",
    secondary="#0072B2",
    success="#2FBF8F",
    warning="#E69F00",
    error="#F0703A",
    accent="#CC79A7",
    foreground="#D8DEE4",
    background="#11151A",
    surface="#161B22",
    panel="#1D242D",
    dark=True,
)
LIGHT = Theme(
    name="sor-light",
    primary="#0072B2",
    secondary="#56B4E9",
    success="#00795A",
    warning="#9A6700",
    error="#B5420B",
    accent="#A3208F",
    foreground="#1F2328",
    background="#FBFBF9",
    surface="#F3F3EF",
    panel="#E8E8E2",
    dark=False,
    # Textual darkens the colours of text until brown and purple look alike; these are dark enough as they are.
    variables={
        "text-primary": "#0072B2",
        "text-success": "#00795A",
        "text-warning": "#9A6700",
        "text-error": "#B5420B",
        "text-accent": "#A3208F",
    },
)
# The terminal's own colours; Textual's theme has the same green for what is good and for an accent.
SIXTEEN = replace(BUILTIN_THEMES["ansi-dark"], name="sor-16", accent="ansi_magenta")


def ansi(theme: Theme) -> TerminalTheme:
    """What the printed tables' red, green and so on are in this theme."""
    names = (theme.background, theme.error, theme.success, theme.warning, theme.primary, theme.accent, theme.primary,
             theme.foreground)  # fmt: skip
    colours = [Color.parse(name or "#808080").rgb for name in names]
    return TerminalTheme(colours[0], colours[-1], colours, colours)
