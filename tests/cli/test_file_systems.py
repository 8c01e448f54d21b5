"""File systems that lack something, and files that root has made in somebody's project."""

import errno
import fcntl
import json
import os
import pwd
import shutil
import stat
import subprocess

import pytest

from alma_cli.files import write_whole


def refuse(number):
    def refused(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return refused


def checks(doctor):
    return {check["name"]: check for check in doctor["data"]["checks"]}


# Locks


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO, errno.ESTALE])
def test_where_there_are_no_locks_the_error_says_so_and_what_is_learned_waits(run_json, learn, monkeypatch, number):
    learn("Ship")
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse(number))
        recorded = run_json("learn", "--agent", "helena", "--task", "Ship again", "--outcome", "success")
        assert "kept in the journal" in recorded["warnings"][0]
        assert f"can't be locked: {os.strerror(number)}" in recorded["warnings"][0]
        error = run_json("retrieve", "Ship", "--agent", "helena", code=1)["error"]
        assert "locks_unsupported" == error["code"]
        assert "supports flock" in error["hint"]
        found = checks(run_json("doctor", code=1))
        assert (False, error["hint"]) == (found["locks"]["ok"], found["locks"]["hint"])
    assert checks(run_json("doctor"))["locks"]["ok"]
    assert ["Ship again", "Ship"] == [record["task"] for record in run_json("list")["data"]["memories"]]


@pytest.mark.parametrize("failure", [MemoryError(), ImportError("no")])
def test_what_is_in_the_journal_is_told_as_recorded_whatever_the_machine_refuses_then(failure, run_json, monkeypatch):
    def refused(*_arguments):
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refused)
        recorded = run_json("learn", "--agent", "helena", "--task", "Ship", "--outcome", "success")
    reason = str(failure) or "there is too little memory"
    assert recorded["warnings"][0].endswith(f"by the next command: {reason}")
    assert ["Ship"] == [record["task"] for record in run_json("list")["data"]["memories"]]


def test_what_a_failing_disk_did_not_let_go_is_not_told_as_lost(run_json, monkeypatch):
    real = os.fsync

    def refuse_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse_folders)
        learn = ("learn", "--agent", "helena", "--task", "Ship", "--outcome", "success")
        assert run_json(*learn, code=1)["error"]["message"].endswith("Input/output error; nothing was recorded")
        patch.setattr(os, "unlink", refuse(errno.EROFS))
        error = run_json(*learn, code=1)["error"]
    assert error["message"].endswith("Input/output error; it may be recorded once that is mended")
    assert "does the disk still answer?" == error["hint"]
    assert ["Ship"] == [record["task"] for record in run_json("list")["data"]["memories"]]


def test_where_there_are_no_locks_nothing_is_said_to_be_remembered_that_cannot_be_read(run_json, learn, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    learn("Ship")
    assert "locks_unsupported" == run_json("retrieve", "Ship", "--agent", "helena", code=1)["error"]["code"]
    round_trip = checks(run_json("doctor", code=1))["round trip"]
    assert ("can't be locked" in round_trip["found"], "flock" in round_trip["hint"]) == (True, True)


def test_a_shared_folder_without_locks_is_refused_with_the_reason(run_json, configure, learn, monkeypatch):
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: shared}\n")
    learn("Ship")
    real = fcntl.flock

    def refuse_in_shared(descriptor, mode):
        if "/shared/" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        return real(descriptor, mode)

    monkeypatch.setattr(fcntl, "flock", refuse_in_shared)
    error = run_json("sync", code=4)["error"]
    assert ("remote_refused", True) == (error["code"], "can't be locked: No locks available" in error["message"])


NO_POSIX_LOCKS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int answer(const char *name, int fd, int what, void *given) {
    int (*real)(int, int, ...) = dlsym(RTLD_NEXT, name);
    if (what == F_SETLK || what == F_SETLKW) { errno = EOPNOTSUPP; return -1; }
    return real(fd, what, given);
}
#define STANDS_FOR(name) int name(int fd, int what, ...) { \\
    va_list more; va_start(more, what); void *given = va_arg(more, void *); va_end(more); \\
    return answer(#name, fd, what, given); }
STANDS_FOR(fcntl)
STANDS_FOR(fcntl64)
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_a_share_without_posix_locks_is_no_other_program_that_has_the_store_open(alma_process, tmp_path):
    """As some SMB mounts are: DuckDB can't lock its file there, though flock works."""
    shim = tmp_path / "no-locks.so"
    (tmp_path / "no-locks.c").write_text(NO_POSIX_LOCKS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, tmp_path / "no-locks.c", "-ldl"], check=True)
    environ = {"LD_PRELOAD": str(shim)}
    learned = alma_process("learn", "--agent", "a", "--task", "Ship", "--outcome", "success", "--json", environ=environ)
    warning = json.loads(learned.stdout)["warnings"][0]
    assert ("kept in the journal" in warning, "this file system has no locks" in warning) == (True, True)
    error = json.loads(alma_process("retrieve", "Ship", "--agent", "a", "--json", environ=environ).stdout)["error"]
    assert ("locks_unsupported", True) == (error["code"], "supports flock" in error["hint"])
    assert b"Ship" in alma_process("list").stdout, "it is there once the store is where it can be locked"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EDEADLK, errno.ETIMEDOUT])
def test_a_shared_file_that_cannot_be_read_is_set_aside_and_the_others_are_exchanged(
    *, run_json, configure, learn, monkeypatch, tmp_path, number
):
    """A colleague's umask makes such files, and a drive that keeps its files elsewhere."""
    config = "alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n"
    configure(config)
    unread, read = learn("Ship"), learn("Test the login form")
    assert 2 == run_json("sync")["data"]["pushed"]
    other = tmp_path / "other"
    (other / ".alma").mkdir(parents=True)
    (other / ".alma/config.yaml").write_text(config)
    monkeypatch.chdir(other)
    real = os.open

    def refuse_one(path, *arguments, **options):
        if unread in os.fspath(path):
            raise OSError(number, os.strerror(number), path)
        return real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse_one)
        for _ in range(2):
            done = run_json("sync")
        assert (0, 0, []) == (done["data"]["pulled"], done["data"]["set_aside"], done["warnings"]), "it is told once"
        assert [read] == [memory["id"] for memory in run_json("list")["data"]["memories"]]
        (aside,) = run_json("sync", "status")["data"]["set_aside"]
        assert os.strerror(number) in aside["reason"]
    assert 1 == run_json("sync")["data"]["pulled"]
    assert [] == run_json("sync", "status")["data"]["set_aside"]


# Rights, links and flushing


def test_where_rights_cannot_be_changed_everything_works(run_json, learn, monkeypatch):
    for name in ("chmod", "fchmod"):
        monkeypatch.setattr(os, name, refuse(errno.EPERM))
    id = learn("Ship")
    found = run_json("list")
    assert ([id], []) == ([memory["id"] for memory in found["data"]["memories"]], found["warnings"])


def test_where_folders_cannot_be_flushed_nothing_fails(run_json, learn, monkeypatch):
    real = os.fsync

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    learn("Ship")
    assert 1 == len(run_json("list")["data"]["memories"])


def test_where_there_are_no_links_a_file_is_still_written_once(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    write_whole(tmp_path / "file", b"one", exclusive=True)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "file", b"two", exclusive=True)
    assert (b"one", ["file"]) == ((tmp_path / "file").read_bytes(), os.listdir(tmp_path))


# Root


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files in somebody's name")


def give_away(project):
    for path in [project, *project.rglob("*")]:
        os.chown(path, 12345, 12345)


@as_root
@pytest.mark.slow
def test_what_root_makes_in_somebodys_project_is_his(project, run_alma, monkeypatch):
    give_away(project)
    monkeypatch.setenv("ALMA_DIR", str(project))
    for arguments in [
        ("learn", "--agent", "me", "--task", "Ship", "--outcome", "failure", "--error", "no network"),
        ("retrieve", "Ship", "--agent", "me"),
        ("run", "--agent", "me", "--task", "Ship", "--", "true"),
        ("install", "claude"),
    ]:
        assert 0 == run_alma(*arguments).code
    made = [path for path in project.rglob("*") if path.is_file()]
    assert project / ".alma/memory.duckdb" in made
    assert [] == [path for path in project.rglob("*") if path.lstat().st_uid != 12345]


@as_root
def test_a_link_in_somebodys_folder_gives_him_nothing_else(project, tmp_path):
    from alma_cli.ownership import give_to_owner

    (tmp_path / "secret").write_text("root's")
    give_away(project)
    os.link(tmp_path / "secret", project / ".alma/hard")
    (project / ".alma/soft").symlink_to(tmp_path / "secret")
    for name in ("hard", "soft"):
        give_to_owner(str(project / ".alma" / name))
    assert 0 == (tmp_path / "secret").stat().st_uid


@as_root
def test_doctor_says_whose_the_folder_is_and_how_to_give_a_file_back(project, learn, run_json):
    learn("Ship")
    give_away(project)
    os.chown(project / ".alma/memory.duckdb", 0, 0)
    folder = checks(run_json("doctor", "--dir", str(project), code=1))["folder"]
    assert f"{project}/.alma/memory.duckdb belongs to root" in folder["found"]
    assert f"sudo chown -R 12345 {project}/.alma" == folder["hint"]


@pytest.fixture
def without_a_home(monkeypatch):
    """A user of a container, whom the system has no name or home for."""

    def unknown(uid):
        raise KeyError(uid)

    for name in ("HOME", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_user_without_a_name_or_home_learns_and_is_told_what_needs_one(without_a_home, run_alma, configure, project):
    assert 0 == run_alma("learn", "--agent", "a", "--task", "t", "--outcome", "success").code
    assert ["t", str(os.getuid())] == [
        run_alma("list").out.split("\t")[5].split()[0],
        run_alma("log").out.split("\t")[1],
    ]
    told = run_alma("completion", "bash")
    assert (1, "error: there is no home folder\nhint: set HOME\n") == (told.code, told.err)
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ~/shared}\n")
    told = run_alma("sync")
    assert (3, True) == (told.code, "file.path starts with ~, and there is no home folder" in told.err)
    assert not (project / "~").exists()
