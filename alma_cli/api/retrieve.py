"""Finding the few memories that are worth knowing before a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from time import perf_counter
from typing import Any, TypedDict

from alma_cli.api import retrievals
from alma_cli.api.arguments import number, whole_number
from alma_cli.api.session import Session, new_id
from alma_cli.core.asking import parts_of, split_task
from alma_cli.core.records import PLURALS, RETRIEVED_KINDS, Heuristic, Kind, Record
from alma_cli.core.retrieval.prompt import Line, fitting, rendered
from alma_cli.core.retrieval.ranking import Ranked, Rules, news_first, rank
from alma_cli.core.retrieval.slices import Hit, MemorySlice
from alma_cli.core.scopes.visibility import views
from alma_cli.core.text import alike_form, clean, composed
from alma_cli.core.words import identifiers, query_terms
from alma_cli.embedding import count_tokens
from alma_cli.errors import InvalidInput
from alma_cli.logs import debug, info
from alma_cli.store import Pool, Reader, Search, SearchResult

NEAR_MISSES = 5
_FETCHED_PER_PLACE = 3
"""Records fetched for each place in the answer, so that near-identical ones can be left out."""
_SAY_NOTHING = frozenset(
    ["a", "an", "the", "please", "is", "are", "was", "were", "be", "been", "that", "this", "our", "my"]
)


class RetrieveOptions(TypedDict, total=False):
    """The options of a retrieve besides task, agent and `top_k`.

    `user` is whose preferences are wanted besides everybody's; `kinds` are the only ones wanted; what scores less than
    `min_score` is hidden; `explain` keeps the best that were left out.
    """

    user: str
    kinds: Sequence[Kind]
    min_score: float | None
    max_tokens: int | None
    explain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The wish of a retrieve; None takes the configuration's value. Raises `InvalidInput` for an impossible one."""

    task: str
    agent: str
    top_k: int | None = None
    user: str = ""
    kinds: Sequence[Kind] = ()
    min_score: float | None = None
    max_tokens: int | None = None
    explain: bool = False

    def __post_init__(self) -> None:
        if self.top_k is not None:
            whole_number("top_k", self.top_k, low=1, high=100)
        if self.min_score is not None:
            number("min_score", self.min_score, low=0, high=1)
        if self.max_tokens is not None:
            whole_number("max_tokens", self.max_tokens, low=1, high=1_000_000)
        for kind in self.kinds:
            if kind not in RETRIEVED_KINDS:
                raise InvalidInput(f"kinds: expected {', '.join(RETRIEVED_KINDS)}, got {kind!r}")


def retrieve(session: Session, wanted: Wanted) -> MemorySlice:
    """The memories worth knowing for a task, best first within each kind.

    Raises `InvalidInput` for an empty task or an agent that isn't there, and what opening the store raises.
    """
    started = perf_counter()
    asked = question(session, wanted)
    index, vector = session.index(), asked.search.vector
    if index and vector is not None:
        asked = replace(asked, search=replace(asked.search, nearest=index.nearest(vector)))
    with session.store().reading() as reader:
        result = answer(session, wanted, asked, reader)
    retrievals.note(session.project, result)
    return replace(result, retrieval_ms=(perf_counter() - started) * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question to a store or pool, and the warnings that it has already."""

    task: str
    search: Search
    warnings: Sequence[str]


def question(session: Session, wanted: Wanted) -> Question:
    """The question that a retrieve asks. Raises `InvalidInput` for an empty task or an agent that isn't there."""
    task = clean(wanted.task).strip()
    if not task:
        raise InvalidInput("TASK: empty", hint='say in a few words what is to be done: alma retrieve "fix the login"')
    settings = session.config.retrieval
    top_k = settings.top_k if wanted.top_k is None else wanted.top_k
    seen = views(session.config.scope_for(wanted.agent), session.config.agents)
    parts = parts_of(task)
    vectors, warnings = session.query_vectors(parts)
    names = identifiers(f"{parts[0]}\n{split_task(task).telling}")
    search = Search(
        vector=vectors[0] if vectors else None,
        parts=vectors[1:],
        model=session.model,
        terms=list(dict.fromkeys([*query_terms(parts[0]), *names])),
        identifiers=names,
        views=seen,
        kinds=wanted.kinds or RETRIEVED_KINDS,
        user_id=composed(clean(wanted.user)),
        now=session.now(),
        per_signal=max(settings.candidates, top_k),
        evidence_half_life_days=session.config.learning.half_life_days,
    )
    return Question(task=task, search=search, warnings=warnings)


def answer(session: Session, wanted: Wanted, asked: Question, source: Reader | Pool) -> MemorySlice:
    """The memories that the source has for a question, ranked, and as many as fit."""
    settings = session.config.retrieval
    top_k = settings.top_k if wanted.top_k is None else wanted.top_k
    begun = perf_counter()
    found = source.search(asked.search)
    took_ms = (perf_counter() - begun) * 1000
    info("memories searched: %d, in %.0f ms; candidates: %d", found.total, took_ms, len(found.candidates))
    ranked = news_first(rank(found.candidates, found.cosine, found.bm25, _rules(session, wanted)))
    fetched = source.records([one.candidate.id for one in _worth_fetching(ranked, top_k, explain=wanted.explain)])
    warnings = [*asked.warnings, *source.warnings]
    budget = settings.max_tokens if wanted.max_tokens is None else wanted.max_tokens
    chosen, near_misses = _choose(ranked, fetched, top_k=top_k, agent=wanted.agent, max_tokens=budget)
    by_kind: dict[str, Any] = {
        PLURALS[kind]: [hit for hit in chosen if hit.record.kind == kind] for kind in RETRIEVED_KINDS
    }
    debug("chose %s", ", ".join(f"{hit.record.id} {hit.score:.3f}" for hit in chosen) or "none")
    text = rendered([Line(hit.record, hit.score) for hit in chosen], wanted.agent)
    return MemorySlice(
        retrieval_id=new_id(),
        agent=wanted.agent,
        task=asked.task,
        **by_kind,
        tokens=count_tokens(text),
        near_misses=near_misses if wanted.explain else (),
        explained=wanted.explain,
        considered=found.total,
        warnings=warnings if asked.search.vector is None else [*warnings, *without_vectors(found, session.model)],
        count_tokens=count_tokens,
    )


def _rules(session: Session, wanted: Wanted) -> Rules:
    settings = session.config.retrieval
    return Rules(
        weights={field.name: getattr(settings.weights, field.name) for field in fields(settings.weights)},
        half_life_days={kind: getattr(settings.half_life_days, kind) for kind in RETRIEVED_KINDS},
        keyword_weight=settings.keyword_weight,
        min_similarity=settings.min_similarity,
        min_score=settings.min_score if wanted.min_score is None else wanted.min_score,
    )


def _worth_fetching(ranked: Sequence[Ranked], top_k: int, *, explain: bool) -> list[Ranked]:
    """The best of each kind that pass, with some to spare, and (to explain) the best that don't."""
    left = dict.fromkeys(RETRIEVED_KINDS, top_k * _FETCHED_PER_PLACE)
    near = NEAR_MISSES if explain else 0
    worth = []
    for one in ranked:
        if one.passes and left[one.candidate.kind] > 0:
            left[one.candidate.kind] -= 1
            worth.append(one)
        elif not one.passes and near > 0:
            near -= 1
            worth.append(one)
    return worth


def _choose(
    ranked: Sequence[Ranked], fetched: dict[str, Record], *, top_k: int, agent: str, max_tokens: int
) -> tuple[list[Hit], list[tuple[Hit, str]]]:
    """The hits to give, in the order they are shown, and the best that were left out, each with the reason."""
    left_out: list[tuple[Hit, str]] = []
    kept: dict[str, list[Hit]] = {kind: [] for kind in RETRIEVED_KINDS}
    texts: set[tuple[str, str]] = set()
    for one in ranked:
        record = fetched.get(one.candidate.id)
        if record is None:
            continue
        hit = Hit(record, one)
        text = (record.kind, _sameness(record))
        if not one.passes:
            left_out.append((hit, one.why_not))
        elif text in texts:
            left_out.append((hit, "the same as a memory that is shown"))
        elif len(kept[record.kind]) >= top_k:
            left_out.append((hit, f"{top_k} better ones of this kind"))
        else:
            kept[record.kind].append(hit)
        texts.add(text)
    hits = [hit for of_kind in kept.values() for hit in sorted(of_kind, key=lambda hit: (-hit.score, hit.record.id))]
    by_id = {hit.record.id: hit for hit in hits}
    shown = [
        by_id[line.record.id]
        for line in fitting([Line(hit.record, hit.score) for hit in hits], agent, max_tokens, count_tokens)
    ]
    ids = {hit.record.id for hit in shown}
    left_out += [(hit, f"over the budget of {max_tokens} tokens") for hit in hits if hit.record.id not in ids]
    left_out.sort(key=lambda item: (-item[0].score, item[0].record.id))
    return shown, left_out[:NEAR_MISSES]


def _sameness(record: Record) -> str:
    """The text of which one memory of a kind is enough: a derived rule's strategy, else the words that tell."""
    if isinstance(record, Heuristic) and record.strategy_key:
        return f"{record.origin}:{record.strategy_key}"
    words = alike_form(record.text).split(" ")
    return " ".join(word for word in words if word not in _SAY_NOTHING) or " ".join(words)


def without_vectors(found: SearchResult, model: str) -> list[str]:
    """A warning when some memories could be compared by their words only."""
    if not found.without_vector:
        return []
    count = f"{found.without_vector} of {found.total}"
    return [f"{count} memories have no vector by {model}, so only their words were compared: run `alma reindex`"]
