"""What is remembered of the remote's documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection as Connection


def forget_documents(connection: Connection, ids: Sequence[str]) -> None:
    """The remote has no such documents any more: they are to be written as new ones."""
    connection.execute(
        """DELETE FROM remote_documents WHERE id IN (SELECT unnest(from_json(?, '["VARCHAR"]')))""",
        [json.dumps(list(ids))],
    )
