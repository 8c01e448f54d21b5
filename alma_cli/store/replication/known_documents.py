"""What is remembered of the remote's documents, so that each is written only over the version that was seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alma_cli.store.database.values import any_of, rows_from

if TYPE_CHECKING:
    from alma_cli.core.replication.hlc import HLC
    from alma_cli.store.database.duckdb import Connection

_DOCUMENT_TYPES = {
    **dict.fromkeys(("id", "agent", "kind", "etag", "content_hash"), "VARCHAR"),
    "has_vector": "BOOLEAN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A document that the remote has: a record as stamped so, or (with a `content_hash`) a derived memory."""

    id: str
    agent: str
    kind: str
    etag: str
    has_vector: bool
    hlc: HLC | None = None
    content_hash: str | None = None


def remember_documents(connection: Connection, documents: Sequence[Remembered]) -> None:
    """Note the present versions of documents, one for each id; where that is known already nothing is written."""
    given = json.dumps([{name: getattr(document, name) for name in _DOCUMENT_TYPES} for document in documents])
    columns = ", ".join(_DOCUMENT_TYPES)
    same = " AND ".join(f"remote_documents.{name} IS NOT DISTINCT FROM given.{name}" for name in _DOCUMENT_TYPES)
    rows = connection.execute(
        f"SELECT id FROM {rows_from(_DOCUMENT_TYPES)} AS given "
        f"WHERE NOT EXISTS (SELECT 1 FROM remote_documents WHERE {same})",
        [given],
    ).fetchall()
    if rows:
        ids = json.dumps([row[0] for row in rows])
        connection.execute(f"DELETE FROM remote_documents WHERE id IN {any_of()}", [ids])
        connection.execute(
            f"INSERT INTO remote_documents ({columns}) SELECT {columns} FROM {rows_from(_DOCUMENT_TYPES)} "
            f"WHERE id IN {any_of()}",
            [given, ids],
        )


def forget_documents(connection: Connection, ids: Sequence[str]) -> None:
    """The remote has no such documents any more: they are to be written as new ones."""
    connection.execute(f"DELETE FROM remote_documents WHERE id IN {any_of()}", [json.dumps(list(ids))])
