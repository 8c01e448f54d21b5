"""A record comes back from its row as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.codec import to_json
from alma_cli.store import Insert, Selection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import RECORD_COLUMNS, record_row, row_record
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.reading.reader import Reader
from alma_cli.store.writing.fold import fold
from tests.store.samples import NOON, NOTHING_DERIVED, an_operation, outcome, records, store_in


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with store_in(tmp_path_factory.mktemp("rows")).writing() as connection:
        yield connection


class Undone(Exception):  # noqa: N818
    """What was folded is rolled back."""


@given(st.lists(records(), unique_by=lambda record: record.id, max_size=4))
def test_records_come_back_as_they_were(connection, given):
    operation = an_operation(Insert, entries=tuple(Entry(record=record) for record in given))
    with pytest.raises(Undone), transaction(connection):
        fold(connection, [operation], now_ms=0, learning=NOTHING_DERIVED)
        assert {record.id: record for record in given} == Reader(connection).records([record.id for record in given])
        assert {record.id for record in given} == {record.id for record in Reader(connection).listed(Selection())}
        raise Undone


@given(records())
def test_a_row_has_no_columns_but_those_of_the_table(record):
    assert set(record_row(record)) <= set(RECORD_COLUMNS)


@given(records())
def test_what_came_back_exports_alike(connection, record):
    with pytest.raises(Undone), transaction(connection):
        fold(connection, [an_operation(Insert, entries=(Entry(record=record),))], now_ms=0, learning=NOTHING_DERIVED)
        row = connection.execute(f"SELECT {', '.join(RECORD_COLUMNS)} FROM memories").fetchone()
        assert to_json(record) == to_json(row_record(row))
        raise Undone


def test_the_views_show_columns_that_people_can_query(connection):
    with pytest.raises(Undone), transaction(connection):
        fold(
            connection,
            [an_operation(Insert, entries=(Entry(record=outcome(1, labels={"pr": "7"})),))],
            now_ms=0,
            learning=NOTHING_DERIVED,
        )
        row = connection.execute("SELECT task, outcome, labels['pr'], happened_at FROM outcomes").fetchall()
        assert [("task 1", "success", "7", NOON.replace(tzinfo=None))] == row
        for view in ("heuristics", "anti_patterns", "preferences", "knowledge", "credits"):
            assert [] == connection.execute(f"FROM {view}").fetchall()
        raise Undone
