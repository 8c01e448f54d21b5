"""Tells which rules a write changed: a line for each, or one line for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.core.learning.narration import narrated, summed_up

if TYPE_CHECKING:
    from alma_cli.store import DerivedChange

_LISTED = 10


def told_of(changes: Sequence[DerivedChange], *, reworded: bool = False) -> list[str]:
    """The lines on these changes, of outcomes that were `reworded` or are new; none for rules as sure as before."""
    if len(changes) > _LISTED:
        lines = [summed_up(((item.change, item.memory) for item in changes), reworded=reworded)]
    else:
        lines = [narrated(item.change, item.before, item.memory, reworded=reworded) for item in changes]
    return [*filter(None, lines)]
