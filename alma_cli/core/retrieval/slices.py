"""The result of one retrieve: a few memories of each kind, best first, each with the reasons for its place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alma_cli.core.codec import to_json
from alma_cli.core.records import PLURALS, RETRIEVED_KINDS, JsonValue, Kind, Origin, Record
from alma_cli.core.retrieval.prompt import Line, fitting, rendered
from alma_cli.core.retrieval.ranking import Ranked
from alma_cli.core.text import shown
from alma_cli.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that was found. It has its record's fields as attributes besides its own.

    Those that memories of every kind have are typed here. One that is not `sure` is among the nearest, and may not fit.
    """

    record: Record
    ranked: Ranked
    sure: bool = True

    @property
    def score(self) -> float:
        """The score by which it was ranked, in [0, 1]."""
        return self.ranked.score

    @property
    def similarity(self) -> float:
        """How surely it is about the task, in [0, 1]; absolute, so it compares between retrieves."""
        return self.ranked.similarity

    @property
    def id(self) -> str:
        """32 hex digits."""
        return self.record.id

    @property
    def kind(self) -> Kind:
        """heuristic, anti_pattern, preference, knowledge or outcome."""
        return self.record.kind

    @property
    def text(self) -> str:
        """The memory in one readable text."""
        return self.record.text

    @property
    def agent(self) -> str:
        """The agent that learned it; `_project` for everybody's."""
        return self.record.agent

    @property
    def domain(self) -> str:
        """The subject it belongs to."""
        return self.record.domain

    @property
    def origin(self) -> Origin:
        """observed, authored or derived."""
        return self.record.origin

    @property
    def labels(self) -> Mapping[str, str]:
        """Names and values that it was given."""
        return self.record.labels

    @property
    def created_at(self) -> datetime:
        """When it was first stored."""
        return self.record.created_at

    @property
    def updated_at(self) -> datetime:
        """When it was last changed."""
        return self.record.updated_at

    def __getattr__(self, name: str) -> Any:
        """Any other field of the record."""
        if name in ("record", "ranked", "sure"):  # not set yet, as while it is copied
            raise AttributeError(name)
        return getattr(self.record, name)

    def to_json(self, *, explain: bool = False) -> dict[str, JsonValue]:
        """The hit as a JSON object; with `explain`, every term of its score."""
        shown: dict[str, JsonValue] = {
            **to_json(self.record),
            "score": round(self.score, 6),
            "similarity": round(self.similarity, 6),
            "sure": self.sure,
            "text": self.record.text,
        }
        if self.ranked.candidate.pooled_occurrences:
            shown["in_such_tasks"] = {
                "occurrences": round(self.ranked.candidate.pooled_occurrences, 3),
                "successes": round(self.ranked.candidate.pooled_successes, 3),
            }
        if explain:
            shown["explain"] = explanation(self.ranked)
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySlice:
    """The memories worth knowing for a task, by kind; `near_misses` are the best that were left out, if `explained`.

    Its hits are all sure or, where none is, all the nearest that may fit; `over_budget` says that there are some, and
    none fits into the budget of tokens.
    """

    retrieval_id: str
    agent: str
    task: str
    when: str = ""
    anti_patterns: Sequence[Hit] = ()
    heuristics: Sequence[Hit] = ()
    preferences: Sequence[Hit] = ()
    knowledge: Sequence[Hit] = ()
    outcomes: Sequence[Hit] = ()
    tokens: int = 0
    retrieval_ms: float = 0.0
    near_misses: Sequence[tuple[Hit, str]] = ()
    explained: bool = False
    considered: int = 0
    over_budget: bool = False
    warnings: Sequence[str] = ()
    count_tokens: Callable[[str], int] = field(default=len, repr=False, compare=False)

    def __iter__(self) -> Iterator[Hit]:
        """All hits, in the order they are shown."""
        for kind in RETRIEVED_KINDS:
            yield from getattr(self, PLURALS[kind])

    @property
    def sure(self) -> Sequence[Hit]:
        """The hits that surely fit."""
        return [hit for hit in self if hit.sure]

    def __len__(self) -> int:
        """How many hits there are."""
        return sum(1 for _ in self)

    def to_prompt(self, max_tokens: int = 2000) -> str:
        """Markdown for a model's context, of at most `max_tokens` tokens; empty when nothing is known or fits."""
        if not isinstance(max_tokens, int):
            raise InvalidInput(f"max_tokens: expected a whole number, got {shown(max_tokens)}")
        lines = [Line(hit.record, hit.score, sure=hit.sure) for hit in self]
        return rendered(fitting(lines, self.agent, max_tokens, self.count_tokens), self.agent)

    def to_json(self, *, explain: bool = False) -> dict[str, JsonValue]:
        """The slice as a JSON object."""
        shown: dict[str, JsonValue] = {
            "retrieval_id": self.retrieval_id,
            "agent": self.agent,
            "task": self.task,
            "when": self.when,
            "tokens": self.tokens,
            "retrieval_ms": round(self.retrieval_ms, 3),
            "considered": self.considered,
        }
        for kind in RETRIEVED_KINDS:
            shown[PLURALS[kind]] = [hit.to_json(explain=explain) for hit in getattr(self, PLURALS[kind])]
        if explain:
            shown["near_misses"] = [
                {"left_out": reason, **hit.to_json(explain=True)} for hit, reason in self.near_misses
            ]
        return shown


def explanation(ranked: Ranked) -> dict[str, JsonValue]:
    """The explanation of a score: each term, the raw signals, and the rank by each signal."""
    candidate = ranked.candidate
    return {
        "terms": [
            {
                "name": term.name,
                "raw": None if term.raw is None else round(term.raw, 6),
                "value": round(term.value, 6),
                "weight": term.weight,
                "points": round(points, 6),
            }
            for term, points in zip(ranked.terms, ranked.points, strict=True)
        ],
        "cosine": None if candidate.cosine is None else round(candidate.cosine, 6),
        "cosine_rank": ranked.cosine_rank,
        "bm25": round(candidate.bm25, 6),
        "keyword_rank": ranked.keyword_rank,
        "words_matched": round(candidate.matched, 6),
        "rare_match": candidate.rare_match,
        "age_days": round(candidate.age_days, 3),
        "credit": candidate.credit,
    }
