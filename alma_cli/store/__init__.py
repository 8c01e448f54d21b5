"""The durable store: what an operation is, how it becomes part of the database, and what can be asked of it.

The names are imported when first used: reading loads nothing of what only writing needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alma_cli.store.changes import Change, Learning
    from alma_cli.store.derived import DerivedChange
    from alma_cli.store.opening import StoreFile
    from alma_cli.store.operations import Archive, Entry, Forget, Insert, Operation, Refuse, Revise
    from alma_cli.store.reader import AuditRow, Reader, Selection, Tally, Version
    from alma_cli.store.search import Found, Search
    from alma_cli.store.store import Receipt, Store, open_store

__all__ = [
    "Archive",
    "AuditRow",
    "Change",
    "DerivedChange",
    "Entry",
    "Forget",
    "Found",
    "Insert",
    "Learning",
    "Operation",
    "Reader",
    "Receipt",
    "Refuse",
    "Revise",
    "Search",
    "Selection",
    "Store",
    "StoreFile",
    "Tally",
    "Version",
    "open_store",
]

_HOMES = {
    "changes": ("Change", "Learning"),
    "derived": ("DerivedChange",),
    "opening": ("StoreFile",),
    "operations": ("Archive", "Entry", "Forget", "Insert", "Operation", "Refuse", "Revise"),
    "reader": ("AuditRow", "Reader", "Selection", "Tally", "Version"),
    "search": ("Found", "Search"),
    "store": ("Receipt", "Store", "open_store"),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"alma_cli.store.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
