"""The journal keeps each operation as one whole file until it is in the store, and loses none."""

import os

import pytest

from alma_cli.errors import StoreUnwritable
from alma_cli.store.inbox.journal import Journal
from alma_cli.store.inbox.operations import MalformedError
from tests.store.samples import insert, outcome


@pytest.fixture
def journal(tmp_path):
    return Journal(str(tmp_path / "journal"))


def test_a_journal_that_was_never_written_is_empty(journal):
    assert journal.names() == []
    assert journal.damaged() == []
    journal.sweep()
    assert not os.path.exists(journal.folder)


def test_what_is_written_can_be_read_until_it_is_removed(journal):
    operation = insert(outcome(1))
    name = journal.write(operation)
    assert [name] == journal.names()
    assert operation == journal.read(name)
    journal.remove([name])
    assert journal.names() == []
    assert journal.read(name) is None
    journal.remove([name])


def test_files_are_their_owners_only_and_nothing_else_is_left(journal):
    name = journal.write(insert(outcome(1)))
    assert os.stat(journal.folder).st_mode & 0o777 == 0o700
    assert os.stat(os.path.join(journal.folder, name)).st_mode & 0o777 == 0o600
    assert [name] == os.listdir(journal.folder)


def test_names_sort_by_the_time_of_writing(journal):
    written = [journal.write(insert(outcome(number))) for number in range(20)]
    assert written == journal.names()


def test_unfinished_and_foreign_files_dont_wait(journal):
    journal.write(insert(outcome(1)))
    for name in (".1-ab.json.tmp", ".hidden.json", "notes.txt"):
        open(os.path.join(journal.folder, name), "w").close()
    assert len(journal.names()) == 1


def test_what_is_set_aside_is_kept_and_waits_no_more(journal):
    name = journal.write(insert(outcome(1)))
    path = journal.set_aside(name)
    assert journal.names() == []
    assert [path] == journal.damaged() == journal.damaged_among([name, "another"])
    assert os.path.getsize(path) > 100


def test_what_is_no_operation_is_malformed(journal):
    os.makedirs(journal.folder)
    with open(os.path.join(journal.folder, "1.json"), "w") as file:
        file.write('{"format": 1, "op": "insert", "entr')
    with pytest.raises(MalformedError):
        journal.read("1.json")


def test_only_what_was_abandoned_long_ago_is_swept(journal):
    journal.write(insert(outcome(1)))
    old, young = (os.path.join(journal.folder, name) for name in (".old.json.tmp", ".young.json.tmp"))
    for path in (old, young):
        open(path, "w").close()
    os.utime(old, (1, 1))
    journal.sweep()
    assert (False, True) == (os.path.exists(old), os.path.exists(young))
    assert len(journal.names()) == 1


def test_a_folder_that_cant_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "journal").write_text("a file")
    journal = Journal(str(tmp_path / "journal"))
    with pytest.raises(StoreUnwritable, match="nothing was recorded"):
        journal.write(insert(outcome(1)))
    assert journal.names() == []


def test_a_file_that_cant_be_removed_is_left(journal):
    os.makedirs(os.path.join(journal.folder, "1.json"))
    journal.remove(["1.json"])
    assert ["1.json"] == journal.names()
