"""What a paced run asks of the system, and that it gives everything back."""

from __future__ import annotations

import gc
import os
import sys
import threading

import pytest

from sor.stream.produce.realtime import RealtimePriority, undisturbed

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="skipped: this system has no such call")


def policy() -> int:
    return os.sched_getscheduler(0)


@pytest.fixture
def allowed() -> None:
    """Real-time priority is for root, and for anyone who has a limit `rtprio`."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pytest.skip("skipped: no right to real-time priority here")
    os.sched_setscheduler(0, *before)


def state() -> tuple[int, float, int]:
    return policy(), sys.getswitchinterval(), gc.get_freeze_count()


def fail_inside(inside: list[tuple[int, float, int]]) -> None:
    with undisturbed():
        inside.append(state())
        raise ValueError("in the middle")


def test_everything_is_as_before_afterwards() -> None:
    before = state()
    inside: list[tuple[int, float, int]] = []
    with pytest.raises(ValueError, match="in the middle"):
        fail_inside(inside)
    assert inside[0][1] < before[1]
    assert inside[0][2] > 0
    assert state() == before


def test_threads_begun_inside_are_first_in_line_too(allowed: None) -> None:
    seen: list[int] = []
    with undisturbed():
        thread = threading.Thread(target=lambda: seen.append(policy()))
        thread.start()
        thread.join()
        seen.append(policy())
    assert seen == [os.SCHED_FIFO, os.SCHED_FIFO]


def test_what_is_given_back_early_is_not_taken_again(allowed: None) -> None:
    before = policy()
    with undisturbed() as first:
        first.give_back()
        assert policy() == before
        first.give_back()
    assert policy() == before


def test_who_has_no_right_goes_on_as_he_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    before = policy()
    with RealtimePriority() as first:
        assert policy() == before
        first.give_back()


def test_a_system_without_such_calls_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setscheduler")
    with RealtimePriority() as first:
        first.give_back()
