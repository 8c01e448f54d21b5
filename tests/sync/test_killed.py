"""Machines that are killed at any moment of a sync through a folder agree after a quiet round, and lose nothing."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from alma_cli.api.session import utc_now
from tests.contracts.memory_remote import Container
from tests.sync.replicas import Machine, is_idle

ROOT = Path(__file__).parents[2]
SEEDS = range(int(os.environ.get("ALMA_SEEDS", "1")))
ROUNDS = 3


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_by_kills_and_all_agree_after_a_quiet_round(tmp_path, seed):
    chance = random.Random(seed)
    machines = [Machine(tmp_path / name, Container()) for name in ("one", "two", "three")]
    said = {"has": set(), "forgets": set(), "forgot": set()}
    for machine in machines:
        machine.session.now = utc_now  # as the processes have it
        machine.alma.sync()
    for number in range(ROUNDS):
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.sync.killed", machine.folder, str(seed * 100 + number * 10 + place)],
                stdout=subprocess.PIPE, text=True, env=environment(),
            )
            for place, machine in enumerate(machines)
        ]  # fmt: skip
        lines = [worker.stdout.readline() for worker in workers]  # all are at work now
        for worker in workers:
            sleep(chance.uniform(0.0, 1.5))  # the moment is what varies; nothing is waited for
            worker.kill()
        lines += [line for worker in workers for line in worker.communicate()[0].splitlines()]
        for line in lines:
            word, _, id = line.strip().partition(" ")
            if word in said and len(id) == 32:
                said[word].add(id)
    for machine in (*machines, *machines):
        machine.alma.sync()
    agreed = machines[0].records()
    assert said["has"] - said["forgets"] <= set(agreed)
    assert not said["forgot"] & set(agreed)
    for machine in machines[1:]:
        assert machine.records() == agreed
    assert shared(tmp_path) == {id for id, record in agreed.items() if record["origin"] != "derived"}
    assert all(is_idle(machine.alma.sync()) for machine in machines)
    outcomes = [record for record in agreed.values() if record["kind"] == "outcome"]
    derived = [record for record in agreed.values() if record["origin"] == "derived"]
    assert [len(outcomes)] == [record["occurrences"] for record in derived] or len(outcomes) < 3 or not derived


def shared(folder):
    """The ids of the records in the folder."""
    bodies = [json.loads(path.read_text()) for path in (folder / "shared").rglob("*.json")]
    return {body["id"] for body in bodies if "hlc" in body and body.get("deleted_at") is None}
