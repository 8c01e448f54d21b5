"""Holds the answers of the tools: the SDK makes a schema of each of these classes."""

from dataclasses import dataclass, field
from typing import Any

from alma_cli.api.learn import Similar


@dataclass
class Memory:
    """A memory that was found; one that is not sure is among the nearest, and may not fit."""

    id: str
    kind: str
    agent: str
    domain: str
    score: float
    text: str
    sure: bool


@dataclass
class Retrieved:
    """The memories worth knowing for a task, and all of them as Markdown (`prompt`); empty when nothing is relevant."""

    retrieval_id: str
    prompt: str
    memories: list[Memory] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Searched:
    """The memories found, best first; `score` is how surely each fits. If not `sure`, they are only the nearest."""

    memories: list[Memory] = field(default_factory=list)
    sure: bool = True
    more: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass
class Recorded:
    """The outcome that was recorded, and what was derived anew because of it."""

    id: str
    domain: str
    queued: bool
    derived: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    similar: list[Similar] = field(default_factory=list)
    same: str = ""
    """If the first of `similar` says the same, the answer for `apply_reflection`."""


@dataclass
class Worksheet:
    """Outcomes to give general words, and what is asked (`prompt`); empty when none wait."""

    prompt: str
    left: int


@dataclass
class Answered:
    """The result of an answer: how many outcomes got words, what looks alike, which rules came, which lines failed."""

    worded: int
    left: int
    new: list[str] = field(default_factory=list)
    single: list[str] = field(default_factory=list)
    alike: list[list[str]] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Added:
    """The memory that was added or, if `is_new` is false, the one that says the same already."""

    id: str
    is_new: bool
    similar: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class EvidenceLine:
    """An outcome from which a rule grew."""

    id: str
    outcome: str
    at: str
    task: str


@dataclass
class Shown:
    """A memory, as `alma show --json` gives it, and the newest outcomes from which it grew, newest first."""

    memory: dict[str, Any]
    evidence: list[EvidenceLine] = field(default_factory=list)


@dataclass
class Done:
    """The ids that were affected."""

    ids: list[str]


@dataclass
class Counts:
    """How much is remembered: of each kind, and in all."""

    total: int
    by_kind: dict[str, int]
