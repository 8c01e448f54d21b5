"""A file is there whole or not at all, whatever happens while it is written; and a log doesn't grow without end."""

import errno
import os
import signal
import stat
import subprocess
import sys

import pytest

from alma_cli.files import append_line, remove_abandoned, to_write_it, write_whole, writing_whole

KILLED_HALFWAY = """
import os, signal, sys
from alma_cli.files import writing_whole
with writing_whole(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "file"


@pytest.fixture(autouse=True)
def folder(path):
    path.parent.mkdir()
    return path.parent


@pytest.mark.parametrize("flushed", [False, True])
def test_a_file_is_written_or_replaced_and_nothing_else_is_left(path, folder, flushed):
    for content in (b"one", b"two"):
        write_whole(path, content, flushed=flushed)
        assert (content, ["file"]) == (path.read_bytes(), os.listdir(folder))
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(path, folder):
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), writing_whole(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert (b"old", ["file"]) == (path.read_bytes(), os.listdir(folder))


def test_a_place_that_cant_be_taken_leaves_nothing(path, folder):
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(path, b"new")
    assert ["file"] == os.listdir(folder)


def test_a_kill_halfway_leaves_the_old_file_and_what_is_removed_later(path, folder):
    path.write_bytes(b"old")
    assert -signal.SIGKILL == subprocess.run([sys.executable, "-c", KILLED_HALFWAY, path]).returncode
    assert b"old" == path.read_bytes()
    (unfinished,) = set(os.listdir(folder)) - {"file"}
    remove_abandoned(str(folder))
    assert {"file", unfinished} == set(os.listdir(folder)), "whoever began it may still be at it"
    os.utime(folder / unfinished, (1, 1))
    remove_abandoned(str(folder))
    assert ["file"] == os.listdir(folder)


def test_what_may_only_be_made_replaces_nothing(path, folder):
    write_whole(path, b"first", exclusive=True)
    with pytest.raises(FileExistsError):
        write_whole(path, b"second", exclusive=True)
    assert (b"first", ["file"]) == (path.read_bytes(), os.listdir(folder))


def test_a_log_that_grew_too_long_makes_room_and_is_kept_once(folder):
    log = folder / "log" / "a.log"
    for number in range(5):
        append_line(log, f"line {number}", max_bytes=12)
    assert ("line 4\n", "line 2\nline 3\n") == (log.read_text(), (folder / "log" / "a.log.old").read_text())
    assert {"a.log", "a.log.old"} == set(os.listdir(folder / "log"))
    assert (0o600, 0o700) == (stat.S_IMODE(log.stat().st_mode), stat.S_IMODE(log.parent.stat().st_mode))


@pytest.mark.parametrize(
    ("code", "help"),
    [(errno.ENOSPC, "free some space"), (errno.EROFS, "only be read here"), (errno.EACCES, "yours to write")],
)
def test_what_helps_where_a_file_cannot_be_written_depends_on_the_reason(code, help):
    assert help in to_write_it(OSError(code, os.strerror(code)))
