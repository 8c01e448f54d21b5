"""The ways that docs/architecture/architecture.md draws are those that calls take."""

import inspect
import re
import sys
import threading
from pathlib import Path

import pytest

import alma_cli
from tests.cosmos_server import KEY, cosmos_thread

PACKAGE = Path(alma_cli.__file__).parent
ARCHITECTURE = Path(__file__).resolve().parents[1] / "docs" / "architecture" / "architecture.md"

VOCABULARY = {"", "core"}
"""What every room speaks: modules of the package itself and of the core itself (errors, records, texts, words)."""

FLOOR = {"store/inbox", "store/database"}
"""What the rooms of the store stand on: they call it all the time, and it calls nobody."""


class Way:
    """The functions of ALMA that a call passes, in order, until the function named `until` returns.

    `calls` are their names, as `store.reading.search.search`; `entered` are the rooms in which they are. A room is
    entered when a function of it is called while none is running there. Coming to it again counts only if another room
    was entered meanwhile: what a room calls comes back to it, and several questions in a row are one stay.
    """

    def __init__(self, until=None):
        self.calls, self.entered, self._until, self._over = [], [], until, False
        self._running, self._left = threading.local(), {}

    def __enter__(self):
        threading.setprofile(self._happened)
        sys.setprofile(self._happened)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        threading.setprofile(None)

    def _happened(self, frame, event, _):
        if event not in ("call", "return") or self._over or not (name := _name(frame)):
            return
        running = self._running.__dict__.setdefault("rooms", [])
        room = _room(frame)
        if event == "return":
            if running:
                running.pop()
            self._left[room] = len(self.entered)
            self._over = name == self._until
            return
        if room not in running and room not in VOCABULARY | FLOOR and self._left.get(room) != len(self.entered):
            self.entered.append(room)
        running.append(room)
        self.calls.append(name)


def _name(frame):
    path = frame.f_code.co_filename
    if not path.startswith(f"{PACKAGE}/") or not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return ""  # others' code, and the bodies of modules and classes
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}".removeprefix("alma_cli.")


def _room(frame):
    """The folder of a function's module; the embedding models are one room."""
    room = str(Path(frame.f_code.co_filename).parent.relative_to(PACKAGE))
    return {".": ""}.get(room, room).replace("embedding/minilm", "embedding")


def drawn(heading):
    """The functions in the tables under a heading: one list for each table, of pairs of a room and a full name."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## )", ARCHITECTURE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]
    tables = re.split(r"^\| room .*\n\|---.*\n", section, flags=re.MULTILINE)[1:]
    rows = [re.findall(r"^\| `([\w/]+)` \| `([\w.]+)` \|", table, re.MULTILINE) for table in tables]
    return [[(room, f"{room.replace('/', '.')}.{function}") for room, function in table] for table in rows]


def missed(functions, calls):
    """The first of the functions that isn't called after the one before it; None when all are."""
    rest = iter(calls)
    return next((name for _, name in functions if name not in rest), None)


def rooms_of(functions):
    """The rooms of the functions, each once, in the order in which they are first entered."""
    rooms = [room.replace("embedding/minilm", "embedding") for room, _ in functions]
    return [room for room in dict.fromkeys(rooms) if room not in VOCABULARY | FLOOR]


@pytest.fixture
def recorded(learn, run_alma):
    """Three outcomes, and everything that the commands import."""
    for _ in range(3):
        learn("Test the login form", strategy="Wait for the button")
    assert 0 == run_alma("retrieve", "Test the login form", "--agent", "helena").code


def test_a_search_goes_the_drawn_way_and_enters_no_room_twice(recorded, run_alma):
    (functions,) = drawn("The way of a task")
    with Way(until="core.retrieval.ranking.rank") as way:
        assert 0 == run_alma("retrieve", "Test the login page", "--agent", "helena").code
    assert rooms_of(functions) == way.entered
    assert missed(functions, way.calls) is None
    assert "core.retrieval.ranking.rank" == functions[-1][1]


def test_coming_back_to_a_room_counts_as_entering_it_twice(recorded, run_alma):
    with Way() as way:
        assert 0 == run_alma("retrieve", "Test the login page", "--agent", "helena").code
    ranked = way.entered.index("core/retrieval")
    assert "store" in way.entered[:ranked]
    assert "store" in way.entered[ranked:]  # for the records of the best


def test_an_outcome_goes_the_drawn_way_to_the_container(configure, recorded, run_alma, monkeypatch):
    here, over = drawn("The way of an outcome")
    monkeypatch.setenv("ALMA_COSMOS_KEY", KEY)
    with cosmos_thread() as server:
        configure(f"alma: {{project_id: shop, storage: azure, azure: {{endpoint: '{server.endpoint}', auth: key}}}}\n")
        for command in (("cloud", "create"), ("sync",)):
            assert 0 == run_alma(*command).code
        with Way() as way:
            told = ["--outcome", "success", "--strategy", "Wait for the button"]
            learned = run_alma("learn", "--agent", "helena", "--task", "Test the login form", *told)
        assert 0 == learned.code
        assert missed(here, way.calls) is None
        with Way() as way:
            assert 0 == run_alma("sync").code
        assert missed(over, way.calls) is None
        assert learned.out.strip() in {item["id"] for item in server.items("alma", "memories")}
