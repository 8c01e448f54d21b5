"""Searching all memories for words: by their meaning, by the words themselves, and letter by letter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from alma_cli.api.arguments import MOST_LISTED, choice, text, whole_number
from alma_cli.api.filters import Filters, selection
from alma_cli.api.retrieve import Wanted, question, ranking_rules, without_vectors
from alma_cli.api.session import Session
from alma_cli.core.records import PROJECT_AGENT, RETRIEVED_KINDS, Record, relevant_at
from alma_cli.core.retrieval.choosing import MOST_MAYBES
from alma_cli.core.retrieval.ranking import rank
from alma_cli.core.scopes.visibility import View, sees
from alma_cli.core.text import clean
from alma_cli.errors import InvalidInput

Order: TypeAlias = Literal["relevance", "newest", "oldest"]

_EVERYTHING = (View(agent=None),)


class SearchOptions(Filters, total=False):
    """The filters of a search, its order, how many memories it gives, and how many it leaves out before them.

    With a `viewer` only what that agent sees is searched: everybody's preferences, and those of the `viewing_user`.
    """

    viewer: str | None
    viewing_user: str
    sort: Order
    limit: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMemory:
    """A memory that was found, and how surely it is about the words, in [0, 1]; 0 if it only has them in it."""

    record: Record
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The memories found, in the order asked for, how many were looked through, and whether there are `more`.

    If they aren't `sure`, nothing is about the words: these are the nearest that there are.
    """

    memories: Sequence[FoundMemory]
    considered: int
    more: bool
    sure: bool
    warnings: Sequence[str] = ()


def search(session: Session, words: str, options: SearchOptions) -> Found:
    """The memories about some words (see `ALMA.search`): every agent's, unless there is a `viewer`."""
    viewer, sort = options.get("viewer"), choice("sort", options.get("sort", "relevance"), get_args(Order))
    limit = whole_number("limit", options.get("limit", 20), low=1, high=MOST_LISTED)
    offset = whole_number("offset", options.get("offset", 0), low=0, high=MOST_LISTED)
    words = clean(text("WORDS", words)).strip()
    if not words:
        raise InvalidInput("WORDS: empty", hint='say what to look for: alma search "login form"')
    enough = offset + limit + 1
    chosen = selection(options, now=session.now())
    shown_to = None if viewer is None else options.get("viewing_user", "")
    chosen = replace(chosen, kinds=chosen.kinds or RETRIEVED_KINDS, shown_to=shown_to)
    wanted = Wanted(task=words, agent=viewer or PROJECT_AGENT, min_score=0.0)
    asked = question(session, wanted)
    views = _EVERYTHING if viewer is None else asked.search.views
    per_signal = max(asked.search.per_signal, enough)
    with session.store().reading() as reader:
        found = reader.search(replace(asked.search, views=views, selection=chosen, per_signal=per_signal))
        rules = ranking_rules(session, wanted)
        by_fit = replace(rules, weights={name: float(name == "similarity") for name in rules.weights})
        ranked = rank(found.candidates, found.cosine, found.bm25, by_fit)  # nothing counts but how well they fit
        passing = [one for one in ranked if one.passes]
        if sort != "relevance":
            passing.sort(key=lambda one: one.candidate.age_days, reverse=sort == "oldest")
        letters: dict[str, Record] = {}
        if sort != "relevance" or len(passing) < enough:  # else they would come behind all others
            with_letters = replace(chosen, containing=words)
            listed = reader.listed(with_letters, limit=enough, newest_first=sort != "oldest", by_change=False)
            letters = {record.id: record for record in listed if sees(tuple(views), record.agent, record.domain)}
        sure = bool(passing or letters)
        similarity = {one.candidate.id: one.similarity for one in (passing[:enough] if sure else ranked[:MOST_MAYBES])}
        records = {**reader.records(list(similarity)), **letters}
    memories = [
        FoundMemory(record=records[id], similarity=similarity.get(id, 0.0))
        for id in dict.fromkeys([*similarity, *letters])
        if id in records
    ]
    if sort != "relevance":
        memories.sort(key=lambda each: relevant_at(each.record), reverse=sort == "newest")
    lacking = without_vectors(found, session.model) if asked.search.vector is not None else []
    return Found(
        memories=memories[offset : offset + limit],
        considered=found.total,
        more=len(memories) > offset + limit,
        sure=sure,
        warnings=[*asked.warnings, *reader.warnings, *lacking],
    )
