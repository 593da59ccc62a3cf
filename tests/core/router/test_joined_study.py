"""A study that waits for those of others: once, as soon as its own slices are over, and at the end at the latest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sor.core.router.joined_study import JoinedStudy


def noted(over: bool) -> tuple[JoinedStudy, Any, list[Any]]:
    """A joined study, its own one, and what becomes of them."""
    calls: list[Any] = []
    history = SimpleNamespace(
        on_end=lambda: calls.append("no more books"), join=lambda one: calls.append(("history", one))
    )
    study: Any = SimpleNamespace(
        over=over,
        problems=SimpleNamespace(history=history),
        on_book=lambda book: calls.append(book),
        on_end=lambda *, stopped: calls.append(("end", stopped)),
        join=lambda slices: calls.append(("slices", slices)),
    )
    others: Any = [SimpleNamespace(slices=n, history=n) for n in (1, 2)]

    def wait() -> Any:
        calls.append("wait")
        return others

    return JoinedStudy(study, wait, lambda found: calls.append(len(found))), study, calls


JOINED = ["wait", "no more books", ("slices", 1), ("history", 1), ("slices", 2), ("history", 2), 2]


def test_it_waits_once_its_own_slices_are_over_and_before_anyone_sees_the_book() -> None:
    joined, study, calls = noted(over=False)
    book: Any = "book"
    joined.on_book(book)
    assert calls == ["book"]
    study.over = True
    joined.on_book(book)
    assert calls == ["book", "book", *JOINED]
    joined.on_book(book)
    joined.on_end()
    assert calls[9:] == ["book", ("end", False)]


def test_at_the_end_it_waits_whether_its_slices_are_over_or_not() -> None:
    joined, _, calls = noted(over=False)
    joined.on_end(stopped=True)
    assert calls == [("end", True), *JOINED]
