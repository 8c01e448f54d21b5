"""How well a task finds its memory in other languages: German, Spanish, French, Portuguese, Chinese, Japanese.

    python -m tests.benchmarks.languages

data/languages/ has 20 memories of a coding agent for each language, a task in the same language for each (it shares
words, rarely their forms), and 5 tasks that nothing fits. They were written before anything was measured on them. Each
language has a store of its own, then all are in one. Counted is the place of the memory among those that `retrieve`
gives, in the order of their scores: sure ones, then sure and maybe together.
"""

import json
import math
import random
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.project import make_project
from tests.benchmarks.retrieval_quality import DATA, Item, an_id, overlap, record

LANGUAGES = ("de", "es", "fr", "pt", "zh", "ja")


@dataclass(frozen=True)
class Found:
    """What `retrieve` gave for a task: the place of its memory (infinite if it isn't there), and what of it was sure."""

    place: float
    sure: bool
    given: int
    surely_given: int


def main() -> None:
    items = {language: bundled(language) for language in LANGUAGES}
    print(f"{'':18} {'words':>5} | {'sure':^13} | {'with maybes':^13} | {'nothing fits':^15}")
    print(f"{'':18} {'same':>5} | {'r@3':>6} {'r@10':>6} | {'r@3':>6} {'r@10':>6} | {'none sure':>9} given")
    for language in LANGUAGES:
        found = answers([one for one in items[language] if one.kind != "nothing"], items[language])
        print(row(language, found, items[language]))
    everything = [one for language in LANGUAGES for one in items[language]]
    memories = [one for one in everything if one.kind != "nothing"]
    for language in LANGUAGES:
        print(row(f"{language}, all in one", answers(memories, items[language]), items[language]))
    print(row("all in one", answers(memories, everything), everything))


def bundled(language: str) -> list[Item]:
    text = (DATA / "languages" / f"{language}.ndjson").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    return [Item(line["task"], line.get("text", ""), line["kind"], line.get("more", "")) for line in lines]


def answers(memories: Sequence[Item], asked: Sequence[Item]) -> list[Found]:
    """What is given for the tasks of `asked`, in a store with all `memories`."""
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        project = make_project(folder, "alma:\n  project_id: languages\n")
        alma = ALMA(project, load_config(project.config_path))
        rng = random.Random(7)
        done = alma.import_((number, record(number, item, rng)) for number, item in enumerate(memories))
        assert done.imported == len(memories), done
        ids = {item: an_id(number) for number, item in enumerate(memories)}
        return [answer(alma, item, ids.get(item, "")) for item in asked]


def answer(alma: ALMA, item: Item, expected: str) -> Found:
    hits = sorted(alma.retrieve(item.task, "a"), key=lambda hit: -hit.score)
    places = {hit.record.id: place for place, hit in enumerate(hits, start=1)}
    sure = {hit.record.id for hit in hits if hit.sure}
    return Found(places.get(expected, math.inf), expected in sure, len(hits), len(sure))


def row(name: str, found: Sequence[Found], asked: Sequence[Item]) -> str:
    pairs = [one for one, item in zip(found, asked, strict=True) if item.kind != "nothing"]
    nothing = [one for one, item in zip(found, asked, strict=True) if item.kind == "nothing"]
    shared = overlap([item for item in asked if item.kind != "nothing"])
    sure = [statistics.fmean(one.sure and one.place <= most for one in pairs) for most in (3, 10)]
    both = [statistics.fmean(one.place <= most for one in pairs) for most in (3, 10)]
    none = statistics.fmean(not one.surely_given for one in nothing)
    given = statistics.fmean(one.given for one in nothing)
    return (
        f"{name:18} {shared:5.0%} | {sure[0]:6.2f} {sure[1]:6.2f} | {both[0]:6.2f} {both[1]:6.2f} "
        f"| {none:9.2f} {given:5.1f}"
    )


if __name__ == "__main__":
    main()
