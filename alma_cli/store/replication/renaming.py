"""Gives a store's memories another project id, and forgets what is known of the shared copy under the old one."""

import json
from typing import TypeAlias

from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.values import rows_from
from alma_cli.store.replication.remote_state import RemoteState
from alma_cli.store.writing.changes import ProjectRules
from alma_cli.store.writing.derived import derive_anew
from alma_cli.store.writing.rows_writer import RowsWriter

_Group: TypeAlias = "tuple[str, str, str, str]"


def rename(connection: Connection, rules: ProjectRules, *, now_ms: int) -> int:
    """Make all memories those of the project of the rules; return how many weren't.

    Their stamps stay: every replica that renames has the same versions. The ids of derived memories stand for their
    project, so they change, and credits follow them.
    """
    new = {"new": rules.project_id}
    with transaction(connection):
        rows = connection.execute(
            "SELECT count(*) FROM memories WHERE project_id <> $new AND hlc <> ''", new
        ).fetchall()
        count: int = rows[0][0]
        before = _derived(connection)
        writer = RowsWriter(connection, now_ms=now_ms)
        writer.remove(list(before.values()))
        writer.finish()
        connection.execute("UPDATE memories SET project_id = $new WHERE project_id <> $new", new)
        connection.execute(
            "UPDATE history SET content = json_merge_patch(content::JSON, json_object('project_id', $new))::VARCHAR "
            "WHERE content IS NOT NULL",
            new,
        )
        derive_anew(connection, rules, now_ms=now_ms)
        after = _derived(connection)
        moved = [{"old": id, "target": after[group]} for group, id in before.items() if group in after]
        types = {"old": "VARCHAR", "target": "VARCHAR"}
        connection.execute(
            f"UPDATE memories SET target = moved.target FROM {rows_from(types)} AS moved "
            "WHERE kind = 'credit' AND memories.target = moved.old",
            [json.dumps(moved)],
        )
        RemoteState(connection).move()
    return count


def _derived(connection: Connection) -> dict[_Group, str]:
    """The ids of derived memories, by what they are about."""
    rows = connection.execute(
        "SELECT agent, domain, task_key, strategy_key, id FROM memories WHERE hlc = ''"
    ).fetchall()
    return {(agent, domain, task_key, strategy_key): id for agent, domain, task_key, strategy_key, id in rows}
