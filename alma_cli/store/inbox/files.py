"""What makes a file last: flushed to disk, its name too, and replaced by renaming only."""

import os


def write_flushed(path: str, content: bytes) -> None:
    """Make a file, for its owner only, and see its content onto the disk. It must not be there yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def make_folder(folder: str) -> None:
    """Make a folder, for its owner only, and see its name onto the disk, unless it is there."""
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        flush_folder(os.path.dirname(folder))


def flush_file(path: str) -> None:
    """See a file's content onto the disk."""
    _flush(path, os.O_RDONLY)


def flush_folder(folder: str) -> None:
    """See the names in a folder onto the disk."""
    _flush(folder or ".", os.O_RDONLY | os.O_DIRECTORY)


def remove_if_there(path: str) -> None:
    """Remove a file that may be gone."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _flush(path: str, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
