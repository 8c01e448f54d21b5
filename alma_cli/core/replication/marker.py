"""The project's marker in the shared copy: the facts on which replicas have to agree before they exchange anything.

`project_uid` is random and identifies the project, whatever its name. `seed` is drawn anew with each marker, so that
replicas notice a container that was emptied and filled again. Only vectors by `model` are written, and only memories
derived by the rules of `derivation`. `made_by` is the replica that wrote the marker: if it was killed right afterwards,
it recognises its own marker.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TypeAlias

from alma_cli.core.learning.derive import LearningRules
from alma_cli.core.records import JsonValue
from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID, Body
from alma_cli.core.text import clean, one_line, shown
from alma_cli.errors import InvalidInput, JoinNeeded, RemoteForeign

FORMAT = 1
"""The format of the documents that this version writes; it reads no newer one."""

_ALGORITHM = 3
"""Grows whenever the same outcomes and configuration begin to give other derived memories."""

RENAMED_TO = "renamed_to"
"""The key of a marker that says under which name the project goes on."""

_TEXTS = ("project_uid", "seed", "model", "derivation", "made_by")
_KNOWN = frozenset({"id", "agent", "project_id", "kind", "format", *_TEXTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The facts on which the replicas of a project agree."""

    project_uid: str
    seed: str
    model: str
    derivation: str
    made_by: str
    extra: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The remote that a store belongs to (empty before the first sync), and whether the store holds memories.

    A project that was renamed has no `seed` until it meets the remote under its new name.
    """

    project_uid: str = ""
    seed: str = ""
    replica_id: str = ""
    has_memories: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFacts:
    """The facts about a remote besides its marker.

    `is_there` is false when nothing at all is in its place, `is_bare` true when it is known to hold its marker only,
    `lacks_marker_only` true when it is known to hold documents without one.
    """

    name: str
    is_there: bool = True
    is_bare: bool = False
    lacks_marker_only: bool = False


@dataclass(frozen=True, slots=True)
class GoOn:
    """The marker is ours: continue from the checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Belong to this remote from now on, and compare everything, since its content isn't known.

    `why` is told to the user if there is anything to compare.
    """

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Write the marker first (in the place of the present one when `replaces`), then compare everything."""

    marker: Marker
    replaces: bool
    why: str


Decision: TypeAlias = GoOn | Adopt | Create


def decide(
    found: Marker | None, ours: Membership, wanted: Marker, *, join: bool, reseed: bool, facts: RemoteFacts
) -> Decision:
    """The decision about the marker found. `wanted` is the marker that we would write.

    Raises `RemoteForeign` if the user has to confirm before we go on.
    """
    name = facts.name
    if found is None:
        return _without_marker(ours, wanted, reseed=reseed, facts=facts)
    if reseed and found.project_uid == ours.project_uid:
        marker = replace(wanted, project_uid=found.project_uid, extra=found.extra)
        return Create(marker=marker, replaces=True, why="the marker is written anew, as told")
    if found.project_uid == ours.project_uid and found.seed == ours.seed:
        return GoOn()
    if found.project_uid == ours.project_uid:
        return Adopt(why=f"{name} was made anew since the last sync" if ours.seed else "the project was renamed")
    if not ours.project_uid and found.made_by == ours.replica_id:
        return Adopt(why="")
    if ours.project_uid and not join:
        raise RemoteForeign(
            f"{name} belongs to another project of this name; nothing was exchanged",
            hint="is the remote's address right? If both are one project after all, `alma sync --join` merges them",
        )
    if facts.is_bare:
        return Adopt(why="")
    if ours.has_memories and not join:
        raise JoinNeeded(
            f"{name} has memories already, and so has this store, which never met it; nothing was exchanged",
            hint="if both are one project, `alma sync --join` merges them; "
            "look first with `alma sync --join --dry-run`",
        )
    return Adopt(why="this store joins it" if ours.has_memories else "")


def may_need_to_join(found: Marker | None, ours: Membership) -> bool:
    """True when the decision depends on whether the remote holds more than its marker."""
    return found is not None and not ours.project_uid and ours.has_memories and found.made_by != ours.replica_id


def _without_marker(ours: Membership, wanted: Marker, *, reseed: bool, facts: RemoteFacts) -> Decision:
    if facts.lacks_marker_only and not reseed and (ours.seed or not ours.project_uid):
        raise RemoteForeign(
            f"{facts.name} has memories and no marker; nothing was exchanged",
            hint="if it is still being copied to here, wait for that; else `alma sync --reseed` writes the marker anew",
        )
    if not ours.project_uid:
        return Create(marker=wanted, replaces=False, why="")
    if not ours.seed:
        marker = replace(wanted, project_uid=ours.project_uid)
        return Create(marker=marker, replaces=False, why="the project was renamed")
    if not reseed:
        raise RemoteForeign(
            f"{facts.name} is {'empty' if facts.is_there else 'not there'}, and this store has synchronised with it "
            "before; nothing was exchanged",
            hint="is the remote's address right? If it was made anew, `alma sync --reseed` fills it again from here",
        )
    marker = replace(wanted, project_uid=ours.project_uid)
    return Create(marker=marker, replaces=False, why=f"{facts.name} is filled again from this store, as told")


def marker_body(marker: Marker, *, project_id: str) -> dict[str, JsonValue]:
    """The marker as a document."""
    return {
        **marker.extra,
        "id": MARKER_ID,
        "kind": "marker",
        "project_id": project_id,
        "agent": MARKER_AGENT,
        "format": FORMAT,
        "project_uid": marker.project_uid,
        "seed": marker.seed,
        "model": marker.model,
        "derivation": marker.derivation,
        "made_by": marker.made_by,
    }


def parse_marker(body: Body, *, name: str) -> Marker:
    """The marker in a document. Raises `InvalidInput` if there is none.

    Raises `RemoteForeign` for a newer format, and for a project that was renamed.
    """
    version = body.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise RemoteForeign(
            f"{name} is written in format {version}, and this ALMA knows formats up to {FORMAT}; nothing was exchanged",
            hint="upgrade ALMA",
        )
    if body.get(RENAMED_TO):
        raise RemoteForeign(
            f"{name}: this project is called {shown(body[RENAMED_TO])} now; nothing was exchanged",
            hint=f"`alma config rename {shlex.quote(one_line(str(body[RENAMED_TO])))}` renames it here too",
        )
    texts = {key: body.get(key) for key in _TEXTS}
    wrong = next((key for key, value in texts.items() if not isinstance(value, str) or not _is_text(value)), None)
    if wrong is not None or version != FORMAT:
        key = wrong or "format"
        raise InvalidInput(f"{key}: not what a marker has: {shown(body.get(key))}")
    extra = {key: value for key, value in body.items() if key not in _KNOWN}
    return Marker(**{key: str(value) for key, value in texts.items()}, extra=extra)


def _is_text(value: str) -> bool:
    """True for a text that says something and can be stored."""
    return bool(value) and value == clean(value)


def derivation_hash(rules: LearningRules, by_agent: Mapping[str, LearningRules]) -> str:
    """A digest of all settings of derivation: replicas with equal digests derive the same from the same outcomes."""
    special = {agent: asdict(of_agent) for agent, of_agent in by_agent.items() if of_agent != rules}
    text = json.dumps([_ALGORITHM, asdict(rules), special], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
