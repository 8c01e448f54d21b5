"""Searches a store for one retrieve: reads and compares all visible memories, and returns the best.

DuckDB scans, numpy does the rest: one large statement of all that took DuckDB longer to plan than to run, 15 to 30 ms
however small the store.
"""

from collections.abc import Sequence

from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import RELEVANT_AT, SUCCESS
from alma_cli.store.database.values import Numbers, utc_text, written
from alma_cli.store.reading.query import Search, SearchResult
from alma_cli.store.reading.signals import Stored, best_of
from alma_cli.store.reading.visible import cosines_of, visible_memories


def search(connection: Connection, wanted: Search, path: str | None = None) -> SearchResult:
    """Measure the signals of every visible memory and hand over the best.

    If the `path` of a store is given, which nobody may write now, its vectors are kept for the next search.
    """

    def stored(seqs: Sequence[int]) -> dict[int, Stored]:
        rows = connection.execute(_STORED.format(now=utc_text(wanted.now), seqs=written(seqs))).fetchall()
        return {seq: Stored(*facts) for seq, *facts in rows}

    def cosines(seqs: Numbers) -> Numbers:
        return cosines_of(connection, seqs, wanted.vectors)

    return best_of(
        visible_memories(connection, wanted, path),
        wanted,
        stored=stored,
        credits=lambda: dict(connection.execute(_CREDITS).fetchall()),
        cosines=cosines,
    )


_STORED = f"""
SELECT seq, id, kind, greatest(0, epoch(TIMESTAMP '{{now}}' - {RELEVANT_AT}) / 86400), {SUCCESS}, confidence,
    coalesce(task_key, ''), coalesce(strategy_key, '')
FROM memories WHERE seq IN ({{seqs}})
"""

_CREDITS = "SELECT target, sum(value) FROM memories WHERE kind = 'credit' AND NOT archived GROUP BY target"
