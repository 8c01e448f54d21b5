"""The memories themselves, as frozen values.

Five kinds are remembered and retrieved; a sixth, `Credit`, says whether a retrieved one helped. All share the fields
of `Record`. Times are aware datetimes in UTC; ids are 32 hex digits. What came from a newer version and is not
understood here travels along in `extra`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

Kind: TypeAlias = Literal["anti_pattern", "heuristic", "preference", "knowledge", "outcome", "credit"]
Origin: TypeAlias = Literal["observed", "authored", "derived"]
Result: TypeAlias = Literal["success", "failure", "partial"]
JsonValue: TypeAlias = "str | int | float | bool | None | list[JsonValue] | dict[str, JsonValue]"

PROJECT_AGENT = "_project"
"""The agent of project-wide memories."""

GENERAL_DOMAIN = "general"
"""The domain of what was not recognised as any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every memory has: who learned it, about which domain, and where it came from."""

    kind: ClassVar[Kind]

    id: str
    project_id: str
    agent: str
    domain: str
    origin: Origin
    created_at: datetime
    updated_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    archived: bool = False
    extra: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The memory in one readable text."""
        raise NotImplementedError

    @property
    def topic(self) -> str:
        """The part that is compared with a task by meaning (and so is embedded)."""
        return self.text

    @property
    def relevant_at(self) -> datetime:
        """The time from which its recency counts."""
        return self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Record):
    """One thing that happened: a task, the strategy tried, and how it ended."""

    kind: ClassVar[Kind] = "outcome"

    task: str
    outcome: Result
    at: datetime
    strategy: str = ""
    feedback: str = ""
    error: str = ""
    duration_ms: int | None = None
    task_key: str = ""
    strategy_key: str = ""

    @property
    def text(self) -> str:
        """Task, result and strategy, with the error or feedback when there is one."""
        parts = [f"{self.task} [{self.outcome}]", self.strategy, self.error, self.feedback]
        return " - ".join(part for part in parts if part)

    @property
    def topic(self) -> str:
        """The task."""
        return self.task

    @property
    def relevant_at(self) -> datetime:
        """When it happened."""
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Heuristic(Record):
    """When `condition`, `strategy` works: derived from outcomes, or authored by a person."""

    kind: ClassVar[Kind] = "heuristic"

    condition: str
    strategy: str
    occurrences: int = 0
    successes: float = 0.0
    confidence: float = 0.5
    last_validated_at: datetime | None = None
    task_key: str = ""
    strategy_key: str = ""

    @property
    def success_rate(self) -> float | None:
        """Successes over occurrences, a partial success being half; None without occurrences."""
        return self.successes / self.occurrences if self.occurrences else None

    @property
    def text(self) -> str:
        """Condition and strategy."""
        return f"When {self.condition}: {self.strategy}" if self.strategy else self.condition

    @property
    def topic(self) -> str:
        """The condition."""
        return self.condition

    @property
    def relevant_at(self) -> datetime:
        """When it last proved itself, or else was written."""
        return self.last_validated_at or self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AntiPattern(Record):
    """What not to do, why, and what works better instead."""

    kind: ClassVar[Kind] = "anti_pattern"

    pattern: str
    why_bad: str = ""
    better_alternative: str = ""
    occurrences: int = 0
    successes: float = 0.0
    last_seen_at: datetime | None = None
    task_key: str = ""
    strategy_key: str = ""

    @property
    def text(self) -> str:
        """Pattern, reason and alternative."""
        why = f" - {self.why_bad}" if self.why_bad else ""
        instead = f" - instead: {self.better_alternative}" if self.better_alternative else ""
        return f"Avoid: {self.pattern}{why}{instead}"

    @property
    def topic(self) -> str:
        """The pattern."""
        return self.pattern

    @property
    def relevant_at(self) -> datetime:
        """When it was last seen, or else was written."""
        return self.last_seen_at or self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference(Record):
    """A user's constraint or style; with an empty `user_id`, everybody's."""

    kind: ClassVar[Kind] = "preference"

    preference: str
    user_id: str = ""
    category: str = ""
    source: str = ""
    confidence: float = 1.0

    @property
    def text(self) -> str:
        """The preference, under its category."""
        return f"{self.category}: {self.preference}" if self.category else self.preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge(Record):
    """A fact in a domain."""

    kind: ClassVar[Kind] = "knowledge"

    fact: str
    source: str = ""
    confidence: float = 1.0
    last_verified_at: datetime | None = None

    @property
    def text(self) -> str:
        """The fact."""
        return self.fact

    @property
    def relevant_at(self) -> datetime:
        """When it was last verified, or else was written."""
        return self.last_verified_at or self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit(Record):
    """That a retrieved memory (`target`) helped (+1) or misled (-1), perhaps in a certain outcome."""

    kind: ClassVar[Kind] = "credit"

    target: str
    value: int
    at: datetime
    outcome_id: str = ""

    @property
    def text(self) -> str:
        """What was said about which memory."""
        return f"{'helped' if self.value > 0 else 'misled'}: {self.target}"


RECORD_TYPES: Mapping[Kind, type[Record]] = {
    cls.kind: cls for cls in (AntiPattern, Heuristic, Preference, Knowledge, Outcome, Credit)
}
"""Each kind's class; memories in the order in which `retrieve` shows them."""

FIELD_NAMES: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(each.name for each in fields(cls)) for kind, cls in RECORD_TYPES.items()
}
"""The fields that the records of each kind have, in their order."""

RETRIEVED_KINDS: tuple[Kind, ...] = tuple(kind for kind in RECORD_TYPES if kind != "credit")
"""The kinds that `retrieve` gives, in its order."""

MAIN_FIELDS: Mapping[Kind, str] = {
    "anti_pattern": "pattern",
    "heuristic": "condition",
    "preference": "preference",
    "knowledge": "fact",
    "outcome": "task",
    "credit": "target",
}
"""The field of each kind that can't be empty, which `correct` replaces."""
