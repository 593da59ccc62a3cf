"""What is said to the operator, and what is asked."""

from __future__ import annotations

import os
import sys

from settings import DeployError


def say(text: str) -> None:
    """Progress goes to standard error: standard output holds what can be piped on."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def chosen(option: str) -> bool:
    """Whether an option such as AUTO=1 was given for this call."""
    return os.environ.get(f"SOR_DEPLOY_{option}") == "1"


def confirm(question: str) -> bool:
    """AUTO=1 answers yes; so does a person who types yes."""
    if chosen("AUTO"):
        return True
    if not sys.stdin.isatty():
        raise DeployError("nobody is there to confirm: run it in a terminal, or with AUTO=1")
    return input(f"{question} Type yes: ").strip() == "yes"
