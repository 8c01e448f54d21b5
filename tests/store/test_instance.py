"""A process keeps DuckDB between its uses of a store, and nothing of the store with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alma_cli.errors import StoreBusy
from alma_cli.store import Insert
from alma_cli.store.database import instance
from alma_cli.store.database.engine import connected
from tests.store.samples import an_operation, entry, outcome, store_in

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
OPEN_IT = "import sys, _duckdb; _duckdb.connect(sys.argv[1]).execute('CREATE TABLE x (i INTEGER)')"


def settings(connection):
    return connection.execute(
        "SELECT current_setting('memory_limit'), current_setting('threads'), current_database()"
    ).fetchall()


def test_the_file_is_free_after_each_use(tmp_path):
    path = str(tmp_path / "a.duckdb")
    for read_only in (False, True, False, True):
        with connected(path, read_only=read_only, spill_dir=str(tmp_path)):
            pass
        assert not [name for name in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{name}") == path]
    subprocess.run([sys.executable, "-c", OPEN_IT, path], check=True)


def test_what_was_written_is_there_for_others_and_in_the_log(tmp_path):
    path = str(tmp_path / "a.duckdb")
    for number in range(3):
        with connected(path, read_only=False, spill_dir=str(tmp_path)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (i INTEGER)")
            connection.execute("INSERT INTO t VALUES (?)", [number])
        assert os.path.getsize(path + ".wal")
    count = "import sys, _duckdb; print(_duckdb.connect(sys.argv[1], read_only=True).execute('FROM t').fetchall())"
    said = subprocess.run([sys.executable, "-c", count, path], check=True, capture_output=True, text=True).stdout
    assert "[(0,), (1,), (2,)]\n" == said


def test_the_next_use_finds_no_setting_of_the_last_one(tmp_path):
    with connected(str(tmp_path / "a"), read_only=False, spill_dir=str(tmp_path)) as connection:
        before = settings(connection)
        connection.execute("SET memory_limit = '100MB'; SET threads = 1")
        assert settings(connection) != before
    with connected(str(tmp_path / "b"), read_only=False, spill_dir=str(tmp_path)) as connection:
        assert before == settings(connection)
        assert [] == connection.execute("SELECT * FROM duckdb_tables()").fetchall()


def test_after_an_error_duckdb_is_started_anew(tmp_path):
    spill_dir = str(tmp_path)
    with pytest.raises(ZeroDivisionError), connected(str(tmp_path / "a"), read_only=False, spill_dir=spill_dir):
        raise ZeroDivisionError
    assert spill_dir not in instance._idle
    with connected(str(tmp_path / "a"), read_only=False, spill_dir=spill_dir) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    assert spill_dir in instance._idle


def test_one_that_others_hold_is_busy_and_free_again_when_they_leave(tmp_path):
    path = str(tmp_path / "a.duckdb")
    hold = "import sys, _duckdb; c = _duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold, path], stdin=-1, stdout=-1, text=True) as holder:
        holder.stdout.readline()
        with pytest.raises(StoreBusy), connected(path, read_only=False, spill_dir=str(tmp_path)):
            pass
        holder.communicate("\n")
    with connected(path, read_only=False, spill_dir=str(tmp_path)) as connection:
        assert [(1,)] == connection.execute("SELECT 1").fetchall()


FORKED = """
import os, sys
from pathlib import Path
from tests.store.samples import store_in
store = store_in(Path(sys.argv[1]))
def count():
    with store.reading() as reader:
        return len(list(reader.listed(__import__("alma_cli.store", fromlist=["x"]).Selection())))
assert count() == 1
child = os.fork()
if not child:
    sys.exit(0 if count() == 1 else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or (count() != 1))
"""


def test_a_forked_child_starts_its_own_and_ends(tmp_path):
    store_in(tmp_path).submit([an_operation(Insert, entries=(entry(outcome()),))])
    subprocess.run([sys.executable, "-c", FORKED, str(tmp_path)], cwd=ROOT, check=True, timeout=60)
