"""Commands that are killed at random moments: nothing that was told is lost, nothing is there twice, the store opens.

    python -m tests.durability.kills [--number N] [--seed SEED] [WORK ...]

A child works on a project until it is killed, and says in a pipe what was done as soon as a call returned; another child
then looks at what is there. Each work is killed equally often, and its project is new after some kills.
"""

import argparse
import json
import os
import random
import select
import shutil
import signal
import tarfile
import tempfile
import time
import traceback
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from alma_cli.api import ALMA
from alma_cli.config import Azure
from alma_cli.core.learning.reports import Report
from alma_cli.project import make_project
from alma_cli.remote.cosmos.container import make_container
from tests.cosmos_server import KEY, cosmos_process
from tests.remote.replica import HashedWords

OLD = next((Path(__file__).parents[1] / "sync" / "made_before").glob("*.tar.gz"))
CONFIG = "alma:\n  project_id: p\n  storage: {storage}\n  {remote}\n  learning: {{min_occurrences_for_heuristic: 2}}\n"
KILLS_OF_A_PROJECT = 25
KILLS_BETWEEN_CHECKS = 5
"""After so many, it is looked whether all is there, and everything is done to its end: a sync, a reindex."""

SLOWEST_S = 60.0


class OtherWords(HashedWords):
    """Another model, with vectors of another length."""

    model_id, dimension = "other-words", 96


def opened(folder, embedder=HashedWords):
    """The memory of the machine in this folder."""
    alma = ALMA.from_config(os.path.join(folder, ".alma", "config.yaml"), wait_s=SLOWEST_S)
    session = alma._session
    session._embedder = embedder()
    session.config = replace(session.config, embedding=replace(session.config.embedding, model=embedder.model_id))
    return alma


def exported(folder):
    return [json.loads(line) for line in opened(folder).export()]


def a_task():
    return f"Test the form {uuid4().hex}"


# What is done, and killed: each takes the machine's folder and a function that says what was done


def learn(folder, say):
    alma = opened(folder)
    for _ in range(3):
        task = a_task()
        alma.learn("helena", task, "success", "Looked first", when="a form is tested", do="look first")
        say("task", task)


def batch(folder, say):
    tasks = [a_task() for _ in range(20)]
    reports = [Report(agent="helena", task=task, outcome="success", strategy="s", key=task) for task in tasks]
    done = opened(folder).learn_batch(enumerate([*reports, *reports], 1))
    assert not done.refused
    for task in tasks:
        say("task", task)


def reflect(folder, say):
    alma = opened(folder)
    ids = [alma.learn("helena", task, "success", "Looked first").id for task in (a_task(), a_task())]
    for id in ids:
        say("id", id)
    alma.apply_reflection("helena", json.dumps({"when": "a page is tested", "do": "look first", "outcomes": ids}))
    for id in ids:
        say("worded", id)


def import_(folder, say):
    records = [{"kind": "knowledge", "agent": "helena", "fact": a_task(), "id": uuid4().hex} for _ in range(10)]
    records += [
        {"kind": "outcome", "agent": "helena", "task": a_task(), "outcome": "success", "id": uuid4().hex}
        for _ in range(10)
    ]
    alma = opened(folder)
    for _ in range(2):
        done = alma.import_(enumerate(records, 1))
        assert not done.refused
        for record in records:
            say("id", record["id"])


def sync(folder, say):
    alma = opened(folder)
    say("id", alma.learn("helena", a_task(), "success", "Looked first", when="a sync is tested", do="look first").id)
    facts = [record.id for record in alma.memories(limit=100) if record.kind == "knowledge"]
    if len(facts) > 3:
        say("forgets", facts[-1])
        alma.forget([facts[-1]])
        say("forgot", facts[-1])
    say("id", alma.add_knowledge(a_task(), agent="victor").id)
    alma.sync()


def reindex(folder, say):
    alma = opened(folder, random.choice([HashedWords, OtherWords]))
    for _ in range(2):
        say("id", alma.add_knowledge(a_task(), agent="helena").id)
    alma.reindex(everything=random.random() < 0.5)


def migrate(folder, say):
    say("id", opened(folder).add_knowledge(a_task(), agent="helena").id)


# The projects


def made(folder, *, storage="local", remote="{}"):
    """A new project with a few memories."""
    os.makedirs(folder)
    make_project(folder, CONFIG.format(storage=storage, remote="" if remote == "{}" else remote))
    alma = opened(folder)
    for _ in range(4):
        alma.add_knowledge(a_task(), agent="helena")


def made_for_a_folder(folder):
    for machine in (folder, f"{folder}-other"):
        made(machine, storage="file", remote="file: {path: ../shared}")
        os.remove(os.path.join(machine, ".alma", "memory.duckdb"))


def made_before(folder):
    with tarfile.open(OLD) as archive:
        archive.extractall(f"{folder}-archive", filter="data")
    shutil.move(f"{folder}-archive/p", folder)


def known_before():
    """The ids of what was observed or authored in the store of an earlier version."""
    exported = OLD.with_name(OLD.name.removesuffix(".tar.gz") + ".ndjson").read_text(encoding="utf-8")
    return {record["id"] for record in map(json.loads, exported.splitlines()) if record["origin"] != "derived"}


# What has to hold


class Said:
    """What the children said of a project."""

    def __init__(self):
        self.all = {word: set() for word in ("task", "id", "worded", "forgets", "forgot")}

    def __getitem__(self, word):
        return self.all[word]

    def add(self, lines):
        for line in lines:
            word, _, name = line.partition(" ")
            if word in self.all and len(name) >= 32:
                self.all[word].add(name)


def check(folder, said, known):
    """All that was said is there, once; rules count it once; nothing waits any more. `known` was there before."""
    records = exported(folder)
    ids = Counter(record["id"] for record in records)
    tasks = Counter(record["task"] for record in records if record["kind"] == "outcome")
    assert {1} >= set(ids.values()), ids.most_common(3)
    assert {1} >= {count for task, count in tasks.items() if task.startswith("Test the form ")}, tasks.most_common(3)
    assert said["task"] <= tasks.keys(), said["task"] - tasks.keys()
    assert said["id"] | known <= ids.keys() | said["forgets"], (said["id"] | known) - ids.keys() - said["forgets"]
    assert not said["forgot"] & ids.keys(), said["forgot"] & ids.keys()
    worded = {record["id"] for record in records if record.get("when") == "a page is tested"}
    assert said["worded"] <= worded, said["worded"] - worded
    for rule in records:
        if rule["origin"] == "derived" and rule["task_key"]:
            keys = rule["agent"], rule["task_key"], rule["strategy_key"]
            same = [
                one
                for one in records
                if one["kind"] == "outcome" and (one["agent"], one["task_key"], one["strategy_key"]) == keys
            ]
            assert len(same) == rule["occurrences"], (len(same), rule)
    waiting = [name for name in os.listdir(os.path.join(folder, ".alma", "journal")) if name.endswith(".json")]
    assert not waiting, waiting
    assert not os.path.exists(os.path.join(folder, ".alma", "journal", "damaged"))


def check_two_machines(folder, said, known):
    """After a quiet round both have the same, and a sync has nothing to do."""
    machines = [opened(folder), opened(f"{folder}-other")]
    for machine in (*machines, *machines):
        report = machine.sync()
        assert not report.pending, report
    one, other = ({record["id"]: record for record in map(json.loads, machine.export())} for machine in machines)
    assert one == other, one.keys() ^ other.keys()
    for machine in machines:
        report = machine.sync()
        assert not report.pulled and not report.pushed, report
    check(folder, said, known)


def check_vectors(folder, said, known):
    """A reindex that is not killed leaves nothing without a vector of its model."""
    opened(folder).reindex()
    assert 0 == opened(folder).reindex()
    check(folder, said, known)


WORKS = {
    "learn": (learn, made, None),
    "batch": (batch, made, None),
    "reflect": (reflect, made, None),
    "import": (import_, made, None),
    "sync": (sync, made_for_a_folder, check_two_machines),
    "cosmos": (sync, None, check_two_machines),
    "reindex": (reindex, made, check_vectors),
    "migrate": (migrate, made_before, None),
}


# Children


def child(doing, errors, *arguments):
    """Start a process that does this with a function that says lines; its id, and where it says them."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, ours
    os.close(ours)
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    code = 1
    try:
        doing(*arguments, lambda word, name: os.write(theirs, f"{word} {name}\n".encode()))
        code = 0
    except BaseException:
        with open(errors, "a") as file:
            traceback.print_exc(file=file)
    finally:
        os._exit(code)


def ended(pid, said_at, after_s):
    """Kill the child after so long; whether it was killed, its exit code, and the whole lines that it said."""
    ready = select.select([_exit_of(pid)], [], [], after_s)[0]
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with open(said_at, "rb") as pipe:
        lines = pipe.read().decode().split("\n")[:-1]
    code = os.waitstatus_to_exitcode(status)
    return code == -signal.SIGKILL, code, lines


def _exit_of(pid):
    descriptor = os.pidfd_open(pid)
    _OPEN.append(descriptor)
    while len(_OPEN) > 10:
        os.close(_OPEN.pop(0))
    return descriptor


_OPEN: list[int] = []


def checked(doing, errors, folder, said, known):
    """Look at what is there, in a process of its own. Raises AssertionError with what it found."""
    pid, pipe = child(lambda *arguments: doing(*arguments[:-1]), errors, folder, said, known)
    _, code, _ = ended(pid, pipe, SLOWEST_S * 5)
    assert code == 0, f"{code}: {Path(errors).read_text()[-3000:]}"


def run(name, *, number, seed, folder, server=None):
    """Kill one work so often. How often it ended before; raises AssertionError for a claim that doesn't hold."""
    import _duckdb  # noqa: F401 (each child then has it)
    import azure.cosmos  # noqa: F401
    import numpy as np  # noqa: F401

    import alma_cli.api.transfer  # noqa: F401

    work, prepare, check_to_its_end = WORKS[name]
    chance = random.Random(f"{name}/{seed}")
    killed = unkilled = projects = 0
    took_s = 0.0  # until it was let to its end once
    home, said, known, is_due = "", Said(), set(), True
    errors = os.path.join(folder, f"{name}.errors")
    while killed < number:
        if is_due or name == "migrate":
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
            home, said, projects = os.path.join(folder, name, "one"), Said(), projects + 1
            if server is not None and name == "cosmos":
                server.forget("alma")
                make_container(Azure(endpoint=server.endpoint, auth="key"), dimensions=384, patience_s=10)
                for machine in (home, f"{home}-other"):
                    made(machine, storage="azure", remote=f'azure: {{endpoint: "{server.endpoint}", auth: key}}')
                    os.remove(os.path.join(machine, ".alma", "memory.duckdb"))
            else:
                pid, pipe = child(lambda folder, _: prepare(folder), errors, home)
                assert ended(pid, pipe, SLOWEST_S)[1] == 0, Path(errors).read_text()
            known = known_before() if name == "migrate" else set()
        began = time.monotonic()
        pid, pipe = child(work, errors, home)
        was_killed, code, lines = ended(pid, pipe, chance.uniform(0, took_s * 1.1) if took_s else SLOWEST_S)
        said.add(lines)
        assert was_killed or code == 0, f"{name} seed {seed} kill {killed}: {Path(errors).read_text()[-3000:]}"
        if not was_killed:
            unkilled += 1
            now_s = time.monotonic() - began
            took_s = 0.7 * took_s + 0.3 * now_s if took_s else now_s
        killed += was_killed
        is_due = was_killed and killed % KILLS_OF_A_PROJECT == 0
        is_looked_at = was_killed and (killed % KILLS_BETWEEN_CHECKS == 0 or killed == number)
        if name != "migrate" and not is_looked_at:
            continue
        try:
            checked(check_to_its_end or check, errors, home, said, known)
        except AssertionError as error:
            raise AssertionError(f"{name} seed {seed} after kill {killed}: {error}") from error
    return {
        "work": name,
        "seed": seed,
        "killed": killed,
        "ended before": unkilled,
        "said": sum(map(len, said.all.values())),
    }


def run_all(works, *, number, seed, folder, tell=lambda line: None):
    """Kill each of these works in turn, `number` times in all."""
    with ExitStack() as stack:
        os.environ["ALMA_COSMOS_KEY"] = KEY
        server = stack.enter_context(cosmos_process()) if "cosmos" in works else None
        each = -(-number // len(works))
        for name in works:
            began = time.monotonic()
            seen = run(name, number=each, seed=seed, folder=folder, server=server)
            tell(json.dumps({**seen, "seconds": round(time.monotonic() - began)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--number", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alma-kills-") as folder:
        run_all(
            given.works or list(WORKS),
            number=given.number,
            seed=given.seed,
            folder=folder,
            tell=lambda line: print(line, flush=True),
        )
    print("nothing that was told is lost, nothing is there twice, every store opened")


if __name__ == "__main__":
    main()
