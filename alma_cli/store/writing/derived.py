"""Keeps derived memories true: after every change, the tasks that it touched are derived again from their outcomes.

Nothing is added to earlier sums, so it doesn't matter in which order, or in how many steps, the outcomes came. Rules
across situations come after those of the tasks, on which they depend.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from alma_cli.core.learning.derive import (
    ACROSS,
    TEXTS_COMPARED,
    Approach,
    Change,
    Derived,
    Evidence,
    LearningRules,
    Task,
    change,
    derive,
    derive_across,
)
from alma_cli.core.records import FIELD_NAMES, FIELDS, AntiPattern, Outcome, Record
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, ROW_TYPES, record_row, row_record
from alma_cli.store.database.values import any_of, columns, given_vectors, mean_vector, rows_from, written
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.writing.rows_writer import RowsWriter

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.writing.changes import ProjectRules

_Group = TypeVar("_Group", Task, Approach)

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
    """The tasks and approaches to derive again, because their records came, changed or went."""

    tasks: set[Task] = field(default_factory=set)
    approaches: set[Approach] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Note a record that came, changed or went."""
        task_key, strategy_key = (getattr(record, name, "") for name in ("task_key", "strategy_key"))
        if task_key:
            self.tasks.add(Task(record.agent, record.domain, task_key))
        if strategy_key:
            self.approaches.add(Approach(record.agent, record.domain, strategy_key))


def derive_touched(rows: RowsWriter, touched: Touched, rules: ProjectRules) -> list[DerivedChange]:
    """Make the derived memories say what the outcomes say now, and return the changes."""
    rows.flush()
    changed: list[DerivedChange] = []
    for tasks in _in_steps(sorted(touched.tasks)):
        changed += _store(rows, differences(rows.connection, tasks, rules.rules_of, project_id=rules.project_id))
    for approaches in _in_steps(sorted(touched.approaches)):
        changed += _store(rows, _differences_across(rows.connection, approaches, rules))
    return changed


def derive_all(
    connection: Connection, rules: ProjectRules, *, now_ms: int, on_progress: Callable[[int], None] | None = None
) -> int:
    """Derive everything again, in portions of a transaction each; return how many derived memories changed."""
    portions = [Touched(tasks=set(tasks)) for tasks in _in_steps(tasks_with_outcomes(connection))]
    portions += [Touched(approaches=set(found)) for found in _in_steps(_approaches_with_outcomes(connection))]
    changed = 0
    for portion in portions:
        with transaction(connection):
            rows = RowsWriter(connection, now_ms=now_ms)
            changed += len(derive_touched(rows, portion, rules))
            rows.finish()
        if on_progress:
            on_progress(len(portion.tasks) + len(portion.approaches))
    return changed


def derive_anew(connection: Connection, rules: ProjectRules, *, now_ms: int) -> None:
    """Derive everything again within the caller's transaction."""
    rows = RowsWriter(connection, now_ms=now_ms)
    everything = Touched(set(tasks_with_outcomes(connection)), set(_approaches_with_outcomes(connection)))
    derive_touched(rows, everything, rules)
    rows.finish()


def _store(rows: RowsWriter, changed: Sequence[DerivedChange]) -> Sequence[DerivedChange]:
    """Store the changes; where only numbers changed, only they are written."""
    rows.remove([item.memory.id for item in changed if item.before and (item.is_reworded or item.change == "retired")])
    held = [item for item in changed if item.change != "retired"]
    for item in held:
        if item.is_reworded:
            rows.add(Entry(record=item.memory), hlc="")
    rows.flush()
    update_numbers(rows.connection, [item.memory for item in held if not item.is_reworded])
    give_vectors(rows.connection, [item.memory.id for item in held])
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


def _approaches_with_outcomes(connection: Connection) -> list[Approach]:
    """Every approach for which a rule across situations is, or could be, derived."""
    rows = connection.execute(
        "SELECT agent, domain, strategy_key FROM memories WHERE strategy_key <> '' GROUP BY ALL "
        "HAVING count(DISTINCT task_key) FILTER (WHERE kind = 'outcome') >= $across "
        "OR bool_or(origin = 'derived' AND task_key = '') ORDER BY ALL",
        {"across": ACROSS},
    ).fetchall()
    return [Approach(*row) for row in rows]


def _in_steps(groups: Sequence[_Group]) -> list[Sequence[_Group]]:
    """Tasks or approaches in portions that can be derived together."""
    return [groups[start : start + _DERIVED_TOGETHER] for start in range(0, len(groups), _DERIVED_TOGETHER)]


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
    evidence: dict[Task, list[Evidence]] = {}
    for agent, domain, one in _evidence(connection, f"SEMI JOIN {_TASKS} USING (agent, domain, task_key)", given):
        evidence.setdefault(Task(agent, domain, one.task_key), []).append(one)
    derived = [
        memory
        for task in wanted
        for memory in derive(task, evidence.get(task, []), rules_of(task.agent), project_id=project_id)
    ]
    return _compared(connection, derived, f"SEMI JOIN {_TASKS} USING (agent, domain, task_key) WHERE true", given)


def _differences_across(
    connection: Connection, approaches: Sequence[Approach], rules: ProjectRules
) -> list[DerivedChange]:
    """The changes that make the rules across situations say what the outcomes without a rule of their own say."""
    given = json.dumps([approach._asdict() for approach in approaches])
    evidence: dict[Approach, list[Evidence]] = {}
    unruled = (
        f"SEMI JOIN {_APPROACHES} USING (agent, domain, strategy_key) ANTI JOIN "
        "(SELECT agent, domain, task_key, strategy_key FROM memories WHERE origin = 'derived') "
        "USING (agent, domain, task_key, strategy_key)"
    )
    for agent, domain, one in _evidence(connection, unruled, given):
        evidence.setdefault(Approach(agent, domain, one.strategy_key), []).append(one)
    found = [
        derive_across(approach, members, rules.rules_of(approach.agent), project_id=rules.project_id)
        for approach, members in sorted(evidence.items())
    ]
    across = f"SEMI JOIN {_APPROACHES} USING (agent, domain, strategy_key) WHERE task_key = ''"
    return _compared(connection, [memory for memory in found if memory is not None], across, given)


def _compared(connection: Connection, derived: Sequence[Derived], where: str, given: str) -> list[DerivedChange]:
    """The differences between what is derived now and what is stored `where`, in the order of ids."""
    stored = _stored(connection, where, given)
    replaced = {
        (_task_of(memory), memory.strategy_key, memory.kind) for memory in stored if memory.origin == "authored"
    }
    before = {memory.id: memory for memory in stored if memory.origin == "derived"}
    after = {
        memory.id: replace(memory, archived=(_task_of(memory), memory.strategy_key, memory.kind) in replaced)
        for memory in derived
    }
    found: list[DerivedChange] = []
    for id in sorted(before.keys() | after.keys()):
        what = change(before.get(id), after.get(id))
        if what is not None:
            found.append(DerivedChange(change=what, before=before.get(id), memory=after.get(id) or before[id]))
    return found


def give_vectors(connection: Connection, ids: Sequence[str]) -> None:
    """Give derived memories the mean vector of the newest outcomes of their task, whatever their strategy.

    What a rule is about doesn't depend on what was tried. One across situations takes the outcomes of its approach.
    """
    if not ids:
        return
    rows = connection.execute(
        f"""
        SELECT rules.id, outcomes.seq, outcomes.embedding_model FROM memories AS outcomes JOIN (
            SELECT id, agent, domain, task_key, strategy_key FROM memories WHERE id IN {any_of()}
        ) AS rules USING (agent, domain)
        WHERE kind = 'outcome' AND embedding_model IS NOT NULL AND (rules.task_key = outcomes.task_key
            OR (rules.task_key = '' AND rules.strategy_key = outcomes.strategy_key))
        QUALIFY row_number() OVER (
            PARTITION BY rules.id ORDER BY happened_at DESC, outcomes.id DESC
        ) <= {TEXTS_COMPARED}
        ORDER BY rules.id, happened_at DESC, outcomes.id DESC
        """,
        [json.dumps(list(ids))],
    ).fetchall()
    members: dict[str, list[int]] = {}
    models: dict[str, str] = {}
    for id, seq, model in rows:
        if models.setdefault(id, model) == model:
            members.setdefault(id, []).append(seq)
    if not members:
        return
    seqs = written({seq for found in members.values() for seq in found})
    read = columns(
        connection, f"SELECT seq, embedding FROM memories WHERE seq IN ({seqs})", {"seq": "i8", "embedding": "f4"}
    )
    place = {seq: number for number, seq in enumerate(read["seq"].tolist())}
    vectors = [mean_vector(read["embedding"][[place[seq] for seq in found]]) for found in members.values()]
    given = [{"number": number, "id": id, "model": models[id]} for number, id in enumerate(members)]
    types = {"number": "INTEGER", "id": "VARCHAR", "model": "VARCHAR"}
    with given_vectors(connection, vectors) as vectors_given:
        connection.execute(
            f"UPDATE memories SET embedding = vectors.embedding, embedding_model = given.model "
            f"FROM {rows_from(types)} AS given JOIN {vectors_given} AS vectors USING (number) "
            "WHERE memories.id = given.id",
            [json.dumps(given)],
        )


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


def _task_of(record: Outcome | Derived) -> Task:
    return Task(record.agent, record.domain, record.task_key)


def _evidence(connection: Connection, joined: str, given: str) -> Iterable[tuple[str, str, Evidence]]:
    """The agent, domain and evidence of outcomes; only the newest of each group come with texts that are compared."""
    texts = ("task", "strategy", "coalesce(nullif(trim(error), ''), trim(feedback))", "situation", "approach")
    compared = ", ".join(f"CASE WHEN is_compared THEN {text} END" for text in texts)
    rows = connection.execute(
        f"""
        WITH newest_first AS (
            SELECT *, row_number() OVER (
                PARTITION BY agent, domain, task_key, strategy_key ORDER BY happened_at DESC, id DESC
            ) <= {TEXTS_COMPARED} AS is_compared
            FROM memories {joined} WHERE kind = 'outcome'
        )
        SELECT agent, domain, strategy_key, happened_at, id, outcome, {compared}, task_key FROM newest_first
        """,
        [given],
    ).fetchall()
    for agent, domain, strategy_key, at, *rest in rows:
        yield agent, domain, Evidence(strategy_key, at.replace(tzinfo=UTC), *rest)


def _stored(connection: Connection, where: str, given: str) -> list[Derived]:
    """The rules with keys that are stored `where`: those derived, and those that were authored in their place."""
    rows = connection.execute(
        f"SELECT {', '.join(RECORD_COLUMNS)} FROM memories {where} "
        "AND origin IN ('derived', 'authored') AND kind IN ('heuristic', 'anti_pattern') AND strategy_key <> ''",
        [given],
    ).fetchall()
    memories: list[Any] = [row_record(row) for row in rows]  # of these two kinds
    return memories


_TASKS = rows_from(dict.fromkeys(Task._fields, "VARCHAR"))
_APPROACHES = rows_from(dict.fromkeys(Approach._fields, "VARCHAR"))
