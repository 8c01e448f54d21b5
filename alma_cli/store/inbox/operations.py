"""Changes to the store, as values that can wait in the journal.

An operation has a random `op_id` and changes the store once, however often it is folded in. Vectors travel with their
records, so that folding an operation in needs no embedding model.
"""

from __future__ import annotations

import array
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from alma_cli.core.codec import format_time, from_json, parse_id, parse_text, parse_time, to_json
from alma_cli.core.records import JsonValue, Record, Vector
from alma_cli.errors import AlmaError

_FORMAT = 1
_BESIDE = 0.5
_TEXTS_OF_WORDS = ("id", "when", "do", "earlier_words", "domain", "task")
_FLAGS_OF_WORDS = ("replaces", "unclear")


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
    import numpy as np

    first, *others = np.array(vectors, "f8")
    total = first + _BESIDE * sum(others)
    return array.array("f", (total / (np.linalg.norm(total) or 1.0)).astype("f4").tobytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One change: its id, when it was asked for, and by whom."""

    op_id: str
    at: datetime
    by: str

    @classmethod
    def name(cls) -> str:
        """The name of its kind in the journal, such as `insert`."""
        return cls.__name__.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(Operation):
    """Store new records; one whose id is known already, or was forgotten, is skipped."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise(Operation):
    """Replace a record by a new version; history keeps the version before.

    With `changed`, only these fields are replaced: others may have changed since the new version was made.
    """

    entry: Entry
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Operation):
    """Remove records, leaving a tombstone for each; history keeps their text for a grace, so that it can be undone.

    `at_once` there is no grace, and none for what was forgotten before either.
    """

    ids: tuple[str, ...]
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Operation):
    """Take back what an earlier operation did to records that nothing has changed since.

    `entries` are the versions from before it, of what it changed or forgot; what it added is removed again.
    """

    undone: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Operation):
    """Hide records from retrieve; they stay, and stay evidence."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reword(Operation):
    """Give outcomes of one agent their general words; history keeps the versions before.

    `following` are corrections and credits of rules that get other words, with the new places of these.
    """

    agent: str
    words: tuple[GeneralWords, ...]
    following: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralWords:
    """The general words for an outcome; without any it is marked as one whose words nobody could tell (`unclear`).

    `vector` is that of its topics with these words, if its task is `task`. What has words already keeps them, unless
    they are to be replaced (`replaces`). With a `domain` it is moved into that one.
    """

    id: str
    when: str = ""
    do: str = ""
    earlier_words: str = ""
    domain: str = ""
    replaces: bool = False
    unclear: bool = False
    task: str = ""
    vector: Vector | None = None
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Operation):
    """Change nothing but the audit: it says that `agent` may not learn `domain`."""

    agent: str
    domain: str
    reason: str


def encode(operation: Operation) -> bytes:
    """The operation as JSON: its fields by their names."""
    shown = {each.name: _FORMS[str(each.type)].written(getattr(operation, each.name)) for each in fields(operation)}
    return json.dumps({"format": _FORMAT, "op": operation.name(), **shown}, separators=(",", ":")).encode()


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
    kind, at = _KINDS[shown["op"]], parse_time("at", shown["at"])
    given = {**_BEFORE_IT_WAS_WRITTEN, **shown}
    return kind(**{each.name: _FORMS[str(each.type)].read(each.name, given[each.name], at) for each in fields(kind)})


def _entry_to_json(entry: Entry) -> dict[str, JsonValue]:
    return {"record": to_json(entry.record), **_embedding_to_json(entry)}


def _entry_from_json(value: dict[str, JsonValue], at: datetime) -> Entry:
    shown = value["record"]
    if not isinstance(shown, dict):
        raise TypeError("a record is an object")
    record = from_json(shown, project_id=str(shown["project_id"]), new_id=str(shown["id"]), now=at)
    return Entry(record=record, **_embedding_from_json(value))


def _words_to_json(words: GeneralWords) -> dict[str, JsonValue]:
    return {name: getattr(words, name) for name in (*_TEXTS_OF_WORDS, *_FLAGS_OF_WORDS)} | _embedding_to_json(words)


def _words_from_json(value: dict[str, JsonValue]) -> GeneralWords:
    value = {"domain": "", "earlier_words": "", **value}  # versions before wrote none
    texts = {name: parse_text(name, value[name]) for name in _TEXTS_OF_WORDS}
    flags = {name: value[name] is True for name in _FLAGS_OF_WORDS}
    return GeneralWords(**texts, **flags, **_embedding_from_json(value))  # type: ignore[arg-type]


def _embedding_to_json(embedded: Entry | GeneralWords) -> dict[str, JsonValue]:
    if embedded.vector is None:
        return {}
    return {"model": embedded.model, "vector": b64encode(embedded.vector.tobytes()).decode("ascii")}


def _embedding_from_json(value: dict[str, JsonValue]) -> dict[str, Any]:
    if "vector" not in value:
        return {}
    vector = array.array("f")
    vector.frombytes(b64decode(str(value["vector"]), validate=True))
    return {"model": parse_text("model", value["model"]), "vector": vector}


class _Form(NamedTuple):
    """How a field is written as JSON, and how it is read again: by its name, its value, and the operation's time."""

    written: Callable[[Any], object]
    read: Callable[[str, Any, datetime], Any]


_FORMS: Mapping[str, _Form] = {
    "str": _Form(str, lambda name, value, _: parse_text(name, value)),
    "bool": _Form(bool, lambda _, value, __: value is True),
    "datetime": _Form(format_time, lambda name, value, _: parse_time(name, value)),
    "tuple[str, ...]": _Form(list, lambda _, ids, __: tuple(map(parse_id, ids))),
    "frozenset[str]": _Form(sorted, lambda name, values, _: frozenset(parse_text(name, value) for value in values)),
    "Entry": _Form(_entry_to_json, lambda _, value, at: _entry_from_json(value, at)),
    "tuple[Entry, ...]": _Form(
        lambda entries: [*map(_entry_to_json, entries)],
        lambda _, values, at: tuple(_entry_from_json(value, at) for value in values),
    ),
    "tuple[GeneralWords, ...]": _Form(
        lambda words: [*map(_words_to_json, words)], lambda _, values, __: tuple(map(_words_from_json, values))
    ),
}
"""The forms of fields by their declared type."""

_KINDS: Mapping[str, type[Operation]] = {
    kind.name(): kind for kind in (Insert, Revise, Forget, Undo, Archive, Reword, Refuse)
}
_BEFORE_IT_WAS_WRITTEN = {"at_once": True, "changed": [], "following": []}
"""What a field stood for in operations of the time before it was there."""
