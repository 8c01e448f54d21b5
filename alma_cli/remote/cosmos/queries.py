"""The queries that are sent, each to one partition: the nearest by vector, those with certain words, credits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alma_cli.core.records import SEARCHED_FIELDS, JsonValue

_IN_FORCE = "(NOT IS_DEFINED(c.deleted_at) OR c.deleted_at = null)"
_MEMORY = f"c.kind NOT IN ('credit', 'marker') AND {_IN_FORCE} AND (NOT IS_DEFINED(c.archived) OR c.archived = false)"

INDEXED_FIELDS = ("kind", "deleted_at", "archived", "target", *SEARCHED_FIELDS)
"""The fields that these queries filter by: besides vectors, the container has to index no others."""


class Query(NamedTuple):
    """A query and its parameters."""

    text: str
    parameters: list[dict[str, object]]


def nearest(vector: Sequence[float], *, limit: int) -> Query:
    """The memories with the greatest cosine to the vector, best first."""
    return Query(
        f"SELECT TOP @limit * FROM c WHERE {_MEMORY} AND IS_DEFINED(c.embedding)"
        " ORDER BY VectorDistance(c.embedding, @vector)",
        _parameters(limit=limit, vector=list(vector)),
    )


def word_counts(words: Sequence[str]) -> Query:
    """The ids of the memories with any of the words, each with how many of them it has (`n`)."""
    having = [
        "(" + " OR ".join(f"CONTAINS(c.{field}, @word{number}, true)" for field in SEARCHED_FIELDS) + ")"
        for number in range(len(words))
    ]
    counted = " + ".join(f"({one} ? 1 : 0)" for one in having)
    return Query(
        f"SELECT c.id, {counted} AS n FROM c WHERE {_MEMORY} AND ({' OR '.join(having)})",
        _parameters(**{f"word{number}": word for number, word in enumerate(words)}),
    )


def first(limit: int) -> Query:
    """The memories with the least ids, which are as good as drawn at random. Ids are indexed in every container."""
    return Query(f"SELECT TOP @limit * FROM c WHERE {_MEMORY} ORDER BY c.id", _parameters(limit=limit))


def by_ids(ids: Sequence[str]) -> Query:
    """The documents with these ids."""
    return Query("SELECT * FROM c WHERE ARRAY_CONTAINS(@ids, c.id)", _parameters(ids=list(ids)))


def credits_of(targets: Sequence[str]) -> Query:
    """The credits of these memories."""
    return Query(
        f"SELECT * FROM c WHERE c.kind = 'credit' AND {_IN_FORCE} AND ARRAY_CONTAINS(@targets, c.target)",
        _parameters(targets=list(targets)),
    )


COUNT = Query(f"SELECT VALUE COUNT(1) FROM c WHERE {_MEMORY}", [])
"""The query for the number of memories."""

IDS = Query("SELECT VALUE c.id FROM c", [])
"""The query for the ids of all documents."""

AGENTS = Query("SELECT DISTINCT VALUE c.agent FROM c", [])
"""The query for agents that have documents; it may name some twice if the project has several physical ranges."""


def _parameters(**values: JsonValue | Sequence[JsonValue]) -> list[dict[str, object]]:
    return [{"name": f"@{name}", "value": value} for name, value in values.items()]
