"""What a person says is right becomes the fields of a record."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from alma_cli.core.codec import parse_field
from alma_cli.core.learning.reports import past, unless_nothing
from alma_cli.core.records import (
    EDITABLE,
    FIELD_NAMES,
    MAIN_FIELDS,
    UNCLEAR_LABEL,
    AntiPattern,
    Heuristic,
    JsonValue,
    Outcome,
    Preference,
    Record,
)
from alma_cli.core.text import did_you_mean, one_line
from alma_cli.errors import InvalidInput

_SENTENCE = re.compile(r"When (?P<condition>.+?): (?P<strategy>.+)", re.DOTALL)


def fields_of_text(record: Record, text: str) -> dict[str, JsonValue]:
    """The fields that a text gives: the main one, or those that `Record.text` puts together where it is shown."""
    text = text.strip()
    match record:
        case Heuristic() if text.startswith(f"When {record.condition}: "):
            return {"strategy": text.removeprefix(f"When {record.condition}: ")}
        case Heuristic() if sentence := _SENTENCE.fullmatch(text):
            return dict(sentence.groupdict())
        case AntiPattern():
            text = text.removeprefix("Avoid: ")
        case Preference() if record.category:
            text = text.removeprefix(f"{record.category}: ")
    return {MAIN_FIELDS[record.kind]: text}


def corrected(record: Record, changes: Mapping[str, JsonValue], *, now: datetime) -> Record:
    """The record with these fields, each checked as in JSON; itself if that is what it says already.

    Raises `InvalidInput`, naming the field, also for one that the kind doesn't have or that nobody may change.
    """
    if record.kind == "credit":
        raise InvalidInput("a credit has no text to correct", hint="`alma forget` removes it")
    fields: dict[str, Any] = {name: _checked(record, name, value, now=now) for name, value in changes.items()}
    if (fields.get("when") or fields.get("do")) and UNCLEAR_LABEL in record.labels:
        labels = fields.get("labels", record.labels)
        fields["labels"] = {name: value for name, value in labels.items() if name != UNCLEAR_LABEL}
    if any(fields[name] != getattr(record, name) for name in ("when", "do") if name in fields):
        fields["earlier_words"] = ""
    if all(getattr(record, name) == value for name, value in fields.items()):
        return record
    return replace(record, **fields, updated_at=max(now, record.updated_at))


def changed_fields(before: Record, after: Record) -> frozenset[str]:
    """The names of the fields that differ, but for the time of the change."""
    names = (name for name in FIELD_NAMES[after.kind] if name != "updated_at")
    return frozenset(name for name in names if getattr(before, name) != getattr(after, name))


def _checked(record: Record, name: str, value: JsonValue, *, now: datetime) -> object:
    if name not in EDITABLE[record.kind]:
        kind, known = record.kind.replace("_", "-"), EDITABLE[record.kind]
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise InvalidInput(f"{one_line(name, 40)}: not a field of {kind} that can be changed", hint=hint)
    if value is None and name == "duration_ms":
        return None
    parsed = parse_field(name, value)
    if parsed == getattr(record, name):
        return parsed
    if isinstance(record, Outcome):
        parsed = unless_nothing(name, parsed)
        if parsed is None:
            return ""
    is_needed = name == MAIN_FIELDS[record.kind] or (isinstance(record, Heuristic) and name == "strategy")
    if is_needed and not str(parsed).strip():
        raise InvalidInput(f"{name}: empty", hint="give the corrected text, or use `alma forget` to remove the memory")
    return past(parsed, now=now) if isinstance(parsed, datetime) else parsed
