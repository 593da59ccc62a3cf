"""A second, slow implementation of fills, samples and the headline, written from their rules alone."""

from __future__ import annotations

from reference.rules import Delay, Fee, Order, Rules
from reference.work import Worked, work

__all__ = ["Delay", "Fee", "Order", "Rules", "Worked", "work"]
