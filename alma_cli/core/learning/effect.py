"""Tells whether memories help: how often work succeeds with them, and where they were withheld by lot."""

import math
from typing import NamedTuple

from alma_cli.core.learning.derive import Bounds, wilson
from alma_cli.core.records import JsonValue

_Z = 1.96
"""95% between the bounds."""


class Succeeded(NamedTuple):
    """The number of outcomes, and how many of them worked, a partial success being half."""

    outcomes: int = 0
    worked: float = 0.0

    @property
    def rate(self) -> float | None:
        """The share that worked; None without outcomes."""
        return self.worked / self.outcomes if self.outcomes else None

    @property
    def bounds(self) -> Bounds:
        """Wilson's bounds of the rate, at 95%."""
        return wilson(self.worked, self.outcomes, z=_Z)

    def to_json(self) -> dict[str, JsonValue]:
        """The counts, the rate and its bounds as a JSON object."""
        bounds: JsonValue = [round(self.bounds.lower, 4), round(self.bounds.upper, 4)] if self.outcomes else None
        rate = None if self.rate is None else round(self.rate, 4)
        return {"outcomes": self.outcomes, "worked": self.worked, "rate": rate, "bounds": bounds}


class Effect(NamedTuple):
    """Outcomes of turns that were shown memories, and of those from which fitting ones were withheld."""

    shown: Succeeded
    withheld: Succeeded

    @property
    def difference(self) -> tuple[float, float, float] | None:
        """The difference of the rates, and its 95% bounds; None where one has no outcomes.

        Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.
        """
        one, other = self.shown.rate, self.withheld.rate
        if one is None or other is None:
            return None
        ours, theirs = self.shown.bounds, self.withheld.bounds
        low = math.hypot(one - ours.lower, theirs.upper - other)
        high = math.hypot(ours.upper - one, other - theirs.lower)
        return one - other, one - other - low, one - other + high

    def to_json(self) -> dict[str, JsonValue]:
        """The effect as a JSON object; the difference is in shares of 1."""
        known = self.difference
        difference: JsonValue = None if known is None else [round(number, 4) for number in known]
        return {"shown": self.shown.to_json(), "withheld": self.withheld.to_json(), "difference": difference}
