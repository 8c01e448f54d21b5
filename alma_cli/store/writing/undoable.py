"""Says which writes can be taken back, and keeps the text of what was forgotten until that is over.

A forget keeps the text in history for a grace, which ends early when its tombstone is about to leave for the remote:
there it would hold for ever.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alma_cli.store.database.connection import Connection
from alma_cli.store.database.values import any_of, utc_text

GRACE = timedelta(hours=1)
"""The time in which a forget can be undone."""

_WRITES = "('insert', 'revise', 'reword', 'archive', 'forget')"
_CHANGES = "('insert', 'revise', 'reword', 'archive', 'forget', 'pull', 'pull-forget')"
_NEWEST = f"""
    SELECT *, rowid AS place FROM audit
    WHERE action IN {_CHANGES} AND op_id NOT IN (SELECT detail FROM audit WHERE action = 'undo')
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY rowid DESC) = 1
"""
"""The newest change of each record that nobody undid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWrite:
    """A write that nobody undid: its operation, the time, the action, and the records."""

    op_id: str
    at: datetime
    action: str
    ids: Sequence[str]


def writes_by(connection: Connection, by: str, *, about: str = "", limit: int) -> list[PastWrite]:
    """The last writes of a user, newest first, each with the records that nothing has changed since.

    With `about`, the id of a record, only those to it.
    """
    rows = connection.execute(
        f"""
        SELECT op_id, any_value(done_at), first(action ORDER BY place), list(id ORDER BY place) FROM ({_NEWEST})
        WHERE done_by = $by AND op_id <> '' AND action IN {_WRITES}
        GROUP BY op_id HAVING $about = '' OR list_contains(list(id), $about) ORDER BY max(place) DESC LIMIT $limit
        """,
        {"by": by, "about": about, "limit": limit},
    ).fetchall()
    return [PastWrite(op_id=row[0], at=row[1].replace(tzinfo=UTC), action=row[2], ids=row[3]) for row in rows]


def changed_by(connection: Connection, op_id: str) -> list[tuple[str, str, str]]:
    """The action, id and agent of each record that an operation changed and that nothing has changed since."""
    return connection.execute(
        f"SELECT action, id, agent FROM ({_NEWEST}) WHERE op_id = ? AND action IN {_WRITES} ORDER BY place", [op_id]
    ).fetchall()


def replaced_versions(connection: Connection, write: PastWrite) -> dict[str, str]:
    """The versions, as JSON, that a write replaced or forgot, by their ids; without those whose text was erased."""
    rows = connection.execute(
        f"SELECT id, content FROM history WHERE id IN {any_of()} AND replaced_at = ?::TIMESTAMP "
        "AND content IS NOT NULL ORDER BY rowid",
        [json.dumps(list(write.ids)), utc_text(write.at)],
    ).fetchall()
    return dict(rows)


def end_grace(connection: Connection, *, before: datetime | None = None) -> None:
    """Erase the text of what was forgotten: all of it, or what was forgotten before a time, or has a time far after it.

    A clock that was ahead gave that one, and would keep the text for as long.
    """
    connection.execute(
        "UPDATE history SET content = NULL WHERE content IS NOT NULL AND id IN "
        "(SELECT id FROM tombstones WHERE $before IS NULL "
        "OR deleted_at < $before::TIMESTAMP OR deleted_at > $before::TIMESTAMP + INTERVAL 1 DAY)",
        {"before": None if before is None else utc_text(before)},
    )
