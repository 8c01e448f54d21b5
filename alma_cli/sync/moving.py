"""Leaves word in a shared copy that its project is called otherwise from now on, so that nobody goes on with it."""

from alma_cli.core.records import JsonValue
from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID, Document
from alma_cli.core.replication.marker import RENAMED_TO
from alma_cli.errors import RemoteError, RemoteForeign
from alma_cli.remote.protocol import Remote, Write, Written

_TRIES = 5


def leave_word(old: Remote, new: Remote, *, project_id: str, project_uid: str) -> None:
    """Say in the marker of `old` that the project is called `project_id` now, and in that of `new` that it is there.

    Raises `RemoteForeign` when either is another project's, or was renamed to something else.
    """
    there = _marker(new)
    if there is not None and there.body.get("project_uid") != project_uid:
        raise RemoteForeign(
            f"{new.name} has another project called {project_id!r}; nothing was renamed", hint="choose another name"
        )
    here = _marker(old)
    if here is not None and here.body.get("project_uid") == project_uid:
        if here.body.get(RENAMED_TO) not in (None, project_id):
            raise RemoteForeign(
                f"{old.name} was renamed to {here.body[RENAMED_TO]!r} already; nothing was renamed",
                hint="rename it so here first",
            )
        _say(old, project_id)
    if there is not None:
        _say(new, None)


def _marker(remote: Remote) -> Document | None:
    found = remote.read(MARKER_AGENT, MARKER_ID)
    return found if isinstance(found, Document) else None


def _say(remote: Remote, renamed_to: str | None) -> None:
    """Write this into the marker unless it is there; None takes it out."""
    for _ in range(_TRIES):
        marker = _marker(remote)
        if marker is None or marker.body.get(RENAMED_TO) == renamed_to:
            return
        body: dict[str, JsonValue] = {key: value for key, value in marker.body.items() if key != RENAMED_TO}
        body |= {RENAMED_TO: renamed_to} if renamed_to else {}
        write = Write(agent=MARKER_AGENT, id=MARKER_ID, body=body, etag=marker.etag)
        if all(isinstance(result, Written) for result in remote.write([write])):
            return
    raise RemoteError(f"the marker of {remote.name} keeps being written by others", hint="try again later")
