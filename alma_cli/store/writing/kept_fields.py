"""Gives fields their columns that came from a newer ALMA before this store knew them, and were kept as they came."""

from array import array

from alma_cli.core.codec import from_json, to_json
from alma_cli.core.records import FIELD_NAMES, FIELDS, Record
from alma_cli.errors import InvalidInput
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import quoted
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.writing.rows_writer import RowsWriter


def take_up_kept_fields(connection: Connection, *, now_ms: int) -> None:
    """Read records anew whose unknown fields are known by now, within the caller's transaction; stamps stay."""
    rows = RowsWriter(connection, now_ms=now_ms)
    known = ", ".join(map(quoted, FIELDS))
    found = connection.execute(
        f"SELECT hlc, acked_hlc, embedding, embedding_model, {RECORD_COLUMNS} FROM memories "
        f"WHERE hlc <> '' AND list_has_any(json_keys(extra), [{known}])"
    ).fetchall()
    for hlc, acked_hlc, embedding, model, *columns in found:
        kept = row_record(columns)
        record = _read_anew(kept)
        if record != kept:
            vector = None if embedding is None else array("f", embedding)
            rows.remove([record.id])
            rows.add(Entry(record=record, vector=vector, model=model or ""), hlc=hlc, acked_hlc=acked_hlc)
    rows.finish()


def _read_anew(kept: Record) -> Record:
    """The record with the known ones of its unknown fields; as it is where these can't be used."""
    fields = {name: value for name, value in kept.extra.items() if name in FIELD_NAMES[kept.kind]}
    if not fields:
        return kept
    try:
        return from_json({**to_json(kept), **fields}, project_id=kept.project_id, new_id=kept.id, now=kept.created_at)
    except InvalidInput:
        return kept
