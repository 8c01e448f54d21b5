"""Documents of the remote that can't be used: kept as they came, with the reason, until they can."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alma_cli.store.database.values import any_of, insert_rows

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection

_QUARANTINE_TYPES = {
    **dict.fromkeys(("name", "agent", "id", "reason", "raw"), "VARCHAR"),
    "found_at": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A document that couldn't be read: it is set aside as it is, and why."""

    name: str
    agent: str
    id: str
    raw: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A document of the remote that can't be read: its name, what its place says of it, why, and since when."""

    name: str
    agent: str
    id: str
    reason: str
    since: datetime


def quarantined(connection: Connection) -> list[Quarantined]:
    """What is set aside, oldest first."""
    rows = connection.execute("SELECT name, agent, id, reason, found_at FROM quarantine ORDER BY found_at, name")
    return [
        Quarantined(name=name, agent=agent, id=id, reason=reason, since=at.replace(tzinfo=UTC))
        for name, agent, id, reason, at in rows.fetchall()
    ]


def drop_quarantined(connection: Connection, names: Sequence[str]) -> None:
    """Forget about documents that aren't there any more."""
    connection.execute(f"DELETE FROM quarantine WHERE name IN {any_of()}", [json.dumps(list(names))])


def set_aside(connection: Connection, refused: Sequence[SetAside], *, at: str) -> list[SetAside]:
    """Keep documents that can't be used, since the time `at` (UTC, as text); which of them are news."""
    if not refused:
        return []
    rows = connection.execute("SELECT name, raw, reason FROM quarantine").fetchall()
    known = set(rows)
    fresh = [one for one in refused if (one.name, one.raw, one.reason) not in known]
    connection.execute(f"DELETE FROM quarantine WHERE name IN {any_of()}", [json.dumps([one.name for one in fresh])])
    insert_rows(
        connection,
        "quarantine",
        _QUARANTINE_TYPES,
        [
            {
                "name": one.name,
                "agent": one.agent,
                "id": one.id,
                "reason": one.reason,
                "raw": one.raw,
                "found_at": at,
            }
            for one in fresh
        ],
    )
    return fresh


def release(connection: Connection, names: Sequence[str]) -> None:
    """Forget that documents (each as AGENT/ID) could not be read, once they can."""
    if connection.execute("SELECT 1 FROM quarantine LIMIT 1").fetchone() is None:
        return
    ids = json.dumps(list(names))
    connection.execute(f"DELETE FROM quarantine WHERE id <> '' AND concat(agent, '/', id) IN {any_of()}", [ids])
