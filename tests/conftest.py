"""What every test may rely on: no network, a HOME and an environment of its own, and a project to work in."""

import fcntl
import io
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from alma_cli.__main__ import collect_rarely, leave_out_pandas
from alma_cli.cli import main
from alma_cli.project import make_project

# As a command has it: tests that learn in this process take a sixth less processor time.
collect_rarely()
leave_out_pandas()

# As ALMA has it, whatever a test imports first: more threads make its small products slower, on a busy machine by far.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No deadlines and no complaints of slowness, which are wall-clock assertions that fail on a busy machine. The suite has
# to stay fast; HYPOTHESIS_PROFILE=thorough looks further.
for _name, _examples in (("suite", 15), ("thorough", 500)):
    settings.register_profile(
        _name, max_examples=_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# A suite that runs in the background of a shell is given these as ignored, and so would be all its commands.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

CONFIG = """\
alma:
  project_id: shop
"""

SCOPED_CONFIG = """\
alma:
  project_id: shop
  agents:
    helena:
      can_learn: [testing_strategies, selector_patterns, ui_patterns]
      cannot_learn: [backend_logic]
    victor:
      can_learn: [api_testing, database_validation]
      cannot_learn: [frontend_logic]
"""


ON_ACCOUNT = bool(os.environ.get("TEST_AZURE_ENDPOINT"))
"""Whether tests run on a real account in the cloud (`make test-azure`)."""


needs_sources = pytest.mark.skipif(
    not (Path(__file__).parents[1] / "alma_cli").exists(), reason="is about the sources; this is a test of the wheel"
)


QUICK = {"cli", "config", "contracts", "core", "store"}
"""The folders whose tests `make quick` runs, but for those that are marked as slow or start processes."""

STARTING_PROCESSES = {"alma_process", "run_on_terminal"}


def pytest_xdist_auto_num_workers():
    """One more than there are cores: a fifth of the time tests wait, for processes that they start."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what `make quick` runs."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        slow = item.get_closest_marker("slow") or STARTING_PROCESSES.intersection(item.fixturenames)
        if folder in QUICK and not slow:
            item.add_marker("quick")


@pytest.fixture(autouse=True)
def quick_tests_start_no_process(request, monkeypatch):
    """What keeps them quick."""

    def refuse(*_arguments, **_options):
        raise AssertionError("a test that starts a process has to be marked as slow")

    if request.node.get_closest_marker("quick"):
        monkeypatch.setattr(os, "fork", refuse)
        monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


class Finished(NamedTuple):
    """How a command ended: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory):
    """A HOME that is nobody's, and no variable that ALMA or its libraries would read."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AZURE_") and ON_ACCOUNT:
                continue  # who signs in
            if name.startswith(("ALMA_", "_ALMA_", "AZURE_", "CLAUDE_", "GIT_", "XDG_")) or name in (
                "NO_COLOR",
                "COLUMNS",
                "EDITOR",
                "VISUAL",
            ):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("USER", "tester")
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Connecting anywhere but to this machine fails."""

    def connect(self, address):
        if self.family == socket.AF_UNIX or address[0] == "127.0.0.1" or ON_ACCOUNT:
            return real(self, address)
        raise OSError(f"tests have no network: {address}")

    real = socket.socket.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a new project where any agent may learn anything; it is the current folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    make_project(folder, CONFIG)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def configure(project):
    """Replace the project's configuration."""

    def write(text):
        (project / ".alma/config.yaml").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def scoped_project(project, configure):
    """The project with helena and victor, each with a scope."""
    configure(SCOPED_CONFIG)
    return project


@pytest.fixture
def run_alma(project, monkeypatch):
    """Run one command line in the project, as `alma` does.

    `stdin` is what is piped in (a stream as it is), None a closed stdin.
    """

    def run(*argv, stdin=b""):
        given = stdin.encode() if isinstance(stdin, str) else stdin
        if isinstance(given, bytes):
            given = io.TextIOWrapper(io.BytesIO(given), "utf-8")
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", given)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(argv)
        return Finished(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())

    return run


@pytest.fixture
def run_json(run_alma):
    """Run one command line with --json and return its envelope, whose form is checked; stderr stays empty."""

    def run(*argv, code=0, stdin=b""):
        finished = run_alma(*argv, "--json", stdin=stdin)
        assert (code, "") == (finished.code, finished.err), finished
        assert 1 == finished.out.count("\n")
        envelope = json.loads(finished.out)
        assert ["schema", "command", "ok", "data", "warnings", "error", "duration_ms"] == list(envelope)
        assert ("alma/1", code == 0, code == 0) == (envelope["schema"], envelope["ok"], envelope["error"] is None)
        assert envelope["error"] is None or ["code", "message", "hint"] == list(envelope["error"])
        assert isinstance(envelope["duration_ms"], int)
        return envelope

    return run


@pytest.fixture
def learn(run_alma):
    """Record an outcome and return its id."""

    def record(task, outcome="success", agent="helena", **options):
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        finished = run_alma("learn", "--agent", agent, "--task", task, "--outcome", outcome, *flags)
        assert 0 == finished.code, finished
        return finished.out.strip()

    return record


@pytest.fixture
def alma_process(project):
    """Run `alma` as a process of its own; what it is given and gives is bytes."""

    def run(*argv, **options):
        environ = {**os.environ, **options.pop("environ", {})}
        given = {"stdin": subprocess.DEVNULL} if "input" not in options else {}
        return subprocess.run(
            [sys.executable, "-m", "alma_cli", *argv], capture_output=True, env=environ, **given, **options
        )

    return run


@pytest.fixture
def run_on_terminal(project):
    """Run `alma` on a terminal of 80 columns and return its exit code and what is seen; `typed` is typed at once.

    There is no pager, which would wait for a key, unless the environment names one.
    """

    def run(*argv, typed="", columns=80, **environ):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-m", "alma_cli", *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", "ALMA_PAGER": "cat", **environ},
            start_new_session=True,
        )
        os.close(theirs)
        os.write(ours, typed.encode())
        seen = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
        return Finished(process.wait(), seen.decode().replace("\r\n", "\n"), "")

    return run


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so when the last who had the terminal open is gone
        return b""
