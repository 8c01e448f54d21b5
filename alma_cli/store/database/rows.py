"""A record as a row of `memories`, and back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from alma_cli.core.records import (
    COMPUTED,
    FIELD_NAMES,
    FIELDS,
    RECENCY_FIELDS,
    RECORD_TYPES,
    RESULT_VALUES,
    TIME_FIELDS,
    Record,
)
from alma_cli.store.database.values import utc_text

ROW_TYPES = {"kind": "VARCHAR", **{field.column: field.sql_type for field in FIELDS.values()}}
"""The columns of `memories` that are fields of records, with their types; others serve replication and search."""

RECORD_COLUMNS = ", ".join(f"memories.{name}" for name in ROW_TYPES)
"""What to select of `memories` for `row_record`."""

RELEVANT_AT = f"coalesce({', '.join(FIELDS[name].column for name in RECENCY_FIELDS)})"
"""The time from which a memory's recency counts, in SQL."""

TIME_COLUMNS: tuple[str, ...] = tuple(FIELDS[name].column for name in TIME_FIELDS)
LATEST = f"greatest({', '.join(TIME_COLUMNS)})"
"""The latest of all times that a memory has, in SQL."""

_VALUES = " ".join(f"WHEN '{result}' THEN {value}" for result, value in RESULT_VALUES.items())
OUTCOME_SUCCESS = f"(CASE outcome {_VALUES} END)::DOUBLE"
"""How much of a success an outcome was, in SQL; NULL for other memories."""

SUCCESS = f"CASE outcome {_VALUES} ELSE successes / nullif(occurrences, 0) END"
"""The same, and of rules how much of one their outcomes were on average; NULL where nobody knows."""


def record_row(record: Record) -> dict[str, Any]:
    """The record as JSON values by column, without the columns that its kind doesn't have."""
    row: dict[str, Any] = {"kind": record.kind}
    for name in FIELD_NAMES[record.kind]:
        value = getattr(record, name)
        if isinstance(value, datetime):
            value = utc_text(value)
        elif name == "labels":
            value = dict(value)
        elif name == "extra":
            value = json.dumps(dict(value))
        row[FIELDS[name].column] = value
    return row | {name: getattr(record, name) for name in COMPUTED[record.kind] if name in FIELDS}


def row_record(row: Sequence[Any]) -> Record:
    """The record in the values of `RECORD_COLUMNS`; what is NULL, as in a column that is new, has its default."""
    kind, *rest = row
    values = dict(zip(FIELDS, rest, strict=True))
    given = {name: _from_column(name, values[name]) for name in FIELD_NAMES[kind] if values[name] is not None}
    return RECORD_TYPES[kind](**given)


def _from_column(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return json.loads(value) if name == "extra" else value
