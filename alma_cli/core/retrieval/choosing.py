"""Chooses what is given of what was ranked: the sure memories of each kind or, where none is sure, the nearest.

A floor that is never wrong withholds a third of what was wanted. So where nothing passes it, the nearest are given as
*maybe*, of up to three situations: a reader sees in a second whether they fit. Beside sure ones they find nothing more.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from alma_cli.core.languages import beginnings
from alma_cli.core.records import RETRIEVED_KINDS, Heuristic, Outcome, Record
from alma_cli.core.retrieval.prompt import Line, fitting
from alma_cli.core.retrieval.ranking import Ranked, is_rule
from alma_cli.core.retrieval.slices import Hit
from alma_cli.core.text import alike_form

MOST_MAYBES = 3
NEAR_MISSES = 5
_FETCHED_PER_PLACE = 3
"""Records fetched for each place in the answer, so that near-identical ones can be left out."""
_SAY_NOTHING = frozenset(
    ["a", "an", "the", "please", "is", "are", "was", "were", "be", "been", "that", "this", "our", "my"]
)


class Choice(NamedTuple):
    """The hits to give, by kind and best first; the best left out, with reasons; whether the budget left out any."""

    hits: list[Hit]
    left_out: list[tuple[Hit, str]]
    over_budget: bool


def worth_fetching(ranked: Sequence[Ranked], top_k: int, *, strict: bool, explain: bool) -> list[Ranked]:
    """The best of each kind that pass, with some to spare; the best that may fit, and (to explain) of the others."""
    left = dict.fromkeys(RETRIEVED_KINDS, top_k * _FETCHED_PER_PLACE)
    worth = []
    for one in ranked:
        if one.passes and left[one.candidate.kind] > 0:
            left[one.candidate.kind] -= 1
            worth.append(one)
    maybes = [] if strict else nearest(ranked)[: MOST_MAYBES * _FETCHED_PER_PLACE]
    near = islice((one for one in ranked if not one.passes), NEAR_MISSES + MOST_MAYBES if explain else 0)
    return list({one.candidate.id: one for one in (*worth, *maybes, *near)}.values())


def nearest(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Those that may fit, best first; the rules of a task stand for its outcomes."""
    may_fit = [one for one in ranked if one.may_fit]
    with_rules = {one.candidate.task_key for one in may_fit if is_rule(one.candidate)}
    return [one for one in may_fit if is_rule(one.candidate) or one.candidate.task_key not in with_rules]


def sharing_words(ranked: Sequence[Ranked], fetched: Mapping[str, Record], task: str) -> list[Ranked]:
    """The same, but of those fetched only those pass that share a word with the task, or the beginning of one.

    For a task in a language of which the model hardly knows more than that it is that language.
    """
    wanted = beginnings(task)

    def shares(one: Ranked) -> bool:
        record = fetched.get(one.candidate.id)
        return record is None or one.candidate.rare_match or not wanted.isdisjoint(beginnings(record.text))

    return [
        replace(one, why_not="shares no word with the task", may_fit=True) if one.passes and not shares(one) else one
        for one in ranked
    ]


def choose(
    ranked: Sequence[Ranked],
    fetched: Mapping[str, Record],
    *,
    top_k: int,
    strict: bool,
    max_tokens: int,
    agent: str,
    count_tokens: Callable[[str], int],
) -> Choice:
    """The sure memories to give or, where none is sure, those that may fit."""
    kept: dict[str, list[Hit]] = {kind: [] for kind in RETRIEVED_KINDS}
    left_out: list[tuple[Hit, str]] = []
    texts: set[tuple[str, str]] = set()
    for one, record in _fetched(ranked, fetched):
        if not one.passes:
            continue
        text = (record.kind, _sameness(record))
        if text in texts:
            left_out.append((Hit(record, one), "the same as a memory that is shown"))
        elif len(kept[record.kind]) >= top_k:
            left_out.append((Hit(record, one), f"{top_k} better ones of this kind"))
        else:
            kept[record.kind].append(Hit(record, one))
        texts.add(text)
    hits = [hit for of_kind in kept.values() for hit in sorted(of_kind, key=lambda hit: (-hit.score, hit.record.id))]
    if not (hits or strict):
        hits = _maybes(ranked, fetched)
    given = {hit.record.id for hit in hits}
    left_out += [
        (Hit(record, one, sure=False), one.why_not)
        for one, record in _fetched(ranked, fetched)
        if not one.passes and record.id not in given
    ]
    lines = [Line(hit.record, hit.score, sure=hit.sure) for hit in hits]
    shown = {line.record.id for line in fitting(lines, agent, max_tokens, count_tokens)}
    left_out += [(hit, f"over the budget of {max_tokens} tokens") for hit in hits if hit.record.id not in shown]
    left_out.sort(key=lambda item: (-item[0].score, item[0].record.id))
    return Choice([hit for hit in hits if hit.record.id in shown], left_out[:NEAR_MISSES], len(shown) < len(hits))


def _maybes(ranked: Sequence[Ranked], fetched: Mapping[str, Record]) -> list[Hit]:
    """The nearest that may fit and tell something, without what says the same as a nearer one.

    The rules of one situation count once: in the prompt, what to avoid stands under what to do instead.
    """
    hits: dict[tuple[str, str], Hit] = {}
    situations: set[str] = set()
    for one, record in _fetched(nearest(ranked), fetched):
        same = (record.kind, _sameness(record))
        situation = one.candidate.task_key if is_rule(one.candidate) else record.id
        is_one_more = situation not in situations
        if same not in hits and _tells(record) and not (is_one_more and len(situations) == MOST_MAYBES):
            situations.add(situation)
            hits[same] = Hit(record, one, sure=False)
    return list(hits.values())


def _fetched(ranked: Sequence[Ranked], fetched: Mapping[str, Record]) -> Iterator[tuple[Ranked, Record]]:
    return ((one, fetched[one.candidate.id]) for one in ranked if one.candidate.id in fetched)


def _tells(record: Record) -> bool:
    """True unless it says how a task went, and nothing of how it was done or why."""
    return not isinstance(record, Outcome) or any((record.strategy, record.do, record.error, record.feedback))


def _sameness(record: Record) -> str:
    """The text of which one memory of a kind is enough: a derived rule's strategy, else the words that tell."""
    if isinstance(record, Heuristic) and record.strategy_key:
        return f"{record.origin}:{record.strategy_key}"
    words = alike_form(record.text).split(" ")
    return " ".join(word for word in words if word not in _SAY_NOTHING) or " ".join(words)
