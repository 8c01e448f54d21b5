"""The folder keeps what every remote promises, and so does the container in memory that other tests use."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from alma_cli.core.replication.documents import Unreadable
from alma_cli.errors import CheckpointLost, RemoteError, RemoteMissing, RemoteRefused, RemoteThrottled
from alma_cli.remote import folder
from alma_cli.remote.folder import FolderRemote
from alma_cli.remote.protocol import Clash, Write
from tests.contracts.memory_remote import Container, MemoryRemote
from tests.contracts.remote_contract import RemoteContract, SearchContract, an_id, drained, new, over, stored


class TestMemory(RemoteContract, SearchContract):
    @pytest.fixture
    def open_remote(self):
        container = Container()
        return lambda project_id="p": MemoryRemote(container, project_id)


class TestFolder(RemoteContract):
    @pytest.fixture
    def open_remote(self, tmp_path):
        return lambda project_id="p": FolderRemote(str(tmp_path / "shared"), project_id, patience_s=5)


@pytest.fixture
def shared(tmp_path):
    return tmp_path / "shared"


@pytest.fixture
def remote(shared):
    return FolderRemote(str(shared), "p", patience_s=0.1)


@pytest.fixture
def settled(monkeypatch):
    """Changes count as old enough at once, as they do after some seconds."""
    monkeypatch.setattr(folder, "_UNSETTLED_S", -1e9)


def files_in(path):
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_document_is_a_small_readable_file_that_diffs_well(remote, shared):
    stored(remote, new(1, "helena", zeta=1, vector="[0.5,-0.25]"))
    path = shared / "p" / "helena" / an_id(1)[:2] / f"{an_id(1)}.json"
    assert path.read_text().splitlines() == [
        "{",
        '  "agent": "helena",',
        '  "fact": "f",',
        f'  "id": "{an_id(1)}",',
        '  "kind": "knowledge",',
        '  "project_id": "p",',
        '  "zeta": 1,',
        '  "embedding": [0.5,-0.25]',
        "}",
    ]


def test_writing_the_same_again_writes_the_same_bytes(remote, shared):
    stored(remote, new(1, b=1, a=2))
    before = files_in(shared)
    found = remote.read("helena", an_id(1))
    stored(remote, Write(agent="helena", id=an_id(1), body=dict(reversed(found.body.items())), etag=found.etag))
    assert files_in(shared) == before


def test_reading_makes_nothing(remote, shared):
    drained(remote)
    remote.read("helena", an_id(1))
    assert not shared.exists()


def test_what_did_not_change_is_not_read_again(remote, settled):
    stored(remote, *[new(number) for number in range(40)])
    _, checkpoint = drained(remote)
    before = remote.usage.requests
    assert drained(remote, checkpoint) == ({}, checkpoint)
    assert remote.usage.requests == before


def test_files_dated_years_ahead_are_not_read_again_for_years(remote, shared, monkeypatch):
    """As a machine with another clock leaves them, where a drive or a copy keeps times."""
    stored(remote, *[new(number) for number in range(40)])
    for path in shared.rglob("*.json"):
        os.utime(path, (2e9, 2e9))
    monkeypatch.setattr(folder, "time", lambda: 1.9e9)  # when the changes of today are long settled
    _, checkpoint = drained(remote)
    before = remote.usage.requests
    assert drained(remote, checkpoint) == ({}, checkpoint)
    assert remote.usage.requests == before


def test_a_change_of_now_is_seen_though_its_file_is_dated_years_ahead(remote, shared):
    [document] = stored(remote, new(1))
    os.utime(shared / "p" / "helena" / document.id[:2] / f"{document.id}.json", (2e9, 2e9))
    _, checkpoint = drained(remote)
    assert drained(remote, checkpoint)[0], "what was changed just now is read again"


def test_a_change_of_same_size_within_a_tick_of_the_clock_is_seen(remote, shared):
    [document] = stored(remote, new(1, fact="one"))
    path = shared / "p" / "helena" / an_id(1)[:2] / f"{an_id(1)}.json"
    times = path.stat()
    _, checkpoint = drained(remote)
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert drained(remote, checkpoint)[0]["helena", document.id].body["fact"] == "two"


@pytest.mark.parametrize(
    "content, reason",
    [
        (b'{\n<<<<<<< HEAD\n  "fact": "a"\n=======\n  "fact": "b"\n>>>>>>> theirs\n}\n', "resolve the conflict"),
        (b"", "can't be read"),
        (b"[1]", "isn't a JSON object"),
        (b'{"agent": "victor", "id": "other"}', "aren't those of its place"),
        (b'{"agent": "helena", "value": NAN}', "can't be read"),
        (b"[" * 100_000, "can't be read"),
        (b"\xff\xfe", "can't be read"),
    ],
)
def test_what_git_or_a_hand_left_unreadable_is_shown_and_never_overwritten(remote, shared, content, reason):
    [document] = stored(remote, new(1))
    path = shared / "p" / "helena" / an_id(1)[:2] / f"{an_id(1)}.json"
    path.write_bytes(content)
    found = remote.read("helena", an_id(1))
    assert isinstance(found, Unreadable)
    assert (str(path), "helena", an_id(1)) == (found.name, found.agent, found.id)
    assert reason in found.reason
    assert drained(remote)[0]["helena", an_id(1)] == found
    assert [type(result) for result in remote.write([over(document, fact="b"), new(1)])] == [Clash, Clash]
    assert path.read_bytes() == content


def test_a_copy_that_a_shared_disk_made_of_a_conflict_is_told_apart(remote, shared):
    stored(remote, new(1))
    path = shared / "p" / "helena" / an_id(1)[:2] / f"{an_id(1)}.json"
    copy = path.with_name(f"{an_id(1)} (conflicted copy).json")
    copy.write_bytes(path.read_bytes())
    found = {one.name if isinstance(one, Unreadable) else one.id for one in next(remote.changes(None)).found}
    assert {an_id(1), str(copy)} == found


def test_leftovers_and_foreign_files_are_ignored(remote, shared):
    stored(remote, new(1))
    top = shared / "p" / "helena" / an_id(1)[:2]
    (top / f"{an_id(2)}.json.1.tmp").write_text("{")
    (top / "README.md").write_text("hello")
    (top / ".hidden.json").write_text("{")
    (shared / "p" / ".git").mkdir()
    assert [an_id(1)] == [one.id for one in next(remote.changes(None)).found]
    assert (shared / "p" / ".gitignore").read_text().splitlines()[1:] == [".lock", "*.tmp"]


def test_a_file_that_is_larger_than_any_document_is_not_read_whole(remote, shared):
    [document] = stored(remote, new(1))
    huge = shared / "p" / "helena" / document.id[:2] / f"{document.id}.json"
    with huge.open("r+b") as file:
        file.truncate(2**32)  # hardly any of it is on the disk
    [found] = next(remote.changes(None)).found
    assert isinstance(found, Unreadable)
    assert ("it can't be read: it is too large for a document", document.id) == (found.reason, found.id)


def test_another_folder_in_its_place_is_noticed(remote, shared):
    stored(remote, new(1))
    _, checkpoint = drained(remote)
    shared.rename(shared.with_name("old"))
    stored(remote, new(1))
    with pytest.raises(CheckpointLost) as error:
        drained(remote, checkpoint)
    assert "another one than at the last sync" in error.value.message


def test_a_disk_that_is_not_there_is_missing_and_not_empty(tmp_path):
    remote = FolderRemote(str(tmp_path / "not" / "mounted"), "p", patience_s=0.1)
    for call in (lambda: drained(remote), lambda: list(remote.write([new(1)]))):
        with pytest.raises(RemoteMissing) as error:
            call()
        assert "file.path" in error.value.hint
    assert not (tmp_path / "not").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_refuses(remote, shared):
    stored(remote, new(1))
    for path in shared.rglob("*"):
        path.chmod(0o500 if path.is_dir() else 0o400)
    with pytest.raises(RemoteRefused):
        list(remote.write([new(2)]))


@pytest.mark.parametrize("seen", [True, False], ids=["file", "folder"])
def test_a_drive_that_moves_files_while_they_are_looked_for_stops_nothing(remote, shared, monkeypatch, seen):
    stored(remote, new(1), new(2))
    moving, staying = sorted(shared.rglob("*.json"))
    content, look, list_names = moving.read_bytes(), os.scandir, os.listdir

    def looked(folder):
        if str(folder) != str(moving.parent):
            return look(folder)
        found = list(look(folder)) if seen else []
        shutil.rmtree(folder)
        return nullcontext(found) if seen else look(folder)

    def listed(folder):
        if str(folder) == str(moving.parent):
            shutil.rmtree(folder)
        return list_names(folder)

    monkeypatch.setattr(os, "scandir", looked)
    found, checkpoint = drained(remote)
    assert [staying.stem] == [id for _, id in found]
    monkeypatch.setattr(os, "scandir", look)
    for _ in range(2):
        moving.parent.mkdir()
        moving.write_bytes(content)
        found, _ = drained(remote, checkpoint)
        assert ("helena", moving.stem) in found
        monkeypatch.setattr(os, "listdir", listed)
        assert frozenset([staying.stem]) == remote.ids()
        monkeypatch.setattr(os, "listdir", list_names)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_what_a_group_shares_all_of_it_may_write_whatever_the_umask_is(tmp_path, umask):
    for path, mode in ((tmp_path / "ours", 0o2770), (tmp_path / "mine", 0o700)):
        path.mkdir()
        path.chmod(mode)
        before = os.umask(umask)
        try:
            list(FolderRemote(str(path), "p", patience_s=1).write([new(1)]))
        finally:
            os.umask(before)
        granted = {one.stat().st_mode & 0o060 for one in path.rglob("*")}
        assert granted == ({0o060} if mode & 0o020 else {~umask & 0o040})


def test_a_folder_that_stays_locked_is_busy(remote, shared):
    stored(remote, new(1))
    with remote._locked(), pytest.raises(RemoteThrottled) as error:
        list(FolderRemote(str(shared), "p", patience_s=0.05).write([new(2)]))
    assert "stayed locked for 0.05 s" in error.value.message


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing_and_replace_nothing_unseen(shared):
    script = """
import sys
from alma_cli.remote.protocol import Clash, Write
from alma_cli.remote.folder import FolderRemote
remote = FolderRemote(sys.argv[1], "p", patience_s=60)
body = {"id": "f" * 32, "agent": "a", "n": 0}
for _ in range(40):
    write = Write(agent="a", id="f" * 32, body=body)
    while True:
        [result] = remote.write([write])
        if not isinstance(result, Clash):
            break
        present = result.present
        write = Write(agent="a", id="f" * 32, body={**present.body, "n": present.body["n"] + 1}, etag=present.etag)
"""
    workers = [
        subprocess.Popen([sys.executable, "-c", script, shared], cwd=Path(__file__).parents[2]) for _ in range(4)
    ]
    assert [worker.wait() for worker in workers] == [0] * 4
    # The very first write is the only one that doesn't count up.
    found = FolderRemote(str(shared), "p", patience_s=5).read("a", "f" * 32)
    assert 4 * 40 - 1 == found.body["n"]
    assert [] == list(shared.rglob("*.tmp"))
    assert json.loads((shared / "p" / "a" / "ff" / f"{'f' * 32}.json").read_text()) == found.body


def test_the_folder_says_whether_it_is_there_and_has_no_readers_without_a_store(remote, shared):
    assert not remote.is_there
    stored(remote, new(1))
    assert remote.is_there
    assert not remote.has_readers


@pytest.mark.parametrize("link", ["p", "p/helena", f"p/helena/{an_id(1)[:2]}"])
def test_a_folder_that_is_a_link_is_neither_read_nor_written(remote, shared, tmp_path, link):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{an_id(1)}.json").write_text("{}")
    (shared / link).parent.mkdir(parents=True)
    (shared / link).symlink_to(outside, target_is_directory=True)
    for use in (
        lambda: drained(remote),
        lambda: stored(remote, new(1, "helena")),
        lambda: remote.read("helena", an_id(1)),
    ):
        with pytest.raises(RemoteRefused) as error:
            use()
        assert f"{shared / link} is a symbolic link" in error.value.message
    assert [f"{an_id(1)}.json"] == [path.name for path in outside.iterdir()]


def test_a_pipe_in_the_place_of_the_folders_id_is_told_of_and_nobody_waits_for_it(remote, shared):
    stored(remote, new(1))
    (shared / "p/.folder").unlink()
    os.mkfifo(shared / "p/.folder")
    with pytest.raises(RemoteError, match="it is no regular file"):
        drained(remote)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_found_unreadable_and_nobody_waits_for_it(remote, shared, make):
    write = new(1)
    stored(remote, write)
    (path,) = (shared / "p").rglob(f"{write.id}.json")
    path.unlink()
    make(path)
    found = remote.read(write.agent, write.id)
    assert isinstance(found, Unreadable)
    assert found.reason.endswith("it is no file")
    assert [Clash] == [type(one) for one in remote.write([write])]


def test_a_file_that_is_a_link_is_set_aside_without_what_it_leads_to(remote, shared, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    [written] = stored(remote, new(1, "helena"))
    path = shared / "p/helena" / an_id(1)[:2] / f"{an_id(1)}.json"
    path.unlink()
    path.symlink_to(secret)
    found = remote.read("helena", an_id(1))
    assert isinstance(found, Unreadable)
    assert ("it can't be read: it is a symbolic link", str(secret)) == (found.reason, found.raw)
    [result] = remote.write([new(1, "helena", etag=written.etag)])
    assert isinstance(result, Clash)
    assert "secret" == secret.read_text()


def test_a_file_whose_name_is_no_unicode_is_unreadable_by_a_name_that_is_one(remote, shared):
    stored(remote, new(1, "a"))
    strange = os.fsencode(shared / "p" / "a") + b"/\xff.json"
    with open(strange, "wb") as file:
        file.write(b"{}")
    [found] = [one for page in remote.changes(None) for one in page.found if isinstance(one, Unreadable)]
    assert ("", "") == (found.id, found.agent)
    assert found.name.endswith("/\ufffd.json")
    assert {an_id(1), "\ufffd"} == remote.ids()


def test_a_document_in_a_folder_that_is_not_its_own_is_no_second_one_and_stops_none(remote, shared):
    stored(remote, new(1, "a"))
    path = shared / "p" / "a" / an_id(1)[:2] / f"{an_id(1)}.json"
    for elsewhere in (shared / "p" / "a" / "zz", shared / "p" / "a"):
        elsewhere.mkdir(exist_ok=True)
        (elsewhere / path.name).write_bytes(path.read_bytes())
    found = [one for page in remote.changes(None) for one in page.found]
    assert [("", ""), ("", ""), ("a", an_id(1))] == sorted((one.agent, one.id) for one in found)
