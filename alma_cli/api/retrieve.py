"""Finding the few memories that are worth knowing before a task."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from time import perf_counter
from typing import Any, TypedDict

from alma_cli.api import retrievals
from alma_cli.api.arguments import flag, number, text, whole_number
from alma_cli.api.session import Session, new_id
from alma_cli.core.asking import parts_of, split_task, topic
from alma_cli.core.codec import parse_line
from alma_cli.core.languages import is_foreign
from alma_cli.core.records import GENERAL_WORDS, PLURALS, RETRIEVED_KINDS, Kind
from alma_cli.core.retrieval.choosing import choose, sharing_words, worth_fetching
from alma_cli.core.retrieval.ranking import Rules, news_first, rank
from alma_cli.core.retrieval.slices import MemorySlice
from alma_cli.core.scopes.visibility import views
from alma_cli.core.text import as_name, clean, listed
from alma_cli.core.words import identifiers, query_terms
from alma_cli.embedding import DEFAULT_MODEL, count_tokens, reads
from alma_cli.errors import InvalidInput
from alma_cli.logs import debug, info
from alma_cli.store import Pool, Reader, Search, SearchResult


class RetrieveOptions(TypedDict, total=False):
    """The options of a retrieve besides task, agent and `top_k`.

    `when` is the kind of situation in general words, as outcomes have it: by these, what was learned is found far
    better than by the task alone, which may be empty then. `user` is whose preferences are wanted besides everybody's;
    `kinds` are the only ones wanted; what scores less than `min_score` is hidden; `strict` leaves out what only may
    fit; `explain` keeps the best that were left out.
    """

    when: str
    user: str
    kinds: Sequence[Kind]
    min_score: float | None
    max_tokens: int | None
    strict: bool
    explain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The wish of a retrieve; None takes the configuration's value. Raises `InvalidInput` for an impossible one."""

    task: str
    agent: str
    top_k: int | None = None
    when: str = ""
    user: str = ""
    kinds: Sequence[Kind] = ()
    min_score: float | None = None
    max_tokens: int | None = None
    strict: bool = False
    explain: bool = False

    def __post_init__(self) -> None:
        for name, key in (("task", "TASK"), ("agent", "agent"), ("when", "when"), ("user", "user")):
            object.__setattr__(self, name, text(key, getattr(self, name)))
        for name in ("strict", "explain"):
            flag(name, getattr(self, name))
        if self.top_k is not None:
            whole_number("top_k", self.top_k, low=1, high=100)
        if self.min_score is not None:
            number("min_score", self.min_score, low=0, high=1)
        if self.max_tokens is not None:
            whole_number("max_tokens", self.max_tokens, low=1, high=1_000_000)
        object.__setattr__(self, "kinds", tuple(listed("kinds", self.kinds)))
        for kind in self.kinds:
            if kind not in RETRIEVED_KINDS:
                raise InvalidInput(f"kinds: expected {', '.join(RETRIEVED_KINDS)}, got {kind!r}")


def retrieve(session: Session, wanted: Wanted) -> MemorySlice:
    """The memories worth knowing for a task, best first within each kind (see `ALMA.retrieve`)."""
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
    """The question to a store or pool, and the warnings so far; `asks` is what is asked, without what is quoted."""

    task: str
    when: str
    asks: str
    search: Search
    warnings: Sequence[str]


def question(session: Session, wanted: Wanted) -> Question:
    """The question that a retrieve asks; a situation alone is one too.

    Raises `InvalidInput` where there is neither task nor situation, or for an agent that isn't there.
    """
    when = _situation(wanted.when) if wanted.when else ""
    task = clean(wanted.task).strip() or when
    if not task:
        raise InvalidInput("TASK: empty", hint='say in a few words what is to be done: alma retrieve "fix the login"')
    settings = session.config.retrieval
    top_k = settings.top_k if wanted.top_k is None else wanted.top_k
    seen = views(session.config.scope_for(wanted.agent), session.config.agents)
    about = topic(task)
    said = f"{when}. {about}" if when else about
    compared = _compared(session.model, task, about, when)
    by_task = bool(when) and _is_understood(session.model, about) and not _is_understood(session.model, when)
    vectors, warnings = session.query_vectors([*compared, *parts_of(task)] if by_task else compared)
    names = identifiers(f"{said}\n{split_task(task).telling}")
    search = Search(
        vector=vectors[0] if vectors else None,
        parts=vectors[1:],
        model=session.model,
        terms=list(dict.fromkeys([*query_terms(said), *names])),
        identifiers=names,
        views=seen,
        kinds=wanted.kinds or RETRIEVED_KINDS,
        user_id=as_name(wanted.user),
        now=session.now(),
        per_signal=max(settings.candidates, top_k),
        evidence_half_life_days=session.config.learning.half_life_days,
    )
    return Question(task=task, when=when, asks=about if by_task else when or about, search=search, warnings=warnings)


def _situation(given: str) -> str:
    """The situation as `learn` would keep it, empty where it says nothing. Raises `InvalidInput`."""
    from alma_cli.core.learning.reports import unless_nothing  # 2 ms, which a task alone doesn't need

    said = unless_nothing("when", clean(given))
    return parse_line("when", said, GENERAL_WORDS) if said else ""


def _compared(model: str, task: str, about: str, when: str) -> list[str]:
    """The texts by which memories are compared: the task after its situation, and that alone; without one its parts.

    A task that the model can't read is left to its words; beside it, it would read the situation no more either.
    """
    if not when:
        return parts_of(task)
    return [f"{when}. {about}", when] if reads(model, about) else [when]


def _is_understood(model: str, text: str) -> bool:
    """Whether the model can tell what a text means; the bundled one knows hardly more than English."""
    return reads(model, text) and not (model == DEFAULT_MODEL and is_foreign(text))


def answer(session: Session, wanted: Wanted, asked: Question, source: Reader | Pool) -> MemorySlice:
    """The memories that the source has for a question, ranked, and as many as fit."""
    settings = session.config.retrieval
    top_k = settings.top_k if wanted.top_k is None else wanted.top_k
    begun = perf_counter()
    found = source.search(asked.search)
    took_ms = (perf_counter() - begun) * 1000
    info("memories searched: %d, in %.0f ms; candidates: %d", found.total, took_ms, len(found.candidates))
    ranked = news_first(rank(found.candidates, found.cosine, found.bm25, ranking_rules(session, wanted)))
    worth = worth_fetching(ranked, top_k, strict=wanted.strict, explain=wanted.explain)
    fetched = source.records([one.candidate.id for one in worth])
    if asked.search.vector is not None and session.model == DEFAULT_MODEL and is_foreign(asked.asks):
        ranked = sharing_words(ranked, fetched, asked.asks)
    budget = settings.max_tokens if wanted.max_tokens is None else wanted.max_tokens
    chosen, near_misses, left_out_by_budget = choose(
        ranked,
        fetched,
        top_k=top_k,
        strict=wanted.strict,
        max_tokens=budget,
        agent=wanted.agent,
        count_tokens=count_tokens,
    )
    by_kind: dict[str, Any] = {
        PLURALS[kind]: [hit for hit in chosen if hit.record.kind == kind] for kind in RETRIEVED_KINDS
    }
    over_budget = left_out_by_budget and not chosen
    warnings = [*asked.warnings, *source.warnings]
    if over_budget:
        warnings.append(f"memories fit the task, and none of them into a budget of {budget} tokens")
    debug("chose %s", ", ".join(f"{hit.record.id} {hit.score:.3f}" for hit in chosen) or "none")
    result = MemorySlice(
        retrieval_id=new_id(),
        agent=wanted.agent,
        task=asked.task,
        when=asked.when,
        **by_kind,
        near_misses=near_misses if wanted.explain else (),
        explained=wanted.explain,
        considered=found.total,
        over_budget=over_budget,
        warnings=warnings if asked.search.vector is None else [*warnings, *without_vectors(found, session.model)],
        count_tokens=count_tokens,
    )
    return replace(result, tokens=count_tokens(result.to_prompt(budget)))


def ranking_rules(session: Session, wanted: Wanted) -> Rules:
    """The settings of ranking, as the configuration and the wish have them."""
    settings = session.config.retrieval
    return Rules(
        weights={field.name: getattr(settings.weights, field.name) for field in fields(settings.weights)},
        half_life_days={kind: getattr(settings.half_life_days, kind) for kind in RETRIEVED_KINDS},
        keyword_weight=settings.keyword_weight,
        min_similarity=settings.min_similarity,
        min_score=settings.min_score if wanted.min_score is None else wanted.min_score,
    )


def without_vectors(found: SearchResult, model: str) -> list[str]:
    """A warning when some memories could be compared by their words only."""
    if not found.without_vector:
        return []
    count = f"{found.without_vector} of {found.total}"
    return [f"{count} memories have no vector by {model}, so only their words were compared: run `alma reindex`"]
