"""What is compared: memories that an agent reads before a task, and how it reads.

The agent is the same for all. It knows the strategies that there are for the task at hand and reads no more of a memory
than fits in `BUDGET` tokens. A text says something about a strategy if the world knows it as a wording of that strategy;
what is about other things is passed over. Then it does what `best_option` says.
"""

import copy
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.core.records import Vector
from alma_cli.core.retrieval.slices import Hit, MemorySlice
from alma_cli.embedding import Embedder, OnProgress, count_tokens, open_embedder
from alma_cli.project import make_project
from alma_cli.store.database import engine, opening
from tests.benchmarks import answerer
from tests.benchmarks.answerer import form
from tests.benchmarks.learning_world import START, Episode, all_texts, meanings
from tests.benchmarks.natural import shown_hits
from tests.benchmarks.natural_words import CENTRAL, words_of_kinds

CONFIG = "alma:\n  project_id: learning-benchmark\n"
AGENT = "learner"
BUDGET = 150
REFLECTS_EVERY = 50
HALF_LIFE_DAYS = 60.0  # the default of `learning.half_life_days`


class Advice(NamedTuple):
    """What a text says of one strategy: how often it was tried in such tasks, and how often it worked."""

    strategy: str
    occurrences: float
    successes: float


class Memory(Protocol):
    """Something to read before a task, that is told how it went."""

    def choice(self, episode: Episode) -> str:
        """The strategy that an agent with this memory takes when it doesn't explore."""

    def learn(self, episode: Episode, strategy: str) -> None:
        """Remember how the strategy went."""

    def copy(self) -> "Memory":
        """Another memory with the same content."""


def best_option(advice: Sequence[Advice], episode: Episode) -> str:
    """The strategy that advice speaks best for: the one with the best record if it is better than even, else one of
    which nothing is known, else the least bad."""

    def chance(option: str) -> float:
        told = [item for item in advice if meanings().get(form(item.strategy)) == option]
        return expected(sum(item.occurrences for item in told), sum(item.successes for item in told))

    return max(episode.preference, key=chance)


def expected(occurrences: float, successes: float) -> float:
    """The success rate to expect: the mean of a beta distribution with a uniform prior; one half if nothing is known."""
    return (successes + 1) / (occurrences + 2)


class NoMemory:
    """Tries anything."""

    def choice(self, episode: Episode) -> str:
        return episode.preference[0]

    def learn(self, episode: Episode, strategy: str) -> None:
        pass

    def copy(self) -> Memory:
        return self


class Oracle(NoMemory):
    """Knows every success rate, now."""

    def choice(self, episode: Episode) -> str:
        return episode.best


class PerfectGrouping:
    """Counts, knowing for certain which kind and strategy every outcome is about: what the reports allow.

    An outcome counts half as much when it is a half-life older than the strategy's newest, as in ALMA.
    """

    def __init__(self, *, half_life_days: float = HALF_LIFE_DAYS) -> None:
        self._half_life_days = half_life_days
        self._counts: dict[str, tuple[float, float, datetime]] = {}

    def choice(self, episode: Episode) -> str:
        return max(episode.preference, key=lambda option: expected(*self._counts.get(option, (0.0, 0.0))[:2]))

    def learn(self, episode: Episode, strategy: str) -> None:
        occurrences, successes, newest = self._counts.get(strategy, (0.0, 0.0, episode.at))
        kept = 2 ** (-((episode.at - newest) / timedelta(days=1)) / self._half_life_days)
        self._counts[strategy] = occurrences * kept + 1, successes * kept + episode.succeeds(strategy), episode.at

    def copy(self) -> Memory:
        return copy.deepcopy(self)


class VectorMemory:
    """A plain vector memory: the outcomes whose tasks are nearest by cosine, as they were reported, within the budget.

    With `general_words` it is asked, compares and shows by these wherever there are any: all that ALMA is told, and no
    counting.
    """

    def __init__(self, embedder: Embedder, *, general_words: bool = False) -> None:
        self._embedder = embedder
        self._general_words = general_words
        self._vectors: list[Vector] = []
        self._outcomes: list[tuple[int, Advice]] = []

    def choice(self, episode: Episode) -> str:
        return best_option(self._read(self._compared(episode.asked, episode.when)), episode)

    def learn(self, episode: Episode, strategy: str) -> None:
        report, is_success = episode.reports[strategy], episode.succeeds(strategy)
        is_general = self._general_words and bool(report.when)
        task, did = (report.when, report.do) if is_general else (report.task, report.strategy)
        line = f"- {'success' if is_success else 'failure'}: {json.dumps(task)}; strategy: {json.dumps(did)}"
        self._vectors += self._embedder.embed([self._compared(report.task, report.when)])
        self._outcomes.append((tokens(line), Advice(did, 1, is_success)))

    def copy(self) -> Memory:
        other = VectorMemory(self._embedder, general_words=self._general_words)
        other._vectors, other._outcomes = list(self._vectors), list(self._outcomes)
        return other

    def _compared(self, task: str, when: str) -> str:
        return f"{when}. {task}" if self._general_words and when else task

    def _read(self, task: str) -> list[Advice]:
        read: list[Advice] = []
        if not self._vectors:
            return read
        (vector,) = self._embedder.embed([task])
        cosines = np.asarray(self._vectors) @ np.asarray(vector)
        left = BUDGET
        for nearest in np.argsort(-cosines, kind="stable"):
            cost, advice = self._outcomes[nearest]
            if cost > left:
                break
            left -= cost
            read.append(advice)
        return read


tokens = cache(count_tokens)


class AlmaMemory:
    """ALMA as it is, in a project of its own: the agent reads its prompt, and reports what it did; with `reflects` it
    goes through what has no general words yet, now and then."""

    def __init__(self, embedder: Embedder, *, reflects: bool) -> None:
        self._embedder = embedder
        self._reflects = reflects
        self._folder = tempfile.TemporaryDirectory(prefix="alma-learning-")
        project = make_project(self._folder.name, CONFIG)
        self._alma = ALMA(project, load_config(project.config_path))
        self._now = START
        self._alma._session._embedder = embedder
        self._alma._session.now = lambda: self._now
        self._labels: dict[str, tuple[str, str]] = {}

    def choice(self, episode: Episode) -> str:
        self._now = episode.at
        memories = self._alma.retrieve(episode.asked, AGENT, when=episode.when, max_tokens=BUDGET)
        return best_option(advice_in(memories), episode)

    def learn(self, episode: Episode, strategy: str) -> None:
        self._now = episode.at
        report = episode.reports[strategy]
        words = {name: text for name, text in (("when", report.when), ("do", report.do)) if text}
        learned = self._alma.learn(
            agent=AGENT,
            task=report.task,
            outcome="success" if episode.succeeds(strategy) else "failure",
            strategy_used=report.strategy,
            key=episode.at.isoformat(),
            **words,
        )
        self._labels[learned.id] = episode.kind, strategy
        same = (one.id for one in learned.similar if is_about(one.when, episode.kind) and is_about(one.do, strategy))
        if known := next(same, ""):
            self._apply([{"same": known, "outcomes": [learned.id]}])
        if self._reflects and len(self._labels) % REFLECTS_EVERY == 0:
            self._reflect()

    def copy(self) -> Memory:
        other = AlmaMemory(self._embedder, reflects=self._reflects)
        with self._alma._session.store().file.opened(read_only=False) as connection:
            connection.execute("CHECKPOINT store")
        shutil.copytree(self._alma.project.home, other._alma.project.home, dirs_exist_ok=True)
        other._labels = dict(self._labels)
        return other

    def _reflect(self) -> None:
        """Answer sheets until nothing is left, then go through all words."""
        while (sheet := self._alma.reflect(AGENT)).outcomes:
            self._apply(answerer.answers(sheet.to_json(), self._labels, words_of_kinds(CENTRAL), meanings()))
        self._apply(answerer.merges(self._alma.review_words(AGENT).to_json(), meanings()))

    def _apply(self, lines: list[dict[str, Any]]) -> None:
        if lines:
            done = self._alma.apply_reflection(AGENT, answerer.written(lines))
            assert not done.refused, done.refused


@contextmanager
def stores_kept_open() -> Iterator[None]:
    """Within the block a store that was opened stays open, as ALMA's never do: it halves the time, and changes nothing.

    (A call of ALMA opens the store, plays back its log and closes it again, so that other processes get at it.)
    """
    real = opening.connected
    contexts: dict[str, tuple[Any, Any]] = {}

    @contextmanager
    def kept(path: str, *, read_only: bool, spill_dir: str) -> Iterator[Any]:
        if path.endswith(".new"):  # a store being made
            with real(path, read_only=read_only, spill_dir=spill_dir) as connection:
                yield connection
            return
        if path not in contexts:
            context = real(path, read_only=False, spill_dir=spill_dir)
            contexts[path] = context, context.__enter__()
            contexts[path][1].execute("SET threads = 1")
        with engine.explained(path):
            yield contexts[path][1]

    opening.connected = kept
    try:
        yield
    finally:
        opening.connected = real
        for context, _ in contexts.values():
            context.__exit__(None, None, None)


def advice_in(memories: MemorySlice) -> list[Advice]:
    """What the prompt within the budget says of strategies. Outcomes that a rule in it counts aren't counted twice."""
    hits = shown_hits(memories, BUDGET)
    rules = [hit for hit in hits if hit.kind in ("heuristic", "anti_pattern")]
    counted = {(rule.task_key, rule.strategy_key) for rule in rules}
    advice = [Advice(strategy_of(rule), rule.occurrences, rule.successes) for rule in rules]
    advised = {form(item.strategy) for item in advice}
    for rule in rules:
        instead = rule.better_alternative if rule.kind == "anti_pattern" else ""
        if instead and form(instead) not in advised:
            advised.add(form(instead))
            advice.append(Advice(instead, 1, 1))
    advice += [
        Advice(hit.strategy, 1, hit.outcome == "success")
        for hit in hits
        if hit.kind == "outcome" and (hit.task_key, hit.strategy_key) not in counted
    ]
    return advice


def is_about(text: str, kind: str) -> bool:
    """Whether a reader sees that a text words this kind of task or this strategy."""
    return meanings().get(form(text)) == kind


def strategy_of(rule: Hit) -> str:
    """The approach that a rule is about, in its words."""
    return rule.strategy if rule.kind == "heuristic" else rule.approach()


class CachingEmbedder:
    """The bundled model, asked once for each text: the benchmark's own shortcut, since its texts come again."""

    def __init__(self) -> None:
        self._embedder = open_embedder()
        self.model_id, self.dimension = self._embedder.model_id, self._embedder.dimension
        self._vectors: dict[str, Vector] = {}
        self.embed(all_texts())  # at once, which is faster

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._embedder.embed(new), strict=True))
        return [self._vectors[text] for text in texts]
