"""The durable store: what an operation is, how it becomes part of the database, and what can be asked of it."""

from pathlib import Path

from alma_cli.store.derived import DerivedChange
from alma_cli.store.fold import Change, Learning
from alma_cli.store.journal import Journal
from alma_cli.store.opening import StoreFile
from alma_cli.store.operations import Archive, Entry, Forget, Insert, Operation, Refuse, Revise
from alma_cli.store.reader import AuditRow, Reader, Selection, Tally, Version
from alma_cli.store.search import Found, Search
from alma_cli.store.store import Receipt, Store

__all__ = [
    "Archive",
    "AuditRow",
    "Change",
    "DerivedChange",
    "Entry",
    "Forget",
    "Found",
    "Insert",
    "Journal",
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


def open_store(home: Path, *, dimension: int, wait_s: float, learning: Learning) -> Store:
    """The store in a `.alma` folder; nothing is touched until it is used."""
    folder = str(home)
    return Store(
        file=StoreFile(
            path=f"{folder}/memory.duckdb",
            backup_dir=f"{folder}/backup",
            spill_dir=f"{folder}/spill",
            dimension=dimension,
        ),
        journal=Journal(f"{folder}/journal"),
        lock_path=f"{folder}/lock",
        wait_s=wait_s,
        learning=learning,
    )
