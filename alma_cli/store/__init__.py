"""The durable store: what an operation is, how it becomes part of the database, and what can be asked of it.

The names are imported when first used: reading loads nothing of what only writing needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alma_cli.store.database.opening import StoreFile
    from alma_cli.store.inbox.operations import Archive, Entry, Forget, Insert, Operation, Refuse, Revise
    from alma_cli.store.reading.pool import Pool
    from alma_cli.store.reading.query import Search, SearchResult
    from alma_cli.store.reading.reader import AuditRow, Reader, Selection, Tally, Version
    from alma_cli.store.store import Receipt, Store, open_store
    from alma_cli.store.writing.changes import Change, Learning
    from alma_cli.store.writing.derived import DerivedChange

__all__ = [
    "Archive",
    "AuditRow",
    "Change",
    "DerivedChange",
    "Entry",
    "Forget",
    "Insert",
    "Learning",
    "Operation",
    "Pool",
    "Reader",
    "Receipt",
    "Refuse",
    "Revise",
    "Search",
    "SearchResult",
    "Selection",
    "Store",
    "StoreFile",
    "Tally",
    "Version",
    "open_store",
]

_HOMES = {
    "writing.changes": ("Change", "Learning"),
    "writing.derived": ("DerivedChange",),
    "database.opening": ("StoreFile",),
    "inbox.operations": ("Archive", "Entry", "Forget", "Insert", "Operation", "Refuse", "Revise"),
    "reading.reader": ("AuditRow", "Reader", "Selection", "Tally", "Version"),
    "reading.pool": ("Pool",),
    "reading.query": ("Search", "SearchResult"),
    "store": ("Receipt", "Store", "open_store"),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"alma_cli.store.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
