"""The local broker against the real thing: both versions, every way of dying, both directions of an upgrade."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from sor.broker import ports

pytestmark = pytest.mark.broker


def test_up(broker):
    assert broker.local.is_ready()
