"""What `store/database/checkpoint.py` knows of the layout of DuckDB's file, which DuckDB promises to nobody.

It copies what a checkpoint rewrites in place, and puts that back after a kill. A failure here says which of its
constants to mend: `_LAYOUT`, `_HEADERS`, `_BLOCKS_START`, or the query for the blocks that are rewritten.
"""

import pytest

from alma_cli.store.database import checkpoint, duckdb

SIZE = 262144


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.duckdb"


@pytest.fixture
def connection(path):
    made = duckdb.connect(":memory:", config={"checkpoint_threshold": "1TB"})
    made.execute(f"ATTACH '{path}' AS store (TYPE duckdb, ROW_GROUP_SIZE 8192); USE store")
    made.execute("CREATE TABLE t AS SELECT range AS i, [range] AS l FROM range(10000); CHECKPOINT store")
    yield made
    made.close()


def numbers(content):
    return [int.from_bytes(content[at + 8 : at + 16], "little") for at in checkpoint._HEADERS]


def test_a_file_begins_with_the_layout_that_is_known(connection, path):
    """`_LAYOUT`, at `_MAGIC_AT`: another number there means another layout, for which every place is to be checked."""
    at = checkpoint._MAGIC_AT
    assert checkpoint._LAYOUT == path.read_bytes()[at : at + len(checkpoint._LAYOUT)]


def test_the_two_headers_take_turns_and_their_number_grows(connection, path):
    """`_HEADERS`: by this number it is known whether a checkpoint got as far as to count."""
    for number in range(3):
        before = numbers(path.read_bytes())
        connection.execute(f"INSERT INTO t VALUES ({number}, []); CHECKPOINT store")
        after = numbers(path.read_bytes())
        assert max(after) == max(before) + 1
        assert min(after) == max(before)


def test_only_headers_and_metadata_blocks_with_room_are_written_in_place(connection, path):
    """The query in `checkpoint`, and `_BLOCKS_START`: whatever else changes in place has to be saved too."""
    for number in range(5):
        connection.execute(f"INSERT INTO t SELECT range, [] FROM range({number * 7000 + 1})")
        before = path.read_bytes()
        [(free, size)] = connection.execute(
            "SELECT free_blocks, block_size FROM pragma_database_size() WHERE database_name = 'store'"
        ).fetchall()
        rewritten = connection.execute(
            "SELECT block_id FROM pragma_metadata_info('store') WHERE free_blocks > 0"
        ).fetchall()
        connection.execute("CHECKPOINT store")
        after = path.read_bytes()
        assert (SIZE, 0) == (size, (len(before) - checkpoint._BLOCKS_START) % SIZE)
        assert before[: checkpoint._HEADERS[0]] == after[: checkpoint._HEADERS[0]]
        places = range(checkpoint._BLOCKS_START, len(before), SIZE)
        changed = {n for n, at in enumerate(places) if before[at : at + SIZE] != after[at : at + SIZE]}
        assert rewritten
        assert len(changed - {block for (block,) in rewritten}) <= free


def test_our_descriptor_is_duckdbs(connection, path):
    """`_descriptor_of` looks for the descriptor by which DuckDB has the file open: does it still have one?"""
    assert checkpoint._descriptor_of(str(path)) > 2
