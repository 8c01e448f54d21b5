"""Chooses the keys of an outcome, which name its task and its strategy, once, when it is folded in.

For each key a few texts that have it are kept; the first stands for it. `nearest_keys` finds the nearest of them by
meaning, and `core.learning.keys` decides from the texts whether one means the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from alma_cli.core.learning.keys import KeyCandidate, adds_wording, choose_key, new_key
from alma_cli.core.records import Outcome, Vector
from alma_cli.store.database.values import insert_with_vectors, rows_from
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.writing.nearest_keys import KeyAt, Near, NewText, Place, nearest

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection

_AT = dict.fromkeys(("agent", "domain", "role", "key"), "VARCHAR")

_KEPT_TYPES = {
    **dict.fromkeys(("agent", "domain", "role", "key", "text", "embedding_model"), "VARCHAR"),
    "is_first": "BOOLEAN",
}


@dataclass(slots=True)
class _Wanted:
    """A text that needs a key, or (if it has one) may be kept for it."""

    place: Place
    text: str
    vector: Vector | None
    model: str
    key: str


class _Kept(NamedTuple):
    """A text to keep for a key; the first one stands for it."""

    item: _Wanted
    key: str
    is_first: bool


def with_keys(connection: Connection, entries: Sequence[Entry], dimension: int) -> list[Entry]:
    """The entries with the keys of every outcome; new wordings are kept for the keys.

    Keys that an outcome has already stay. An outcome without a strategy has no `strategy_key`.
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
    """Forget the texts of keys that came from forgotten outcomes only.

    If outcomes still have a key that no text is left for, the one with the least id gives the text and, for a task, its
    vector; the vector of a strategy has to be made again.
    """
    place = {"agent": agent, "domain": domain}
    for role, vector in (("task", "embedding_model, embedding"), ("strategy", "NULL, NULL")):
        of_role = f"keys.agent = $agent AND keys.domain = $domain AND keys.role = '{role}'"
        outcomes = f"kind = 'outcome' AND agent = $agent AND domain = $domain AND {role}_key <> '' AND {role} <> ''"
        connection.execute(
            f"DELETE FROM keys WHERE {of_role} AND NOT EXISTS "
            f"(SELECT * FROM memories WHERE {outcomes} AND {role}_key = keys.key AND {role} = keys.text)",
            place,
        )
        connection.execute(
            f"""
            INSERT INTO keys (agent, domain, role, key, is_first, text, embedding_model, embedding)
            SELECT agent, domain, '{role}', {role}_key, true, {role}, {vector} FROM memories
            WHERE {outcomes} AND NOT EXISTS (SELECT * FROM keys WHERE {of_role} AND key = {role}_key)
            QUALIFY row_number() OVER (PARTITION BY {role}_key ORDER BY id) = 1
            """,
            place,
        )
    connection.execute(
        """
        UPDATE keys SET is_first = true FROM (
            SELECT role, key, min(text) AS text FROM keys WHERE agent = $agent AND domain = $domain
            GROUP BY role, key HAVING NOT bool_or(is_first)
        ) AS headless
        WHERE agent = $agent AND domain = $domain
            AND (keys.role, keys.key, keys.text) = (headless.role, headless.key, headless.text)
        """,
        place,
    )


def _wanted(entry: Entry, dimension: int) -> list[_Wanted]:
    outcome = entry.record
    if not isinstance(outcome, Outcome):
        return []
    task = Place(outcome.agent, outcome.domain, "task")
    strategy = Place(outcome.agent, outcome.domain, "strategy")
    wanted = [_Wanted(task, outcome.task, _fitting(entry.vector, dimension), entry.model, outcome.task_key)]
    if outcome.strategy.strip():
        vector = _fitting(entry.strategy_vector, dimension)
        wanted.append(_Wanted(strategy, outcome.strategy, vector, entry.model, outcome.strategy_key))
    return wanted


def _fitting(vector: Vector | None, dimension: int) -> Vector | None:
    return vector if vector is not None and len(vector) == dimension else None


def _choose(connection: Connection, wanted: Sequence[_Wanted]) -> list[str]:
    """The key of each text, in order; the keys of earlier texts count for later ones."""
    proposed = [KeyAt(item.place, item.key or new_key(item.text)) for item in wanted]
    texts = _texts_of(connection, proposed)
    unknown = [
        NewText(number, item.place, item.text, item.vector, item.model)
        for number, (item, at) in enumerate(zip(wanted, proposed, strict=True))
        if not item.key and item.vector is not None and at not in texts
    ]
    found = nearest(connection, unknown)
    texts |= _texts_of(connection, sorted(found.keys - texts.keys()))
    chosen: list[str] = []
    kept: dict[int, _Kept] = {}
    for number, (item, own) in enumerate(zip(wanted, proposed, strict=True)):
        is_given = item.key or own in texts
        same = None if is_given else _same(item, found.to(number), kept, texts)
        at = own if same is None else KeyAt(item.place, same)
        of_key = texts.setdefault(at, [])
        if adds_wording(item.text, of_key):
            kept[number] = _Kept(item, at.key, is_first=not of_key)
            of_key.append(item.text)
        chosen.append(at.key)
    _keep(connection, kept.values())
    return chosen


def _same(
    item: _Wanted, nearest: Iterable[Near], kept: Mapping[int, _Kept], texts: Mapping[KeyAt, Sequence[str]]
) -> str | None:
    """The key of one of the nearest texts that means the same; a text of this batch has a key if it was kept."""
    candidates = (
        KeyCandidate(key=near.key or kept[near.number].key, text=near.text, cosine=near.cosine)
        for near in nearest
        if near.key or near.number in kept
    )
    return choose_key(item.text, candidates, role=item.place.role, texts_of=lambda key: texts[KeyAt(item.place, key)])


def _texts_of(connection: Connection, keys: Sequence[KeyAt]) -> dict[KeyAt, list[str]]:
    """The texts that are kept for the keys in use."""
    if not keys:
        return {}
    given = [{**at.place._asdict(), "key": at.key} for at in dict.fromkeys(keys)]
    rows = connection.execute(
        "SELECT agent, domain, role, key, text FROM keys "
        f"SEMI JOIN {rows_from(_AT)} USING (agent, domain, role, key) ORDER BY NOT is_first, text",
        [json.dumps(given)],
    ).fetchall()
    texts: dict[KeyAt, list[str]] = {}
    for agent, domain, role, key, text in rows:
        texts.setdefault(KeyAt(Place(agent, domain, role), key), []).append(text)
    return texts


def _keep(connection: Connection, kept: Collection[_Kept]) -> None:
    """Store texts for their keys."""
    if not kept:
        return
    given = [
        {
            **item.place._asdict(),
            "key": key,
            "is_first": is_first,
            "text": item.text,
            "embedding_model": item.model if item.vector is not None else None,
        }
        for item, key, is_first in kept
    ]
    insert_with_vectors(connection, "keys", _KEPT_TYPES, given, [item.vector for item, _, _ in kept])
