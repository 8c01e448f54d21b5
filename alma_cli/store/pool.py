"""A store that is filled for one question: candidates from elsewhere, ranked as if they had been recorded here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alma_cli.store.engine import transaction
from alma_cli.store.fold import Folding

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection

    from alma_cli.store.operations import Entry


def fill(connection: Connection, entries: Sequence[Entry], *, now_ms: int) -> None:
    """Put records into an empty store as they are: nothing is stamped, keyed or derived."""
    with transaction(connection):
        filling = _Filling(connection, set(), set(), now_ms)
        for entry in entries:
            filling.put(entry)
        filling.finish()


class _Filling(Folding):
    def put(self, entry: Entry) -> None:
        """Add one record."""
        self._add_row(entry, hlc="")
