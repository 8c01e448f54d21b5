"""Outcomes of a tiny world, operations on them, and what they must have taught."""

import array
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from alma_cli.core.keys import key_of
from alma_cli.core.learning.derive import Approach, Evidence, LearningRules, Task, derive, derive_across
from alma_cli.core.records import Heuristic, Outcome
from alma_cli.store import Archive, Entry, Forget, Insert, ProjectRules, Revise
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.writing.fold import fold

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MODEL = "some-model"
DIMENSION = 3
RULES = {
    "a": LearningRules(min_occurrences=1, half_life_days=10.0, z=1.28, anti_pattern_below=0.7),
    "b": LearningRules(min_occurrences=2, half_life_days=10.0, z=1.28, anti_pattern_below=0.7),
}
LEARNING = ProjectRules(project_id="p", rules_of=RULES.__getitem__)

few = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""No deadline, which is a wall-clock assertion; a fixture here is a connection whose every change is undone."""


class Undone(Exception):  # noqa: N818
    """What was folded is rolled back."""


def an_id(number):
    return f"{number:032x}"


def outcome(number, **changes):
    """The outcome with this number: agent a did p when x was so, and it worked."""
    values = {"agent": "a", "domain": "general", "task": "Test login", "outcome": "success", "strategy": "try blanks"}
    return Outcome(
        id=an_id(number), project_id="p", origin="observed", created_at=NOON, updated_at=NOON,
        **{"at": NOON, "when": "x", "do": "p", **values, **changes},
    )  # fmt: skip


def bare(number, task, strategy="", **changes):
    """An outcome without general words."""
    return outcome(number, task=task, strategy=strategy, when="", do="", **changes)


def rule(number, *, when="x", do="p", **changes):
    """An authored heuristic of the same keys as an outcome with these general words."""
    return Heuristic(
        id=an_id(number), project_id="p", origin="authored", created_at=NOON, updated_at=NOON,
        **{"agent": "a", "domain": "general", "condition": "c", "strategy": "s", **changes},
        task_key=key_of(when), strategy_key=key_of(do),
    )  # fmt: skip


def vector(*numbers):
    return array.array("f", numbers)


def operation(kind, **what):
    return kind(op_id=os.urandom(16).hex(), at=NOON, by="tester", **what)


def insert(*records):
    return operation(Insert, entries=tuple(Entry(record=record) for record in records))


def revise(record):
    return operation(Revise, entry=Entry(record=record))


def forget(*numbers):
    return operation(Forget, ids=tuple(map(an_id, numbers)))


def archive(*numbers):
    return operation(Archive, ids=tuple(map(an_id, numbers)))


def folded(connection, *batches):
    """Fold each batch, in a transaction that the caller has begun; return what was derived anew, in order."""
    derived = []
    for batch in batches:
        derived += fold(connection, batch, now_ms=7, rules=LEARNING).derived
    return derived


class undone:  # noqa: N801
    """A block within a transaction that is rolled back at its end."""

    def __init__(self, connection):
        self._transaction = transaction(connection)

    def __enter__(self):
        self._transaction.__enter__()

    def __exit__(self, kind, error, trace):
        if kind is None:
            self._transaction.__exit__(Undone, Undone(), None)
            return False
        return self._transaction.__exit__(kind, error, trace)


def records_in(connection, where="true"):
    """The stored records, by id."""
    rows = connection.execute(f"SELECT {RECORD_COLUMNS} FROM memories WHERE {where} ORDER BY id").fetchall()
    return {record.id: record for record in map(row_record, rows)}


def derived_in(connection):
    """The stored derived memories, by id."""
    return records_in(connection, "origin = 'derived'")


def taught(records):
    """The derived memories, by id, of all these records at once: what the store must have, however it came to them."""
    tasks, approaches, replaced = {}, {}, set()
    for record in records:
        task = Task(record.agent, record.domain, record.task_key)
        if isinstance(record, Outcome):
            reason = record.error.strip() or record.feedback.strip()
            found = Evidence(
                record.strategy_key, record.at, record.id, record.outcome, record.task, record.strategy, reason,
                record.when, record.do, record.task_key,
            )  # fmt: skip
            tasks.setdefault(task, []).append(found)
            approaches.setdefault(Approach(record.agent, record.domain, record.strategy_key), []).append(found)
        else:
            replaced.add((task, record.strategy_key, record.kind))
    derived = [
        memory
        for task, evidence in tasks.items()
        for memory in derive(task, evidence, RULES[task.agent], project_id="p")
    ]
    ruled = {(memory.agent, memory.domain, memory.task_key, memory.strategy_key) for memory in derived}
    for (agent, domain, strategy_key), evidence in approaches.items():
        unruled = [one for one in evidence if (agent, domain, one.task_key, strategy_key) not in ruled]
        across = derive_across(Approach(agent, domain, strategy_key), unruled, RULES[agent], project_id="p")
        derived += [across] if across else []
    return {
        memory.id: replace(
            memory,
            archived=(Task(memory.agent, memory.domain, memory.task_key), memory.strategy_key, memory.kind) in replaced,
        )
        for memory in derived
    }


outcomes = st.builds(
    outcome,
    st.integers(1, 8),
    agent=st.sampled_from("ab"),
    outcome=st.sampled_from(["success", "failure", "partial"]),
    at=st.sampled_from([NOON, NOON + timedelta(days=1), NOON - timedelta(days=30)]),
    task=st.sampled_from(["Test login", "Test the login form", "Test login: fast"]),
    strategy=st.sampled_from(["try blanks", "type fast"]),
    error=st.sampled_from(["", "flaky", "slow"]),
    feedback=st.sampled_from(["", "thorough"]),
    when=st.sampled_from("xyz"),
    do=st.sampled_from("pq"),
)
many = st.lists(outcomes, min_size=1, max_size=8, unique_by=lambda record: record.id)
rules = st.builds(
    rule,
    st.integers(11, 12),
    agent=st.sampled_from("ab"),
    when=st.sampled_from("xy"),
    do=st.sampled_from("pq"),
)
few_rules = st.lists(rules, max_size=2, unique_by=lambda record: record.id)


@st.composite
def stories(draw):
    """Operations that insert, revise, archive and forget records in any order, and the records that survive them."""
    inserted = draw(st.permutations([*draw(many), *draw(few_rules)]))
    surviving = {record.id: record for record in inserted}
    story = [insert(record) for record in inserted]
    changed = {record.id: record for record in draw(many) if record.id in surviving}
    for id, record in changed.items():
        owner = {"agent": surviving[id].agent, "domain": surviving[id].domain}
        surviving[id] = replace(record, **owner)
        _after(draw, story, id, revise(surviving[id]))
    numbers = st.sets(st.sampled_from([int(id, 16) for id in surviving]), max_size=3)
    for number in sorted(draw(numbers)):
        _after(draw, story, an_id(number), archive(number))
    for number in sorted(draw(numbers)):
        _after(draw, story, an_id(number), forget(number))
        surviving.pop(an_id(number))
    return story, list(surviving.values())


def _after(draw, story, id, later):
    """Put an operation somewhere after all that is done to this record so far."""
    last = max(place for place, one in enumerate(story) if id in _ids(one))
    story.insert(draw(st.integers(last + 1, len(story))), later)


def _ids(one):
    match one:
        case Insert():
            return [entry.record.id for entry in one.entries]
        case Revise():
            return [one.entry.record.id]
        case _:
            return one.ids


@st.composite
def batched(draw, story):
    """The story cut into batches, in order."""
    batches, rest = [], list(story)
    while rest:
        size = draw(st.integers(1, len(rest)))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches
