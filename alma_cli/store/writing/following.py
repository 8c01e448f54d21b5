"""What was said of a rule, corrections and credits, goes with its outcomes to their other words or domain."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from alma_cli.core.learning.derive import Task, derived_id
from alma_cli.core.records import AntiPattern, Credit, Heuristic, Outcome, Record
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import any_of
from alma_cli.store.writing.credits import Group


class Moved(NamedTuple):
    """An outcome before and after it got other words, or another domain."""

    before: Outcome
    after: Outcome


class Follower(NamedTuple):
    """What was said of a rule, before and after it follows, and its stamp."""

    before: Record
    after: Record
    hlc: str


def followers(connection: Connection, moved: Sequence[Moved], *, at: datetime) -> list[Follower]:
    """The records that follow these outcomes, which are stored already: those of groups that have no outcome left.

    Where the last outcomes of a group went different ways nothing follows.
    """
    goals: dict[Group, set[Group]] = {}
    for before, after in moved:
        for group, goal in zip(_groups(before), _groups(after), strict=True):
            if group.strategy_key and goal != group:
                goals.setdefault(group, set()).add(goal)
    goal_of = {group: goal for group, (goal, *others) in goals.items() if goal.strategy_key and not others}
    project_id = moved[0].after.project_id if moved else ""
    said = _said_of(connection, goal_of, project_id) if goal_of else {}
    if not said:
        return []
    left = _with_outcomes(connection, set(said.values()))
    ids = [id for id, group in said.items() if group not in left]
    rows = connection.execute(
        f"SELECT hlc, {', '.join(RECORD_COLUMNS)} FROM memories WHERE id IN {any_of()} ORDER BY id", [json.dumps(ids)]
    ).fetchall()
    found = [(hlc, row_record(columns)) for hlc, *columns in rows]
    return [Follower(record, _moved(record, goal_of[said[record.id]], at), hlc) for hlc, record in found]


def _groups(outcome: Outcome) -> tuple[Group, Group]:
    """The group of an outcome, and that of its approach across situations."""
    task = Task(outcome.agent, outcome.domain, outcome.task_key)
    return Group(task, outcome.strategy_key), Group(task._replace(task_key=""), outcome.strategy_key)


def _said_of(connection: Connection, groups: Iterable[Group], project_id: str) -> dict[str, Group]:
    """The ids of what was said of the rules of these groups: what stands in their place, and credits."""
    rule_of = {derived_id(project_id, *group): group for group in groups}
    authored = connection.execute(
        "SELECT id, agent, domain, task_key, strategy_key FROM memories "
        "WHERE origin = 'authored' AND kind IN ('heuristic', 'anti_pattern') AND strategy_key <> ''"
    ).fetchall()
    credited = connection.execute(
        f"SELECT id, target FROM memories WHERE kind = 'credit' AND target IN {any_of()}", [json.dumps(list(rule_of))]
    ).fetchall()
    written = {id: Group(Task(*task), strategy_key) for id, *task, strategy_key in authored}
    known = set(rule_of.values())
    return {id: group for id, group in written.items() if group in known} | {
        id: rule_of[target] for id, target in credited
    }


def _with_outcomes(connection: Connection, groups: Iterable[Group]) -> set[Group]:
    """Those of the groups that have outcomes."""
    keys = json.dumps(sorted({group.strategy_key for group in groups}))
    rows = connection.execute(
        "SELECT DISTINCT agent, domain, task_key, strategy_key FROM memories "
        f"WHERE kind = 'outcome' AND strategy_key IN {any_of()}",
        [keys],
    ).fetchall()
    return {
        Group(Task(agent, domain, each), strategy_key)
        for agent, domain, task_key, strategy_key in rows
        for each in (task_key, "")
    }


def _moved(record: Record, goal: Group, at: datetime) -> Record:
    record = replace(record, domain=goal.task.domain, updated_at=max(at, record.updated_at))
    if isinstance(record, Credit):
        return replace(record, target=derived_id(record.project_id, *goal))
    assert isinstance(record, Heuristic | AntiPattern)
    return replace(record, task_key=goal.task.task_key, strategy_key=goal.strategy_key)
