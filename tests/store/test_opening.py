"""A store is made, migrated, or refused untouched; never guessed at."""

import gzip
import os
import random
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from alma_cli.core.replication.hlc import HLC
from alma_cli.errors import StoreBusy, StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable
from alma_cli.store import Revise
from alma_cli.store.database import checkpoint as undo
from alma_cli.store.database import engine
from alma_cli.store.database.engine import connected, log_bytes
from alma_cli.store.database.opening import OutdatedError
from alma_cli.store.database.schema import MIGRATIONS
from tests.store.samples import an_id, an_operation, entry, forget, ids_in, insert, outcome, store_in

BY_DUCKDB_2 = Path(__file__).with_name("by-duckdb-2.duckdb.gz")
PAINTED = (*MIGRATIONS, "ALTER TABLE memories ADD COLUMN colour VARCHAR; UPDATE memories SET colour = 'red'")
NUMBERED = (*PAINTED, "CREATE TABLE numbers (n INTEGER)")
BROKEN = (*PAINTED, "CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES ('not a number')")


def at_schema(store, migrations):
    return replace(store, file=replace(store.file, migrations=migrations))


def replica(store):
    with store.file.opened(read_only=False) as connection:
        columns = "schema_version, replica_id, host, path, hlc, dimension"
        return connection.execute(f"SELECT {columns} FROM replica").fetchone()


@pytest.fixture
def filled(store):
    """A store with two memories, all of it in the file."""
    store.submit([insert(outcome(1), outcome(2))])
    with store.file.opened(read_only=False) as connection:
        connection.execute("CHECKPOINT store")
    return store


# Making


def test_reading_makes_nothing(store, tmp_path):
    assert ids_in(store) == []
    assert os.listdir(tmp_path) == []


def test_the_first_write_makes_the_store_for_its_owner_only(store, tmp_path):
    store.submit([insert(outcome(1))])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {
        "journal": 0o700, "lock": 0o600, "lock.turnstile": 0o600, "memory.duckdb": 0o600, "memory.duckdb.wal": 0o600,
    }  # fmt: skip
    version, replica_id, host, path, _, dimension = replica(store)
    assert (len(MIGRATIONS), socket.gethostname(), store.file.path, 3) == (version, host, path, dimension)
    assert len(replica_id) == 16


def test_an_empty_file_is_made_a_store(store):
    Path(store.file.path).touch()
    assert ids_in(store) == []
    assert not store.submit([insert(outcome(1))]).queued
    assert ids_in(store) == [1]


def test_what_an_earlier_making_left_is_made_anew(store):
    for suffix in (".new", ".new.wal", ".undo"):
        Path(store.file.path + suffix).write_bytes(os.urandom(100))
    assert not store.submit([insert(outcome(1))]).queued
    assert ids_in(store) == [1]
    assert not Path(store.file.path + ".undo").exists()


def test_the_log_of_a_store_that_is_gone_is_kept_aside(store, tmp_path):
    store.submit([insert(outcome(1))])
    log = Path(store.file.path + ".wal").read_bytes()
    os.unlink(store.file.path)
    store.submit([insert(outcome(2))])
    assert ids_in(store) == [2]
    (kept,) = (tmp_path / "backup").iterdir()
    assert log == kept.read_bytes()


# Another place


def test_a_copied_store_is_a_replica_of_its_own_and_stamps_on(filled, tmp_path):
    _, first_id, _, _, hlc, _ = replica(filled)
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    copy = replace(store_in(tmp_path / "copy"), now_ms=lambda: 1)
    copy.submit([insert(outcome(3))])
    _, second_id, _, path, newest, _ = replica(copy)
    assert first_id != second_id
    assert path == copy.file.path
    with copy.file.opened(read_only=False) as connection:
        (stamp,) = connection.execute("SELECT hlc FROM memories WHERE id = ?", [an_id(3)]).fetchone()
    assert HLC.parse(stamp).replica_id == second_id
    assert HLC.parse(newest).wall_ms >= HLC.parse(hlc).wall_ms
    assert (first_id, [1, 2]) == (replica(filled)[1], ids_in(filled))


def test_reading_a_copied_store_changes_nothing(filled, tmp_path):
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    copy = store_in(tmp_path / "copy")
    before = Path(copy.file.path).read_bytes()
    assert ids_in(copy) == [1, 2]
    assert before == Path(copy.file.path).read_bytes()


# Migrations


@pytest.mark.parametrize("use", [ids_in, lambda store: store.submit([insert(outcome(1))])], ids=["reading", "writing"])
def test_an_older_store_is_migrated_and_its_copy_is_as_it_was(filled, tmp_path, use):
    use(at_schema(filled, NUMBERED))
    with at_schema(filled, NUMBERED).file.opened(read_only=False) as connection:
        assert [("red",), ("red",)] == connection.execute("SELECT colour FROM memories").fetchall()
        assert [] == connection.execute("FROM numbers").fetchall()
    assert replica(at_schema(filled, NUMBERED))[0] == len(NUMBERED)
    copy = filled.file.backup_dir + f"/memory-schema-{len(MIGRATIONS)}.duckdb"
    assert os.stat(copy).st_mode & 0o777 == 0o600
    with connected(copy, read_only=True, spill_dir=str(tmp_path)) as connection:
        assert [(len(MIGRATIONS),)] == connection.execute("SELECT schema_version FROM replica").fetchall()
        assert [(2,)] == connection.execute("SELECT count(*) FROM memories").fetchall()


def test_a_log_is_copied_and_migrated_too(store):
    store.submit([insert(outcome(1))])
    assert log_bytes(store.file.path)
    assert ids_in(at_schema(store, NUMBERED)) == [1]
    copy = replace(
        store, file=replace(store.file, path=f"{store.file.backup_dir}/memory-schema-{len(MIGRATIONS)}.duckdb")
    )
    assert ids_in(copy) == [1]


def test_migrations_follow_each_other(filled):
    ids_in(at_schema(filled, PAINTED))
    ids_in(at_schema(filled, NUMBERED))
    assert [f"memory-schema-{len(before)}.duckdb" for before in (MIGRATIONS, PAINTED)] == sorted(
        name for name in os.listdir(filled.file.backup_dir) if not name.endswith(".wal")
    )


def test_a_migration_makes_the_views_anew(filled):
    with filled.file.opened(read_only=False) as connection:
        connection.execute("CREATE OR REPLACE VIEW outcomes AS SELECT id, task FROM memories")
    with at_schema(filled, PAINTED).file.opened(read_only=False) as connection:
        assert [("the usual",), ("the usual",)] == connection.execute("SELECT strategy FROM outcomes").fetchall()


def test_a_migration_takes_up_fields_that_came_from_a_newer_version_before_they_were_known(filled):
    told = replace(outcome(1), when="", do="", extra={"when": "a clock", "do": "freeze it", "colour": "red"})
    odd = replace(outcome(2), extra={"when": ["no", "text"]})
    filled.submit([an_operation(Revise, entry=entry(record, [1, 0, 0])) for record in (told, odd)])
    with at_schema(filled, PAINTED).reading() as reader:
        first, second = reader.record(an_id(1)), reader.record(an_id(2))
        found = reader.words.waiting_counts("a")
    assert ("a clock", "freeze it", {"colour": "red"}) == (first.when, first.do, first.extra)
    assert outcome(1).task_key != first.task_key == replace(outcome(1), when="a clock").task_key
    assert (odd, {}) == (second, found)
    with at_schema(filled, PAINTED).file.opened(read_only=False) as connection:
        columns = "embedding, n_terms, (SELECT count(*) FROM postings WHERE postings.seq = memories.seq)"
        rows = connection.execute(f"SELECT {columns} FROM memories ORDER BY id").fetchall()
    assert [(1.0, 0.0, 0.0)] * 2 == [row[0] for row in rows]
    assert all(terms >= postings > 0 for _, terms, postings in rows)


def test_a_migration_that_fails_leaves_the_old_store_whole(filled):
    with pytest.raises(StoreError):
        ids_in(at_schema(filled, BROKEN))
    receipt = at_schema(filled, BROKEN).submit([insert(outcome(3))])
    assert receipt.queued
    assert "not a number" in receipt.reason
    assert ids_in(filled) == [1, 2, 3]
    assert replica(filled)[0] == len(MIGRATIONS)


def test_without_a_copy_nothing_is_migrated(filled):
    Path(filled.file.backup_dir).write_text("in the way")
    with pytest.raises(StoreUnwritable, match="cannot keep a copy"):
        ids_in(at_schema(filled, NUMBERED))
    assert ids_in(filled) == [1, 2]


def test_an_older_store_is_not_migrated_in_passing(filled):
    with pytest.raises(OutdatedError), at_schema(filled, PAINTED).file.opened(read_only=True):
        pass


def test_a_newer_schema_is_refused_untouched_and_what_is_learned_is_kept(filled):
    ids_in(at_schema(filled, PAINTED))
    before = Path(filled.file.path).read_bytes(), log_bytes(filled.file.path)
    with pytest.raises(StoreTooNew, match=f"schema {len(PAINTED)}"):
        ids_in(filled)
    receipt = filled.submit([insert(outcome(3))])
    assert (True, "left untouched") == (receipt.queued, receipt.reason[-14:])
    assert before == (Path(filled.file.path).read_bytes(), log_bytes(filled.file.path))
    assert ids_in(at_schema(filled, PAINTED)) == [1, 2, 3]


# What can't be opened


def refused_untouched(store, error):
    """Reading raises the error, learning keeps the outcome for later, and the file stays as it is."""
    before = Path(store.file.path).read_bytes()
    with pytest.raises(error) as caught:
        ids_in(store)
    assert caught.value.hint
    assert store.file.path in caught.value.message
    receipt = store.submit([insert(outcome(77))])
    assert receipt.queued
    assert len(store.journal.names()) == 1
    assert before == Path(store.file.path).read_bytes()


def test_a_store_of_a_newer_duckdb_is_refused_untouched(store):
    Path(store.file.path).write_bytes(gzip.decompress(BY_DUCKDB_2.read_bytes()))
    refused_untouched(store, StoreTooNew)


WRECKS = {
    "zeros": lambda content: bytes(len(content)),
    "random bytes": lambda content: random.Random(1).randbytes(len(content)),
    "text": lambda content: b"not a store at all",
    "another kind of database": lambda content: b"SQLite format 3\0" + bytes(4080),
    "one byte": lambda content: content[:1],
    "half a header": lambda content: content[:2000],
    "one header": lambda content: content[:4096],
    "two headers": lambda content: content[:8192],
    "headers only": lambda content: content[:12288],
    "half": lambda content: content[: len(content) // 2],
}


@pytest.mark.parametrize("wreck", WRECKS)
def test_a_corrupt_store_is_refused_untouched(filled, wreck):
    content = Path(filled.file.path).read_bytes()
    Path(filled.file.path).write_bytes(WRECKS[wreck](content))
    refused_untouched(filled, StoreCorrupt)


@pytest.mark.parametrize("offset", [0, 7, 8, 12, 20, 4096, 4104, 8192, 8200, "catalog", "within the catalog"])
def test_a_flipped_bit_where_it_counts_is_found(filled, offset):
    if isinstance(offset, str):
        with filled.file.opened(read_only=False) as connection:
            [(block, size)] = connection.execute(
                "SELECT min(block_id), any_value(block_size) FROM pragma_metadata_info('store'), "
                "pragma_database_size() WHERE database_name = 'store'"
            ).fetchall()
        offset = 12288 + block * size + (12 if offset == "within the catalog" else 0)
    content = bytearray(Path(filled.file.path).read_bytes())
    content[offset] ^= 1
    Path(filled.file.path).write_bytes(content)
    refused_untouched(filled, StoreCorrupt)


@pytest.mark.parametrize("cut", range(5))
def test_a_store_cut_anywhere_loses_no_outcome_that_is_learned_later(filled, cut):
    content = Path(filled.file.path).read_bytes()
    length = random.Random(cut).randrange(1, len(content))
    Path(filled.file.path).write_bytes(content[:length])
    filled.submit([insert(outcome(77))])
    if filled.journal.names():
        Path(filled.file.path).write_bytes(content)
    assert 77 in ids_in(filled)


def test_a_corrupt_log_is_refused(store):
    store.submit([insert(outcome(1))])
    log = bytearray(Path(store.file.path + ".wal").read_bytes())
    log[len(log) // 2] ^= 1
    Path(store.file.path + ".wal").write_bytes(log)
    refused_untouched(store, StoreCorrupt)


def test_an_unfinished_entry_at_the_end_of_the_log_was_never_told_of_and_is_left_out(store):
    store.submit([insert(outcome(1))])
    size = log_bytes(store.file.path)
    store.submit([insert(outcome(2))])
    os.truncate(store.file.path + ".wal", size + 100)
    assert ids_in(store) == [1]
    assert not store.submit([insert(outcome(3))]).queued
    assert ids_in(store) == [1, 3]


def test_a_database_that_is_none_of_ours_is_refused_untouched(store, tmp_path):
    with connected(store.file.path, read_only=False, spill_dir=str(tmp_path)) as connection:
        connection.execute("CREATE TABLE memories (a INTEGER); CHECKPOINT store")
    refused_untouched(store, StoreCorrupt)


def test_a_store_that_says_no_schema_is_refused_untouched(filled):
    with filled.file.opened(read_only=False) as connection:
        connection.execute("DELETE FROM replica; CHECKPOINT store")
    refused_untouched(filled, StoreCorrupt)


def test_a_folder_in_the_place_of_the_store_is_an_error_that_says_so(store):
    os.mkdir(store.file.path)
    with pytest.raises(StoreError, match="Is a directory"):
        ids_in(store)
    assert store.submit([insert(outcome(1))]).queued


# What is said of what DuckDB says


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("IO Error: Could not set lock on file PATH: Conflicting lock is held", StoreBusy),
        ("IO Error: Cannot open file PATH: Permission denied", StoreUnwritable),
        ("IO Error: Cannot open file PATH: Read-only file system", StoreUnwritable),
        (
            'Invalid Input Error: Cannot execute "UPDATE" on database "store" attached in read-only mode!',
            StoreUnwritable,
        ),
        ("IO Error: Could not write file PATH: No space left on device", StoreUnwritable),
        ("FATAL Error: invalidated.\nOriginal error: could not write: No space left on device", StoreUnwritable),
        ("IO Error: Corrupt database file: computed checksum 1 does not match 2", StoreCorrupt),
        ("IO Error: Failure while replaying WAL file PATH.wal: broken", StoreCorrupt),
        ("IO Error: Cannot open file PATH: Too many open files", StoreError),
        ("Out of Memory Error: could not allocate", StoreError),
    ],
)
@pytest.mark.parametrize("path", ["/s/memory.duckdb", "/wal/corrupt/checksum/no space left/permission denied/m.duckdb"])
def test_an_error_is_told_by_its_words_and_never_by_the_path(said, error, path):
    told = engine._explain(Exception(said.replace("PATH", path)), path)
    assert error is type(told)
    assert path in told.message
    assert told.hint


def test_ctrl_c_within_duckdb_is_an_interrupt(tmp_path):
    with pytest.raises(KeyboardInterrupt), engine.explained("x"):
        raise RuntimeError("Query interrupted")
    with pytest.raises(RuntimeError, match="another"), engine.explained("x"):
        raise RuntimeError("another")


def test_a_transaction_is_all_or_nothing(filled):
    with filled.file.opened(read_only=False) as connection:
        with pytest.raises(ZeroDivisionError), engine.transaction(connection):
            connection.execute("DELETE FROM memories")
            1 / 0  # noqa: B018
        with pytest.raises(ZeroDivisionError), engine.transaction(connection):
            connection.execute("ROLLBACK")
            1 / 0  # noqa: B018
    assert ids_in(filled) == [1, 2]


# A checkpoint that never ended


@pytest.fixture
def saved(filled, monkeypatch):
    """A store, and its content before a checkpoint that left its undo file."""
    filled.submit([insert(outcome(3)), forget(1)])
    before = Path(filled.file.path).read_bytes()
    with filled.file.opened(read_only=False) as connection:
        monkeypatch.setattr(undo, "remove_if_there", lambda path: None)
        undo.checkpoint(connection, filled.file.path)
        monkeypatch.undo()
    assert filled.file.was_left_open()
    return filled, before


def test_a_checkpoint_that_ended_is_not_undone(saved):
    store, before = saved
    assert ids_in(store) == [2, 3]
    assert not store.file.was_left_open()
    assert before != Path(store.file.path).read_bytes()


def test_a_block_that_was_torn_is_put_back(filled):
    filled.submit([insert(outcome(3))])
    with filled.file.opened(read_only=False) as connection:
        iteration = max(header(filled.file.path))
        connection.execute("SELECT 1")
    path = Path(filled.file.path)
    content = path.read_bytes()
    size = 262144
    block = content[12288 : 12288 + size]
    parts = [iteration.to_bytes(8, "little"), (12288).to_bytes(8, "little"), size.to_bytes(8, "little"), block]
    Path(undo.undo_path(filled.file.path)).write_bytes(b"".join(parts))
    path.write_bytes(content[:12288] + os.urandom(size // 2) + content[12288 + size // 2 :])
    assert ids_in(filled) == [1, 2, 3]
    assert not filled.file.was_left_open()
    assert content == path.read_bytes()


@pytest.mark.parametrize(("start", "error"), [(b"DUCK\x41", StoreTooNew), (b"KCUD\x40", StoreCorrupt)])
def test_nothing_is_put_back_into_a_file_of_another_layout(saved, start, error):
    store, _ = saved
    path = Path(store.file.path)
    content = path.read_bytes()
    other = content[:8] + start + content[13:]
    path.write_bytes(other)
    with pytest.raises(error):
        undo.undo_unfinished(store.file.path)
    assert other == path.read_bytes()
    refused_untouched(store, StoreCorrupt)  # as DuckDB says, since our change broke its checksum
    assert store.file.was_left_open()
    path.write_bytes(content)
    assert ids_in(store) == [2, 3, 77]


def test_a_file_of_another_layout_gets_no_checkpoint(filled):
    path = Path(filled.file.path)
    with filled.file.opened(read_only=False) as connection:
        content = path.read_bytes()
        with open(path, "r+b") as file:
            os.pwrite(file.fileno(), b"\x41", 12)
        with pytest.raises(StoreTooNew):
            undo.checkpoint(connection, filled.file.path)
        with open(path, "r+b") as file:
            os.pwrite(file.fileno(), b"\x40", 12)
    assert content == path.read_bytes()
    assert not filled.file.was_left_open()


def header(path):
    content = Path(path).read_bytes()
    return [int.from_bytes(content[at + 8 : at + 16], "little") for at in (4096, 8192)]
