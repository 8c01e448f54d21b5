"""Records as JSON objects: what `export`, `import`, `--json` and the journal carry.

Reading is strict about what it knows (every error names the key) and keeps what it doesn't (in `extra`).
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from alma_cli.core.records import (
    COMPUTED,
    FIELD_NAMES,
    FIELDS,
    GENERAL_DOMAIN,
    MAIN_FIELDS,
    RECORD_TYPES,
    REQUIRED,
    JsonValue,
    Kind,
    Labels,
    Record,
)
from alma_cli.core.scopes.scope import validate_agent_name, validate_domain_name
from alma_cli.core.text import clean, composed, one_line, shown
from alma_cli.errors import InvalidInput

MAX_RECORD_BYTES = 256 * 1024
"""The size of the largest record that is stored, as JSON in UTF-8."""

_SMALL = MAX_RECORD_BYTES // 8
"""So many characters are at most six times as many bytes of JSON; names, numbers and times take less than the rest."""

_MAX_NUMBER_BITS = 1023  # as many as a double's exponent: other readers of JSON have no larger numbers
_MAX_DEPTH = 64
_ID_DIGITS = frozenset("0123456789abcdef")


def to_json(record: Record) -> dict[str, JsonValue]:
    """The record as one JSON object, with `kind` and `id` first and unknown fields last."""
    known: dict[str, JsonValue] = {"kind": record.kind}
    for name in FIELD_NAMES[record.kind]:
        value = getattr(record, name)
        if name == "labels":
            known["labels"] = dict(value)
        elif name != "extra":
            known[name] = format_time(value) if isinstance(value, datetime) else value
    known |= {name: getattr(record, name) for name in COMPUTED[record.kind]}
    return known | {key: value for key, value in record.extra.items() if key not in known}


def from_json(value: JsonValue, *, project_id: str, new_id: str, now: datetime) -> Record:
    """The record in a JSON object; what may be missing (id, project, origin, times) is filled in.

    Raises `InvalidInput`, naming the key, for anything that is not a record of this project.
    """
    if not isinstance(value, dict):
        raise InvalidInput(f"expected a JSON object, got {shown(value)}")
    record_type = RECORD_TYPES[parse_kind(value)]
    known = {*FIELD_NAMES[record_type.kind]} - {"extra"}
    defaults: dict[str, object] = {
        "id": new_id,
        "project_id": project_id,
        "domain": GENERAL_DOMAIN,
        "origin": "observed" if record_type.kind in ("outcome", "credit") else "authored",
        "created_at": now,
        "updated_at": now,
    }
    if "at" in known:
        defaults["at"] = now
    given: dict[str, object] = {}
    extra: dict[str, JsonValue] = {}
    for key, item in value.items():
        if key in known:
            if item is not None:
                given[key] = parse_field(key, item)
        elif key != "kind" and key not in COMPUTED[record_type.kind]:
            extra[clean(key)] = _storable(one_line(key, 40), item)
    values = {**defaults, **given, "extra": extra}
    for name in REQUIRED[record_type.kind]:
        if name not in values:
            raise InvalidInput(f"{name}: missing")
    main = MAIN_FIELDS[record_type.kind]
    if not str(values[main]).strip():
        raise InvalidInput(f"{main}: empty")
    if values["project_id"] != project_id:
        raise InvalidInput(
            f"project_id: {shown(values['project_id'])} is not this project ({project_id!r})",
            hint="leave project_id out to import the memory into this project",
        )
    _check_successes(values)
    # Every value was parsed by the type its field has, so the constructor gets what it declares.
    return record_type(**values)  # type: ignore[arg-type]


def parse_field(key: str, value: JsonValue) -> object:
    """The value of a record's field, checked by the field's type; InvalidInput names the key."""
    field = FIELDS[key]
    if key == "id":
        return parse_id(value)
    if field.type is Labels:
        return parse_labels(value)
    if field.type is bool:
        if not isinstance(value, bool):
            raise InvalidInput(f"{key}: expected true or false, got {shown(value)}")
        return value
    if field.type is datetime:
        return parse_time(key, value)
    if field.type is int:
        return _whole_number(key, value, field.most)
    if field.type is float:
        return _number(key, value, field.most)
    text = parse_text(key, value)
    if key == "agent":
        return validate_agent_name(text)
    if key == "domain":
        return validate_domain_name(text)
    if field.choices and text not in field.choices:
        raise InvalidInput(f"{key}: expected {' or '.join(field.choices)}, got {shown(text)}")
    if key in ("project_id", "user_id"):
        return composed(text)
    return parse_line(key, text, field.line) if field.line else text


def parse_line(key: str, text: str, most: int) -> str:
    """A text of at most so many characters on one line, without blanks around it."""
    text = text.strip()
    if len(text) > most or len(text.splitlines()) > 1:
        found = f"{len(text):,} characters" if len(text) > most else "several lines"
        raise InvalidInput(
            f"{key}: expected one line of at most {most} characters, got {found}",
            hint='say it in general words, such as "a test depends on today\'s date"',
        )
    return text


def parse_text(key: str, value: JsonValue) -> str:
    """A text; numbers and booleans are accepted as the text that JSON has for them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) or (isinstance(value, int) and value.bit_length() <= _MAX_NUMBER_BITS):
        return json.dumps(value)
    raise InvalidInput(f"{key}: expected text, got {shown(value)}")


def parse_id(value: JsonValue) -> str:
    """An id: 32 hex digits, in lower case."""
    text = value.lower() if isinstance(value, str) else ""
    if len(text) != 32 or not _ID_DIGITS.issuperset(text):
        raise InvalidInput(f"id: expected 32 hex digits, got {shown(value)}", hint="leave id out to get a new one")
    return text


def parse_labels(value: JsonValue) -> dict[str, str]:
    """Labels: an object of texts."""
    if not isinstance(value, dict):
        raise InvalidInput(f"labels: expected an object, got {shown(value)}")
    return {
        parse_text("labels", key): parse_text(f"labels.{one_line(str(key), 40)}", item) for key, item in value.items()
    }


def parse_time(key: str, value: JsonValue) -> datetime:
    """A time in RFC 3339 (a date alone is its midnight; without an offset it is UTC), as UTC."""
    try:
        if isinstance(value, str):
            return as_utc(datetime.fromisoformat(value.strip().replace("z", "Z")))
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(f"{key}: expected a time like 2026-01-31T09:30:00Z, got {shown(value)}")


def as_utc(time: datetime) -> datetime:
    """The time in UTC, which one without an offset is taken to be in; OverflowError outside the years 1 to 9999."""
    return time.replace(tzinfo=UTC) if time.utcoffset() is None else time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """A UTC time in RFC 3339, ending in Z."""
    return time.isoformat().replace("+00:00", "Z")


def check_size(record: Record) -> None:
    """Raise `InvalidInput` when the record's JSON is over `MAX_RECORD_BYTES`."""
    if _is_surely_small(record):
        return
    size = len(json.dumps(to_json(record), ensure_ascii=False).encode())
    if size > MAX_RECORD_BYTES:
        raise InvalidInput(
            f"the {record.kind.replace('_', '-')} has {size:,} bytes; a memory has at most {MAX_RECORD_BYTES:,}",
            hint="shorten it: a memory is read before a task, so a few sentences serve best",
        )


def _is_surely_small(record: Record) -> bool:
    """True when the texts are so short that no JSON is needed to know: making it takes 25 us."""
    if record.labels or record.extra:
        return False
    values = [getattr(record, name) for name in FIELD_NAMES[record.kind]]
    return sum(len(value) for value in values if isinstance(value, str)) < _SMALL


_TOLD = "`alma learn --batch` reads outcomes as they are told, which have none"


def parse_kind(record: Mapping[str, JsonValue]) -> Kind:
    """The kind of a record."""
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in RECORD_TYPES:
        got = "nothing" if kind is None else shown(kind)
        raise InvalidInput(
            f"kind: expected {', '.join(RECORD_TYPES)}, got {got}",
            hint=_TOLD if kind is None and "outcome" in record else "",
        )
    return cast("Kind", kind)


def _whole_number(key: str, value: JsonValue, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise InvalidInput(f"{key}: expected a whole number, got {shown(value)}")
    if key == "value":
        if value not in (-1, 1):
            raise InvalidInput(f"{key}: expected 1 (helped) or -1 (misled), got {shown(value)}")
    elif not 0 <= value <= most:
        raise InvalidInput(f"{key}: expected a number from 0 to {most}, got {shown(value)}")
    return int(value)


def _number(key: str, value: JsonValue, most: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidInput(f"{key}: expected a number from 0 to {most}, got {shown(value)}")
    return float(value) + 0.0  # so that -0.0 is 0.0, of which there is only one way to write it


def _check_successes(values: Mapping[str, object]) -> None:
    successes, occurrences = values.get("successes", 0.0), values.get("occurrences", 0)
    assert isinstance(successes, float)
    assert isinstance(occurrences, int)
    if successes > occurrences:
        raise InvalidInput(f"successes: {successes:g} of {occurrences} occurrences")


def _storable(key: str, value: JsonValue, depth: int = 0) -> JsonValue:
    """A value that isn't understood here, if it can be stored and written as JSON again."""
    if depth > _MAX_DEPTH:
        raise InvalidInput(f"{key}: nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {parse_text(key, name): _storable(key, item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(key, item, depth + 1) for item in value]
    if isinstance(value, int) and value.bit_length() <= _MAX_NUMBER_BITS:
        return value
    if value is None or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise InvalidInput(f"{key}: expected what JSON can write, got {shown(value)}")
