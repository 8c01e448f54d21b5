"""Which task and which strategy an outcome is about: its keys, chosen once, when it is folded in.

Each key is represented by the text it was first chosen for. The nearest representatives by meaning are measured here;
`core.keys` decides from their texts whether one of them is the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.core.keys import KeyCandidate, Role, choose_key, new_key
from alma_cli.core.records import Outcome
from alma_cli.store.binding import rows_from, vector_text
from alma_cli.store.operations import Entry, Vector

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

_NEAREST = 12
"""Representatives that are looked at; the nearest that is the same wins."""

_LEAST_COSINE = 0.3


class _Place(NamedTuple):
    """Where keys are compared: never across agents or domains."""

    agent: str
    domain: str
    role: Role


@dataclass(slots=True)
class _Wanted:
    """A text that needs a key, or (with one) may represent it."""

    place: _Place
    text: str
    vector: Vector | None
    model: str
    key: str


def with_keys(connection: Connection, entries: Sequence[Entry], dimension: int) -> list[Entry]:
    """The entries with every outcome's keys chosen; the keys' representatives are stored.

    Keys that an outcome has already are kept. An outcome without a strategy has no `strategy_key`.
    """
    wanted = [item for entry in entries for item in _wanted(entry, dimension)]
    chosen = _choose(connection, wanted)
    answers = iter(chosen)
    keyed = []
    for entry in entries:
        if not isinstance(entry.record, Outcome):
            keyed.append(entry)
            continue
        task_key = next(answers)
        strategy_key = next(answers) if entry.record.strategy.strip() else entry.record.strategy_key
        keyed.append(replace(entry, record=replace(entry.record, task_key=task_key, strategy_key=strategy_key)))
    return keyed


def drop_orphans(connection: Connection, agent: str, domain: str) -> None:
    """Forget the text of keys that no outcome has any more, and of those that only forgotten outcomes gave.

    The outcome that remains with the least id gives the text then, and of a task its vector; that of a strategy has to
    be made again.
    """
    parameters = {"agent": agent, "domain": domain}
    for role, vector in (("task", ("first.embedding_model", "first.embedding")), ("strategy", ("NULL", "NULL"))):
        outcomes = (
            f"SELECT * FROM memories WHERE kind = 'outcome' AND agent = $agent AND domain = $domain AND {role}_key"
        )
        given = f"agent = $agent AND domain = $domain AND role = '{role}'"
        connection.execute(
            f"DELETE FROM keys WHERE {given} AND NOT EXISTS ({outcomes} = keys.key)",
            parameters,
        )
        connection.execute(
            f"""
            UPDATE keys SET text = first.text, embedding_model = {vector[0]}, embedding = {vector[1]}
            FROM (
                SELECT {role}_key AS of_key, unnest(arg_min(
                    {{'text': {role}, 'embedding_model': embedding_model, 'embedding': embedding}}, id
                )) FROM ({outcomes} <> '') GROUP BY of_key
            ) AS first
            WHERE {given} AND key = of_key AND NOT EXISTS ({outcomes} = keys.key AND {role} = keys.text)
            """,
            parameters,
        )


def _wanted(entry: Entry, dimension: int) -> list[_Wanted]:
    outcome = entry.record
    if not isinstance(outcome, Outcome):
        return []
    task = _Place(outcome.agent, outcome.domain, "task")
    strategy = _Place(outcome.agent, outcome.domain, "strategy")
    wanted = [_Wanted(task, outcome.task, _fitting(entry.vector, dimension), entry.model, outcome.task_key)]
    if outcome.strategy.strip():
        vector = _fitting(entry.strategy_vector, dimension)
        wanted.append(_Wanted(strategy, outcome.strategy, vector, entry.model, outcome.strategy_key))
    return wanted


def _fitting(vector: Vector | None, dimension: int) -> Vector | None:
    return vector if vector is not None and len(vector) == dimension else None


def _choose(connection: Connection, wanted: Sequence[_Wanted]) -> list[str]:
    """The key of each text, in order; what an earlier one was given counts for the later ones."""
    proposed = [item.key or new_key(item.text) for item in wanted]
    known = _known(connection, wanted, proposed)
    unknown = {
        number: item
        for number, (item, key) in enumerate(zip(wanted, proposed, strict=True))
        if not item.key and item.vector is not None and (item.place, key) not in known
    }
    nearest = _nearest(connection, unknown)
    chosen: list[str] = []
    represented: dict[int, str] = {}
    for number, (item, key) in enumerate(zip(wanted, proposed, strict=True)):
        if (item.place, key) not in known:
            candidates = [
                KeyCandidate(key=found or represented[other], text=text, cosine=cosine)
                for found, other, text, cosine in nearest.get(number, ())
                if found or other in represented
            ]
            same = None if item.key else choose_key(item.text, candidates, role=item.place.role)
            if same is not None:
                chosen.append(same)
                continue
            known.add((item.place, key))
            represented[number] = key
        chosen.append(key)
    _represent(connection, [(wanted[number], key) for number, key in represented.items()])
    return chosen


def _known(connection: Connection, wanted: Sequence[_Wanted], keys: Sequence[str]) -> set[tuple[_Place, str]]:
    """Which of these keys, one for each text, are in use where the text belongs."""
    given = [{**item.place._asdict(), "key": key} for item, key in zip(wanted, keys, strict=True)]
    rows = connection.execute(
        "SELECT DISTINCT agent, domain, role, key FROM keys "
        f"SEMI JOIN {_given('key')} USING (agent, domain, role, key)",
        [json.dumps(given)],
    ).fetchall()
    return {(_Place(agent, domain, role), key) for agent, domain, role, key in rows}


def _nearest(
    connection: Connection, texts: Mapping[int, _Wanted]
) -> dict[int, list[tuple[str | None, int, str, float]]]:
    """The nearest representatives of each text, by its number: key, number, text and cosine.

    Besides stored representatives (with a key) these are the earlier ones of the texts themselves (with a number).
    """
    if not texts:
        return {}
    given = [
        {
            **item.place._asdict(),
            "number": number,
            "text": item.text,
            "model": item.model,
            "vector": vector_text(item.vector),
        }
        for number, item in texts.items()
    ]
    dimension = len(next(item.vector for item in texts.values() if item.vector is not None))
    rows = connection.execute(
        f"""
        WITH wanted AS MATERIALIZED (
            SELECT agent, domain, role, number, text, model, vector::FLOAT[{dimension}] AS embedding
            FROM {_given("number", "text", "model", "vector")}
        ),
        representative AS (
            SELECT agent, domain, role, key, -1 AS number, text, embedding_model AS model, embedding
            FROM keys WHERE embedding IS NOT NULL
            UNION ALL SELECT agent, domain, role, NULL, number, text, model, embedding FROM wanted
        ),
        compared AS (
            SELECT wanted.number, representative.key, representative.number AS other, representative.text,
                array_cosine_similarity(wanted.embedding, representative.embedding) AS cosine
            FROM wanted JOIN representative USING (agent, domain, role, model)
            WHERE representative.number < wanted.number
        )
        SELECT number, unnest(arg_max((key, other, text, cosine), cosine, {_NEAREST}))
        FROM compared WHERE cosine >= {_LEAST_COSINE} GROUP BY number
        """,
        [json.dumps(given)],
    ).fetchall()
    nearest: dict[int, list[tuple[str | None, int, str, float]]] = {}
    for number, found in rows:
        nearest.setdefault(number, []).append(tuple(found.values()) if isinstance(found, dict) else tuple(found))
    return nearest


def _represent(connection: Connection, chosen: Sequence[tuple[_Wanted, str]]) -> None:
    """Store the texts that represent new keys."""
    if not chosen:
        return
    given = [
        {
            **item.place._asdict(),
            "key": key,
            "text": item.text,
            "model": item.model if item.vector is not None else None,
            "vector": vector_text(item.vector),
        }
        for item, key in chosen
    ]
    connection.execute(
        "INSERT INTO keys (agent, domain, role, key, text, embedding_model, embedding) "
        f"SELECT agent, domain, role, key, text, model, vector FROM {_given('key', 'text', 'model', 'vector')}",
        [json.dumps(given)],
    )


def _given(*columns: str) -> str:
    """The table in a parameter of JSON rows, with these columns besides those of a place."""
    types = dict.fromkeys(("agent", "domain", "role", *columns), "VARCHAR")
    if "number" in types:
        types["number"] = "INTEGER"
    return rows_from(types)
