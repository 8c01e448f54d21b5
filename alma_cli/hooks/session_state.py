"""Keeps an agent's session between its events: the events that were noted and not yet added up, and its turn.

An event is noted first, as a file of its own, and added to the turn under the session's lock, in the order in which
events were noted; so several hooks at once lose none, and a hook that is killed leaves its event to the next.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields

from alma_cli.core.records import JsonValue
from alma_cli.files import read_object, remove_if_there, write_whole
from alma_cli.flock import locked
from alma_cli.hooks.notes import EVENT
from alma_cli.hooks.turns import Turn

_TURN = "turn.json"


@dataclass(frozen=True, slots=True)
class Noted:
    """An event that was noted: its name, its payload, and the file that holds it."""

    event: str
    payload: dict[str, JsonValue]
    path: str


@contextmanager
def held_turn(folder: str, *, wait_s: float) -> Iterator[tuple[Turn, Callable[[], bool]]]:
    """The session's turn under its lock, and a function that keeps the turn as it is then, and says whether it could.

    Where nothing can be written it is a new turn, which isn't kept. Raises `TimeoutError` if another hook keeps the
    session.
    """
    path = os.path.join(folder, _TURN)
    with ExitStack() as held:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            held.enter_context(locked(os.path.join(folder, "lock"), wait_s=wait_s))
        except TimeoutError:
            raise
        except OSError:
            yield Turn(), lambda: False
            return
        turn = _loaded(path)
        yield turn, lambda: _is_kept(turn, path)


def noted_events(folder: str) -> list[Noted]:
    """The events that were noted and not yet added up, in their order. One that is damaged is removed."""
    found: list[Noted] = []
    if not os.path.isdir(folder):
        return found
    for name in sorted(name for name in os.listdir(folder) if name.endswith(EVENT)):
        path = os.path.join(folder, name)
        kept = read_object(path)
        try:
            found.append(Noted(str(kept["event"]), dict(kept["payload"]), path))
        except (KeyError, TypeError, ValueError):
            remove_if_there(path)
    return found


def _is_kept(turn: Turn, path: str) -> bool:
    try:
        write_whole(path, json.dumps(asdict(turn)).encode())
    except OSError:
        return False
    return True


def _loaded(path: str) -> Turn:
    """The turn that was kept; a new one if there is none that can be used."""
    kept, new = read_object(path), Turn()
    for each in fields(Turn):
        value = kept.get(each.name, getattr(new, each.name))  # a version before may have kept less
        if type(value) is not type(getattr(new, each.name)) or not _has_texts(each.name, value):
            return Turn()
        setattr(new, each.name, value)
    return new


def _has_texts(name: str, value: object) -> bool:
    """True of a list that has texts, or pairs of them where the turn has such, and of what is no list."""
    if not isinstance(value, list):
        return True
    if name != "reminded":
        return all(isinstance(item, str) for item in value)
    return all(isinstance(item, list) and len(item) == 2 and _has_texts("", item) for item in value)
