"""What a user's type checker makes of ALMA as it is installed: right use passes, wrong use is found."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import alma_cli

ROOT = Path(__file__).parents[2]
RIGHT = """\
from {door} import ALMA, AlmaError, Hit, MemorySlice

def advice(memory: ALMA, task: str) -> list[str]:
    found: MemorySlice = memory.retrieve(task=task, agent="helena", top_k=5)
    best: Hit = max(found, key=lambda hit: hit.score)
    seen: str = f"{{best.id}} {{best.kind}} {{best.updated_at:%Y}} {{best.labels.get('ci', '')}}"
    try:
        memory.learn(agent="helena", task=task, outcome="success", strategy_used=best.text, labels={{"ci": "7"}})
        memory.retrieve(task, "helena", kinds=["outcome"], min_score=0.5, explain=True, remote=False)
        memory.add_heuristic("when", "do", agent="helena", confidence=0.7)
    except AlmaError as error:
        return [error.message]
    return [seen, found.to_prompt(max_tokens=500), *(hit.strategy for hit in found.heuristics)]
"""
WRONG = """\
import {door}
from {door} import ALMA, MemoryScoop

memory = ALMA.find()
memory.retrieve(task=1, agent="helena")
memory.recall("a task")
{door}.Almanac
for hit in memory.retrieve("a task", "helena"):
    score: str = hit.score
    day: str = hit.updated_at
memory.retrieve("a task", "helena", kind=["outcome"])
memory.learn("helena", "a task", "success", duration_ms="long")
memory.learn("helena", "a task", "success", strategy="calls it otherwise")
memory.add_knowledge("a fact", category="of preferences only")
"""
FOUND = """\
2: attr-defined
5: arg-type
6: attr-defined
7: attr-defined
9: assignment
10: assignment
11: call-arg
12: arg-type
13: call-arg
14: call-arg
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of a bare environment that the wheel is installed in, which a user's checker would look at."""
    folder = tmp_path_factory.mktemp("user")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (packages,) = folder.glob("venv/lib/*/site-packages")
    installed = Path(alma_cli.__file__).parents[1]
    if installed != ROOT:  # by `make test-wheel`, among much else
        for name in ("alma", "alma_cli"):
            shutil.copytree(installed / name, packages / name)
    else:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:  # all that installing a wheel of pure Python is
            archive.extractall(packages)
    return folder / "venv/bin/python"


@pytest.fixture(scope="module")
def checked(python, tmp_path_factory):
    """Line and kind of each error that `mypy --strict` finds in a program."""
    folder = tmp_path_factory.mktemp("program")

    def check(program):
        Path(folder, "program.py").write_text(program, encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty"]
        command += ["--python-executable", python, "--config-file", "", "program.py"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert "" == done.stderr
        errors = [line for line in done.stdout.splitlines() if ": error: " in line]
        return [(line.split(":")[1], line.rpartition("  [")[2]) for line in errors]

    return check


@pytest.mark.parametrize("door", ["alma", "alma_cli"])
def test_right_use_passes_and_each_wrong_use_is_found(checked, door):
    assert [] == checked(RIGHT.format(door=door))
    assert FOUND == "".join(f"{line}: {kind[:-1]}\n" for line, kind in checked(WRONG.format(door=door)))
