"""The one place where templates become pages.

Whatever is printed into a template is escaped, and what cannot be seen in it (control characters, marks that turn the
direction of text) is written out: names come from tapes, and a tape may say anything.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from sor.report.pages.figures import words
from sor.text import plain


def render(template: str, **context: Any) -> str:
    """A template of sor/report/pages/templates with what it needs. ValueError where a report lacks what is shown."""
    try:
        return _environment().get_template(template).render(**context)
    except UndefinedError as error:
        raise ValueError(str(error)) from None


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("sor.report.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    made.filters["words"] = words
    loader = made.loader
    assert loader is not None
    # Our own style sheet is no text from outside.
    made.globals["style"] = Markup(loader.get_source(made, "style.css")[0])  # nosec B704
    return made


def _seen(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
