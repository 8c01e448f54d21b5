"""Finds the outcomes that met an error, and those that worked near one that failed."""

from collections.abc import Iterable, Sequence

from alma_cli.core.records import Outcome
from alma_cli.core.scopes.visibility import View
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.rows import RECORD_COLUMNS, row_record
from alma_cli.store.database.values import columns, given, written
from alma_cli.store.reading.bm25 import hashed
from alma_cli.store.reading.visible import seen_by


def with_errors(connection: Connection, views: Sequence[View], words: Iterable[str], *, limit: int) -> list[Outcome]:
    """The visible outcomes with an error that share most of these words, in any of their texts."""
    condition, values = seen_by(views)
    found = columns(
        connection,
        f"""
        SELECT seq FROM memories JOIN (
            SELECT seq, count(*) AS shared FROM postings WHERE term IN ({written(map(hashed, words))}) GROUP BY seq
        ) USING (seq)
        WHERE kind = 'outcome' AND error <> '' AND NOT archived AND {condition}
        ORDER BY shared DESC, seq DESC LIMIT {int(limit)}
        """,
        {"seq": "i8"},
        values,
    )
    return [*_outcomes(connection, found["seq"].tolist()).values()]


def worked_near(
    connection: Connection, views: Sequence[View], failed: Outcome, *, limit: int
) -> list[tuple[Outcome, float]]:
    """The visible outcomes that worked and are nearest to one that failed, with their cosines, nearest first."""
    condition, values = seen_by(views)
    found = columns(
        connection,
        f"""
        WITH failed AS (
            SELECT embedding AS middle, embedding_model AS model FROM memories WHERE id = {given("failed")}
        )
        SELECT seq, array_cosine_similarity(embedding, middle) AS cosine FROM memories, failed
        WHERE kind = 'outcome' AND outcome = 'success' AND NOT archived AND embedding_model = model
            AND coalesce(strategy_key, '') <> '' AND {condition}
        ORDER BY cosine DESC, seq DESC LIMIT {int(limit)}
        """,
        {"seq": "i8", "cosine": "f4"},
        {**values, "failed": failed.id},
    )
    seqs = found["seq"].tolist()
    outcomes = _outcomes(connection, seqs)
    return [(outcomes[seq], cosine) for seq, cosine in zip(seqs, found["cosine"].tolist(), strict=True)]


def _outcomes(connection: Connection, seqs: Sequence[int]) -> dict[int, Outcome]:
    """The outcomes of these rows, by `seq`."""
    rows = connection.execute(f"SELECT seq, {RECORD_COLUMNS} FROM memories WHERE seq IN ({written(seqs)})").fetchall()
    records = {seq: row_record(row) for seq, *row in rows}
    return {seq: record for seq, record in records.items() if isinstance(record, Outcome)}
