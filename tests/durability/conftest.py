"""What the tests of durability share: a worker whose every step can be the last."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Stepper:
    """Runs tasks (see stepper.py) that stop at a chosen step; `home` is the only folder whose steps count."""

    def __init__(self, library, folder):
        self.home = folder / "home" / ".alma"
        self._log = folder / "steps"
        self._errors = open(folder / "errors", "w+")  # noqa: SIM115
        environ = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT), "STEPS_UNDER": str(self.home)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.stepper"],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )  # fmt: skip

    def run(self, task, id=0, *, act="", at=0):
        """The exit code of the child that did the task; negative when a signal ended it."""
        environ = {"STEPS_DO": act, "STEPS_AT": at or 10**6, "STEPS_LOG": self._log}
        asked = {"task": task, "home": str(self.home), "id": id, "environ": environ}
        self._process.stdin.write(json.dumps(asked, default=str) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def steps(self, task, id=0):
        """The steps that the task takes when nothing stops it."""
        self._log.write_text("")
        assert self.run(task, id) == 0
        return self._log.read_text().split("\n")[:-1]

    def errors(self):
        """What the children wrote to stderr."""
        self._errors.flush()
        self._errors.seek(0)
        return self._errors.read()

    def put(self, folder):
        """Make `home` a copy of a folder."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(folder, self.home)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()


@pytest.fixture(scope="session")
def steps_library(tmp_path_factory):
    compiler = shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("steps") / "steps.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, HERE / "steps.c", "-ldl"], check=True)
    return library


@pytest.fixture
def stepper(steps_library, tmp_path):
    started = Stepper(steps_library, tmp_path)
    yield started
    started.close()
