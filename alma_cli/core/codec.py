"""Records as JSON objects: what `export`, `import`, `--json` and the journal carry.

Reading is strict about what it knows (every error names the key) and keeps what it doesn't (in `extra`).
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import cast, get_args

from alma_cli.core.records import (
    GENERAL_DOMAIN,
    MAIN_FIELDS,
    RECORD_TYPES,
    Heuristic,
    JsonValue,
    Kind,
    Origin,
    Record,
    Result,
)
from alma_cli.core.text import clean, one_line
from alma_cli.errors import InvalidInput

MAX_RECORD_BYTES = 256 * 1024
"""The size of the largest record that is stored, as JSON in UTF-8."""

_TIMES = frozenset({"created_at", "updated_at", "at", "last_validated_at", "last_seen_at", "last_verified_at"})
_WHOLE_NUMBERS = frozenset({"duration_ms", "occurrences", "value"})
_NUMBERS = frozenset({"successes", "confidence"})
_MAX_WHOLE_NUMBER = 2**53
_COMPUTED = frozenset({"success_rate"})
_CHOICES: Mapping[str, tuple[str, ...]] = {"outcome": get_args(Result), "origin": get_args(Origin)}
_ID_DIGITS = frozenset("0123456789abcdef")


def to_json(record: Record) -> dict[str, JsonValue]:
    """The record as one JSON object, with `kind` and `id` first and unknown fields last."""
    shown: dict[str, JsonValue] = {"kind": record.kind}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name == "labels":
            shown["labels"] = dict(value)
        elif field.name != "extra":
            shown[field.name] = format_time(value) if isinstance(value, datetime) else value
    if isinstance(record, Heuristic):
        shown["success_rate"] = record.success_rate
    return {**record.extra, **shown}


def from_json(value: JsonValue, *, project_id: str, new_id: str, now: datetime) -> Record:
    """The record in a JSON object; what may be missing (id, project, origin, times) is filled in.

    Raises `InvalidInput`, naming the key, for anything that is not a record of this project.
    """
    if not isinstance(value, dict):
        raise InvalidInput(f"expected a JSON object, got {_shown(value)}")
    record_type = RECORD_TYPES[_kind(value)]
    known = {field.name for field in fields(record_type)} - {"extra"}
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
    given = {key: parse_field(key, item) for key, item in value.items() if key in known and item is not None}
    extra = {key: item for key, item in value.items() if key not in known | _COMPUTED | {"kind"}}
    values = {**defaults, **given, "extra": extra}
    for required in ("agent", MAIN_FIELDS[record_type.kind], "outcome"):
        if required in known:
            _require(values, required)
    if values["project_id"] != project_id:
        raise InvalidInput(
            f"project_id: {_shown(values['project_id'])} is not this project ({project_id!r})",
            hint="leave project_id out to import the memory into this project",
        )
    # Every value was parsed by the type its field has, so the constructor gets what it declares.
    return record_type(**values)  # type: ignore[arg-type]


def parse_field(key: str, value: JsonValue) -> object:
    """The value of a record's field, checked by the field's type; InvalidInput names the key."""
    if key == "id":
        return parse_id(value)
    if key == "labels":
        return parse_labels(value)
    if key == "archived":
        if not isinstance(value, bool):
            raise InvalidInput(f"{key}: expected true or false, got {_shown(value)}")
        return value
    if key in _TIMES:
        return parse_time(key, value)
    if key in _WHOLE_NUMBERS:
        return _whole_number(key, value)
    if key in _NUMBERS:
        return _number(key, value)
    text = parse_text(key, value)
    if key in _CHOICES and text not in _CHOICES[key]:
        raise InvalidInput(f"{key}: expected {' or '.join(_CHOICES[key])}, got {_shown(text)}")
    return text


def parse_text(key: str, value: JsonValue) -> str:
    """A text; numbers and booleans are accepted as the text that JSON has for them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise InvalidInput(f"{key}: expected text, got {_shown(value)}")


def parse_id(value: JsonValue) -> str:
    """An id: 32 hex digits, in lower case."""
    text = value.lower() if isinstance(value, str) else ""
    if len(text) != 32 or not _ID_DIGITS.issuperset(text):
        raise InvalidInput(f"id: expected 32 hex digits, got {_shown(value)}", hint="leave id out to get a new one")
    return text


def parse_labels(value: JsonValue) -> dict[str, str]:
    """Labels: an object of texts."""
    if not isinstance(value, dict):
        raise InvalidInput(f"labels: expected an object, got {_shown(value)}")
    return {clean(key): parse_text(f"labels.{one_line(key, 40)}", item) for key, item in value.items()}


def parse_time(key: str, value: JsonValue) -> datetime:
    """A time in RFC 3339 (a date alone is its midnight; without an offset it is UTC), as UTC."""
    example = f"expected a time like 2026-01-31T09:30:00Z, got {_shown(value)}"
    if not isinstance(value, str):
        raise InvalidInput(f"{key}: {example}")
    try:
        parsed = datetime.fromisoformat(value.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{key}: {example}") from None


def format_time(time: datetime) -> str:
    """A UTC time in RFC 3339, ending in Z."""
    return time.isoformat().replace("+00:00", "Z")


def check_size(record: Record) -> None:
    """Raise `InvalidInput` when the record's JSON is over `MAX_RECORD_BYTES`."""
    size = len(json.dumps(to_json(record), ensure_ascii=False).encode())
    if size > MAX_RECORD_BYTES:
        raise InvalidInput(
            f"the {record.kind.replace('_', '-')} has {size:,} bytes; a memory has at most {MAX_RECORD_BYTES:,}",
            hint="shorten it: a memory is read before a task, so a few sentences serve best",
        )


def _kind(value: Mapping[str, JsonValue]) -> Kind:
    kind = value.get("kind")
    if kind not in RECORD_TYPES:
        got = "nothing" if kind is None else _shown(kind)
        raise InvalidInput(f"kind: expected {', '.join(RECORD_TYPES)}, got {got}")
    return cast("Kind", kind)


def _require(values: Mapping[str, object], key: str) -> None:
    value = values.get(key)
    if value is None:
        raise InvalidInput(f"{key}: missing")
    if isinstance(value, str) and not value.strip():
        raise InvalidInput(f"{key}: empty")


def _whole_number(key: str, value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value % 1 != 0:
        raise InvalidInput(f"{key}: expected a whole number, got {_shown(value)}")
    if key == "value":
        if value not in (-1, 1):
            raise InvalidInput(f"{key}: expected 1 (helped) or -1 (misled), got {_shown(value)}")
    elif not 0 <= value <= _MAX_WHOLE_NUMBER:
        raise InvalidInput(f"{key}: expected a number from 0 to {_MAX_WHOLE_NUMBER}, got {_shown(value)}")
    return int(value)


def _number(key: str, value: JsonValue) -> float:
    most = 1 if key == "confidence" else _MAX_WHOLE_NUMBER
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidInput(f"{key}: expected a number from 0 to {most}, got {_shown(value)}")
    return float(value)


def _shown(value: object) -> str:
    return repr(one_line(value, 60)) if isinstance(value, str) else one_line(repr(value), 60)
