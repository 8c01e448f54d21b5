"""Tells which rules a write changed: a line for each, or one line for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.core.learning.narration import narrated, summed_up

if TYPE_CHECKING:
    from alma_cli.store import DerivedChange

_LISTED = 10


def told_of(changes: Sequence[DerivedChange]) -> list[str]:
    """The lines on these changes; none for rules that are as sure as before."""
    if len(changes) > _LISTED:
        lines = [summed_up((item.change, item.memory) for item in changes)]
    else:
        lines = [narrated(item.change, item.before, item.memory) for item in changes]
    return [*filter(None, lines)]
