"""A write is kept whatever happens to the store, and told of as it is; reading goes on."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.errors import StoreBusy, StoreError, StoreUnwritable
from alma_cli.store import Forget, Insert, Receipt, RecordChange, Selection
from alma_cli.store import store as module
from alma_cli.store.database.engine import CHECKPOINT_AT_BYTES, log_bytes
from alma_cli.store.inbox.lock import hold
from alma_cli.store.inbox.operations import encode
from tests.store.samples import an_id, an_operation, entry, forget, ids_in, insert, outcome, store_in, vector

LONG_S = 60.0


def impatient(store):
    return replace(store, wait_s=0.02)


def warnings_of(store):
    with store.reading() as reader:
        return list(reader.warnings)


def put(store, name, content):
    os.makedirs(store.journal.folder, exist_ok=True)
    Path(store.journal.folder, name).write_bytes(content)


# Writing


def test_a_write_is_in_the_store_and_not_in_the_journal(store):
    assert Receipt(changes=(RecordChange("insert", an_id(1)),)) == store.submit([insert(outcome(1))])
    assert store.journal.names() == []
    assert ids_in(store) == [1]


def test_nothing_to_write_is_nothing_written(store):
    assert Receipt() == store.submit([])


def test_an_operation_without_effect_is_no_error(store):
    assert Receipt() == store.submit([an_operation(Insert, entries=()), an_operation(Forget, ids=())])


def test_changes_come_in_the_order_of_the_operations(store):
    receipt = store.submit([insert(outcome(3)), insert(outcome(1), outcome(3))])
    assert [("insert", 3), ("insert", 1), ("skip-present", 3)] == [
        (change.action, int(change.id, 16)) for change in receipt.changes
    ]


@pytest.mark.slow
@settings(max_examples=10)
@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3), min_size=1, max_size=4), st.integers(0, 4))
def test_any_split_between_journal_and_store_gives_the_same(tmp_path_factory, given, cut):
    operations = [insert(*map(outcome, numbers)) for numbers in given]
    together, split = (store_in(tmp_path_factory.mktemp("split")) for _ in range(2))
    together.submit(operations)
    for operation in operations[:cut]:
        split.journal.write(operation)
    ids_in(split)
    for operation in operations[cut:]:
        split.submit([operation])
    assert ids_in(together) == ids_in(split) == sorted({number for numbers in given for number in numbers})


def test_what_another_process_folded_in_is_told_from_the_audit(store):
    with hold(store.lock_path, shared=False, wait_s=0):
        receipts = []
        writer = threading.Thread(target=lambda: receipts.append(store.submit([insert(outcome(1), outcome(1))])))
        writer.start()
        while not store.journal.names():
            pass
        with replace(store, lock_path=store.lock_path + "-of-another").writing():
            pass
    writer.join(LONG_S)
    assert [Receipt(changes=(RecordChange("insert", an_id(1)), RecordChange("skip-present", an_id(1))))] == receipts


def test_threads_of_one_process_may_write_at_once(store):
    def write(start):
        for number in range(start, start + 5):
            assert not store.submit([insert(outcome(number))]).queued

    writers = [threading.Thread(target=write, args=[start]) for start in (1, 6, 11)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(LONG_S)
    assert ids_in(store) == list(range(1, 16))


# When the store is busy


def test_a_write_that_waits_too_long_is_queued_and_folded_in_by_whoever_comes_next(store):
    with hold(store.lock_path, shared=False, wait_s=0):
        receipt = impatient(store).submit([insert(outcome(1))])
    assert receipt.queued
    assert "stayed busy" in receipt.reason
    assert ids_in(store) == [1]
    assert store.journal.names() == []


def test_reading_waits_for_a_writer_no_longer_than_said(store):
    store.submit([insert(outcome(1))])
    with hold(store.lock_path, shared=False, wait_s=0), pytest.raises(StoreBusy), impatient(store).reading():
        pass


def test_what_waits_doesnt_keep_readers_from_reading_beside_each_other(store):
    store.submit([insert(outcome(1))])
    with store.reading():
        store.journal.write(insert(outcome(2)))
        assert ids_in(impatient(store)) == [1]
        (warning,) = warnings_of(impatient(store))
        assert warning.startswith("1 write waits in ")
    assert ids_in(store) == [1, 2]


@pytest.mark.slow
def test_a_program_that_has_the_file_open_makes_a_write_wait_in_the_journal(store):
    store.submit([insert(outcome(1))])
    code = "import _duckdb, sys; c = _duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    shell = subprocess.Popen(
        [sys.executable, "-c", code, store.file.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with shell:
        assert shell.stdout.readline() == b"open\n"
        receipt = store.submit([insert(outcome(2))])
        assert (True, f"another program has {store.file.path} open") == (receipt.queued, receipt.reason)
        with pytest.raises(StoreBusy), store.reading():
            pass
    assert ids_in(store) == [1, 2]


# What is wrong in the journal


DAMAGED = {
    "empty": b"",
    "truncated": encode(insert(outcome(9)))[:-30],
    "garbage": b"\x00\xff" * 40,
    "another JSON": b"[1, 2]",
    "deep": b"[" * 50_000,
    "an id that is none": encode(forget(9)).replace(an_id(9).encode(), rb"\udcff"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_set_aside_said_and_kept_and_the_rest_is_folded_in(store, content):
    put(store, "0-first.json", encode(insert(outcome(1))))
    put(store, "1-damaged.json", content)
    put(store, "2-last.json", encode(insert(outcome(2))))
    receipt = store.submit([insert(outcome(3))])
    assert not receipt.queued
    kept = f"{store.journal.folder}/damaged/1-damaged.json"
    assert (f"a write that can't be read was set aside: {kept}",) == receipt.warnings
    assert content == Path(kept).read_bytes()
    assert [kept] == store.journal.damaged()
    assert ids_in(store) == [1, 2, 3]
    assert warnings_of(store) == []


def test_a_reader_is_told_what_was_set_aside(store):
    put(store, "1-damaged.json", b"")
    assert ["a write that can't be read was set aside"] == [line.split(":")[0] for line in warnings_of(store)]


def test_what_a_newer_alma_wrote_waits_for_one(store):
    put(store, "0-newer.json", b'{"format": 2}')
    receipt = store.submit([insert(outcome(1))])
    assert receipt.changes
    assert ["0-newer.json"] == store.journal.names()
    assert "waits for a newer ALMA" in receipt.warnings[0]
    assert ids_in(store) == [1]


def test_a_file_that_cant_be_read_or_moved_waits_and_is_said(store):
    put(store, "0-ok.json", encode(insert(outcome(1))))
    os.mkdir(Path(store.journal.folder, "1-folder.json"))
    put(store, "2-damaged.json", b"")
    Path(store.journal.folder, "damaged").write_text("in the way")
    receipt = store.submit([insert(outcome(2))])
    assert not receipt.queued
    assert ["1-folder.json", "2-damaged.json"] == store.journal.names()
    assert [True, True] == ["1-folder" in receipt.warnings[0], "2-damaged" in receipt.warnings[1]]
    assert ids_in(store) == [1, 2]


def impossible(number):
    """An operation that no store takes: its record's time is none."""
    return insert(replace(outcome(number), labels={"a": ["not", "text"]}, created_at="never"))


def test_what_can_never_be_folded_in_is_set_aside_and_the_rest_is_stored(store, monkeypatch):
    operations = {"1.json": insert(outcome(1)), "2.json": impossible(2), "3.json": insert(outcome(3))}
    monkeypatch.setattr(store.journal, "read", operations.get)
    for name in operations:
        put(store, name, b"")
    assert ids_in(store) == [1, 3]
    assert [] == store.journal.names()
    assert [f"{store.journal.folder}/damaged/2.json"] == store.journal.damaged()


def test_a_writer_is_told_when_what_it_wrote_was_set_aside(store):
    def folded_by_another():
        (name,) = store.journal.names()
        store.journal.set_aside(name)

    with hold(store.lock_path, shared=False, wait_s=0):
        errors = []

        def write():
            try:
                store.submit([insert(outcome(1))])
            except StoreError as error:
                errors.append(error.message)

        ids_in_made(store)
        writer = threading.Thread(target=write)
        writer.start()
        while not store.journal.names():
            pass
        folded_by_another()
    writer.join(LONG_S)
    assert [f"what was to be recorded could not be stored, and is kept in {store.journal.damaged()[0]}"] == errors


def ids_in_made(store):
    """Make the store, for who holds its lock already."""
    with store.file.opened(read_only=False):
        pass


def test_many_waiting_files_are_folded_in_order(store):
    for number in range(1, 151):
        store.journal.write(insert(outcome(number)))
    assert ids_in(store) == list(range(1, 151))
    with store.reading() as reader:
        ids = [int(record.id, 16) for record in reader.listed(Selection(), newest_first=False)]
    assert ids == list(range(1, 151))


def test_the_journal_cant_be_written_is_an_error_and_nothing_is_recorded(store):
    Path(store.journal.folder).write_text("in the way")
    with pytest.raises(StoreUnwritable, match="nothing was recorded"):
        store.submit([insert(outcome(1))])
    os.unlink(store.journal.folder)
    assert ids_in(store) == []


def test_of_two_operations_both_or_none_are_recorded(store, monkeypatch):
    first = insert(outcome(1))
    second = insert(outcome(2), op_id="no/such/folder")
    with pytest.raises(StoreUnwritable):
        store.submit([first, second])
    assert store.journal.names() == []
    assert ids_in(store) == []


# The log


def grow_log(store, size):
    number = 1000
    while log_bytes(store.file.path) <= size:
        number += 1
        store.submit([insert(outcome(number, task="x" * 3000))])


@pytest.mark.slow
def test_a_long_log_is_moved_into_the_file(store):
    for number in range(1, 40):
        store.submit([insert(outcome(number, task="x" * 3000))])
        assert log_bytes(store.file.path) < CHECKPOINT_AT_BYTES + 20_000
    assert ids_in(store) == list(range(1, 40))


def test_a_log_is_left_while_others_wait_unless_it_is_very_long(store, monkeypatch):
    monkeypatch.setattr(module, "is_awaited", lambda path: True)
    monkeypatch.setattr(module, "_LOG_LIMIT_BYTES", 2 * CHECKPOINT_AT_BYTES)
    grow_log(store, CHECKPOINT_AT_BYTES)
    assert log_bytes(store.file.path) > CHECKPOINT_AT_BYTES
    for number in range(1, 12):
        store.submit([insert(outcome(number, task="x" * 3000))])
    assert log_bytes(store.file.path) < 2 * CHECKPOINT_AT_BYTES


def test_in_bulk_the_log_is_left_until_the_end(store):
    with store.bulk() as bulk:
        bulk.submit([insert(*(outcome(number, task="x" * 3000) for number in range(1, 40)))])
        assert log_bytes(store.file.path) > CHECKPOINT_AT_BYTES
        with bulk.writing() as writer:
            writer.vectors.drop()
        assert log_bytes(store.file.path) > CHECKPOINT_AT_BYTES
        assert ids_in(bulk) == list(range(1, 40))
    assert 0 == log_bytes(store.file.path)
    assert ids_in(store) == list(range(1, 40))


def test_after_an_error_in_bulk_the_log_is_moved_too(store):
    with pytest.raises(ZeroDivisionError), store.bulk() as bulk:
        bulk.submit([insert(outcome(1, task="x" * 3 * CHECKPOINT_AT_BYTES))])
        1 / 0  # noqa: B018
    assert 0 == log_bytes(store.file.path)
    assert ids_in(store) == [1]


def test_a_log_that_cant_be_moved_at_the_end_is_left(store):
    with ExitStack() as held, impatient(store).bulk() as bulk:
        bulk.submit([insert(outcome(1, task="x" * 3 * CHECKPOINT_AT_BYTES))])
        held.enter_context(hold(store.lock_path, shared=False, wait_s=1))
    assert ids_in(store) == [1]


def test_what_one_process_does_at_a_time_is_refused_to_others_at_once(store):
    with store.alone("sync"):
        store.submit([insert(outcome(1))])
        with pytest.raises(StoreBusy), store.alone("sync"):
            pass
    with store.alone("sync"):
        assert ids_in(store) == [1]


def test_sizes_are_those_on_disk(store):
    assert store.bytes_on_disk() == 0
    store.submit([insert(outcome(1))])
    assert store.bytes_on_disk() == os.path.getsize(store.file.path) + os.path.getsize(store.file.path + ".wal")


def test_the_log_is_its_owners_only_however_it_came_to_be(store):
    store.submit([insert(outcome(1))])
    with store.file.opened(read_only=False) as connection:
        connection.execute("CHECKPOINT store")
    with store.writing() as writer:
        writer.vectors.set([outcome(1)], {topic: vector(1, 0, 0) for topic in outcome(1).topics}, "m")
    assert os.stat(store.file.path + ".wal").st_mode & 0o777 == 0o600


def test_a_huge_operation_is_stored(store):
    records = [entry(outcome(number, task="word " * 2000), (1, 0, 0)) for number in range(1, 300)]
    receipt = store.submit([an_operation(Insert, entries=tuple(records))])
    assert len(receipt.changes) == 299
    assert len(ids_in(store)) == 299


# Words to propose


def own_words(number, **changes):
    return outcome(number, **{"when": "", "do": "", "strategy": f"way {number}", **changes})


def proposed_to(store, record):
    given = entry(record, [1.0, 0.0, 0.0])
    receipt = store.submit([an_operation(Insert, entries=(given,))], similar_to=given)
    return [(near.when, near.do, near.outcomes) for near in receipt.similar]


def test_what_is_proposed_says_how_often_it_worked_and_names_its_last_outcome(store):
    known = [("success", "x"), ("failure", "x"), ("success", "x"), ("partial", "y")]
    records = [outcome(n, when=when, do="p", outcome=how) for n, (how, when) in enumerate(known, start=1)]
    store.submit([an_operation(Insert, entries=tuple(entry(one, [1.0, 0.0, 0.0]) for one in records))])
    given = entry(own_words(5), [1.0, 0.0, 0.0])
    near = store.submit([an_operation(Insert, entries=(given,))], similar_to=given).similar
    told = [(one.id, f"{one.worked:g} of {one.outcomes}") for one in near]
    assert [(an_id(3), "2 of 3"), (an_id(4), "0.5 of 1")] == told


def test_new_words_meet_the_nearest_that_are_known_with_all_that_came_of_them(store):
    known = [
        entry(outcome(1, when="x", do="p"), [1.0, 0.0, 0.0]),
        entry(outcome(2, when="x", do="p", outcome="partial"), [1.0, 0.0, 0.0]),
        entry(outcome(3, when="y", do="q"), [0.6, 0.8, 0.0]),
        entry(outcome(4, when="z", do="r", agent="b"), [1.0, 0.0, 0.0]),
        entry(outcome(5, when="z", do="r", domain="ui"), [1.0, 0.0, 0.0]),
    ]
    store.submit([an_operation(Insert, entries=tuple(known))])
    assert [("x", "p", 2), ("y", "q", 1)] == proposed_to(store, own_words(6))
    assert [("x", "p", 2), ("y", "q", 1)] == proposed_to(store, own_words(6))  # the same once more
    assert [] == proposed_to(store, outcome(7, when="y", do="q"))
    assert [] == proposed_to(store, own_words(8, task=own_words(6).task, strategy=own_words(6).strategy))


def test_nothing_is_proposed_to_what_was_forgotten(store):
    store.submit([an_operation(Insert, entries=(entry(outcome(1), [1.0, 0.0, 0.0]), entry(own_words(2))))])
    store.submit([forget(2)])
    assert [] == proposed_to(store, own_words(2))
    assert [("x", "p", 1)] == proposed_to(store, own_words(3))


def test_an_outcome_that_is_told_again_in_other_words_is_not_proposed_its_own(store):
    store.submit([an_operation(Insert, entries=(entry(outcome(1, when="x", do="p"), [1.0, 0.0, 0.0]),))])
    assert [] == proposed_to(store, own_words(1))
    assert [("x", "p", 1)] == proposed_to(store, own_words(2))


def test_words_that_were_last_used_long_ago_are_not_proposed(store, monkeypatch):
    old = entry(outcome(1, when="x", do="p"), [1.0, 0.0, 0.0])
    store.submit([an_operation(Insert, entries=(old, *(entry(own_words(n)) for n in range(2, 6))))])
    monkeypatch.setattr("alma_cli.store.reading.general_words._PROPOSED_FROM", 6)
    assert [("x", "p", 1)] == proposed_to(store, own_words(6))
    assert [] == proposed_to(store, own_words(7))
