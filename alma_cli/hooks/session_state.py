"""Keeps the state of an agent's session between one event and the next: its task, and the memories it was shown.

The state is kept best effort in `.alma/log/turns/`, a small file for each session; without it a hook knows less.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from alma_cli.files import write_whole
from alma_cli.project import Project

_FOLDER = "turns"
_MOST_FILES = 200
_MAX_BYTES = 1 << 20


@dataclass(slots=True)
class Turn:
    """The present turn of a session: `number` counts from 1, and is 0 before the first prompt.

    `shown` are the ids of memories that the session was given, `failures` is the number of tool calls that failed in
    this turn, and `transcript_bytes` was the length of the transcript when it began.
    """

    number: int = 0
    task: str = ""
    failures: int = 0
    transcript_bytes: int = 0
    shown: Sequence[str] = field(default_factory=list)


def load_turn(project: Project, session: str) -> Turn:
    """The session's turn; a new one if no turn that can be used was kept."""
    try:
        with open(_path(project, session), encoding="utf-8") as file:
            kept = json.loads(file.read(_MAX_BYTES))
        return Turn(
            number=int(kept["number"]),
            task=str(kept["task"]),
            failures=int(kept["failures"]),
            transcript_bytes=int(kept["transcript_bytes"]),
            shown=[str(id) for id in kept["shown"]],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Turn()


def keep_turn(project: Project, session: str, turn: Turn) -> None:
    """Keep the session's turn for its next event; do nothing if it can't be written."""
    path = _path(project, session)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_whole(path, json.dumps(asdict(turn)).encode())
        _remove_oldest(os.path.dirname(path))
    except OSError:
        return


def _path(project: Project, session: str) -> str:
    name = blake2b(session.encode("utf-8", "replace"), digest_size=12).hexdigest()
    return os.path.join(project.log_dir, _FOLDER, f"{name}.json")


def _remove_oldest(folder: str) -> None:
    paths = [entry.path for entry in os.scandir(folder)]
    if len(paths) > _MOST_FILES:
        for path in sorted(paths, key=os.path.getmtime)[: len(paths) - _MOST_FILES // 2]:
            os.unlink(path)
