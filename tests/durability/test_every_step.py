"""A process is killed, or meets a full disk, at each step it takes on files: nothing is lost, torn or counted twice."""

import os
import signal

import pytest

from alma_cli.store.database.schema import MIGRATIONS
from tests.durability.stepper import NEWER, QUEUED, REFUSED, STORED, ids_in, insert, store_in

KILLED = -signal.SIGKILL
BEFORE = [1, 2, 3]
NEW = 99


def fresh(home):
    home.mkdir(parents=True)
    return []


def filled(home):
    home.mkdir(parents=True)
    store_in(home).submit([insert(*BEFORE)])
    return BEFORE


def with_a_journal(home):
    """Two operations wait, and a file that is none."""
    filled(home)
    journal = store_in(home).journal
    journal.write(insert(4))
    journal.write(insert(5))
    (home / "journal" / "00000000000000000001-00.json").write_text('{"format": 1, "op": "ins')
    return [*BEFORE, 4, 5]


SITUATIONS = {
    "the first learn": ("learn", fresh, MIGRATIONS),
    "a learn": ("learn", filled, MIGRATIONS),
    "a learn that moves the log into the file": ("learn_and_checkpoint", filled, MIGRATIONS),
    "two operations": ("learn_and_forget", filled, MIGRATIONS),
    "a learn that finds a journal": ("learn_and_checkpoint", with_a_journal, MIGRATIONS),
    "a retrieve that finds a journal": ("read", with_a_journal, MIGRATIONS),
    "a learn that migrates": ("migrate_and_learn", filled, NEWER),
}


@pytest.fixture(params=SITUATIONS)
def situation(request, stepper, tmp_path):
    """The task, the steps it takes, what is stored before it, and how to put that in place again."""
    task, prepare, migrations = SITUATIONS[request.param]
    before = prepare(stepper.home)
    template = tmp_path / "template"
    stepper.home.rename(template)
    stepper.put(template)
    steps = list(enumerate(stepper.steps(task, NEW), start=1))
    return task, steps, before, lambda: stepper.put(template), migrations


def check(home, migrations, before, task, ended):
    """After one task, whatever became of it: reading works, everything is there once, and learning goes on."""
    forgotten = [1] if task == "learn_and_forget" else []
    store = store_in(home, migrations=migrations)
    ids = ids_in(store)
    kept = [id for id in before if id not in forgotten]
    if ended in (STORED, QUEUED) and task != "read":
        assert sorted([*kept, NEW]) == ids
    elif ended == REFUSED:
        assert before == ids
    else:
        assert set(kept) <= set(ids) <= {*before, NEW}
        assert len(set(ids)) == len(ids)
    receipt = store.submit([insert(77)])
    assert not receipt.queued
    assert sorted([*ids, 77]) == ids_in(store)
    assert store.journal.names() == []


def some(steps):
    """The numbers of these steps: of every sixth one, or of all when `ALMA_SEEDS` asks for thoroughness."""
    return [number for number, _ in steps][:: 1 if "ALMA_SEEDS" in os.environ else 6]


def test_a_kill_at_any_step_loses_and_doubles_nothing(stepper, situation):
    task, steps, before, put_back, migrations = situation
    for number in some(steps):
        put_back()
        ended = stepper.run(task, NEW, act="kill", at=number)
        assert ended in (KILLED, STORED), (number, stepper.errors())
        check(stepper.home, migrations, before, task, ended)


def test_a_kill_within_any_write_loses_and_doubles_nothing(stepper, situation):
    task, steps, before, put_back, migrations = situation
    writes = [step for step in steps if "write" in step[1]]
    assert writes
    for number in some(writes) if task != "learn_and_checkpoint" else [number for number, _ in writes]:
        put_back()
        ended = stepper.run(task, NEW, act="tear", at=number)
        assert ended in (KILLED, STORED), (number, stepper.errors())
        check(stepper.home, migrations, before, task, ended)


def test_a_disk_that_is_full_from_any_step_on_loses_and_doubles_nothing(stepper, situation):
    task, steps, before, put_back, migrations = situation
    for number in some(steps):
        put_back()
        ended = stepper.run(task, NEW, act="full", at=number)
        assert ended in (STORED, QUEUED, REFUSED), (number, ended, stepper.errors())
        check(stepper.home, migrations, before, task, ended)
