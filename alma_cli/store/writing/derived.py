"""Keeps derived memories true: after every change, the tasks that it touched are derived again from their outcomes.

Nothing is added to earlier sums, so it doesn't matter in which order, or in how many steps, the outcomes came.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.learning.derive import TEXTS_COMPARED, Change, Derived, Evidence, LearningRules, Task, change, derive
from alma_cli.core.records import FIELD_NAMES, FIELDS, AntiPattern, Outcome, Record
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, ROW_TYPES, record_row, row_record
from alma_cli.store.database.values import any_of, rows_from
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.writing.keys import drop_orphans
from alma_cli.store.writing.rows_writer import RowsWriter

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.writing.changes import ProjectRules

_DERIVED_TOGETHER = 500
"""The number of tasks that are derived in one step, which bounds memory."""

_NUMBERS = tuple(
    name
    for name in dict.fromkeys((*FIELD_NAMES["heuristic"], *FIELD_NAMES["anti_pattern"]))
    if FIELDS[name].type in (bool, int, float, datetime)
)
"""The fields of rules that can be updated without reading the words anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedChange:
    """A change of a derived memory: `memory` is its present state or, when it was retired, its last one."""

    change: Change
    before: Derived | None
    memory: Derived

    @property
    def is_reworded(self) -> bool:
        """True when its words differ from the stored ones, so that more than numbers have to be written."""
        return self.before is None or _words(self.before) != _words(self.memory)


@dataclass(frozen=True, slots=True)
class Touched:
    """The tasks to derive again, because their records changed, and the places where some were forgotten."""

    tasks: set[Task] = field(default_factory=set)
    forgotten_in: set[tuple[str, str]] = field(default_factory=set)
    """The agents and domains in which records were forgotten."""

    def add(self, record: Record) -> None:
        """Note that a record came or changed."""
        task_key = getattr(record, "task_key", "")
        if task_key:
            self.tasks.add(Task(record.agent, record.domain, task_key))

    def forget(self, record: Record) -> None:
        """Note that a record is gone."""
        self.add(record)
        self.forgotten_in.add((record.agent, record.domain))


def derive_touched(rows: RowsWriter, touched: Touched, rules: ProjectRules) -> list[DerivedChange]:
    """Make the derived memories say what the outcomes say now, and return the changes."""
    rows.flush()
    for agent, domain in sorted(touched.forgotten_in):
        drop_orphans(rows.connection, agent, domain)
        renew_task_vectors(rows.connection, agent, domain)
    return [item for tasks in _in_steps(sorted(touched.tasks)) for item in _derive(rows, tasks, rules)]


def derive_all(
    connection: Connection, rules: ProjectRules, *, now_ms: int, on_progress: Callable[[int], None] | None = None
) -> int:
    """Derive everything again, in portions of a transaction each; return how many derived memories changed."""
    changed = 0
    for tasks in _in_steps(tasks_with_outcomes(connection)):
        with transaction(connection):
            rows = RowsWriter(connection, now_ms=now_ms)
            changed += len(_derive(rows, tasks, rules))
            rows.finish()
        if on_progress:
            on_progress(len(tasks))
    return changed


def _derive(rows: RowsWriter, tasks: Sequence[Task], rules: ProjectRules) -> list[DerivedChange]:
    """Derive these tasks again and store the changes; where only numbers changed, only they are written."""
    changed = differences(rows.connection, tasks, rules.rules_of, project_id=rules.project_id)
    rows.remove([item.memory.id for item in changed if item.before and (item.is_reworded or item.change == "retired")])
    held = [item for item in changed if item.change != "retired"]
    worded = [item.memory for item in held if item.is_reworded]
    for memory in worded:
        rows.add(Entry(record=memory), hlc="")
    rows.flush()
    if worded:
        take_task_vectors(rows.connection, [memory.id for memory in worded])
    update_numbers(rows.connection, [item.memory for item in held if not item.is_reworded])
    for item in changed:
        memory = item.memory
        rows.audit(item.change, id=memory.id, agent=memory.agent, detail=memory.kind, by="alma")
    return changed


def tasks_with_outcomes(connection: Connection) -> list[Task]:
    """Every task for which something is, or could be, derived."""
    rows = connection.execute(
        "SELECT DISTINCT agent, domain, task_key FROM memories "
        "WHERE task_key <> '' AND (kind = 'outcome' OR origin = 'derived') ORDER BY ALL"
    ).fetchall()
    return [Task(*row) for row in rows]


def _in_steps(tasks: Sequence[Task]) -> list[Sequence[Task]]:
    """The tasks in portions that can be derived together."""
    return [tasks[start : start + _DERIVED_TOGETHER] for start in range(0, len(tasks), _DERIVED_TOGETHER)]


def differences(
    connection: Connection, tasks: Iterable[Task], rules_of: Callable[[str], LearningRules], *, project_id: str
) -> list[DerivedChange]:
    """The changes that make the derived memories of these tasks say what their outcomes say.

    A derived memory is archived when somebody authored one of the same kind and keys: hidden, but kept up to date. One
    that turns into the other kind says something new, and is shown.
    """
    wanted = sorted(set(tasks))
    if not wanted:
        return []
    given = json.dumps([task._asdict() for task in wanted])
    evidence = _evidence(connection, given)
    stored = _stored(connection, given)
    replaced = _replaced(connection, given)
    found: list[DerivedChange] = []
    for task in wanted:
        before = {memory.id: memory for memory in stored.get(task, [])}
        derived = derive(task, evidence.get(task, []), rules_of(task.agent), project_id=project_id)
        after = {
            memory.id: replace(memory, archived=(task, memory.strategy_key, memory.kind) in replaced)
            for memory in derived
        }
        for id in sorted(before.keys() | after.keys()):
            what = change(before.get(id), after.get(id))
            if what is not None:
                found.append(DerivedChange(change=what, before=before.get(id), memory=after.get(id) or before[id]))
    return found


def take_task_vectors(connection: Connection, ids: Sequence[str]) -> None:
    """Give derived memories the vector of the task that they are about."""
    connection.execute(
        f"""
        UPDATE memories SET embedding = keys.embedding, embedding_model = keys.embedding_model FROM keys
        WHERE memories.id IN {any_of()} AND keys.role = 'task' AND keys.is_first
            AND (keys.agent, keys.domain, keys.key) = (memories.agent, memories.domain, memories.task_key)
        """,
        [json.dumps(list(ids))],
    )


def renew_task_vectors(connection: Connection, agent: str, domain: str) -> None:
    """Give derived memories the vector of their task where another text stands for it now."""
    connection.execute(
        """
        UPDATE memories SET embedding = keys.embedding, embedding_model = keys.embedding_model FROM keys
        WHERE origin = 'derived' AND keys.role = 'task' AND keys.is_first
            AND memories.agent = $agent AND memories.domain = $domain
            AND (keys.agent, keys.domain, keys.key) = (memories.agent, memories.domain, memories.task_key)
            AND memories.embedding IS DISTINCT FROM keys.embedding
        """,
        {"agent": agent, "domain": domain},
    )


def take_all_task_vectors(connection: Connection) -> None:
    """Give every derived memory the vector of its task, where that was made anew."""
    rows = connection.execute(
        """
        SELECT id FROM memories JOIN keys ON keys.role = 'task' AND keys.is_first
            AND (keys.agent, keys.domain, keys.key) = (memories.agent, memories.domain, memories.task_key)
        WHERE origin = 'derived' AND memories.embedding_model IS DISTINCT FROM keys.embedding_model
        """
    ).fetchall()
    if rows:
        take_task_vectors(connection, [row[0] for row in rows])


def update_numbers(connection: Connection, memories: Sequence[Derived]) -> None:
    """Store the new numbers of derived memories whose text didn't change."""
    if not memories:
        return
    types = {name: ROW_TYPES[name] for name in ("id", *_NUMBERS)}
    rows = [{name: value for name, value in record_row(memory).items() if name in types} for memory in memories]
    connection.execute(
        f"UPDATE memories SET {', '.join(f'{name} = given.{name}' for name in _NUMBERS)} "
        f"FROM {rows_from(types)} AS given WHERE memories.id = given.id",
        [json.dumps(rows)],
    )


def known_bad(connection: Connection, outcomes: Iterable[Outcome]) -> list[AntiPattern]:
    """The anti-patterns that these outcomes confirm once more."""
    given = [
        {**_task_of(outcome)._asdict(), "strategy_key": outcome.strategy_key}
        for outcome in outcomes
        if outcome.strategy_key
    ]
    types = dict.fromkeys((*Task._fields, "strategy_key"), "VARCHAR")
    rows = connection.execute(
        f"SELECT {', '.join(RECORD_COLUMNS)} FROM memories SEMI JOIN {rows_from(types)} "
        f"USING ({', '.join(types)}) WHERE kind = 'anti_pattern' AND NOT archived ORDER BY id",
        [json.dumps(given)],
    ).fetchall()
    return [record for record in map(row_record, rows) if isinstance(record, AntiPattern)]


def _words(memory: Derived) -> dict[str, object]:
    return {name: getattr(memory, name) for name in FIELD_NAMES[memory.kind] if name not in _NUMBERS}


def _task_of(outcome: Outcome) -> Task:
    return Task(outcome.agent, outcome.domain, outcome.task_key)


def _evidence(connection: Connection, given: str) -> dict[Task, list[Evidence]]:
    """The outcomes of each task; only the newest of each strategy come with the texts that are compared."""
    rows = connection.execute(
        f"""
        WITH newest_first AS (
            SELECT *, row_number() OVER (
                PARTITION BY agent, domain, task_key, strategy_key ORDER BY happened_at DESC, id DESC
            ) <= {TEXTS_COMPARED} AS is_compared
            FROM memories SEMI JOIN {_TASKS} USING (agent, domain, task_key) WHERE kind = 'outcome'
        )
        SELECT agent, domain, task_key, strategy_key, id, happened_at, outcome,
            CASE WHEN is_compared THEN task END, CASE WHEN is_compared THEN strategy END,
            CASE WHEN is_compared THEN coalesce(nullif(trim(error), ''), trim(feedback)) END
        FROM newest_first
        """,
        [given],
    ).fetchall()
    evidence: dict[Task, list[Evidence]] = {}
    for agent, domain, task_key, strategy_key, id, at, outcome, *texts in rows:
        task = Task(agent, domain, task_key)
        evidence.setdefault(task, []).append(Evidence(strategy_key, at.replace(tzinfo=UTC), id, outcome, *texts))
    return evidence


def _stored(connection: Connection, given: str) -> dict[Task, list[Derived]]:
    columns = ", ".join(RECORD_COLUMNS)
    rows = connection.execute(
        f"SELECT {columns} FROM memories SEMI JOIN {_TASKS} USING (agent, domain, task_key) "
        "WHERE origin = 'derived' AND kind IN ('heuristic', 'anti_pattern')",
        [given],
    ).fetchall()
    stored: dict[Task, list[Derived]] = {}
    for record in map(row_record, rows):
        memory: Any = record  # only heuristics and anti-patterns are derived
        stored.setdefault(Task(memory.agent, memory.domain, memory.task_key), []).append(memory)
    return stored


def _replaced(connection: Connection, given: str) -> set[tuple[Task, str, str]]:
    """The tasks and strategies for which an authored memory holds, and its kind."""
    rows = connection.execute(
        f"SELECT DISTINCT agent, domain, task_key, strategy_key, kind FROM memories SEMI JOIN {_TASKS} "
        "USING (agent, domain, task_key) WHERE origin = 'authored' AND strategy_key <> ''",
        [given],
    ).fetchall()
    return {(Task(*task), strategy_key, kind) for *task, strategy_key, kind in rows}


_TASKS = rows_from(dict.fromkeys(Task._fields, "VARCHAR"))
