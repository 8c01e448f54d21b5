"""Decides whether this store and that remote belong together, before anything is exchanged."""

import shlex
from collections.abc import Iterator, Sequence

from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID, Document, Unreadable
from alma_cli.core.replication.marker import (
    Adopt,
    Create,
    Decision,
    GoOn,
    Marker,
    Membership,
    RemoteFacts,
    decide,
    marker_body,
    may_need_to_join,
    parse_marker,
)
from alma_cli.core.text import shown
from alma_cli.errors import InvalidConfig, InvalidInput, RemoteError, RemoteForeign
from alma_cli.remote.protocol import Clash, Found, Write, Written
from alma_cli.sync.report import Context

_TRIES = 5


def agree(context: Context, ours: Membership) -> bool:
    """Read the marker, write a missing one, and belong to this remote from now on. Return True when that is new.

    Raises `RemoteForeign` when the user has to say that it is right to go on.
    """
    for _ in range(_TRIES):
        marker, etag, decision = look(context, ours)
        if isinstance(decision, Create):
            if not _write(context, decision, etag):
                continue  # somebody else was faster: their marker is read now
            marker = decision.marker
        assert marker is not None  # or it would have been created
        _pin(context, marker)
        if isinstance(decision, Adopt | Create):
            context.explain(decision.why and f"{decision.why}: comparing everything, nothing is lost by it")
            with context.store.writing() as writer:
                writer.remote.belong_to(project_uid=marker.project_uid, seed=marker.seed)
                writer.remote.note_compared(context.now())
        return not settled(decision)
    raise RemoteError(f"the marker of {context.remote.name} keeps being written by others", hint="try again later")


def check_project(others: Sequence[str], project_id: str) -> None:
    """Raise `InvalidConfig` when memories here are of other projects than the configuration's."""
    if others:
        raise InvalidConfig(
            f"project_id: the memories here are of {others[0]!r}, not of {project_id!r}; nothing was exchanged",
            hint=f"if it was renamed, `alma config rename {shlex.quote(project_id)}` renames it here; "
            "else correct project_id in .alma/config.yaml",
        )


def look(context: Context, ours: Membership) -> tuple[Marker | None, str | None, Decision]:
    """The marker, its version, and the decision about it; nothing is written."""
    marker, etag = read_marker(context)
    wanted = Marker(
        project_uid=context.draw(),
        seed=context.draw(),
        model=context.model,
        derivation=context.derivation,
        made_by=ours.replica_id,
    )
    options, remote = context.options, context.remote
    facts = RemoteFacts(
        name=remote.name,
        is_there=remote.is_there,
        is_bare=may_need_to_join(marker, ours) and not options.join and _is_bare(context),
        lacks_marker_only=marker is None and not options.reseed and _has_documents(context),
    )
    return marker, etag, decide(marker, ours, wanted, join=options.join, reseed=options.reseed, facts=facts)


def _is_bare(context: Context) -> bool:
    """True when the remote holds nothing but its marker, and copies of it; reading ends at anything else."""
    return all(one.agent == MARKER_AGENT and one.id.startswith(MARKER_ID) for one in _found(context))


def _has_documents(context: Context) -> bool:
    """True when there is a document other than the marker."""
    return any(isinstance(one, Document) and one.id != MARKER_ID for one in _found(context))


def _found(context: Context) -> Iterator[Found]:
    return (one for page in context.remote.changes(None) for one in page.found)


def read_marker(context: Context) -> tuple[Marker | None, str | None]:
    """The marker and its version. Raises `RemoteForeign` for a marker that can't be used."""
    name = context.remote.name
    found = context.remote.read(MARKER_AGENT, MARKER_ID)
    if found is None:
        return None, None
    if isinstance(found, Unreadable):
        raise RemoteForeign(
            f"the marker {found.name} can't be read; nothing was exchanged: {found.reason}",
            hint="if it is being copied to here, wait for that; else put it right: all machines have to agree on it",
        )
    if found.body.get("project_id") != context.project_id:
        raise RemoteForeign(
            f"{name} is that of the project {shown(found.body.get('project_id'))}, not of {context.project_id!r}; "
            "nothing was exchanged",
            hint="was it copied, or are capitals small letters there? Give each project a folder of its own",
        )
    try:
        return parse_marker(found.body, name=name), found.etag
    except InvalidInput as error:
        raise RemoteForeign(
            f"the marker of {name} can't be used; nothing was exchanged: {error.message}",
            hint="is it ALMA's? The marker is the document _meta of agent _project",
        ) from error


def settled(decision: Decision) -> bool:
    """True when the store knew this remote already."""
    return isinstance(decision, GoOn)


def _pin(context: Context, marker: Marker) -> None:
    context.pinned_model, context.pinned_derivation = marker.model, marker.derivation
    if not context.vectors_go_over:
        context.explain(
            f"the remote's vectors are by {marker.model}; this store's ({context.model}) stay here, texts go over"
        )


def _write(context: Context, decision: Create, etag: str | None) -> bool:
    body = marker_body(decision.marker, project_id=context.project_id)
    write = Write(agent=MARKER_AGENT, id=MARKER_ID, body=body, etag=etag if decision.replaces else None)
    for result in context.remote.write([write]):
        if isinstance(result, Written):
            return True
        if isinstance(result, Clash):
            return False
    raise RemoteError(f"{context.remote.name} won't take the marker")
