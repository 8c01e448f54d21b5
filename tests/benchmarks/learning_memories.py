"""What is compared: memories that advise an agent, and how the agent reads advice.

The agent is the same for all. It knows its four options for the task at hand, recognises an option in whatever words
advice names it, and does what `best_option` says. It reads in one of two ways: it adds up all that it is told of one
option, or takes each piece of advice as it is told.
"""

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.core.records import Vector
from alma_cli.core.retrieval.slices import Hit
from alma_cli.embedding import Embedder, OnProgress, open_embedder
from alma_cli.project import make_project
from alma_cli.store.database import engine, opening
from tests.benchmarks.learning_world import START, Episode, kinds

CONFIG = "alma:\n  project_id: learning-benchmark\n"
AGENT = "learner"
VECTOR_HITS = 10


class Advice(NamedTuple):
    """What a memory says of one strategy: how often it was tried in such tasks, and how often it worked."""

    strategy: str
    occurrences: float
    successes: float


class Memory(Protocol):
    """Something that advises, and is told how it went."""

    def choice(self, episode: Episode) -> int:
        """The strategy that an agent with this memory takes when it doesn't explore."""

    def learn(self, episode: Episode, strategy: int) -> None:
        """Remember what the agent is told of how the strategy went."""

    def copy(self) -> "Memory":
        """Another memory with the same content."""


Reading: TypeAlias = Callable[[Sequence[Advice]], tuple[float, float]]
"""What an agent makes of all that is said of one option: occurrences and successes."""


def added_up(told: Sequence[Advice]) -> tuple[float, float]:
    """The evidence of an agent that adds up what it is told of one option in different words."""
    return sum(item.occurrences for item in told), sum(item.successes for item in told)


def as_told(told: Sequence[Advice]) -> tuple[float, float]:
    """The evidence of an agent that takes each piece of advice as it is: of one option, the one that speaks best."""
    by_words: dict[str, list[Advice]] = {}
    for item in told:
        by_words.setdefault(item.strategy, []).append(item)
    return max((added_up(same) for same in by_words.values()), key=lambda numbers: chance(*numbers), default=(0, 0))


READINGS: dict[str, Reading] = {"added-up": added_up, "as-told": as_told}


def chance(occurrences: float, successes: float) -> float:
    """The success rate to expect: the mean of a beta distribution with a uniform prior; one half if nothing is known."""
    return (successes + 1) / (occurrences + 2)


def best_option(
    advice: Sequence[Advice], options: Sequence[frozenset[str]], preference: Sequence[int], reading: Reading
) -> int:
    """The option that advice speaks best for.

    That is the option with the best record if it is better than even, else one of which nothing is known, else the
    least bad. Advice on other things is passed over.
    """
    chances = [chance(*reading([item for item in advice if item.strategy in words])) for words in options]
    return max(preference, key=lambda option: chances[option])


OPTIONS = [[frozenset(wordings) for wordings in kind.strategies] for kind in kinds()]


class NoMemory:
    """Tries anything."""

    def choice(self, episode: Episode) -> int:
        return episode.preference[0]

    def learn(self, episode: Episode, strategy: int) -> None:
        pass

    def copy(self) -> Memory:
        return self


class Oracle(NoMemory):
    """Knows every success rate, now."""

    def choice(self, episode: Episode) -> int:
        return episode.best


class PerfectGrouping:
    """Counts, knowing for certain which kind and strategy every outcome is about: what the reports allow."""

    def __init__(self) -> None:
        self._counts = {(kind, option): (0, 0) for kind, known in enumerate(OPTIONS) for option in range(len(known))}

    def choice(self, episode: Episode) -> int:
        return max(episode.preference, key=lambda option: chance(*self._counts[episode.kind, option]))

    def learn(self, episode: Episode, strategy: int) -> None:
        occurrences, successes = self._counts[episode.kind, strategy]
        self._counts[episode.kind, strategy] = occurrences + 1, successes + episode.is_said_to_succeed(strategy)

    def copy(self) -> Memory:
        return copy.deepcopy(self)


class VectorMemory:
    """A plain vector memory: the past outcomes whose tasks are nearest by cosine, as they were reported."""

    def __init__(self, embedder: Embedder, reading: Reading) -> None:
        self._embedder = embedder
        self._reading = reading
        self._vectors: list[Vector] = []
        self._outcomes: list[Advice] = []

    def choice(self, episode: Episode) -> int:
        advice: list[Advice] = []
        if self._vectors:
            (task,) = self._embedder.embed([episode.task])
            cosines = np.asarray(self._vectors) @ np.asarray(task)
            advice = [self._outcomes[nearest] for nearest in np.argsort(-cosines, kind="stable")[:VECTOR_HITS]]
        return best_option(advice, OPTIONS[episode.kind], episode.preference, self._reading)

    def learn(self, episode: Episode, strategy: int) -> None:
        self._vectors += self._embedder.embed([episode.task])
        self._outcomes.append(Advice(episode.texts[strategy], 1, episode.is_said_to_succeed(strategy)))

    def copy(self) -> Memory:
        other = VectorMemory(self._embedder, self._reading)
        other._vectors, other._outcomes = list(self._vectors), list(self._outcomes)
        return other


class AlmaMemory:
    """ALMA as it is, in a project of its own: what `retrieve` gives is the advice, and `learn` is told how it went."""

    def __init__(self, embedder: Embedder, reading: Reading) -> None:
        self._embedder = embedder
        self._reading = reading
        self._folder = tempfile.TemporaryDirectory(prefix="alma-learning-")
        project = make_project(self._folder.name, CONFIG)
        self._alma = ALMA(project, load_config(project.config_path))
        self._now = START
        self._alma._session._embedder = embedder
        self._alma._session.now = lambda: self._now

    def choice(self, episode: Episode) -> int:
        self._now = episode.at
        memories = self._alma.retrieve(episode.task, AGENT)
        return best_option(advice_in(memories), OPTIONS[episode.kind], episode.preference, self._reading)

    def learn(self, episode: Episode, strategy: int) -> None:
        self._now = episode.at
        outcome = "success" if episode.is_said_to_succeed(strategy) else "failure"
        self._alma.learn(AGENT, episode.task, outcome, episode.texts[strategy], key=episode.at.isoformat())

    def copy(self) -> Memory:
        other = AlmaMemory(self._embedder, self._reading)
        with self._alma._session.store().file.opened(read_only=False) as connection:
            connection.execute("CHECKPOINT store")
        shutil.copytree(self._alma.project.home, other._alma.project.home, dirs_exist_ok=True)
        return other


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


def advice_in(memories: Sequence[Hit]) -> list[Advice]:
    """What a slice says of each strategy: what is told of it `in_such_tasks` or, without that, of the memory itself.

    All hits with one `strategy_key` tell the same evidence, so it is counted once.
    """
    told: dict[str, Advice] = {}
    for hit in memories:
        candidate = hit.ranked.candidate
        if candidate.pooled_occurrences:
            numbers = (candidate.pooled_occurrences, candidate.pooled_successes)
        elif hit.kind == "outcome":
            numbers = (1.0, candidate.success or 0.0)
        else:
            numbers = (hit.occurrences, hit.successes)
        words = hit.strategy if hit.kind != "anti_pattern" else hit.pattern.partition(" (when: ")[0]
        told.setdefault(hit.strategy_key or hit.id, Advice(words, *numbers))
    return list(told.values())


class CachingEmbedder:
    """The bundled model, asked once for each text: the benchmark's own shortcut, since its texts come again."""

    def __init__(self) -> None:
        embedder = open_embedder()
        self.model_id, self.dimension = embedder.model_id, embedder.dimension
        known = kinds()
        texts = [text for kind in known for text in kind.tasks]
        texts += [text for kind in known for wordings in kind.strategies for text in wordings]
        self._vectors = dict(zip(texts, embedder.embed(texts), strict=True))

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        return [self._vectors[text] for text in texts]
