"""The words of DuckDB's errors, by which `store/database/engine.py` sorts them: every kind provoked for real.

A failure says that DuckDB words one of them otherwise: mend `_explain` and the signs above it.
"""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alma_cli.errors import StoreBusy, StoreCorrupt, StoreTooNew, StoreUnwritable
from alma_cli.store.database import engine

ROOT = Path(__file__).parents[2]
BY_DUCKDB_2 = ROOT / "tests/store/by-duckdb-2.duckdb.gz"
USE = """
import resource, signal, sys
from alma_cli.errors import AlmaError
from alma_cli.store.database.engine import connected
path, limit, sql = sys.argv[1:]
if int(limit):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    with connected(path, read_only=False, spill_dir=path + ".spill") as connection:
        connection.execute(sql)
except AlmaError as error:
    print(error.code)
"""
FILL = "CREATE TABLE more AS SELECT md5(range::VARCHAR) AS t FROM range(1_000_000)"


@pytest.fixture
def path(tmp_path):
    """The path of a database with a table, and with a log beside it."""
    path = tmp_path / "a.duckdb"
    use(path, lambda connection: connection.execute("CREATE TABLE t AS SELECT range AS i FROM range(100000)"))
    use(path, lambda connection: connection.execute("CHECKPOINT store; INSERT INTO t VALUES (1)"))
    return path


def use(path, act, *, read_only=False):
    with engine.connected(str(path), read_only=read_only, spill_dir=str(path.parent)) as connection:
        return act(connection)


def code_of_use(path, *, limit=0, sql="FROM t", before=()):
    """The code of the error that a process of its own gets, whose files may have at most `limit` bytes."""
    words = [*before, sys.executable, "-c", USE, str(path), str(limit), sql]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def refused(error, path, act=lambda connection: connection.execute("FROM t").fetchall(), *, read_only=False):
    with pytest.raises(error) as caught:
        use(path, act, read_only=read_only)
    assert error is type(caught.value)


def test_a_file_that_another_process_has_open_is_busy(path):
    hold = "import sys, _duckdb; c = _duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold, path], stdin=-1, stdout=-1, text=True) as holder:
        holder.stdout.readline()
        refused(StoreBusy, path)
        holder.communicate("\n")


def test_a_file_of_a_newer_duckdb_is_too_new(tmp_path):
    path = tmp_path / "a.duckdb"
    path.write_bytes(gzip.decompress(BY_DUCKDB_2.read_bytes()))
    refused(StoreTooNew, path)


def test_a_file_that_may_not_grow_is_a_full_disk(path):
    assert "store_unwritable" == code_of_use(path, limit=2_000_000, sql=f"{FILL}; CHECKPOINT store")


@pytest.mark.skipif(os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="needs root, to mount")
def test_a_disk_without_space_is_full(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("may not mount here")
    try:
        assert "store_unwritable" == code_of_use(tmp_path / "a.duckdb", sql=FILL)
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_file_that_may_not_be_written_is_denied(path):
    path.chmod(0o400)
    before = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv, to be root without its rights")
        os.chown(path, 65534, 65534)
        path.chmod(0o444)
        before = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    assert "store_unwritable" == code_of_use(path, before=before)


def test_a_change_of_what_was_opened_to_read_is_denied(path):
    refused(StoreUnwritable, path, lambda connection: connection.execute("DELETE FROM t"), read_only=True)


@pytest.mark.parametrize(
    "wreck",
    [
        lambda content: b"no database" * 1000,
        lambda content: content[:2000],
        lambda content: content[:20000],
        lambda content: content[:12300] + b"otherwise" + content[12309:],
        lambda content: content[:4100] + bytes(8) + content[4108:],
    ],
    ids=["no database", "half a header", "cut off", "a changed block", "a changed header"],
)
def test_a_damaged_file_is_corrupt(path, wreck):
    os.unlink(f"{path}.wal")
    path.write_bytes(wreck(path.read_bytes()))
    refused(StoreCorrupt, path)


def test_a_damaged_log_is_corrupt(path):
    log = path.with_name(path.name + ".wal")
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    refused(StoreCorrupt, path)


def test_the_log_of_another_file_is_corrupt(path, tmp_path):
    other = tmp_path / "b.duckdb"
    use(other, lambda connection: connection.execute("CREATE TABLE t (i INTEGER); CHECKPOINT store"))
    use(other, lambda connection: connection.execute("INSERT INTO t VALUES (1)"))
    shutil.copy(f"{other}.wal", f"{path}.wal")
    refused(StoreCorrupt, path)


INTERRUPTED = """
import os, signal
from alma_cli.store.database import duckdb, engine
signal.signal(signal.SIGALRM, signal.default_int_handler)
while True:  # until it comes while DuckDB is at work
    connection = duckdb.connect(":memory:")
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with engine.explained("x"):
            connection.execute("SELECT sum(hash(range)) FROM range(100_000_000_000)").fetchall()
    except KeyboardInterrupt as error:
        if error.__cause__ is not None:
            os._exit(7)  # closing the connection waits for the query
"""


def test_ctrl_c_while_duckdb_is_at_work_is_an_interrupt():
    """DuckDB makes a RuntimeError of it, which `explained` knows by its words."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (7, "") == (done.returncode, done.stderr)
