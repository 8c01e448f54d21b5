"""A full disk and a folder that may not be written: a clear error, and nothing lost that could be kept."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from alma_cli.errors import StoreUnwritable
from alma_cli.store import Entry
from alma_cli.store import store as module
from tests.durability.stepper import ids_in, insert, outcome, store_in

ROOT = Path(__file__).parent.parent.parent
LEARN = ["learn", "--agent", "a", "--task", "T", "--outcome", "success", "--strategy", "S", "--json"]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="needs root, to mount and to act for others"
)


def mount(*command):
    if subprocess.run(["mount", *command], capture_output=True).returncode:
        pytest.skip("may not mount here")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", folder)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, *, leaving=0):
    """Fill a disk but for some bytes."""
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    os.truncate(folder / "filler", max(0, os.path.getsize(folder / "filler") - leaving))


def alma(project, *argv, before=()):
    """The exit code, and the JSON object that was printed; `before` is what the command is started by."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ALMA_DIR": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*before, sys.executable, "-m", "alma_cli", *argv], env=environ, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def make_project(folder):
    (folder / ".alma").mkdir(parents=True)
    (folder / ".alma" / "config.yaml").write_text("alma:\n  project_id: p\n")
    return folder


# A full disk


def test_on_a_full_disk_learn_says_so_and_records_nothing(small_disk):
    project = make_project(small_disk / "project")
    assert alma(project, *LEARN)[0] == 0
    fill(small_disk)
    code, shown = alma(project, *LEARN)
    assert (1, "store_unwritable") == (code, shown["error"]["code"])
    assert "No space left" in shown["error"]["message"]
    assert shown["error"]["hint"]
    assert os.listdir(project / ".alma" / "journal") == []
    code, shown = alma(project, "retrieve", "T", "--agent", "a", "--json")
    assert (0, 1) == (code, len(shown["data"]["outcomes"]))
    os.unlink(small_disk / "filler")
    assert alma(project, *LEARN)[0] == 0


@pytest.mark.parametrize("argv", [["setup", "agents-md", "--yes"], ["config", "set", "wait_s", "5"]])
def test_on_a_full_disk_a_file_that_cannot_be_written_is_named_with_what_helps(small_disk, argv):
    project = make_project(small_disk / "project")
    assert alma(project, *LEARN)[0] == 0
    fill(small_disk)
    code, shown = alma(project, *argv, "--json")
    assert code in (1, 3)
    assert f"{project}/" in shown["error"]["message"]
    assert (True, "free some space there") == ("No space left" in shown["error"]["message"], shown["error"]["hint"])


def test_what_the_journal_has_room_for_is_kept_until_the_store_has(small_disk):
    home = small_disk / "home"
    home.mkdir()
    store = store_in(home)
    store.submit([insert(1)])
    long = replace(outcome(2), strategy="word " * 8000)
    fill(small_disk, leaving=49_152)
    receipt = store.submit([replace(insert(), entries=(Entry(record=long),))])
    assert receipt.queued
    assert "no space left" in receipt.reason.lower()
    with store.reading() as reader:
        assert [line.startswith("1 write waits in ") for line in reader.warnings] == [True]
    assert ids_in(store) == [1]
    os.unlink(small_disk / "filler")
    assert ids_in(store) == [1, 2]
    assert store.journal.names() == []


def test_at_any_space_left_what_was_told_is_true(small_disk):
    home = small_disk / "home"
    home.mkdir()
    store = store_in(home)
    store.submit([insert(1)])
    told, number = {1}, 1
    for leaving in range(0, 160_000, 12_288):
        fill(small_disk, leaving=leaving)
        number += 1
        try:
            store.submit([insert(number)])
            told.add(number)
        except StoreUnwritable:
            pass
        assert set(ids_in(store)) <= told
        os.unlink(small_disk / "filler")
    assert sorted(told) == ids_in(store)
    assert not store.submit([insert(999)]).queued


def test_a_checkpoint_that_finds_no_space_fails_no_command(small_disk, monkeypatch):
    home = small_disk / "home"
    home.mkdir()
    store = store_in(home)
    store.submit([insert(1)])
    monkeypatch.setattr(module, "CHECKPOINT_AT_BYTES", 0)
    for leaving in (40_000, 300_000, 600_000):
        fill(small_disk, leaving=leaving)
        receipt = store.submit([insert(leaving)])
        assert not receipt.queued, receipt.reason
        os.unlink(small_disk / "filler")
    assert ids_in(store) == [1, 40_000, 300_000, 600_000]


# A folder that may not be written


@pytest.fixture
def project(tmp_path):
    """A project with one outcome."""
    made = make_project(tmp_path / "project")
    assert alma(made, *LEARN)[0] == 0
    return made


def only_reads(project, before=()):
    """Retrieve and stats work; learn says that it doesn't, and nothing changes."""
    files = sorted(path.name for path in (project / ".alma").rglob("*"))
    code, shown = alma(project, "retrieve", "T", "--agent", "a", "--json", before=before)
    assert (0, 1) == (code, len(shown["data"]["outcomes"])), shown
    assert alma(project, "stats", "--json", before=before)[0] == 0
    code, shown = alma(project, *LEARN, before=before)
    assert (1, "store_unwritable") == (code, shown["error"]["code"])
    assert files == sorted(path.name for path in (project / ".alma").rglob("*"))


@pytest.mark.parametrize("waiting", [False, True], ids=["", "with a journal"])
def test_a_folder_of_another_user_can_be_read(project, waiting):
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv, to be root without its rights")
    if waiting:
        store_in(project / ".alma").journal.write(insert(5))
    subprocess.run(["chown", "-R", "65534", project], check=True)
    subprocess.run(["chmod", "-R", "a+rX", project], check=True)
    only_reads(project, before=["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"])


@pytest.mark.parametrize("waiting", [False, True], ids=["", "with a journal"])
def test_a_read_only_mount_can_be_read(project, waiting):
    if waiting:
        store_in(project / ".alma").journal.write(insert(5))
    mount("--bind", project, project)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", project], check=True)
        only_reads(project)
    finally:
        subprocess.run(["umount", "-l", project], check=True)


# A shared folder, a part of which is closed


def test_an_agents_folder_that_is_closed_to_one_costs_nothing_of_the_others(tmp_path):
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv, to be root without its rights")
    shared, closed = tmp_path / "shared", tmp_path / "shared" / "p" / "b"
    one, two = make_project(tmp_path / "one"), make_project(tmp_path / "two")
    for each in (one, two):
        config = each / ".alma" / "config.yaml"
        config.write_text(f"{config.read_text()}  storage: file\n  file:\n    path: {shared}\n")

    def learn(project, agent, task, before=()):
        argv = ["learn", "--agent", agent, "--task", task, "--outcome", "success", "--strategy", "S", "--json"]
        assert alma(project, *argv, before=before)[0] == 0

    def sync(project, *argv, before=()):
        code, shown = alma(project, "sync", *argv, "--json", before=before)
        assert code == 0, shown
        return [shown["data"][name] for name in ("pulled", "pushed", "missing", "set_aside")], shown["warnings"]

    as_other = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    learn(one, "a", "open the shop")
    learn(one, "b", "close the shop")
    sync(one)
    sync(two)
    learn(one, "a", "count the till")
    sync(one)
    learn(two, "a", "sweep the floor")
    learn(two, "b", "lock the door")
    subprocess.run(["chown", "-R", "65534", closed], check=True)
    closed.chmod(0o700)
    counts, warnings = sync(two, before=as_other)
    assert counts == [1, 1, 0, 1]
    refused, waiting, aside = warnings
    assert [True, True] == [str(closed) in one and "chmod -R g+rwX" in one for one in (refused, aside)]
    assert waiting == "1 memory is still to be pushed: run `alma sync` again"
    assert sync(two, "--check", before=as_other)[0] == [0, 0, 0, 0]
    assert len(alma(two, "list", "--kind", "outcome", "--json")[1]["data"]["memories"]) == 5
    closed.chmod(0o777)
    for folder in closed.iterdir():
        folder.chmod(0o777)
    assert sync(two, before=as_other) == ([0, 1, 0, 0], [])
    assert alma(two, "sync", "status", "--json")[1]["data"]["set_aside"] == []
