"""The outcomes of data/natural, or of another set of that form: what ALMA may be told of them, and the labels, which only measuring may see."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.answerer import form

SETS = ("natural", "natural_operations", "natural_apps", "natural_backend", "natural_systems")
"""The set that ALMA was tuned on, and four that were written afterwards; on the last three nothing was tuned."""

WRITERS = 3
CENTRAL = "central"
WORDINGS = (CENTRAL, *map(str, range(WRITERS)))
"""Whose words an answerer takes for a kind: the line that is nearest to all others of it, or a writer's shortest."""

ASKERS = 3
"""How many word the situation of each query, before anything was done about it."""

_SAY_NOTHING = frozenset(
    ["a", "an", "the", "of", "in", "on", "to", "and", "or", "is", "are", "by", "for", "with", "from", "that", "at"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One outcome with its labels. `when` and `do` are the general words that were written for it alone; `do` may be
    empty, and `strategy_kind` is where no strategy was told, or two at once."""

    id: str
    agent: str
    task: str
    strategy: str
    outcome: str
    error: str
    feedback: str
    when: str
    do: str
    writer: int
    task_kind: str
    strategy_kind: str
    truth: str

    def told(self) -> dict[str, str]:
        """What ALMA is told of it, without labels and general words."""
        given = {"strategy_used": self.strategy, "error": self.error, "feedback": self.feedback}
        return {"task": self.task, "outcome": self.outcome} | {name: text for name, text in given.items() if text}

    def general_words(self) -> dict[str, str]:
        """Its own general words, as far as there are any."""
        return {name: text for name, text in (("when", self.when), ("do", self.do)) if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A new task, with its best and its worst strategy; without a kind no strategy fits.

    `whens` are the situation as each of `ASKERS` words it, who saw the tasks of all sets mixed, and nothing else.
    """

    query: str
    whens: Sequence[str]
    task_kind: str = ""
    best: str = ""
    worst: str = ""


_used = [SETS[0]]


def use(name: str) -> None:
    """Take the outcomes and queries of this set from now on."""
    _used[:] = [name]


def outcomes() -> list[Labelled]:
    """All outcomes, in the order of the file."""
    words = {line["id"]: line for line in _lines("general_words")}
    optional = {"strategy": "", "error": "", "feedback": ""}
    return [Labelled(**optional | line | words[line["id"]]) for line in _lines("outcomes")]


def queries() -> list[Query]:
    """All queries, in the order of the file."""
    whens = {line["query"]: line["when"] for line in _lines("query_words")}
    return [
        Query(whens=whens[line["query"]], **{name: value or "" for name, value in line.items()})
        for line in _lines("queries")
    ]


def truths() -> dict[str, str]:
    """By strategy, whether it is good, bad or mixed."""
    return {outcome.strategy_kind: outcome.truth for outcome in outcomes() if outcome.strategy_kind}


def words_of_kinds(wording: str) -> dict[str, str]:
    """The words that a consistent agent has for each kind of task (a `when`) and each strategy (a `do`).

    `CENTRAL` is what one would call a group after reading all of it. A writer who has no line of a kind takes the next
    writer's.
    """
    lines: dict[str, dict[str, int]] = defaultdict(dict)
    for outcome in outcomes():
        lines[outcome.task_kind][outcome.when] = outcome.writer
        if outcome.strategy_kind:
            lines[outcome.strategy_kind][outcome.do] = outcome.writer
    choose = _central if wording == CENTRAL else lambda texts: _shortest(texts, int(wording))
    return {kind: choose(texts) for kind, texts in lines.items()}


def meanings() -> dict[str, str]:
    """What a reader makes of a text that is told, in the form that is compared: the kind of task or the strategy."""
    known = {form(text): kind for kind, text in words_of_kinds(CENTRAL).items()}
    for outcome in outcomes():
        known[form(outcome.when)] = outcome.task_kind
        if outcome.strategy_kind:
            known |= {form(outcome.strategy): outcome.strategy_kind, form(outcome.do): outcome.strategy_kind}
    return known


def _shortest(texts: dict[str, int], writer: int) -> str:
    return min(texts, key=lambda text: ((texts[text] - writer) % WRITERS, len(text), text))


def _central(texts: Iterable[str]) -> str:
    """The text that shares the most words with the others, for its length."""
    words = {text: frozenset(text.lower().split()) - _SAY_NOTHING for text in texts}

    def shared(text: str) -> float:
        return sum(len(words[text] & other) / len(words[text] | other) for other in words.values())

    return min(words, key=lambda text: (-shared(text), len(text), text))


def _lines(name: str) -> list[dict[str, Any]]:
    folder = Path(__file__).with_name("data") / _used[0]
    return [json.loads(line) for line in (folder / f"{name}.ndjson").read_text("utf-8").splitlines()]
