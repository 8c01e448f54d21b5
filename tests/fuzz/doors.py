"""What every fuzzed door shares: a folder that nothing may leave, a limit of time, and the search for crash reports.

A door is a class with a `name`; `one(chance)` draws an input, gives it to ALMA and raises `Fault` when the answer breaks
a claim. Each input has a source of chance of its own, named by seed and number, and each hundredth finds a new project.
"""

import io
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from alma_cli.api import ALMA
from alma_cli.cli import main
from alma_cli.core.records import PROJECT_AGENT
from alma_cli.errors import AlmaError
from alma_cli.project import make_project
from tests.remote.replica import HashedWords

CPU_S, WALL_S = 5.0, 60.0
"""An input may take so long: of its own work, and with all waiting on a machine that does other things."""

INPUTS_OF_A_PROJECT = 100

CONFIG = """\
alma:
  project_id: shop
  storage: file
  file: {path: ../shared}
  wait_s: 1
  agents:
    helena: {can_learn: [testing, ui], cannot_learn: [secrets]}
    victor: {can_learn: [api], share_with: ["*"]}
"""
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PROGRAMS = ("git", "true", "false", "echo")
"""All that may be started; whatever else an input names isn't there."""


class Fault(AssertionError):  # noqa: N818
    """A claim that doesn't hold."""


class Hung(BaseException):
    """An input took too long."""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


class _Guard:
    """Keeps this process within a folder, as a system would that gives no rights elsewhere; notes what was tried."""

    def __init__(self):
        self.folder, self.tried = "", []

    def __call__(self, event, arguments):
        if not self.folder:
            return
        if event in _WRITES or (event == "open" and _writes(*arguments[1:])):
            for place in _WRITES.get(event, (0,)):
                self._check(event, arguments[place])
        elif event in ("subprocess.Popen", "os.posix_spawn", "os.exec") and not _is_known(arguments[0]):
            raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))
        elif event == "socket.connect" and not isinstance(arguments[1], str | bytes):
            raise OSError(101, "Network is unreachable")

    def _check(self, event, path):
        if isinstance(path, int) or path is None:
            return
        try:
            text = os.fsdecode(path)
            real = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(text))), os.path.basename(text))
        except (ValueError, TypeError):
            return
        if real not in ("/dev/null", self.folder) and not real.startswith(f"{self.folder}/"):
            self.tried.append(f"{event} {real}")
            raise PermissionError(13, "Permission denied", text)


_WRITES = {
    "os.remove": (0,), "os.rename": (0, 1), "os.mkdir": (0,), "os.rmdir": (0,), "os.chmod": (0,), "os.chown": (0,),
    "os.link": (0, 1), "os.symlink": (1,), "os.truncate": (0,),
}  # fmt: skip
_GUARD = _Guard()


def _writes(mode, flags):
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))


def _is_known(program):
    return os.path.basename(os.fsdecode(program)) in PROGRAMS


def learned_outside_of_scope(alma):
    """The memories that their agents may not have by the configuration."""
    wrong = []
    for record in alma.memories(limit=100_000):
        if record.agent == PROJECT_AGENT:
            continue
        try:
            allowed = alma.config.scope_for(record.agent).may_learn(record.domain)
        except AlmaError:
            allowed = False
        if not allowed:
            wrong.append((record.agent, record.domain, record.id))
    return wrong


class Place:
    """A folder with a project, the folder that it shares through, and a home; everything else is out of reach."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.project = os.path.join(self.folder, "shop")
        self.shared = os.path.join(self.folder, "shared")
        self.log = os.path.join(self.project, ".alma", "log")
        self._template = os.path.join(self.folder, "template")
        os.makedirs(os.path.join(self.folder, "home"))
        os.makedirs(os.path.join(self.folder, "tmp"))
        os.makedirs(self.project)
        make_project(self.project, CONFIG)

    def keep_as_template(self):
        shutil.copytree(self.project, self._template)

    def anew(self):
        """Give the project the state of the template."""
        os.chdir(self.folder)
        for path in (self.project, self.shared):
            while os.path.exists(path):  # what learns detached may write there while it is removed
                shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self._template, self.project)
        os.chdir(self.project)

    def alma(self):
        alma = ALMA.from_config(os.path.join(self.project, ".alma", "config.yaml"))
        alma._session._embedder = HashedWords()
        return alma

    def check_no_crash(self):
        for folder in (self.log, os.path.join(self.folder, "tmp")):
            for path in Path(folder).glob("crash-*.log"):
                raise Fault(path.read_text(errors="replace"))

    def run(self, *argv, stdin=b""):
        """One command line, in this process."""
        before = sys.stdin, sys.stdout, sys.stderr
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(stdin), "utf-8"), out, err
        try:
            code = main(list(argv))
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
        return Ended(code, *(stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)))


@contextmanager
def a_place():
    """A place of its own, and this process within it."""
    with tempfile.TemporaryDirectory(prefix="alma-fuzz-") as folder:
        place = Place(folder)
        cwd, environ, temporary = os.getcwd(), dict(os.environ), tempfile.tempdir
        for name in [name for name in os.environ if name.startswith(("ALMA_", "GIT_", "AZURE_"))]:
            del os.environ[name]
        home = os.path.join(place.folder, "home")
        os.environ.update(HOME=home, EDITOR="true", NO_COLOR="1", USER="fuzz", GIT_CONFIG_NOSYSTEM="1")
        tempfile.tempdir = os.path.join(place.folder, "tmp")
        os.chdir(place.project)
        if _GUARD not in _installed:
            sys.addaudithook(_GUARD)
            _installed.append(_GUARD)
        sys.dont_write_bytecode = True
        _GUARD.folder = place.folder
        try:
            yield place
        finally:
            _GUARD.folder = ""
            tempfile.tempdir = temporary
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environ)


_installed: list[_Guard] = []


@contextmanager
def limited():
    """Raise `Hung` in what takes too long."""

    def late(number, frame):
        raise Hung(f"{CPU_S if number == signal.SIGPROF else WALL_S:g} s")

    before = [signal.signal(number, late) for number in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    others = signal.setitimer(signal.ITIMER_REAL, WALL_S)  # those of the test that this may be a part of
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGPROF, before[0])
        signal.signal(signal.SIGALRM, before[1])
        signal.setitimer(signal.ITIMER_REAL, *others)


def fuzz(door_class, *, number, seed, first=0, tell=lambda line: None, most_faults=1):
    """Give a door so many inputs; the faults found, each with the number of its input."""
    faults, began = [], time.monotonic()
    with a_place() as place:
        door = door_class(place)
        place.keep_as_template()
        for at in range(first, first + number):
            if (at - first) % INPUTS_OF_A_PROJECT == 0:
                place.anew()
                door.begin()
                if at > first and at % 1000 == 0:
                    tell(f"{door_class.name}: {at} inputs, {len(faults)} faults")
            _GUARD.tried = []
            drawn = random.Random(f"{door_class.name}/{seed}/{at}")
            try:
                with limited():
                    door.one(drawn)
                    place.check_no_crash()
                if _GUARD.tried and not door.may_name_paths:
                    raise Fault(f"it tried {_GUARD.tried}")
                if (at - first) % INPUTS_OF_A_PROJECT == INPUTS_OF_A_PROJECT - 1 or at == first + number - 1:
                    door.end()
            except (Exception, Hung) as error:
                told = f"{door_class.name} seed {seed} input {at}: {type(error).__name__}: {error}"
                faults.append(f"{told}\n  given: {door.given!r:.2000}\n{traceback.format_exc(limit=-6)}")
                tell(faults[-1])
                if len(faults) >= most_faults:
                    break
                place.anew()
                door.begin()
    tell(
        f"{door_class.name}: seed {seed}, {at + 1 - first} inputs, {len(faults)} faults, {time.monotonic() - began:.0f} s"
    )
    return faults


class Door:
    """A way into ALMA; `given` is the input that was drawn last."""

    name = ""
    may_name_paths = False
    """True where a path that an input names may lead out of the folder, as a user's own may."""

    def __init__(self, place):
        self.place = place
        self.given = None

    def begin(self):
        """The project is new."""

    def one(self, chance):
        raise NotImplementedError

    def end(self):
        """What holds after many inputs: everything can be read, and no agent learned what it may not."""
        if wrong := learned_outside_of_scope(self.place.alma()):
            raise Fault(f"learned outside of scope: {wrong[:3]}")

    def check_envelope(self, ended):
        """The claims about one JSON object on stdout."""
        if ended.out.count("\n") != 1:
            raise Fault(f"not one object: {ended}")
        shown = json.loads(ended.out)
        if (shown["schema"], shown["ok"]) != ("alma/1", ended.code == 0) or (shown["error"] is None) != (
            ended.code == 0
        ):
            raise Fault(f"an envelope that doesn't fit its exit code: {ended}")
        return shown
