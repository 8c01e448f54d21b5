"""Finds the credits that count: an outcome gives none to its own group, which counts it already."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from alma_cli.core.learning.derive import Task, derived_id
from alma_cli.core.learning.reports import FOLLOWED
from alma_cli.core.records import Credit, Record
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.values import any_of
from alma_cli.store.inbox.operations import Insert, Operation


class Group(NamedTuple):
    """A task and a strategy, by their keys: outcomes of one group are counted together."""

    task: Task
    strategy_key: str


def groups(connection: Connection, operations: Sequence[Operation]) -> dict[str, Group]:
    """The groups of the outcomes that give credit in these operations, and of the memories that get it, by id."""
    inserted = [entry.record for op in operations if isinstance(op, Insert) for entry in op.entries]
    given = [record for record in inserted if isinstance(record, Credit) and record.outcome_id]
    if not given:
        return {}
    ids = {id for credit in given for id in (credit.outcome_id, credit.target)}
    rows = connection.execute(
        f"SELECT id, agent, domain, task_key, strategy_key FROM memories WHERE strategy_key <> '' AND id IN {any_of()}",
        [json.dumps(sorted(ids))],
    ).fetchall()
    stored = {id: Group(Task(*task), strategy_key) for id, *task, strategy_key in rows}
    return dict(_groups_of(record for record in inserted if record.id in ids)) | stored


def is_own_group(credit: Credit, groups: Mapping[str, Group]) -> bool:
    """True when an outcome credits its own group, another outcome of it or a memory derived from it, unasked.

    Whoever says which memory was followed is asked for its words, so that credit counts.
    """
    group = groups.get(credit.outcome_id)
    if group is None or credit.labels == FOLLOWED:
        return False
    return groups.get(credit.target) == group or credit.target == derived_id(credit.project_id, *group)


def _groups_of(records: Iterable[Record]) -> Iterable[tuple[str, Group]]:
    for record in records:
        task_key, strategy_key = (getattr(record, name, "") for name in ("task_key", "strategy_key"))
        if strategy_key:
            yield record.id, Group(Task(record.agent, record.domain, task_key), strategy_key)
