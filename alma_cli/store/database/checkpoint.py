"""Moves the log into the file so that no kill and no power cut on the way can spoil the file.

DuckDB writes new blocks to free places, but a metadata block that has room is written anew where it is, and a block
counts as a whole: a process that dies halfway through that write (the kernel stops it between pages) leaves a file that
nothing opens again. So those blocks are copied into an undo file first. The next process to open the store puts them
back, unless the checkpoint got as far as its last step, the header that makes it count.
"""

import os
import struct

from alma_cli.errors import StoreCorrupt, StoreTooNew
from alma_cli.files import flush_folder, remove_abandoned, remove_if_there, write_whole
from alma_cli.store.database.connection import Connection

_MAGIC_AT = 8
_MAGIC = b"DUCK"
_LAYOUT = _MAGIC + (64).to_bytes(8, "little")
"""The bytes that a DuckDB file has there, and with the number of the one layout that the places below are of."""
_HEADERS = (4096, 8192)
"""Where the two headers of a DuckDB file are, written in turn: a checksum, then a number that grows with each."""
_BLOCKS_START = 12288
_NUMBER = struct.Struct("<Q")


def checkpoint(connection: Connection, path: str) -> None:
    """Move the log of the file at `path`, open as `store`, into it.

    After an `OSError`, a `StoreError` or an error of DuckDB's, the file is as before.
    """
    rows = connection.execute(
        "SELECT rewritten.block_id, file.block_size FROM pragma_metadata_info('store') AS rewritten, "
        "pragma_database_size() AS file WHERE rewritten.free_blocks > 0 AND file.database_name = 'store'"
    ).fetchall()
    descriptor = _descriptor_of(path)
    saved = [_NUMBER.pack(_iteration(descriptor, path))]
    for block_id, size in rows:
        start = _BLOCKS_START + block_id * size
        saved += [_NUMBER.pack(start), _NUMBER.pack(size), os.pread(descriptor, size, start)]
    folder = os.path.dirname(path)
    remove_abandoned(folder)
    write_whole(undo_path(path), b"".join(saved), flushed=True)
    flush_folder(folder)
    connection.execute("CHECKPOINT store")
    remove_if_there(undo_path(path))


def undo_path(path: str) -> str:
    """Where the undo file of the file at `path` is, while there is one."""
    return path + ".undo"


def undo_unfinished(path: str) -> None:
    """Restore the file at `path`, which nobody has open, to its state before a checkpoint that never ended.

    Raises `StoreCorrupt` or `StoreTooNew`, and leaves both files untouched, where the layout isn't the one we know.
    """
    try:
        with open(undo_path(path), "rb") as file:
            saved = file.read()
    except FileNotFoundError:
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if _iteration(descriptor, path) == _NUMBER.unpack_from(saved, 0)[0]:
            at = _NUMBER.size
            while at < len(saved):
                start, size = struct.unpack_from("<QQ", saved, at)
                at += 2 * _NUMBER.size
                os.pwrite(descriptor, saved[at : at + size], start)
                at += size
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    remove_if_there(undo_path(path))


def _iteration(descriptor: int, path: str) -> int:
    """The number of the checkpoint that counts. Raises `StoreError` for a file of another layout."""
    layout = os.pread(descriptor, len(_LAYOUT), _MAGIC_AT)
    if not layout.startswith(_MAGIC):
        raise StoreCorrupt(
            f"{path} is not a DuckDB file", hint="it was left untouched; run `alma doctor` for what can be done"
        )
    if layout != _LAYOUT:
        raise StoreTooNew(
            f"{path} has a layout of DuckDB's that this ALMA doesn't know; it was left untouched",
            hint="upgrade ALMA",
        )
    return max(int.from_bytes(os.pread(descriptor, 8, header + 8), "little") for header in _HEADERS)


def _descriptor_of(path: str) -> int:
    """DuckDB's own descriptor of the file, for reading only.

    One of our own can't be had: closing it would release DuckDB's lock on the file, as POSIX locks go.
    """
    wanted = os.stat(path)
    for descriptor in range(3, os.sysconf("SC_OPEN_MAX")):
        try:
            if os.path.samestat(os.fstat(descriptor), wanted):
                return descriptor
        except OSError:
            continue
    raise FileNotFoundError(path)
