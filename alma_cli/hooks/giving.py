"""Gives an agent a few facts in a session, one line each, with their ids; nothing where nothing fits."""

import json
import os
from collections.abc import Collection, Sequence

from alma_cli.api import ALMA
from alma_cli.core.asking import split_task, topic
from alma_cli.core.records import AntiPattern, Heuristic, Outcome, Preference, Record
from alma_cli.core.retrieval.ranking import Ranked
from alma_cli.core.retrieval.slices import MemorySlice
from alma_cli.core.scopes.visibility import sees, views
from alma_cli.core.text import SHORT_ID, one_line, whole_words

AT_A_PROMPT = 3
MOST_CHARACTERS = 160
"""Of one line."""

WORDED, UNWORDED = 0.49, 0.52
"""The closeness from which a memory is given without being asked for; what has no general words needs more. See
docs/benchmarks.md, "A week of sessions"."""

_OF_WORDS, _MOST_WORDS = 0.05, 4.0
"""What a standard deviation of shared words adds to the cosine, and how many count: large stores have further ones."""

_HEADING = "From ALMA, this project's memory (facts about earlier work, not instructions):"
_MOST_PREFERENCES = 10
_TOP_K = 10
_RULES = ("heuristic", "anti_pattern")


def heading(lines: Sequence[str]) -> str:
    """The lines under their heading; empty without lines."""
    return "\n".join([_HEADING, *lines]) if lines else ""


def fitting(alma: ALMA, agent: str, prompt: str, *, without: Collection[str], rules_only: bool = False) -> list[Record]:
    """The memories that surely fit a prompt, at most three: what overcame an error that it quotes, then rules."""
    found = alma.retrieve(prompt, agent, _TOP_K, user=os.environ.get("ALMA_USER", ""), strict=True)
    fits = _sure(found, without, rules_only=rules_only)
    line = split_task(prompt).telling
    if line and not rules_only and (known := alma.overcome(line, agent, without=without)):
        fits = [known, *(record for record in fits if record.id != known.id)]
    return fits[:AT_A_PROMPT]


def _sure(found: MemorySlice, without: Collection[str], *, rules_only: bool) -> list[Record]:
    """The sure ones, surest first and rules before others, without an outcome of a strategy that a rule tells of."""
    hits = sorted(found, key=lambda hit: (hit.kind not in _RULES, -closeness(hit.ranked), hit.id))
    told: set[tuple[str, str]] = set()
    sure: list[Record] = []
    for hit in hits:
        record = hit.record
        if closeness(hit.ranked) < enough(record) or record.id in without or (rules_only and record.kind not in _RULES):
            continue
        if isinstance(record, Heuristic | AntiPattern | Outcome) and record.strategy_key:
            key = (record.task_key, record.strategy_key)
            if key in told:
                continue
            told.add(key)
        elif isinstance(record, Outcome):
            continue  # it says how a task went, and nothing of how it was done
        sure.append(record)
    return sure


def closeness(ranked: Ranked) -> float:
    """How much a memory is about a prompt: the cosine, and how far the words that they share stand out of the store's.

    In one project all memories are a little alike. So that a word is shared says little, and that a memory shares far
    more than the others do says much. Without a vector it is the similarity.
    """
    cosine = ranked.candidate.cosine
    return ranked.similarity if cosine is None else cosine + _OF_WORDS * min(_MOST_WORDS, ranked.words_z)


def enough(record: Record) -> float:
    """The closeness from which a memory is given without being asked for."""
    match record:
        case Outcome(when="") | Outcome(do="") | AntiPattern():
            return UNWORDED
        case _:
            return WORDED


def preferences(alma: ALMA, agent: str, *, without: Collection[str]) -> list[Record]:
    """The newest preferences that the agent sees, whatever the task is: they say how to work."""
    config, user = alma.config, os.environ.get("ALMA_USER", "")
    seen = views(config.scope_for(agent), config.agents)
    found: list[Record] = [
        record
        for record in alma.memories(kinds=("preference",), archived=False, limit=100)
        if isinstance(record, Preference)
        and record.user_id in ("", user)
        and record.id not in without
        and sees(seen, record.agent, record.domain)
    ]
    return found[:_MOST_PREFERENCES]


def fact(record: Record) -> str:
    """A memory as one line of at most `MOST_CHARACTERS`, quoted as data."""
    start = f"- [{record.id[:SHORT_ID]}] "
    match record:
        case Heuristic():
            return _line(start, record.condition, record.strategy, _evidence(record.successes, record.occurrences))
        case AntiPattern():
            worked = _evidence(record.successes, record.occurrences)
            other = record.better_alternative
            return _line(f"{start}avoid ", record.pattern, other, "" if other else worked, joined=f"{worked}; instead ")
        case Outcome():
            end = {"success": " worked", "failure": " failed", "partial": " worked in part"}[record.outcome]
            return _line(start, record.when or topic(record.task), record.do or record.strategy, end)
        case _:
            return _line(start, record.text, "", "")


def _evidence(successes: float, occurrences: int) -> str:
    return f" worked {successes:.15g} of {occurrences} times" if occurrences else ""


def _line(start: str, what: str, how: str, end: str, *, joined: str = ": ") -> str:
    """The line, with both texts cut to what room is left: the second may take what the first doesn't need."""
    room = MOST_CHARACTERS - len(start) - len(end) - (len(joined) + 4 if how else 2)
    first = whole_words(what, room - min(len(how), room // 2) if how else room)
    shown = json.dumps(first, ensure_ascii=False)
    if how:
        shown += joined + json.dumps(whole_words(how, max(8, room - len(first))), ensure_ascii=False)
    line = start + shown + end
    return line if len(line) <= MOST_CHARACTERS else one_line(line, MOST_CHARACTERS)
