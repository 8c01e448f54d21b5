"""Many processes at once, through the command line, with and without kills: whatever was told is true, once."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SEEDS = int(os.environ.get("ALMA_SEEDS", "3"))


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / ".alma").mkdir(parents=True)
    (folder / ".alma" / "config.yaml").write_text("alma:\n  project_id: crowded\n")
    return folder


def environ(project, **more):
    return {**os.environ, "PYTHONPATH": str(ROOT), "ALMA_DIR": str(project), "OMP_NUM_THREADS": "1", **more}


def alma(project, *argv):
    """The standard output of one command, which must succeed."""
    command = [sys.executable, "-m", "alma_cli", *argv]
    return subprocess.run(command, env=environ(project), check=True, capture_output=True, text=True).stdout


def stored_tasks(project):
    """How often each task is stored, as `export` shows it."""
    lines = map(json.loads, alma(project, "export").splitlines())
    return Counter(line["task"] for line in lines if line["kind"] == "outcome")


def run_crowd(project, library="", *, seed=0, learners, learns, killed=0, readers=1):
    """How the processes ended, and what was told to be done; no command that was not killed failed."""
    numbers = map(str, (seed, learners, learns, killed, readers))
    more = {"LD_PRELOAD": str(library), "STEPS_UNDER": str(project / ".alma")} if library else {}
    done = subprocess.run(
        [sys.executable, "-m", "tests.durability.crowd", project, *numbers],
        env=environ(project, **more), check=True, capture_output=True, text=True,
    )  # fmt: skip
    ended = json.loads(done.stdout.splitlines()[-1])
    told = [tuple(json.loads(line)) for line in (project / "told").read_text().splitlines()]
    assert {0} == {code for _, code in told}, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return ended, [task for task, _ in told]


def test_8_processes_that_learn_at_once_store_all_that_they_learn(project):
    learns = 25 if "ALMA_SEEDS" in os.environ else 10
    ended, told = run_crowd(project, learners=8, learns=learns, readers=2)
    assert [0] * 10 == ended
    learned = [task for task in told if task != "retrieve"]
    assert len(set(learned)) == 8 * learns
    assert Counter(learned) == stored_tasks(project)
    assert os.listdir(project / ".alma" / "journal") == []


@pytest.mark.skipif("ALMA_SEEDS" not in os.environ, reason="starts 200 processes; set ALMA_SEEDS")
def test_200_commands_of_8_shells_store_200_outcomes(project):
    script = (
        'for i in $(seq 25); do "$0" -m alma_cli learn --agent a --task "$1/$i" --outcome success --strategy s --json'
        " >/dev/null; echo $?; done"
    )
    shells = [
        subprocess.Popen(
            ["sh", "-c", script, sys.executable, str(number)], env=environ(project), stdout=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    codes = [code for shell in shells for code in shell.communicate()[0].split()]
    assert ["0"] * 200 == codes
    assert {f"{shell}/{i}": 1 for shell in range(8) for i in range(1, 26)} == stored_tasks(project)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_told_is_stored_once_however_many_are_killed(project, steps_library, seed):
    ended, told = run_crowd(project, steps_library, seed=seed, learners=5, learns=6, killed=4)
    assert set(ended) <= {0, -signal.SIGKILL}
    learned = Counter(task for task in told if task != "retrieve")
    stored = stored_tasks(project)
    assert set(stored.values()) <= {1}
    assert set(learned) <= set(stored)
    assert len(stored) - len(learned) <= ended.count(-signal.SIGKILL)
    stats = json.loads(alma(project, "stats", "--json"))
    assert stats["ok"]
