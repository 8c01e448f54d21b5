"""Stores of many memories for measuring, made within DuckDB: made-up words, and vectors in clusters as tasks make them.

Rows go in by batches of 50,000, each a transaction, so memory stays bounded; the agents' memories lie mixed, as when
they work at the same time. Everything else is as ALMA writes it.
"""

from __future__ import annotations

import array
import random
from typing import TYPE_CHECKING

from alma_cli.store import ProjectRules, Store, open_store
from alma_cli.store.database.engine import transaction

if TYPE_CHECKING:
    from pathlib import Path

DIMENSION = 384
IN_CLUSTER = 50
"""Memories of one likeness; their cosine to each other is about .6, to others 0 give or take .05, as with MiniLM."""
VOCABULARY = 20_000
WORDS_IN_TASK = 8
_BATCH = 50_000
_SPREAD = 0.8


def filled(folder: Path, memories: int, *, agents: int, model: str) -> Store:
    """A store with so many outcomes by so many agents (`a0`, `a1`, ...), checkpointed."""
    folder.mkdir(parents=True, exist_ok=True)
    learning = ProjectRules(project_id="scale", rules_of=lambda agent: _no_rules())
    store = open_store(folder, dimension=DIMENSION, wait_s=60, rules=learning)
    with store.file.opened(read_only=False) as connection:
        connection.execute("SELECT setseed(0.5)")
        clusters = max(1, memories // IN_CLUSTER)
        connection.execute(
            f"CREATE TEMP TABLE centre AS SELECT range AS number, {_random_vector()} AS vector FROM range({min(clusters, 20_000)})"
        )
        for start in range(0, memories, _BATCH):
            end = min(start + _BATCH, memories)
            with transaction(connection):
                connection.execute(_ROWS, {"start": start, "end": end, "agents": agents, "model": model})
                connection.execute(_POSTINGS, {"start": start})
        connection.execute("UPDATE replica SET next_seq = ?", [memories])
        connection.execute("CHECKPOINT store")
    return store


def vector_near_cluster(store: Store, rng: random.Random) -> array.array[float]:
    """A vector as a task has that is like one memory of the store."""
    with store.reading() as reader:
        rows = reader._rows("SELECT embedding FROM memories WHERE seq = ?", [rng.randrange(1000)])
    return array.array("f", (number + rng.gauss(0, 0.03) for number in rows[0][0]))


def task(rng: random.Random) -> str:
    """Made-up words, the common ones more often."""
    return " ".join(_word(rng.random()) for _ in range(WORDS_IN_TASK))


def _word(share: float) -> str:
    return f"word{int(VOCABULARY * share**3)}"


def _random_vector() -> str:
    # A sum of three uniform numbers is near enough to a normal one.
    return f"list_transform(range({DIMENSION} + 0 * range), lambda x: (random() + random() + random() - 1.5) * 2)::FLOAT[{DIMENSION}]"


_NOISE = (
    f"list_transform(range({DIMENSION} + 0 * seq), lambda x: (random() + random() + random() - 1.5) * 2 * {_SPREAD})"
)
_ROWS = f"""
INSERT INTO memories BY NAME
SELECT seq, '0000000000000-0000-x' AS hlc, {2 * WORDS_IN_TASK} AS n_terms, $model AS embedding_model,
    list_transform(list_zip(centre.vector::FLOAT[], {_NOISE}), lambda pair: (pair[1] + pair[2]) / 25)::FLOAT[{DIMENSION}] AS embedding,
    md5(seq::VARCHAR) AS id, 'outcome' AS kind, 'scale' AS project_id, 'a' || (seq % $agents) AS agent,
    'general' AS domain, 'observed' AS origin, moment AS created_at, moment AS updated_at, moment AS happened_at,
    MAP([]::VARCHAR[], []::VARCHAR[]) AS labels, false AS archived, '{{}}' AS extra,
    array_to_string(words[1:{WORDS_IN_TASK}], ' ') AS task,
    ['success', 'failure', 'partial'][1 + seq % 3] AS outcome, '' AS feedback, '' AS error,
    array_to_string(words[{WORDS_IN_TASK + 1}:{2 * WORDS_IN_TASK}], ' ') AS strategy,
    't' || centre.number AS task_key, 's' || centre.number || '-' || (seq % 4) AS strategy_key
FROM (
    SELECT range AS seq, now()::TIMESTAMP - to_seconds(range % 7776000) AS moment,
        list_transform(range({2 * WORDS_IN_TASK} + 0 * range), lambda x: 'word' || floor({VOCABULARY} * pow(random(), 3))::INT) AS words,
        floor(random() * (SELECT count(*) FROM centre))::BIGINT AS number
    FROM range($start, $end)
) JOIN centre USING (number)
ORDER BY seq
"""
_POSTINGS = """
INSERT INTO postings
SELECT md5_number_lower(term), seq, count(*)
FROM (SELECT seq, unnest(string_split(task || ' ' || strategy, ' ')) AS term FROM memories WHERE seq >= $start)
GROUP BY ALL ORDER BY seq
"""


def _no_rules() -> object:
    raise NotImplementedError("nothing is derived while measuring")
