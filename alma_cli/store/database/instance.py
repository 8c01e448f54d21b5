"""Keeps one DuckDB between a process's uses of a store: making one costs 15 ms, attaching a file 3 ms."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from alma_cli.store.database.connection import Connection

_MOST_IDLE = 2
_THREADS = min(4, os.cpu_count() or 1)

_SLOW_COMPRESSION = "alp,alprd"
"""These would compress vectors by an eighth, and double the time of every scan."""

_idle: dict[str, Connection] = {}
"""By the folder for spilling, which can't be changed later. An instance without references closes itself."""


@contextmanager
def instance(spill_dir: str) -> Iterator[Connection]:
    """A connection to a DuckDB that nobody else uses; the block may attach a `store` and limit memory and threads.

    The store is detached at the end. After an error, raised or not, the whole instance is closed.
    """
    from alma_cli.store.database import duckdb

    connection = _idle.pop(spill_dir, None) or _made(spill_dir)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    try:
        connection.execute(f"USE memory; DETACH store; RESET memory_limit; SET threads = {_THREADS}")
    except duckdb.Error:  # it may be unusable since a checkpoint found no space, but what was committed is there
        connection.close()
        return
    _idle[spill_dir] = connection  # in the place of another one, if two threads had one each
    for oldest in list(_idle)[:-_MOST_IDLE]:
        _idle.pop(oldest, None)


def _made(spill_dir: str) -> Connection:
    from alma_cli.store.database import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "threads": str(_THREADS),
            "temp_directory": spill_dir,
            "checkpoint_threshold": "1TB",  # never by itself, see checkpoint.py
            "disabled_compression_methods": _SLOW_COMPRESSION,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )


def _leave_to_parent() -> None:
    """Leave the instances to the parent: a forked child lacks the threads that closing them would wait for."""
    import ctypes

    for connection in _idle.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
    _idle.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
