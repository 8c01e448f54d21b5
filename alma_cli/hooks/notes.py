"""Notes an event of an agent's session, before anything else is done about it. Nothing heavy is loaded here."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from hashlib import blake2b
from time import time, time_ns
from typing import TYPE_CHECKING

from alma_cli.core.redaction import redact
from alma_cli.errors import InvalidInput, NotFound
from alma_cli.files import make_folder, write_whole
from alma_cli.project import Project, make_log

if TYPE_CHECKING:
    from alma_cli.core.records import JsonValue

EVENT = ".event"
"""The end of the name of a file that holds an event."""

SESSION_VARIABLES = ("ALMA_SESSION", "CLAUDE_CODE_SESSION_ID")
"""The variables that may name the session; Claude Code sets the second for the commands that it runs."""

_ON_S = 12 * 3600
"""The seconds without an event after which a session is taken to be over."""
_APART_S = 600
_NO_SESSION = "sessions are noted by a host's hooks: `alma setup` connects them; leave --turn out to go without"
_FOLDER = "sessions"
_MOST_SESSIONS = 200
_MAX_TEXT = 64 * 1024
_MAX_DEPTH = 20
_KEPT = frozenset(
    (
        *("session_id", "prompt", "source", "tool_name", "tool_input", "tool_response", "error", "is_interrupt"),
        "last_assistant_message",
    )
)
"""The parts of a payload that are looked at; no other is kept."""


def to_note(payload: JsonValue) -> dict[str, JsonValue]:
    """The parts of a payload that are looked at, without credentials. Raises `InvalidInput` if it is no object."""
    if not isinstance(payload, dict):
        raise InvalidInput("stdin has no JSON object")
    return {key: _shortened(value) for key, value in payload.items() if key in _KEPT}


def note_event(project: Project, event: str, payload: Mapping[str, JsonValue]) -> None:
    """Note an event of a session, before anything else is done about it. Raises `OSError`."""
    folder = session_folder(project, payload)
    if not os.path.isdir(folder):
        make_log(project)
        for part in (os.path.dirname(folder), folder):
            make_folder(part)
        _remove_oldest(os.path.dirname(folder))
    name = f"{time_ns():020d}-{os.getpid()}{EVENT}"
    write_whole(os.path.join(folder, name), json.dumps({"event": event, "payload": payload}).encode("utf-8", "replace"))


def session_folder(project: Project, payload: Mapping[str, JsonValue]) -> str:
    """The folder of a payload's session; those that have no name share one."""
    given = payload.get("session_id")
    name = given if isinstance(given, str) and given else "unnamed"
    digest = blake2b(name.encode("utf-8", "replace"), digest_size=12).hexdigest()
    return os.path.join(project.log_dir, _FOLDER, digest)


def present_session(project: Project, name: str = "") -> str:
    """The folder of the session of this name; without one of that which the environment names, else heard of last.

    Raises `NotFound` where there is none, and where two were heard of at about the same time.
    """
    named = {"the caller": name} | {variable: os.environ.get(variable) for variable in SESSION_VARIABLES}
    for by, known in named.items():
        if known:
            folder = session_folder(project, {"session_id": known})
            if os.path.isdir(folder):
                return folder
            raise NotFound(f"ALMA's hooks have heard nothing of the session that {by} names", hint=_NO_SESSION)
    sessions = os.path.join(project.log_dir, _FOLDER)
    found = os.scandir(sessions) if os.path.isdir(sessions) else ()
    heard = sorted(((entry.stat().st_mtime, entry.path) for entry in found), reverse=True)
    heard = [one for one in heard if abs(time() - one[0]) < _ON_S]  # a clock that was ahead has no session on for ever
    if not heard:
        raise NotFound("no session is on here", hint=_NO_SESSION)
    if len(heard) > 1 and heard[0][0] - heard[1][0] < _APART_S:
        raise NotFound("several sessions are on here", hint=f"say which by {SESSION_VARIABLES[0]}, or leave --turn out")
    return heard[0][1]


def _shortened(value: JsonValue, depth: int = 0) -> JsonValue:
    """A value of a payload without credentials, and without the middle of long texts."""
    if isinstance(value, dict):
        return {key: _shortened(part, depth + 1) for key, part in value.items()} if depth < _MAX_DEPTH else None
    if not isinstance(value, str):
        return value if isinstance(value, bool | int | float) else None
    if len(value) > _MAX_TEXT:
        value = value[: _MAX_TEXT // 2] + "\n\n" + value[-_MAX_TEXT // 2 :]
    return redact(value)[0]


def _remove_oldest(folder: str) -> None:
    paths = [entry.path for entry in os.scandir(folder)]
    if len(paths) > _MOST_SESSIONS:
        for path in sorted(paths, key=os.path.getmtime)[: len(paths) - _MOST_SESSIONS // 2]:
            shutil.rmtree(path, ignore_errors=True)
