"""Groups texts that go through the model together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKENS_IN_BATCH = 512  # with padding; larger batches are slower, they leave the cache


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Every index of `lengths` once, longest first, in groups of at most 512 tokens when padded."""
    groups: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not room:
            groups.append([])
            room = max(1, _TOKENS_IN_BATCH // lengths[index])
        groups[-1].append(index)
        room -= 1
    return groups
