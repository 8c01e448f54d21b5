"""How well `retrieve` finds what fits, and finds nothing where nothing fits; with each part of the score left out.

    python -m tests.benchmarks.retrieval_quality [--set pairs hints short docstrings] [--set-file FILE ...]

Sets, each in a store of its own, for one agent, with made-up ages (0 to 90 days) and results that have nothing to do
with what is asked, so that the terms beside similarity show what they cost:

- `pairs`: 160 hand-written memories of all kinds, each with a task in other words (data/pairs.ndjson).
- `hints`: the same memories, with tasks that share hardly a word and have to be understood.
- `short`: 120 memories with short tasks that share hardly a word, by two writers who didn't know the code or each other
  (data/short_pairs). The first one's stand at even places; nobody looked at the second one's before they were measured.
- `docstrings`: known items of Python's standard library (data/docstrings.ndjson, see make_docstrings.py).
- any NDJSON file of `{"text", "task", "kind", "more"}`; kind (knowledge) and more (a strategy or reason) may be missing.

The tasks of data/nothing_fits.ndjson fit no memory of any set but, by chance, a docstring; `short` has its own, which are
near in topic. A hit is counted by its place among the best of all kinds together. Weights and floors were chosen on the
tasks at even places; the figures are of those at odd places, and of all. The last lines tell what is given: what is sure,
and what is sure or, where nothing is, among the three that may fit.
"""

import argparse
import json
import math
import random
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alma_cli.api import ALMA
from alma_cli.api.retrieve import Wanted, question, ranking_rules
from alma_cli.config import load_config
from alma_cli.core.records import MAIN_FIELDS
from alma_cli.core.retrieval.choosing import MOST_MAYBES, nearest
from alma_cli.core.retrieval.ranking import Ranked, Rules, news_first, rank
from alma_cli.core.words import query_terms, terms
from alma_cli.project import make_project
from alma_cli.store import SearchResult

DATA = Path(__file__).with_name("data")
SHORT = DATA / "short_pairs"
NOW = datetime.now(UTC)
AT_MOST = 10
KEYWORDS_ONLY = "keywords only"


@dataclass(frozen=True)
class Item:
    """A memory and the task that it should be found for."""

    task: str
    text: str
    kind: str = "knowledge"
    more: str = ""


@dataclass(frozen=True)
class Asked:
    """What the store said to a task, and which memory was expected (none: nothing fits)."""

    found: SearchResult
    expected: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", nargs="*", default=["pairs", "hints", "short", "docstrings"], dest="names")
    parser.add_argument("--set-file", nargs="*", default=[], type=Path)
    options = parser.parse_args()
    sets = {name: bundled(name) for name in options.names}
    sets |= {path.stem: [Item(**line) for line in lines(path)] for path in options.set_file}
    for name, items in sets.items():
        print(f"\n{name}: {len(items)} tasks; {overlap(items):.0%} of a task's words stand in its memory, on average")
        asked, rules = answers(items, [item.task for item in items] + nothing_fits(name))
        report(asked, rules)
        print_given(asked, rules)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def bundled(name: str) -> list[Item]:
    if name == "docstrings":
        return [Item(**line) for line in lines(DATA / "docstrings.ndjson")]
    if name == "short":
        hands = (lines(SHORT / f"{hand}_hand.ndjson") for hand in ("first", "second"))
        return [
            Item(line["task"], line["text"], line["kind"], line["more"])
            for pair in zip(*hands, strict=True)
            for line in pair
        ]
    task = {"pairs": "task", "hints": "hint"}[name]
    return [Item(line[task], line["text"], line["kind"], line.get("more", "")) for line in lines(DATA / "pairs.ndjson")]


def nothing_fits(name: str) -> list[str]:
    if name != "short":
        return [line["task"] for line in lines(DATA / "nothing_fits.ndjson")]
    hands = (lines(SHORT / f"{hand}_hand_nothing.ndjson") for hand in ("first", "second"))
    return [line["task"] for pair in zip(*hands, strict=True) for line in pair]


def overlap(items: Sequence[Item]) -> float:
    shares = []
    for item in items:
        wanted, there = query_terms(item.task), terms(f"{item.text}\n{item.more}")
        shares.append(sum(term in there for term in wanted) / len(wanted))
    return statistics.fmean(shares)


def answers(items: Sequence[Item], tasks: Sequence[str]) -> tuple[list[Asked], Rules]:
    """What a store with these memories says to each task; those beyond the items' have nothing expected."""
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        project = make_project(folder, "alma:\n  project_id: quality\n")
        alma = ALMA(project, load_config(project.config_path))
        rng = random.Random(7)
        done = alma.import_((number, record(number, item, rng)) for number, item in enumerate(items))
        assert done.imported == len(items), done
        session = alma._session
        asked = []
        with session.store().reading() as reader:
            for number, task in enumerate(tasks):
                search = question(session, Wanted(task=task, agent="a")).search
                asked.append(Asked(reader.search(search), an_id(number) if number < len(items) else ""))
        return asked, ranking_rules(session, Wanted(task="any", agent="a"))


def record(number: int, item: Item, rng: random.Random) -> dict[str, Any]:
    at = (NOW - timedelta(days=rng.uniform(0, 90))).isoformat()
    made = {
        "kind": item.kind,
        "id": an_id(number),
        "agent": "a",
        "domain": "general",
        MAIN_FIELDS[item.kind]: item.text,
    }
    more = {"heuristic": "strategy", "anti_pattern": "why_bad", "outcome": "strategy"}.get(item.kind)
    if more:
        made[more] = item.more
    if item.kind == "outcome":
        made |= {"outcome": rng.choice(["success", "partial", "failure"]), "at": at}
    if item.kind == "heuristic":
        made["confidence"] = rng.random()
    return made | {"created_at": at, "updated_at": at}


def an_id(number: int) -> str:
    return f"{number + 1:032x}"


def report(asked: Sequence[Asked], rules: Rules) -> None:
    def only(term: str) -> dict[str, float]:
        return dict.fromkeys(rules.weights, 0.0) | {term: 1.0}

    variants = {
        "default": rules,
        "default, no floor": replace(rules, min_similarity=0.0),
        "meaning only": replace(rules, min_similarity=0.0, weights=only("similarity"), keyword_weight=0.0),
        KEYWORDS_ONLY: replace(rules, min_similarity=0.0, weights=only("similarity"), keyword_weight=1.0),
        "fused, no other term": replace(rules, min_similarity=0.0, weights=only("similarity")),
    }  # fmt: skip
    for weight in (0.1, 0.5, 1.0):
        variants[f"no floor, keywords {weight:g}"] = replace(rules, min_similarity=0.0, keyword_weight=weight)
    for term in rules.weights:
        if term != "similarity":
            variants[f"no floor, without {term}"] = replace(
                rules, min_similarity=0.0, weights={**rules.weights, term: 0.0}
            )
    print(f"{'':28} {'reported half':^31} | {'all':^31}")
    print(f"{'':28} {'  r@5   r@10   nDCG    MRR ' * 1:31} | {'  r@5   r@10   nDCG    MRR ':31} | nothing")
    for name, changed in variants.items():
        places = [place_of(without_meaning(one) if name == KEYWORDS_ONLY else one, changed) for one in asked]
        expected = [place for place, one in zip(places, asked, strict=True) if one.expected]
        empty = [place for place, one in zip(places, asked, strict=True) if not one.expected]
        none = statistics.fmean(place == 0 for place in empty)
        print(f"{name:28} {figures(expected[1::2])} | {figures(expected)} | {none:7.2f}")


def print_given(asked: Sequence[Asked], rules: Rules) -> None:
    """How often what was expected is sure, or sure or maybe; and how often nothing is sure where nothing fits."""
    fits = [one for one in asked if one.expected]
    nothing = [one for one in asked if not one.expected]
    for half, ours, none in (("reported half", fits[1::2], nothing[1::2]), ("all", fits, nothing)):
        sure = statistics.fmean(one.expected in ids(given(one, rules, maybes=0)) for one in ours)
        both = statistics.fmean(one.expected in ids(given(one, rules, maybes=MOST_MAYBES)) for one in ours)
        silent = statistics.fmean(not given(one, rules, maybes=0) for one in none)
        print(
            f"given, {half:13}: sure {sure:.3f}, sure or maybe {both:.3f}; nothing sure where nothing fits {silent:.2f}"
        )


def given(asked: Asked, rules: Rules, *, maybes: int) -> list[Ranked]:
    """The ten best that are sure or, without any, so many that may fit."""
    found = asked.found
    ranked = news_first(rank(found.candidates, found.cosine, found.bm25, rules))
    return [one for one in ranked if one.passes][:AT_MOST] or nearest(ranked)[:maybes]


def ids(ranked: Sequence[Ranked]) -> list[str]:
    return [one.candidate.id for one in ranked]


def without_meaning(asked: Asked) -> Asked:
    candidates = [replace(candidate, cosine=None) for candidate in asked.found.candidates]
    return replace(asked, found=replace(asked.found, candidates=candidates))


def place_of(asked: Asked, rules: Rules) -> float:
    """The place of the expected memory among the best; infinite if it isn't there. Without one: how many were given."""
    found = asked.found
    ranked = [one for one in news_first(rank(found.candidates, found.cosine, found.bm25, rules)) if one.passes]
    if not asked.expected:
        return len(ranked)
    best = ids(ranked[:AT_MOST])
    return best.index(asked.expected) + 1 if asked.expected in best else math.inf


def figures(places: Sequence[float]) -> str:
    mean = statistics.fmean
    recall = [mean(place <= most for place in places) for most in (5, 10)]
    gain = mean(1 / math.log2(place + 1) if place <= AT_MOST else 0 for place in places)
    return "  ".join(f"{value:.3f}" for value in (*recall, gain, mean(1 / place for place in places))).rjust(31)


if __name__ == "__main__":
    main()
