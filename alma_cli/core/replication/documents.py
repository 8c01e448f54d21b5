"""The documents that replicas share, and how a record becomes a document and back.

    marker      id `_meta`, agent `_project`: what every replica has to agree on (`core.replication.marker`)
    memory      the record as `codec.to_json` gives it, with `hlc` and, by the pinned model, `embedding` and
                  `embedding_model`
    tombstone   `id, kind, project_id, agent, hlc, deleted_at`, and nothing else
    derived     a derived memory for readers without a store: `content_hash` in the place of `hlc`, never pulled;
                one that isn't derived any more is `id, kind, project_id, agent, content_hash: "", deleted_at`

Fields that this version doesn't know are kept. A record's own field with a name that a document or a service uses
(`_etag`, `ttl`) stands under `extra`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from alma_cli.core.codec import check_size, format_time, from_json, parse_id, parse_kind, parse_time, to_json
from alma_cli.core.records import JsonValue, Kind, Record
from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import State, Tombstone, Version, content_hash
from alma_cli.core.scopes.scope import validate_agent_name
from alma_cli.core.text import clean, one_line, shown
from alma_cli.errors import InvalidInput

Body: TypeAlias = Mapping[str, JsonValue]

MARKER_AGENT = "_project"
MARKER_ID = "_meta"

_OURS = frozenset({"hlc", "embedding", "embedding_model", "content_hash", "deleted_at", "extra"})
_OF_A_SERVICE = frozenset({"ttl"})
"""More names that a service uses: Cosmos DB lets a document with a `ttl` expire."""
_REQUIRED = ("id", "agent", "project_id", "kind")
_LATEST_MS = 253_402_300_799_999  # the year 9999: a stamp may still follow it
_LAST_MS = 900_000_000_000_000
"""A stamp has 15 digits of milliseconds; whatever is later leaves no room for one that follows."""
_LONGEST_REPLICA = 100
_LONGEST_VECTOR = 4096
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as the remote has it; `etag` names this version of it (opaque, another one after each write)."""

    agent: str
    id: str
    body: Body
    etag: str

    @property
    def name(self) -> str:
        """The name by which a user may call it."""
        return f"{self.agent}/{self.id}"

    def unreadable(self, reason: str) -> "Unreadable":
        """The document as one that can't be used, with its JSON, which always has the same form."""
        try:
            raw = clean(json.dumps(dict(self.body), ensure_ascii=False, sort_keys=True))
        except RecursionError:
            raw = ""  # it is nested as deeply as can just be read
        agent, id = clean(self.agent), clean(self.id)
        return Unreadable(name=clean(self.name), raw=raw, reason=reason, etag=self.etag, agent=agent, id=id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something in a document's place that isn't a JSON object of that agent and id: kept as it is, never overwritten.

    `name` says to a user where it is, `raw` is what is there (at most a megabyte of it), `reason` why it can't be read.
    `agent` and `id` are what its place says, empty when even that is unclear.
    """

    name: str
    raw: str
    reason: str
    etag: str
    agent: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A vector of a memory's topic as it arrived, and the model that made it."""

    model: str
    vector: Sequence[float]

    @property
    def is_of_unit_length(self) -> bool:
        """True for a vector as models make them, but for rounding: one of hardly any length is like every text."""
        return 0.9 < math.hypot(*self.vector) < 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A record's state as it arrived, with its vector if there was one."""

    state: State
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A derived memory, written for readers; `content_hash` is empty when it isn't derived any more."""

    id: str
    agent: str
    kind: Kind
    content_hash: str


@dataclass(frozen=True, slots=True)
class TheMarker:
    """The project's marker, which is read by itself."""


Content: TypeAlias = Arrived | Cached | TheMarker


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A document, and what it says."""

    document: Document
    content: Content


Received: TypeAlias = Readable | Unreadable
"""A document that came from the remote."""


def read(found: Document | Unreadable, project_id: str) -> Received:
    """The document with what it says, or why it can't be read."""
    if isinstance(found, Unreadable):
        return found
    try:
        content = decode(found.body, agent=found.agent, id=found.id, project_id=project_id)
    except InvalidInput as error:
        return found.unreadable(one_line(error.message, _LONGEST_REASON))
    return Readable(document=found, content=content)


def encode(state: State, *, project_id: str, embedding_model: str = "") -> dict[str, JsonValue]:
    """The document of a record's state, but for its vector, which is by this model; empty when there is none."""
    if isinstance(state, Tombstone):
        return {
            "id": state.id,
            "kind": state.kind,
            "project_id": project_id,
            "agent": state.agent,
            "hlc": str(state.hlc),
            "deleted_at": format_time(state.deleted_at),
        }
    return {**_record_body(state.record), "hlc": str(state.hlc), **_model_of(embedding_model)}


def encode_derived(record: Record, *, embedding_model: str = "") -> dict[str, JsonValue]:
    """The document of a derived memory, but for its vector, as `encode` gives it."""
    return {**_record_body(record), "content_hash": content_hash(record), **_model_of(embedding_model)}


def encode_retired(id: str, *, kind: Kind, agent: str, project_id: str, deleted_at: datetime) -> dict[str, JsonValue]:
    """The document that replaces a memory that is no longer derived."""
    place: dict[str, JsonValue] = {"id": id, "kind": kind, "project_id": project_id, "agent": agent}
    return {**place, "content_hash": "", "deleted_at": format_time(deleted_at)}


def decode(body: Body, *, agent: str, id: str, project_id: str) -> Content:
    """The content of a document found in this place. Raises `InvalidInput`, naming the key, if it isn't one of ours."""
    if (agent, id) == (MARKER_AGENT, MARKER_ID):
        return TheMarker()
    for key, expected in {"id": id, "agent": agent, "project_id": project_id}.items():
        if body.get(key) != expected:
            raise InvalidInput(f"{key}: expected {expected!r} in this place, got {shown(body.get(key))}")
    if parse_id(id) != id:  # ids are case-sensitive in a shared copy, and a memory has one document
        raise InvalidInput(f"id: expected lower case, got {shown(id)}")
    validate_agent_name(agent)
    kind = parse_kind(body)
    if isinstance(body.get("content_hash"), str) and "hlc" not in body:
        return Cached(id=id, agent=agent, kind=kind, content_hash=clean(str(body["content_hash"])))
    hlc = _stamp(body.get("hlc"))
    if body.get("deleted_at") is not None:
        deleted_at = parse_time("deleted_at", body["deleted_at"])
        return Arrived(state=Tombstone(id=id, kind=kind, agent=agent, hlc=hlc, deleted_at=deleted_at))
    if hlc.wall_ms > _LATEST_MS:  # but what was stamped so late can be forgotten, which is later still
        raise InvalidInput(f"hlc: {shown(str(hlc))} is after the year 9999")
    return Arrived(state=Version(record=decode_record(body), hlc=hlc), embedding=embedding_of(body))


def is_document(body: Body) -> bool:
    """True for a record's or tombstone's document, as a shared copy has it, and not for a record's own JSON."""
    try:
        HLC.parse(str(body.get("hlc")))
    except ValueError:
        return False
    return all(body.get(key) is not None for key in _REQUIRED)


def decode_record(body: Body) -> Record:
    """The record in a document, derived or not. Raises `InvalidInput`, naming the key."""
    created_at = parse_time("created_at", body.get("created_at"))
    for key in (*_REQUIRED, "origin", "updated_at"):
        if body.get(key) is None:
            raise InvalidInput(f"{key}: missing")
    record = from_json(record_json(body), project_id=str(body["project_id"]), new_id=str(body["id"]), now=created_at)
    check_size(record)
    return record


def record_json(body: Body) -> dict[str, JsonValue]:
    """The record's own JSON in a document. Raises `InvalidInput`."""
    kept = body.get("extra", {})
    if not isinstance(kept, dict):
        raise InvalidInput(f"extra: expected an object, got {shown(kept)}")
    taken = _OURS | (_OF_A_SERVICE & kept.keys())
    return {**kept, **{key: value for key, value in body.items() if key not in taken and not key.startswith("_")}}


def _record_body(record: Record) -> dict[str, JsonValue]:
    reserved = _OURS | _OF_A_SERVICE
    hidden = {key: value for key, value in record.extra.items() if key in reserved or key.startswith("_")}
    body = {key: value for key, value in to_json(record).items() if key not in hidden}
    return {**body, "extra": hidden} if hidden else body


def _model_of(embedding_model: str) -> dict[str, JsonValue]:
    return {"embedding_model": embedding_model} if embedding_model else {}


def embedding_of(body: Body) -> Embedding | None:
    """The vector in a document, if there is a valid one."""
    model, numbers = body.get("embedding_model"), body.get("embedding")
    if not isinstance(model, str) or not isinstance(numbers, list) or not 0 < len(numbers) <= _LONGEST_VECTOR:
        return None
    if not _are_small_numbers(numbers):
        return None
    return Embedding(model=clean(model), vector=cast("Sequence[float]", numbers))


def _are_small_numbers(numbers: Sequence[JsonValue]) -> bool:
    """True when all values are numbers that a unit vector can have: its length is 1, this one's may be 2."""
    if not set(map(type, numbers)) <= {int, float}:
        return False
    try:
        return math.hypot(*cast("Sequence[float]", numbers)) <= 2
    except OverflowError:  # an integer of hundreds of digits
        return False


def _stamp(value: JsonValue) -> HLC:
    try:
        stamp = HLC.parse(str(value))
    except ValueError:
        raise InvalidInput(f"hlc: expected a stamp, got {shown(value)}") from None
    if stamp.replica_id != clean(stamp.replica_id) or len(stamp.replica_id) > _LONGEST_REPLICA:
        raise InvalidInput(f"hlc: expected a replica, got {shown(stamp.replica_id)}")
    if stamp.wall_ms > _LAST_MS:
        raise InvalidInput(f"hlc: no stamp can follow {shown(value)}")
    return stamp
