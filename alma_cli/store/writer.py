"""Changes an open store without the journal: vectors, derived memories, and everything that a sync exchanges."""

from collections.abc import Callable

from alma_cli.store.database.connection import Connection
from alma_cli.store.hnsw.index import Index
from alma_cli.store.replication.incoming import Incoming
from alma_cli.store.replication.outgoing import Outgoing
from alma_cli.store.replication.remote_state import RemoteState
from alma_cli.store.replication.renaming import rename
from alma_cli.store.writing.changes import ProjectRules
from alma_cli.store.writing.derived import derive_all
from alma_cli.store.writing.reindex import Vectors


class Writer:
    """Changes of an open store, in groups: `vectors`, the `remote`, what is `incoming` from it and `outgoing` to it."""

    def __init__(self, connection: Connection, *, now_ms: Callable[[], int], rules: ProjectRules) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._rules = rules
        self.vectors = Vectors(connection)
        self.remote = RemoteState(connection)
        self.incoming = Incoming(connection, now_ms=now_ms, rules=rules)
        self.outgoing = Outgoing(connection)

    def derive_all(self, *, on_progress: Callable[[int], None] | None = None) -> int:
        """Derive everything again; return how many derived memories changed."""
        return derive_all(self._connection, self._rules, now_ms=self._now_ms(), on_progress=on_progress)

    def rename(self) -> int:
        """Make all memories those of this project; return how many weren't."""
        return rename(self._connection, self._rules, now_ms=self._now_ms())

    def copy_vectors(self, index: Index) -> None:
        """Copy all vectors into a new file of the index, as the first step of making it."""
        index.copy_vectors(self._connection)
