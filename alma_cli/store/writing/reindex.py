"""Gives memories their vectors anew, in batches, so that an interrupted run can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.core.records import Vector
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import given_vectors, rows_from, utc_text
from alma_cli.store.writing.derived import take_all_task_vectors

if TYPE_CHECKING:
    from alma_cli.core.records import Record
    from alma_cli.store.database.duckdb import Connection

_OUTDATED = "kind <> 'credit' AND origin <> 'derived' AND embedding_model IS DISTINCT FROM $model"


class Vectors:
    """Reads and writes the vectors of an open store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fit(self, dimension: int) -> None:
        """Make room for vectors of another length; the present ones are dropped, since none of them can be used."""
        if self._connection.execute("SELECT dimension FROM replica").fetchall() == [(dimension,)]:
            return
        with transaction(self._connection):
            for table in ("memories", "keys"):
                self._connection.execute(f"ALTER TABLE {table} DROP COLUMN embedding")
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN embedding FLOAT[{int(dimension)}]")
            # The update comes last: after it, an altered table takes no more changes on this connection (DuckDB 1.5).
            for table in ("memories", "keys"):
                self._connection.execute(f"UPDATE {table} SET embedding_model = NULL")
            self._connection.execute("UPDATE replica SET dimension = ?", [dimension])

    def outdated(self, model: str, *, limit: int) -> list[Record]:
        """Some memories that have no vector by this model."""
        rows = self._connection.execute(
            f"SELECT {', '.join(RECORD_COLUMNS)} FROM memories WHERE {_OUTDATED} ORDER BY seq LIMIT {int(limit)}",
            {"model": model},
        ).fetchall()
        return [row_record(row) for row in rows]

    def outdated_keys(self, model: str, *, limit: int) -> list[str]:
        """Some texts that stand for a key and have no vector by this model."""
        rows = self._connection.execute(
            f"SELECT DISTINCT text FROM keys WHERE embedding_model IS DISTINCT FROM ? ORDER BY text LIMIT {int(limit)}",
            [model],
        ).fetchall()
        return [row[0] for row in rows]

    def set_for_keys(self, texts: Sequence[str], vectors: Sequence[Vector], model: str) -> None:
        """Store the vectors of texts that stand for keys."""
        rows = [{"number": number, "text": text} for number, text in enumerate(texts)]
        with transaction(self._connection), given_vectors(self._connection, vectors) as vectors_given:
            self._connection.execute(
                f"""
                UPDATE keys SET embedding = vectors.embedding, embedding_model = $model
                FROM {rows_from({"number": "INTEGER", "text": "VARCHAR"}, "$rows")} AS given
                JOIN {vectors_given} AS vectors USING (number) WHERE keys.text = given.text
                """,
                {"rows": json.dumps(rows), "model": model},
            )

    def drop(self) -> None:
        """Forget every vector, so that all are made again."""
        self._connection.execute("UPDATE memories SET embedding_model = NULL")
        self._connection.execute("UPDATE keys SET embedding_model = NULL")

    def set(self, records: Sequence[Record], vectors: Sequence[Vector], model: str) -> None:
        """Store the vectors of records, unless their topic has changed since it was read."""
        rows = [
            {"number": number, "id": record.id, "updated_at": utc_text(record.updated_at)}
            for number, record in enumerate(records)
        ]
        types = {"number": "INTEGER", "id": "VARCHAR", "updated_at": "TIMESTAMP"}
        with transaction(self._connection), given_vectors(self._connection, vectors) as vectors_given:
            self._connection.execute(
                f"""
                UPDATE memories SET embedding = vectors.embedding, embedding_model = $model
                FROM {rows_from(types, "$rows")} AS given JOIN {vectors_given} AS vectors USING (number)
                WHERE memories.id = given.id AND memories.updated_at = given.updated_at
                """,
                {"rows": json.dumps(rows), "model": model},
            )

    def give_to_derived(self) -> None:
        """Give every derived memory the vector of its task, where that was made anew."""
        take_all_task_vectors(self._connection)
