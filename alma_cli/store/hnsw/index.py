"""The approximate index of `index: hnsw`: a file of its own beside the store, made by `alma reindex`.

It is a copy of vectors with DuckDB's HNSW index over them, never the store itself: such an index is not safe after a
crash, and a copy can be thrown away. It is made beside its place, renamed there and never changed. Memories
stored since are compared exactly; if anything is wrong with the index, all are.
"""

import os
import threading
from dataclasses import dataclass
from typing import TypeAlias

from alma_cli.core.records import Vector
from alma_cli.files import own, remove_if_there
from alma_cli.store.database.connection import Connection
from alma_cli.store.database.values import Numbers, columns, given, quoted, vector_text
from alma_cli.store.hnsw.extension import connection_with_extension, unavailable

FETCHED = 1000
"""The number of nearest asked for: many more than are ranked, since scopes take some away."""

_SAMPLE = 2000
"""Vectors that tell how a task's cosine spreads over all."""

_Opened: TypeAlias = "tuple[tuple[int, int], Connection]"
_opened: dict[str, _Opened] = {}
_opening = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The index's answer for a task: the nearest memories of all agents with their cosines, and cosines of a sample.

    The index has no memories from the number `up_to` on.
    """

    seqs: Numbers
    cosines: Numbers
    sample: Numbers
    up_to: int


@dataclass(frozen=True, slots=True)
class IndexState:
    """The use of the index: if it is active, and how much it holds, or why it is not."""

    is_active: bool
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The index file at `path`, for vectors by `model`."""

    path: str
    model: str

    @property
    def is_possible(self) -> bool:
        """True when an index can be made and used here."""
        return not unavailable()

    def nearest(self, vector: Vector) -> Nearest | None:
        """The nearest memories; None when the index isn't there, is of another model, or can't be used."""
        from alma_cli.store.database import duckdb

        try:
            connection = self._connection()
            if connection is None:
                return None
            asked = {"vector": vector_text(vector)}
            hits = columns(connection, _nearest_rows(vector), {"seq": "i8", "distance": "f4"}, asked)
            sample = columns(connection, f"SELECT {_distance(vector)} FROM nearest.sample", {"distance": "f4"}, asked)
            (up_to,) = connection.execute("SELECT up_to FROM nearest.about").fetchall()[0]
        except (duckdb.Error, OSError):
            return None
        return Nearest(seqs=hits["seq"], cosines=1 - hits["distance"], sample=1 - sample["distance"], up_to=up_to)

    def state(self) -> IndexState:
        """The state of the index."""
        from alma_cli.store.database import duckdb

        try:
            connection = self._connection()
            if connection is None:
                return IndexState(False, _missing())
            count, up_to = connection.execute("SELECT vectors, up_to FROM nearest.about").fetchall()[0]
        except (duckdb.Error, OSError) as error:
            return IndexState(False, f"it can't be used: {str(error).splitlines()[0]}")
        return IndexState(True, f"{count:,} vectors, of memories before number {up_to:,}")

    def copy_vectors(self, connection: Connection) -> None:
        """Copy the store's vectors into a new file, as the first step of making the index; takes seconds."""
        self.discard_unfinished()
        connection.execute(f"ATTACH {quoted(self._unfinished())} AS nearest")
        try:
            connection.execute(
                "CREATE TABLE nearest.vectors AS SELECT seq, embedding FROM memories WHERE embedding_model = ?",
                [self.model],
            )
            connection.execute(
                "CREATE TABLE nearest.sample AS "
                f"SELECT embedding FROM nearest.vectors USING SAMPLE {_SAMPLE} (reservoir, 7)"
            )
            connection.execute(
                "CREATE TABLE nearest.about AS SELECT ? AS model, (SELECT count(*) FROM nearest.vectors) AS vectors, "
                "(SELECT next_seq FROM replica) AS up_to",
                [self.model],
            )
        finally:
            connection.execute("DETACH nearest")

    def finish(self) -> None:
        """Build the index over the copied vectors, which takes minutes for many, and put it in its place."""
        connection = connection_with_extension()
        try:
            connection.execute("SET hnsw_enable_experimental_persistence = true")
            connection.execute(f"ATTACH {quoted(self._unfinished())} AS nearest")
            connection.execute(
                "CREATE INDEX by_cosine ON nearest.vectors USING HNSW (embedding) WITH (metric = 'cosine')"
            )
            connection.execute("CHECKPOINT nearest")
            connection.execute("DETACH nearest")
        finally:
            connection.close()
        own(self._unfinished())
        os.replace(self._unfinished(), self.path)

    def discard_unfinished(self) -> None:
        """Remove what an interrupted run left."""
        for leftover in (self._unfinished(), self._unfinished() + ".wal"):
            remove_if_there(leftover)

    def _connection(self) -> Connection | None:
        """A connection with the index attached, kept open for the next time; None when there is no index to use."""
        if unavailable() or not os.path.exists(self.path):
            return None
        found = os.stat(self.path)
        version = (found.st_ino, found.st_mtime_ns)
        with _opening:
            known = _opened.get(self.path)
            if known is None or known[0] != version:
                connection = connection_with_extension()
                connection.execute(f"ATTACH {quoted(self.path)} AS nearest (READ_ONLY)")
                connection.execute(f"SET hnsw_ef_search = {FETCHED}")
                known = _opened[self.path] = (version, connection)
            own = known[1].cursor()
        if own.execute("SELECT model FROM nearest.about").fetchall() != [(self.model,)]:
            return None
        return own

    def _unfinished(self) -> str:
        return self.path + ".new"


def _distance(vector: Vector) -> str:
    return f"array_cosine_distance(embedding, {given('vector')}::FLOAT[{len(vector)}])"


def _nearest_rows(vector: Vector) -> str:
    """A statement for the nearest; DuckDB uses the index only if the distance itself is selected."""
    return f"SELECT seq, {_distance(vector)} AS distance FROM nearest.vectors ORDER BY distance LIMIT {FETCHED}"


def _missing() -> str:
    """Why there is no index, with the remedy."""
    reason = unavailable()
    if not reason:
        return "there is none for this model yet: run `alma reindex`"
    from alma_cli.installation import how_to_add

    return f"{reason}: {how_to_add('vss')}"
