"""Changes to the store, as values that can wait in the journal.

An operation has a random `op_id` and changes the store once, however often it is folded in. Vectors travel with their
records, so that folding an operation in needs no embedding model.
"""

from __future__ import annotations

import array
import json
import math
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from alma_cli.core.codec import format_time, from_json, parse_id, parse_text, parse_time, to_json
from alma_cli.core.records import JsonValue, Record, Vector
from alma_cli.errors import AlmaError

_FORMAT = 1
_BESIDE = 0.5
_TEXTS_OF_WORDS = ("id", "when", "do", "task")


class MalformedError(ValueError):
    """The content is not what `encode` gives."""


class NewerFormatError(ValueError):
    """A newer ALMA wrote the operation, and has to fold it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record with the vector of its topics, if it has one, and the model of the vector."""

    record: Record
    vector: Vector | None = None
    model: str = ""

    @classmethod
    def of(cls, record: Record, vectors: Mapping[str, Vector], model: str) -> Entry:
        """The entry with the mean of the topics' vectors, of unit length; without a vector where one is missing."""
        topics = [vectors[topic] for topic in record.topics if topic in vectors]
        if record.kind == "credit" or len(topics) < len(record.topics):
            return cls(record=record)
        return cls(record=record, vector=_mean(topics), model=model)


def _mean(vectors: Sequence[Vector]) -> Vector:
    """The mean of the topics' vectors, of unit length, each beside the first weighing half; of a single one, itself.

    The general words of a situation are many outcomes' own, so they tell less of one than its task does.
    """
    if len(vectors) == 1:
        return vectors[0]
    weights = [1.0, *(_BESIDE for _ in vectors[1:])]
    sums = [
        sum(weight * number for weight, number in zip(weights, numbers, strict=True))
        for numbers in zip(*vectors, strict=True)
    ]
    length = math.sqrt(math.fsum(number * number for number in sums)) or 1.0
    return array.array("f", [number / length for number in sums])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One change: its id, when it was asked for, and by whom."""

    name: ClassVar[str]

    op_id: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(Operation):
    """Store new records; one whose id is known already, or was forgotten, is skipped."""

    name: ClassVar[str] = "insert"

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise(Operation):
    """Replace a record by a new version; history keeps the version it was made from."""

    name: ClassVar[str] = "revise"

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Operation):
    """Remove records, leaving a tombstone for each; history keeps their text for a grace, so that it can be undone.

    `at_once` there is no grace, and none for what was forgotten before either.
    """

    name: ClassVar[str] = "forget"

    ids: tuple[str, ...]
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Operation):
    """Take back what an earlier operation did to records that nothing has changed since.

    `entries` are the versions from before it, of what it changed or forgot; what it added is removed again.
    """

    name: ClassVar[str] = "undo"

    undone: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Operation):
    """Hide records from retrieve; they stay, and stay evidence."""

    name: ClassVar[str] = "archive"

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reword(Operation):
    """Give outcomes of one agent their general words; history keeps the versions before."""

    name: ClassVar[str] = "reword"

    agent: str
    words: tuple[GeneralWords, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralWords:
    """The general words for an outcome; without any it is marked as one whose words nobody could tell (`unclear`).

    `vector` is that of its topics with these words, if its task is `task`. What has words already keeps them, unless
    they are to be replaced (`replaces`).
    """

    id: str
    when: str = ""
    do: str = ""
    replaces: bool = False
    unclear: bool = False
    task: str = ""
    vector: Vector | None = None
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Operation):
    """Change nothing but the audit: it says that `agent` may not learn `domain`."""

    name: ClassVar[str] = "refuse"

    agent: str
    domain: str
    reason: str


def encode(operation: Operation) -> bytes:
    """The operation as JSON."""
    shown: dict[str, object] = {
        "format": _FORMAT,
        "op": operation.name,
        "op_id": operation.op_id,
        "at": format_time(operation.at),
        "by": operation.by,
    }
    match operation:
        case Insert():
            shown["entries"] = [_entry_to_json(entry) for entry in operation.entries]
        case Revise():
            shown["entry"] = _entry_to_json(operation.entry)
        case Forget():
            shown |= {"ids": operation.ids, "at_once": operation.at_once}
        case Archive():
            shown["ids"] = operation.ids
        case Undo():
            entries = [_entry_to_json(entry) for entry in operation.entries]
            shown |= {"undone": operation.undone, "entries": entries}
        case Reword():
            shown |= {"agent": operation.agent, "words": [_words_to_json(one) for one in operation.words]}
        case Refuse():
            shown |= {"agent": operation.agent, "domain": operation.domain, "reason": operation.reason}
    return json.dumps(shown, separators=(",", ":")).encode()


def decode(content: bytes) -> Operation:
    """The operation that `encode` gave. Raises `NewerFormatError` or `MalformedError` for anything else."""
    try:
        shown = json.loads(content)
        version = shown["format"]
        if version == _FORMAT:
            return _operation(shown)
    except (ValueError, KeyError, TypeError, RecursionError, AlmaError) as error:
        raise MalformedError(str(error)) from error
    if isinstance(version, int) and version > _FORMAT:
        raise NewerFormatError(f"format {version} is not known here")
    raise MalformedError(f"there is no format {version!r}")


def _operation(shown: dict[str, Any]) -> Operation:
    at = parse_time("at", shown["at"])
    op_id, by = (parse_text(key, shown[key]) for key in ("op_id", "by"))
    match shown["op"]:
        case "insert":
            entries = tuple(_entry_from_json(item, at) for item in shown["entries"])
            return Insert(op_id=op_id, at=at, by=by, entries=entries)
        case "revise":
            return Revise(op_id=op_id, at=at, by=by, entry=_entry_from_json(shown["entry"], at))
        case "forget":
            ids, at_once = tuple(map(parse_id, shown["ids"])), shown.get("at_once", True) is True
            return Forget(op_id=op_id, at=at, by=by, ids=ids, at_once=at_once)
        case "undo":
            entries = tuple(_entry_from_json(item, at) for item in shown["entries"])
            return Undo(op_id=op_id, at=at, by=by, undone=parse_id(shown["undone"]), entries=entries)
        case "archive":
            return Archive(op_id=op_id, at=at, by=by, ids=tuple(map(parse_id, shown["ids"])))
        case "reword":
            words = tuple(map(_words_from_json, shown["words"]))
            return Reword(op_id=op_id, at=at, by=by, agent=parse_text("agent", shown["agent"]), words=words)
        case "refuse":
            agent, domain, reason = (parse_text(key, shown[key]) for key in ("agent", "domain", "reason"))
            return Refuse(op_id=op_id, at=at, by=by, agent=agent, domain=domain, reason=reason)
    raise ValueError(f"operation {shown['op']!r} is not known here")


def _entry_to_json(entry: Entry) -> dict[str, JsonValue]:
    shown: dict[str, JsonValue] = {"record": to_json(entry.record)}
    if entry.vector is not None:
        shown |= {"model": entry.model, "vector": _vector_to_json(entry.vector)}
    return shown


def _entry_from_json(value: dict[str, JsonValue], at: datetime) -> Entry:
    shown = value["record"]
    if not isinstance(shown, dict):
        raise TypeError("a record is an object")
    record = from_json(shown, project_id=str(shown["project_id"]), new_id=str(shown["id"]), now=at)
    if "vector" not in value:
        return Entry(record=record)
    return Entry(
        record=record,
        vector=_vector_from_json(value["vector"]),
        model=parse_text("model", value["model"]),
    )


def _words_to_json(words: GeneralWords) -> dict[str, JsonValue]:
    shown: dict[str, JsonValue] = {
        **{name: getattr(words, name) for name in _TEXTS_OF_WORDS},
        "replaces": words.replaces,
        "unclear": words.unclear,
    }
    if words.vector is not None:
        shown |= {"model": words.model, "vector": _vector_to_json(words.vector)}
    return shown


def _words_from_json(value: dict[str, JsonValue]) -> GeneralWords:
    id, when, do, task = (parse_text(name, value[name]) for name in _TEXTS_OF_WORDS)
    replaces, unclear = (value[name] is True for name in ("replaces", "unclear"))
    words = GeneralWords(id=id, when=when, do=do, task=task, replaces=replaces, unclear=unclear)
    if "vector" not in value:
        return words
    return replace(words, vector=_vector_from_json(value["vector"]), model=parse_text("model", value["model"]))


def _vector_to_json(vector: Vector) -> str:
    return b64encode(vector.tobytes()).decode("ascii")


def _vector_from_json(value: JsonValue) -> Vector:
    vector = array.array("f")
    vector.frombytes(b64decode(str(value), validate=True))
    return vector
