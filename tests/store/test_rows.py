"""A record comes back from its row as it was."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.codec import to_json
from alma_cli.core.records import (
    COMPUTED,
    FIELD_NAMES,
    FIELDS,
    PLURALS,
    RECORD_TYPES,
    RESULT_VALUES,
    AntiPattern,
    Heuristic,
    Knowledge,
)
from alma_cli.store import Insert, Selection
from alma_cli.store.database.engine import transaction
from alma_cli.store.database.rows import (
    RECORD_COLUMNS,
    RELEVANT_AT,
    ROW_TYPES,
    SUCCESS,
    record_row,
    row_record,
)
from alma_cli.store.database.values import rows_from
from alma_cli.store.inbox.operations import Entry
from alma_cli.store.reader import Reader
from alma_cli.store.writing.fold import fold
from tests.store.samples import NOON, NOTHING_DERIVED, an_operation, common, outcome, records, store_in


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with store_in(tmp_path_factory.mktemp("rows")).file.opened(read_only=False) as connection:
        yield connection


class Undone(Exception):  # noqa: N818
    """What was folded is rolled back."""


@given(st.lists(records(), unique_by=lambda record: record.id, max_size=4))
def test_records_come_back_as_they_were(connection, given):
    operation = an_operation(Insert, entries=tuple(Entry(record=record) for record in given))
    with pytest.raises(Undone), transaction(connection):
        fold(connection, [operation], now_ms=0, rules=NOTHING_DERIVED)
        assert {record.id: record for record in given} == Reader(connection).records([record.id for record in given])
        assert {record.id for record in given} == {record.id for record in Reader(connection).listed(Selection())}
        raise Undone


@given(records())
def test_a_row_has_no_columns_but_those_of_the_table(record):
    assert set(record_row(record)) <= set(ROW_TYPES)


@given(records())
def test_what_came_back_exports_alike(connection, record):
    with pytest.raises(Undone), transaction(connection):
        fold(connection, [an_operation(Insert, entries=(Entry(record=record),))], now_ms=0, rules=NOTHING_DERIVED)
        row = connection.execute(f"SELECT {RECORD_COLUMNS} FROM memories").fetchone()
        assert to_json(record) == to_json(row_record(row))
        raise Undone


def test_the_views_show_columns_that_people_can_query(connection):
    with pytest.raises(Undone), transaction(connection):
        fold(
            connection,
            [an_operation(Insert, entries=(Entry(record=outcome(1, labels={"pr": "7"})),))],
            now_ms=0,
            rules=NOTHING_DERIVED,
        )
        row = connection.execute("SELECT task, outcome, labels['pr'], happened_at FROM outcomes").fetchall()
        assert [("task 1", "success", "7", NOON.replace(tzinfo=None))] == row
        for view in ("heuristics", "anti_patterns", "preferences", "knowledge", "credits"):
            assert [] == connection.execute(f"FROM {view}").fetchall()
        raise Undone


def test_the_store_has_a_column_of_its_type_for_every_field(connection):
    columns = connection.execute("SELECT column_name, data_type FROM duckdb_columns WHERE table_name = 'memories'")
    stored = dict(columns.fetchall())
    assert {**ROW_TYPES, "value": "INTEGER"} == {name: stored[name] for name in ROW_TYPES}  # 1 or -1 needs no more


def test_a_column_that_was_empty_before_its_field_was_known_has_the_default():
    row = {**dict.fromkeys(ROW_TYPES), **record_row(outcome()), "feedback": None}
    times = dict.fromkeys(("created_at", "updated_at", "happened_at"), NOON.replace(tzinfo=None))
    assert outcome() == row_record([*{**row, **times}.values()])


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_the_view_of_a_kind_has_all_its_fields_but_unknown_ones(connection, kind):
    columns = {name for name, *_ in connection.execute(f"DESCRIBE {PLURALS[kind]}").fetchall()}
    computed = set(COMPUTED[kind])
    assert columns == {FIELDS[name].column for name in FIELD_NAMES[kind] if name != "extra"} | computed


LATER = NOON + timedelta(days=1)


def knowledge(**changes):
    return Knowledge(**common(fact="It rains", **changes))


def heuristic(**changes):
    return Heuristic(**common(condition="it rains", strategy="umbrella", **changes))


def anti_pattern(**changes):
    return AntiPattern(**common(pattern="no umbrella", **changes))


def said_by_sql(connection, expression, record):
    """What an expression is for the row of a record."""
    sql = f"SELECT {expression} FROM {rows_from(ROW_TYPES)}"
    return connection.execute(sql, [json.dumps([record_row(record)])]).fetchone()[0]


@pytest.mark.parametrize(
    ("record", "time"),
    [
        (outcome(at=LATER), LATER),
        (heuristic(), NOON),
        (heuristic(last_validated_at=LATER), LATER),
        (anti_pattern(), NOON),
        (anti_pattern(last_seen_at=LATER), LATER),
        (knowledge(), NOON),
        (knowledge(last_verified_at=LATER), LATER),
        (knowledge(updated_at=LATER), LATER),
    ],
)
def test_recency_counts_from_when_the_memory_last_proved_itself(connection, record, time):
    assert time.replace(tzinfo=None) == said_by_sql(connection, RELEVANT_AT, record)


@pytest.mark.parametrize(
    ("record", "success"),
    [
        *((outcome(outcome=result), value) for result, value in RESULT_VALUES.items()),
        (heuristic(occurrences=4, successes=2.5), 0.625),
        (heuristic(), None),
        (knowledge(), None),
    ],
)
def test_success_is_that_of_the_outcome_or_of_those_that_the_rule_grew_out_of(connection, record, success):
    assert success == said_by_sql(connection, SUCCESS, record)
