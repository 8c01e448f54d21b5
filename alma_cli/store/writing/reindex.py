"""Gives memories their vectors anew, in batches, so that an interrupted run can go on where it stopped."""

import json
from collections.abc import Mapping, Sequence

from alma_cli.core.learning.derive import Approach, Task
from alma_cli.core.records import Record, Vector
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import given_vectors, rows_from, utc_text
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.writing.derived import give_vectors

_GIVEN_TOGETHER = 500
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
            self._connection.execute("ALTER TABLE memories DROP COLUMN embedding")
            self._connection.execute(f"ALTER TABLE memories ADD COLUMN embedding FLOAT[{int(dimension)}]")
            # The update comes last: after it, an altered table takes no more changes on this connection (DuckDB 1.5).
            self._connection.execute("UPDATE memories SET embedding_model = NULL")
            self._connection.execute("UPDATE replica SET dimension = ?", [dimension])

    def outdated(self, model: str, *, limit: int) -> list[Record]:
        """Some memories that have no vector by this model."""
        rows = self._connection.execute(
            f"SELECT {RECORD_COLUMNS} FROM memories WHERE {_OUTDATED} ORDER BY seq LIMIT {int(limit)}",
            {"model": model},
        ).fetchall()
        return [row_record(row) for row in rows]

    def drop(self) -> None:
        """Forget every vector, so that all are made again."""
        self._connection.execute("UPDATE memories SET embedding_model = NULL")

    def set(self, records: Sequence[Record], vectors: Mapping[str, Vector], model: str) -> None:
        """Store the vectors of records, made from those of their topics, unless they have changed since."""
        made = [entry for entry in (Entry.of(record, vectors, model) for record in records) if entry.vector is not None]
        if not made:
            return
        rows = [
            {"number": number, "id": entry.record.id, "updated_at": utc_text(entry.record.updated_at)}
            for number, entry in enumerate(made)
        ]
        types = {"number": "INTEGER", "id": "VARCHAR", "updated_at": "TIMESTAMP"}
        with (
            transaction(self._connection),
            given_vectors(self._connection, [entry.vector for entry in made]) as vectors_given,
        ):
            self._connection.execute(
                f"""
                UPDATE memories SET embedding = vectors.embedding, embedding_model = $model
                FROM {rows_from(types, "$rows")} AS given JOIN {vectors_given} AS vectors USING (number)
                WHERE memories.id = given.id AND memories.updated_at = given.updated_at
                """,
                {"rows": json.dumps(rows), "model": model},
            )

    def give_to_derived(self) -> None:
        """Give every derived memory the vector of its outcomes, which were made anew."""
        rows = self._connection.execute(
            "SELECT id, agent, domain, task_key, strategy_key FROM memories "
            "WHERE origin = 'derived' AND kind IN ('heuristic', 'anti_pattern') ORDER BY id"
        ).fetchall()
        groups = [
            (id, Task(agent, domain, task_key) if task_key else Approach(agent, domain, strategy_key))
            for id, agent, domain, task_key, strategy_key in rows
        ]
        for start in range(0, len(groups), _GIVEN_TOGETHER):
            with transaction(self._connection):
                give_vectors(self._connection, dict(groups[start : start + _GIVEN_TOGETHER]))
