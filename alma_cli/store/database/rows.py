"""A record as a row of `memories`, and back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from alma_cli.core.records import FIELD_NAMES, RECORD_TYPES, Record

_FIELD_NAMES: tuple[str, ...] = ("kind", *dict.fromkeys(name for names in FIELD_NAMES.values() for name in names))

RECORD_COLUMNS: tuple[str, ...] = tuple("happened_at" if name == "at" else name for name in _FIELD_NAMES)
"""The columns of `memories` that are fields of records (`at` is a word of SQL); others serve replication and search."""

ROW_TYPES = {
    **dict.fromkeys(RECORD_COLUMNS, "VARCHAR"),
    "labels": "MAP(VARCHAR, VARCHAR)",
    "archived": "BOOLEAN",
    **dict.fromkeys(("created_at", "updated_at", "happened_at"), "TIMESTAMP"),
    **dict.fromkeys(("last_validated_at", "last_seen_at", "last_verified_at"), "TIMESTAMP"),
    **dict.fromkeys(("duration_ms", "occurrences", "value"), "BIGINT"),
    **dict.fromkeys(("successes", "confidence"), "DOUBLE"),
}
"""The type of each of `RECORD_COLUMNS`."""


def record_row(record: Record) -> dict[str, Any]:
    """The record as JSON values by column, without the columns that its kind doesn't have."""
    row: dict[str, Any] = {"kind": record.kind}
    for name in FIELD_NAMES[record.kind]:
        value = getattr(record, name)
        if isinstance(value, datetime):
            value = value.astimezone(UTC).replace(tzinfo=None).isoformat()
        elif name == "labels":
            value = dict(value)
        elif name == "extra":
            value = json.dumps(dict(value))
        row["happened_at" if name == "at" else name] = value
    return row


def row_record(row: Sequence[Any]) -> Record:
    """The record in the values of `RECORD_COLUMNS`."""
    values = dict(zip(_FIELD_NAMES, row, strict=True))
    kind = values["kind"]
    given = {name: _from_column(name, values[name]) for name in FIELD_NAMES[kind]}
    return RECORD_TYPES[kind](**given)


def _from_column(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return json.loads(value) if name == "extra" else value
