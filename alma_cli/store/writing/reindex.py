"""Giving memories their vectors anew, in batches, so that an interrupted run can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import given_vectors, rows_from
from alma_cli.store.inbox.operations import Vector

if TYPE_CHECKING:
    from alma_cli.core.records import Record
    from alma_cli.store.database.duckdb import Connection

_OUTDATED = "kind <> 'credit' AND origin <> 'derived' AND embedding_model IS DISTINCT FROM $model"


def fit_dimension(connection: Connection, dimension: int) -> None:
    """Make room for vectors of another length; the present ones are dropped, since none of them can be used."""
    if connection.execute("SELECT dimension FROM replica").fetchall() == [(dimension,)]:
        return
    with transaction(connection):
        for table in ("memories", "keys"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN embedding")
            connection.execute(f"ALTER TABLE {table} ADD COLUMN embedding FLOAT[{int(dimension)}]")
        # Updated last: a table altered after an update takes no more changes on this connection (DuckDB 1.5).
        for table in ("memories", "keys"):
            connection.execute(f"UPDATE {table} SET embedding_model = NULL")
        connection.execute("UPDATE replica SET dimension = ?", [dimension])


def outdated(connection: Connection, model: str, *, limit: int) -> list[Record]:
    """Some memories that have no vector by this model."""
    rows = connection.execute(
        f"SELECT {', '.join(RECORD_COLUMNS)} FROM memories WHERE {_OUTDATED} ORDER BY seq LIMIT {int(limit)}",
        {"model": model},
    ).fetchall()
    return [row_record(row) for row in rows]


def outdated_keys(connection: Connection, model: str, *, limit: int) -> list[str]:
    """Some texts that stand for a key and have no vector by this model."""
    rows = connection.execute(
        f"SELECT DISTINCT text FROM keys WHERE embedding_model IS DISTINCT FROM ? ORDER BY text LIMIT {int(limit)}",
        [model],
    ).fetchall()
    return [row[0] for row in rows]


def set_key_vectors(connection: Connection, texts: Sequence[str], vectors: Sequence[Vector], model: str) -> None:
    """Store the vectors of texts that stand for keys."""
    rows = [{"number": number, "text": text} for number, text in enumerate(texts)]
    with transaction(connection), given_vectors(connection, vectors) as vectors_given:
        connection.execute(
            f"""
            UPDATE keys SET embedding = vectors.embedding, embedding_model = $model
            FROM {rows_from({"number": "INTEGER", "text": "VARCHAR"}, "$rows")} AS given
            JOIN {vectors_given} AS vectors USING (number) WHERE keys.text = given.text
            """,
            {"rows": json.dumps(rows), "model": model},
        )


def drop_vectors(connection: Connection) -> None:
    """Forget every vector, so that all are made again."""
    connection.execute("UPDATE memories SET embedding_model = NULL")
    connection.execute("UPDATE keys SET embedding_model = NULL")


def set_vectors(connection: Connection, records: Sequence[Record], vectors: Sequence[Vector], model: str) -> None:
    """Store the vectors of records, unless their topic has changed since it was read."""
    rows = [
        {"number": number, "id": record.id, "updated_at": record.updated_at.replace(tzinfo=None).isoformat()}
        for number, record in enumerate(records)
    ]
    types = {"number": "INTEGER", "id": "VARCHAR", "updated_at": "TIMESTAMP"}
    with transaction(connection), given_vectors(connection, vectors) as vectors_given:
        connection.execute(
            f"""
            UPDATE memories SET embedding = vectors.embedding, embedding_model = $model
            FROM {rows_from(types, "$rows")} AS given JOIN {vectors_given} AS vectors USING (number)
            WHERE memories.id = given.id AND memories.updated_at = given.updated_at
            """,
            {"rows": json.dumps(rows), "model": model},
        )
