"""Keeps an agent's session between its events: the events that were noted and not yet added up, and its turn.

An event is noted first, as a file of its own, and added to the turn under the session's lock, in the order in which
events were noted; so several hooks at once lose none, and a hook that is killed leaves its event to the next.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields

from alma_cli.core.records import JsonValue
from alma_cli.files import remove_if_there, write_whole
from alma_cli.flock import lock
from alma_cli.hooks.notes import EVENT
from alma_cli.hooks.turns import Turn

_MAX_BYTES = 1 << 24
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
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield Turn(), lambda: False
        return
    lock(descriptor, shared=False, wait_s=wait_s)
    try:
        turn = _loaded(os.path.join(folder, _TURN))
        yield turn, lambda: _is_kept(turn, os.path.join(folder, _TURN))
    finally:
        os.close(descriptor)


def noted_events(folder: str) -> list[Noted]:
    """The events that were noted and not yet added up, in their order. One that is damaged is removed."""
    found: list[Noted] = []
    if not os.path.isdir(folder):
        return found
    for name in sorted(name for name in os.listdir(folder) if name.endswith(EVENT)):
        path = os.path.join(folder, name)
        try:
            with open(path, encoding="utf-8") as file:
                kept = json.loads(file.read(_MAX_BYTES))
            found.append(Noted(str(kept["event"]), dict(kept["payload"]), path))
        except (OSError, ValueError, KeyError, TypeError):
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
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.loads(file.read(_MAX_BYTES))
        new = Turn()
        for each in fields(Turn):
            value = kept[each.name]
            if type(value) is not type(getattr(new, each.name)):
                return Turn()
            setattr(new, each.name, value)
        return new
    except (OSError, ValueError, KeyError, TypeError):
        return Turn()
