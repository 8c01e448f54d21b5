"""The durable store: operations, their way into the database, and questions to it.

Other packages import these names, and none of the modules. A name is imported when it is first used, so that reading
loads nothing that only writing needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alma_cli.store.database.opening import StoreFile
    from alma_cli.store.hnsw.index import Index
    from alma_cli.store.inbox.operations import (
        Archive,
        Entry,
        Forget,
        GeneralWords,
        Insert,
        Operation,
        Refuse,
        Revise,
        Reword,
        Undo,
    )
    from alma_cli.store.reader import AuditRow, PastVersion, Reader, Shared, Tally
    from alma_cli.store.reading.general_words import Label, Near
    from alma_cli.store.reading.pool import Pool
    from alma_cli.store.reading.query import Search, SearchResult, Selection
    from alma_cli.store.replication.outgoing import Pending, PendingCounts, PendingDerived, Position, PushFilter
    from alma_cli.store.replication.remote_state import Clashed, KnownDocument, Quarantined, SyncState
    from alma_cli.store.store import Receipt, Store, open_store
    from alma_cli.store.writer import Writer
    from alma_cli.store.writing.changes import ProjectRules, RecordChange
    from alma_cli.store.writing.derived import DerivedChange
    from alma_cli.store.writing.undoable import PastWrite

_HOMES = {
    "database.opening": ("StoreFile",),
    "inbox.operations": (
        "Archive",
        "Entry",
        "Forget",
        "GeneralWords",
        "Insert",
        "Operation",
        "Refuse",
        "Revise",
        "Reword",
        "Undo",
    ),
    "reader": ("AuditRow", "PastVersion", "Reader", "Shared", "Tally"),
    "hnsw.index": ("Index",),
    "reading.general_words": ("Label", "Near"),
    "reading.pool": ("Pool",),
    "reading.query": ("Search", "SearchResult", "Selection"),
    "replication.outgoing": ("Pending", "PendingCounts", "PendingDerived", "Position", "PushFilter"),
    "replication.remote_state": ("Clashed", "KnownDocument", "Quarantined", "SyncState"),
    "store": ("Receipt", "Store", "open_store"),
    "writer": ("Writer",),
    "writing.changes": ("ProjectRules", "RecordChange"),
    "writing.derived": ("DerivedChange",),
    "writing.undoable": ("PastWrite",),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"alma_cli.store.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
