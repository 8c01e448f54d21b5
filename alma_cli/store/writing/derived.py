"""Keeps derived memories true: after every change, the tasks that it touched are derived again from their outcomes.

Nothing is added to earlier sums, so it doesn't matter in which order, or in how many steps, the outcomes came. Rules
across situations come after those of the tasks, on which they depend.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from alma_cli.core.learning.derive import (
    ACROSS,
    TEXTS_COMPARED,
    Approach,
    Change,
    Derived,
    Evidence,
    Task,
    change,
    derive,
    derive_across,
)
from alma_cli.core.records import FIELD_NAMES, FIELDS, AntiPattern, Outcome, Record
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import ROW_TYPES, record_row, row_record
from alma_cli.store.database.values import any_of, columns, given_vectors, mean_vector, rows_from, seq_in, text_in
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.writing.changes import ProjectRules
from alma_cli.store.writing.rows_writer import RowsWriter

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


@dataclass(frozen=True, slots=True)
class Derivation:
    """The changes of derived memories, and the rules of the touched tasks as they stood before."""

    changed: list[DerivedChange] = field(default_factory=list)
    stood: list[Derived] = field(default_factory=list)

    def known_bad(self, outcomes: Iterable[Outcome]) -> list[AntiPattern]:
        """The anti-patterns that these outcomes confirm once more."""
        tried = {(_task_of(outcome), outcome.strategy_key) for outcome in outcomes}
        found = [
            rule
            for rule in self.stood
            if isinstance(rule, AntiPattern) and not rule.archived and (_task_of(rule), rule.strategy_key) in tried
        ]
        return sorted(found, key=lambda rule: rule.id)


def derive_touched(rows: RowsWriter, touched: Touched, rules: ProjectRules) -> Derivation:
    """Make the derived memories say what the outcomes say now."""
    rows.flush()
    found = Derivation()
    due = _due(rows.connection, touched, rules)
    for tasks in _in_steps(sorted(due.tasks)):
        stood, changed = _differences(rows.connection, tasks, rules)
        found.stood.extend(stood)
        found.changed.extend(_store(rows, changed))
    for approaches in _in_steps(sorted(due.approaches)):
        found.changed.extend(_store(rows, _differences_across(rows.connection, approaches, rules)))
    return found


def _due(connection: Connection, touched: Touched, rules: ProjectRules) -> Touched:
    """Those of the tasks and approaches that have a rule, or enough outcomes to give one.

    Of most that are new there is too little, which a look at the keys tells; the others' texts are read as well.
    """
    tasks = text_in("task_key", {task.task_key for task in touched.tasks})
    approaches = text_in("strategy_key", {approach.strategy_key for approach in touched.approaches})
    rows = connection.execute(
        f"""
        SELECT 'task', agent, domain, task_key, count(*) FILTER (kind = 'outcome'), bool_or(kind <> 'outcome')
        FROM memories WHERE {tasks} AND strategy_key <> '' GROUP BY agent, domain, task_key, strategy_key
        UNION ALL
        SELECT 'approach', agent, domain, strategy_key,
            count(DISTINCT task_key) FILTER (kind = 'outcome'), bool_or(kind <> 'outcome' AND task_key = '')
        FROM memories WHERE {approaches} GROUP BY agent, domain, strategy_key
        """
    ).fetchall()
    least = {agent: rules.rules_of(agent).min_occurrences for agent in {task.agent for task in touched.tasks}}
    due = Touched()
    for of, agent, domain, key, count, has_rule in rows:
        if of == "approach":
            approach = Approach(agent, domain, key)
            if approach in touched.approaches and (has_rule or count >= ACROSS):
                due.approaches.add(approach)
        else:
            task = Task(agent, domain, key)
            if task in touched.tasks and (has_rule or count >= least[agent]):
                due.tasks.add(task)
    return due


def derive_all(
    connection: Connection, rules: ProjectRules, *, now_ms: int, on_progress: Callable[[int], None] | None = None
) -> int:
    """Derive everything again, in portions of a transaction each; return how many derived memories changed."""
    changed = 0
    for portion in _portions(connection):
        with transaction(connection):
            changed += _derive_portion(connection, portion, rules, now_ms=now_ms)
        if on_progress:
            on_progress(len(portion.tasks) + len(portion.approaches))
    return changed


def derive_anew(connection: Connection, rules: ProjectRules, *, now_ms: int) -> None:
    """Derive everything again within the caller's transaction."""
    for portion in _portions(connection):
        _derive_portion(connection, portion, rules, now_ms=now_ms)


def _portions(connection: Connection) -> list[Touched]:
    """Everything that can be derived, tasks first."""
    portions = [Touched(tasks=set(tasks)) for tasks in _in_steps(_tasks_with_outcomes(connection))]
    portions += [Touched(approaches=set(found)) for found in _in_steps(_approaches_with_outcomes(connection))]
    return portions


def _derive_portion(connection: Connection, portion: Touched, rules: ProjectRules, *, now_ms: int) -> int:
    """Derive a portion again; return how many derived memories changed."""
    rows = RowsWriter(connection, now_ms=now_ms)
    changed = derive_touched(rows, portion, rules).changed
    rows.finish()
    return len(changed)


def _store(rows: RowsWriter, changed: Sequence[DerivedChange]) -> Sequence[DerivedChange]:
    """Store the changes; where only numbers changed, only they are written."""
    rows.remove([item.memory.id for item in changed if item.before and (item.is_reworded or item.change == "retired")])
    held = [item for item in changed if item.change != "retired"]
    for item in held:
        if item.is_reworded:
            rows.add(Entry(record=item.memory), hlc="")
    rows.flush()
    update_numbers(rows.connection, [item.memory for item in held if not item.is_reworded])
    give_vectors(rows.connection, {item.memory.id: _group_of(item.memory) for item in held})
    for item in changed:
        memory = item.memory
        rows.audit(item.change, id=memory.id, agent=memory.agent, detail=memory.kind, by="alma")
    return changed


def _tasks_with_outcomes(connection: Connection) -> list[Task]:
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


def _differences(
    connection: Connection, tasks: Sequence[Task], rules: ProjectRules
) -> tuple[list[Derived], list[DerivedChange]]:
    """The stored rules of these tasks, and the changes that make them say what the tasks' outcomes say.

    A derived memory is archived when somebody authored one of the same kind and keys: hidden, but kept up to date. One
    that turns into the other kind says something new, and is shown.
    """
    given = json.dumps([task._asdict() for task in tasks])
    evidence: dict[Task, list[Evidence]] = {}
    for agent, domain, one in _evidence(connection, f"SEMI JOIN {_TASKS} USING (agent, domain, task_key)", given):
        evidence.setdefault(Task(agent, domain, one.task_key), []).append(one)
    derived = [
        memory
        for task in tasks
        for memory in derive(task, evidence.get(task, []), rules.rules_of(task.agent), project_id=rules.project_id)
    ]
    stored = _stored(connection, f"SEMI JOIN {_TASKS} USING (agent, domain, task_key) WHERE true", given)
    return stored, _compared(stored, derived)


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
    return _compared(_stored(connection, across, given), [memory for memory in found if memory is not None])


def _compared(stored: Sequence[Derived], derived: Sequence[Derived]) -> list[DerivedChange]:
    """The differences between what is derived now and what is stored, in the order of ids."""
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


def give_vectors(connection: Connection, groups: Mapping[str, Task | Approach]) -> None:
    """Give derived memories, by id, the mean vector of the newest outcomes of their task, whatever their strategy.

    What a rule is about doesn't depend on what was tried. One across situations takes the outcomes of its approach.
    """
    wanted = set(groups.values())
    members: dict[Task | Approach, list[int]] = {}
    models: dict[Task | Approach, str] = {}
    for kind in (Task, Approach):
        for *place, seq, model in _newest(connection, kind, [group[-1] for group in wanted if isinstance(group, kind)]):
            group = kind(*place)
            if group in wanted and models.setdefault(group, model) == model:
                members.setdefault(group, []).append(seq)
    if not members:
        return
    seqs = {seq for found in members.values() for seq in found}
    read = columns(
        connection, f"SELECT seq, embedding FROM memories WHERE {seq_in(seqs)}", {"seq": "i8", "embedding": "f4"}
    )
    place_of = {seq: number for number, seq in enumerate(read["seq"].tolist())}
    means = {
        group: mean_vector(read["embedding"][[place_of[seq] for seq in found]]) for group, found in members.items()
    }
    ids = [id for id, group in groups.items() if group in means]
    given = [{"number": number, "id": id, "model": models[groups[id]]} for number, id in enumerate(ids)]
    types = {"number": "INTEGER", "id": "VARCHAR", "model": "VARCHAR"}
    with given_vectors(connection, [means[groups[id]] for id in ids]) as vectors_given:
        connection.execute(
            f"UPDATE memories SET embedding = vectors.embedding, embedding_model = given.model "
            f"FROM {rows_from(types)} AS given JOIN {vectors_given} AS vectors USING (number) "
            "WHERE memories.id = given.id",
            [json.dumps(given)],
        )


def _newest(connection: Connection, kind: type[Task | Approach], keys: Sequence[str]) -> list[Any]:
    """The groups of the newest outcomes with these keys, with the `seq` and model of each, newest first."""
    if not keys:
        return []
    group = ", ".join(kind._fields)
    return connection.execute(
        f"""
        SELECT {group}, seq, embedding_model FROM memories
        WHERE {kind._fields[-1]} IN {any_of()} AND kind = 'outcome' AND embedding_model IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY {group} ORDER BY happened_at DESC, id DESC) <= {TEXTS_COMPARED}
        ORDER BY happened_at DESC, id DESC
        """,
        [json.dumps(keys)],
    ).fetchall()


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


def _words(memory: Derived) -> dict[str, object]:
    return {name: getattr(memory, name) for name in FIELD_NAMES[memory.kind] if name not in _NUMBERS}


def _task_of(record: Outcome | Derived) -> Task:
    return Task(record.agent, record.domain, record.task_key)


def _group_of(memory: Derived) -> Task | Approach:
    return _task_of(memory) if memory.task_key else Approach(memory.agent, memory.domain, memory.strategy_key)


def _evidence(connection: Connection, joined: str, given: str) -> Iterable[tuple[str, str, Evidence]]:
    """The agent, domain and evidence of outcomes; only the newest of each group come with texts that are compared."""
    rows = connection.execute(
        f"""
        SELECT seq, row_number() OVER (
            PARTITION BY agent, domain, task_key, strategy_key ORDER BY happened_at DESC, id DESC
        ) <= {TEXTS_COMPARED}, agent, domain, strategy_key, happened_at, id, outcome, task_key
        FROM memories {joined} WHERE kind = 'outcome'
        """,
        [given],
    ).fetchall()
    compared = [seq for seq, is_compared, *_ in rows if is_compared]
    texts = _by_seq(connection, _TEXTS, compared)
    for seq, _, agent, domain, strategy_key, at, id, outcome, task_key in rows:
        rest = (id, outcome, *texts.get(seq, _NOT_COMPARED), task_key)
        yield agent, domain, Evidence(strategy_key, at.replace(tzinfo=UTC), *rest)


def _stored(connection: Connection, where: str, given: str) -> list[Derived]:
    """The rules with keys that are stored `where`: those derived, and those that were authored in their place."""
    seqs = connection.execute(
        f"SELECT seq FROM memories {where} "
        "AND origin IN ('derived', 'authored') AND kind IN ('heuristic', 'anti_pattern') AND strategy_key <> ''",
        [given],
    ).fetchall()
    rows = _by_seq(connection, tuple(ROW_TYPES), [row[0] for row in seqs])
    memories: list[Any] = [row_record(row) for row in rows.values()]  # of these two kinds
    return memories


def _by_seq(connection: Connection, columns: Sequence[str], seqs: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Columns of some memories, by `seq`: those that are wide are read only for these, which keys don't achieve."""
    if not seqs:
        return {}
    rows = connection.execute(f"SELECT seq, {', '.join(columns)} FROM memories WHERE {seq_in(seqs)}").fetchall()
    return {seq: tuple(rest) for seq, *rest in rows}


_TEXTS = ("task", "strategy", "coalesce(nullif(trim(error), ''), trim(feedback))", "situation", "approach")
_NOT_COMPARED: tuple[Any, ...] = (None,) * len(_TEXTS)
_TASKS = rows_from(dict.fromkeys(Task._fields, "VARCHAR"))
_APPROACHES = rows_from(dict.fromkeys(Approach._fields, "VARCHAR"))
