"""Does one thing to a store in a child process of its own, for each line of JSON on stdin; answers with how it ended.

Started with `steps.so` preloaded, so that the child can be killed, or meet a full disk, at any step it takes.
"""

import json
import os
import sys
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from alma_cli.core.learning.derive import LearningRules
from alma_cli.core.records import Outcome
from alma_cli.errors import AlmaError, StoreUnwritable
from alma_cli.store import Entry, Forget, Insert, ProjectRules, Selection, open_store, store
from alma_cli.store.database.schema import MIGRATIONS

STORED, QUEUED, REFUSED, FAILED, CRASHED = 0, 10, 11, 12, 13
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DIMENSION = 4
RULES = LearningRules(min_occurrences=3, half_life_days=180.0, z=1.28, anti_pattern_below=0.5)
LEARNING = ProjectRules(project_id="p", rules_of=lambda agent: RULES)
NEWER = (*MIGRATIONS, "ALTER TABLE memories ADD COLUMN colour VARCHAR; UPDATE memories SET colour = 'red'")


def outcome(id):
    """An outcome whose id is the number `id`."""
    return Outcome(
        id=f"{id:032x}", project_id="p", agent="a", domain="general", origin="observed", created_at=NOON,
        updated_at=NOON, at=NOON, task=f"task {id}", outcome="success", strategy="the usual",
    )  # fmt: skip


def insert(*ids):
    """The operation that stores these outcomes."""
    entries = tuple(Entry(record=outcome(id)) for id in ids)
    return Insert(op_id=os.urandom(16).hex(), at=NOON, by="tester", entries=entries)


def store_in(home, *, migrations=MIGRATIONS):
    """The store in a folder."""
    found = open_store(Path(home), dimension=DIMENSION, wait_s=20, rules=LEARNING)
    return replace(found, file=replace(found.file, migrations=migrations))


def ids_in(a_store):
    """The ids that are stored, as numbers, in order, twice if they are there twice; everything is read."""
    with a_store.reading() as reader:
        return sorted(int(record.id, 16) for record in reader.listed(Selection()) if record.origin != "derived")


def learn(home, id):
    return a_receipt(store_in(home).submit([insert(id)]))


def learn_and_checkpoint(home, id):
    store.CHECKPOINT_AT_BYTES = 0
    return learn(home, id)


def learn_and_forget(home, id):
    store.CHECKPOINT_AT_BYTES = 0
    forget = Forget(op_id=os.urandom(16).hex(), at=NOON, by="tester", ids=(f"{1:032x}",))
    return a_receipt(store_in(home).submit([forget, insert(id)]))


def migrate_and_learn(home, id):
    return a_receipt(store_in(home, migrations=NEWER).submit([insert(id)]))


def read(home, id):
    ids_in(store_in(home))
    return STORED


def a_receipt(receipt):
    return QUEUED if receipt.queued else STORED


TASKS = {task.__name__: task for task in (learn, learn_and_checkpoint, learn_and_forget, migrate_and_learn, read)}


def run(asked):
    """Do what is asked, in this process, and return how it ended."""
    os.environ.update({key: str(value) for key, value in asked["environ"].items()})
    try:
        return TASKS[asked["task"]](asked["home"], asked["id"])
    except StoreUnwritable:
        return REFUSED
    except AlmaError:
        traceback.print_exc()
        return FAILED
    except BaseException:
        traceback.print_exc()
        return CRASHED


def main():
    import _duckdb  # noqa: F401 (each child then has it)

    for line in sys.stdin:
        child = os.fork()
        if not child:
            ended = run(json.loads(line))
            sys.stderr.flush()
            os._exit(ended)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
