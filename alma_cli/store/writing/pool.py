"""A store that is filled for one question: candidates from elsewhere, ranked as if they had been recorded here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.store.database.engine import transaction
from alma_cli.store.writing.rows_writer import RowsWriter

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.inbox.operations import Entry


def fill(connection: Connection, entries: Sequence[Entry], *, now_ms: int) -> list[int]:
    """Put records into an empty store as they are: nothing is stamped, keyed or derived. The `seq` of each."""
    with transaction(connection):
        rows = RowsWriter(connection, now_ms=now_ms)
        seqs = [rows.add(entry, hlc="") for entry in entries]
        rows.finish()
    return seqs
