"""A store that is filled for one question: candidates from elsewhere, ranked as if they had been recorded here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.store.database.engine import transaction
from alma_cli.store.writing.fold import Folding

if TYPE_CHECKING:
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.inbox.operations import Entry


def fill(connection: Connection, entries: Sequence[Entry], *, now_ms: int) -> list[int]:
    """Put records into an empty store as they are: nothing is stamped, keyed or derived. The `seq` of each."""
    with transaction(connection):
        filling = _Filling(connection, set(), set(), now_ms)
        seqs = [filling.put(entry) for entry in entries]
        filling.finish()
    return seqs


class _Filling(Folding):
    def put(self, entry: Entry) -> int:
        """Add one record, and return its `seq`."""
        seq = self._replica.next_seq
        self._add_row(entry, hlc="")
        return seq
