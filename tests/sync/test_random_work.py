"""Real stores under random work, faults and clocks: they agree after a quiet round, and nothing is lost."""

import json
import os
import random
from contextlib import suppress
from datetime import timedelta

import pytest

from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID
from alma_cli.errors import AlmaError, NotFound, RemoteThrottled, RemoteUnreachable
from tests.sync.replicas import is_idle, shared_records

SEEDS = range(int(os.environ.get("ALMA_SEEDS", "1")))
STEPS = 40
WORK = [
    "learn",
    "learn",
    "learn",
    "know",
    "correct",
    "forget",
    "reflect",
    "reflect",
    "undo",
    "sync",
    "sync",
    "sync",
    "clock",
    "anew",
    "vanish",
    "vanish",
    "export",
    "import",
]
SITUATIONS = ("a form is tested", "a page is slow", "a login fails", "a build breaks")


class Troubles:
    """Faults by lot: no answer, too busy, or an answer that is lost after the write was made."""

    def __init__(self, chance, often):
        self._chance, self._often = chance, often

    def __call__(self, call):
        if self._chance.random() >= self._often:
            return None
        match self._chance.randrange(3):
            case 0:
                raise RemoteUnreachable("no answer", hint="")
            case 1:
                raise RemoteThrottled("too busy", hint="")
        return "lost" if call == "write" else None


@pytest.mark.parametrize("seed", SEEDS)
def test_three_machines_agree_after_a_quiet_round(machine, container, seed):
    chance = random.Random(seed)
    machines = [machine(name, page=chance.randint(1, 9), together=chance.randint(1, 9)) for name in ("a", "b", "c")]
    recorded, forgotten, exported = set(), set(), []
    for each in machines:
        each.sync()
    for _ in range(STEPS):
        each = chance.choice(machines)
        known = [id for id, record in each.records(derived=False).items() if record["kind"] == "knowledge"]
        match chance.choice([*WORK]):
            case "learn":
                outcome = chance.choice(["success", "failure", "partial"])
                strategy = chance.choice(["Tested empty fields", "Clicked around"])
                recorded.add(each.learn("Test the login form", outcome, strategy))
            case "know":
                recorded.add(each.know(f"fact {chance.random()}", agent=chance.choice(["helena", "victor"])))
            case "correct" if known:
                each.alma.correct(chance.choice(known), f"corrected {chance.random()}")
            case "forget" if known:
                gone = chance.choice(known)
                each.alma.forget([gone])
                forgotten.add(gone)
            case "reflect":
                mine = [id for id, record in each.records(derived=False).items() if record["kind"] == "outcome"]
                if mine:
                    line = {"when": chance.choice(SITUATIONS), "do": chance.choice(["look first", "click around"])}
                    chosen = chance.sample(mine, min(len(mine), chance.randint(1, 4)))
                    what = chance.choice([{**line, "move": chosen}, {**line, "outcomes": chosen}, {"unclear": chosen}])
                    each.alma.apply_reflection("helena", json.dumps(what))
            case "undo":
                with suppress(NotFound):
                    each.alma.undo_reflection("helena")
            case "sync":
                try:
                    each.sync(faults=Troubles(chance, 0.15), pull=chance.random() < 0.8)
                except AlmaError as error:
                    assert error.exit_code == 4
            case "clock":
                each.offset = timedelta(seconds=chance.choice([-3600, -5, 0, 5, 250]))
            case "anew":
                container.rid = f"made anew {chance.random()}"
            case "vanish":
                if places := sorted(place for place in container.documents if place[1] != MARKER_AGENT):
                    del container.documents[chance.choice(places)]
            case "export":
                exported = [json.loads(line) for line in each.alma.export()]
            case "import":
                each.alma.import_(enumerate(exported, 1))
    for each in (*machines, *machines):
        each.sync(check=True)
    agreed = machines[0].records()
    assert set(agreed) >= recorded - forgotten
    assert not forgotten & set(agreed)
    for each in machines[1:]:
        assert each.records() == agreed
    assert set(shared_records(container)) == {id for id, record in agreed.items() if record["origin"] != "derived"}
    counted = [record for record in agreed.values() if record["kind"] == "outcome"]
    rules = [record for record in agreed.values() if record["origin"] == "derived"]
    for rule in rules:
        same = [one for one in counted if one["strategy_key"] == rule["strategy_key"]]
        ruled = {one["task_key"] for one in rules if one["strategy_key"] == rule["strategy_key"]}
        assert rule["occurrences"] == sum(
            one["task_key"] == rule["task_key"] if rule["task_key"] else one["task_key"] not in ruled for one in same
        )
    writes = container.writes
    assert all(is_idle(each.sync()) for each in machines)
    assert container.writes == writes


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_sync_the_next_one_is_idle(machine, container, seed):
    """Whatever changed before, also the marker and memories together, and whatever the machines are set to."""
    chance = random.Random(seed)
    rules = ["", "  learning: {min_occurrences_for_heuristic: 2}\n"]
    machines = [
        machine(name, model=chance.choice(["letters", "others"]), more=chance.choice(rules), page=chance.randint(1, 9))
        for name in ("a", "b", "c")
    ]
    place = ("p", MARKER_AGENT, MARKER_ID)
    for _ in range(STEPS // 2):
        each = chance.choice(machines)
        known = sorted(each.records(derived=False))
        match chance.choice(
            ["learn", "learn", "learn", "know", "forget", "reflect", "vanish", "marker", "sync", "sync"]
        ):
            case "learn":
                each.learn(
                    chance.choice(["Test the form", "Speed it up"]), chance.choice(["success", "failure"]), "Look"
                )
            case "know":
                each.know(f"fact {chance.random()}", agent=chance.choice(["helena", "victor"]))
            case "forget" if known:
                each.alma.forget([chance.choice(known)])
            case "reflect":
                mine = [id for id, record in each.records(derived=False).items() if record["kind"] == "outcome"]
                line = {"when": chance.choice(SITUATIONS), "do": "look", "move": mine[:3]}
                if mine:
                    each.alma.apply_reflection("helena", json.dumps(line))
            case "vanish" if container.documents:
                del container.documents[chance.choice(sorted(container.documents))]
            case "marker" if place in container.documents:
                marker = json.loads(container.documents[place][1])
                part = chance.choice(["seed", "model", "derivation"])
                marker[part] = chance.choice(["letters", "others", f"{chance.random()}"])
                container.put(*place, json.dumps(marker))
            case "sync":
                is_lost = place not in container.documents
                each.sync(join=True, reseed=is_lost or chance.random() < 0.2, check=chance.random() < 0.3)
                calls, writes = [], container.writes
                assert is_idle(each.sync(faults=calls.append))
                assert (writes, ["read", "changes"]) == (container.writes, calls)
