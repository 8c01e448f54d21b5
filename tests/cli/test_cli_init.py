"""`alma init`."""

import os
import shutil
import stat
import subprocess

import pytest

NEXT = """next:
  alma learn "Test the login form" --ok "Tried empty fields first"{agent}
  alma retrieve "check that login works"{agent}
"""


@pytest.fixture
def empty(tmp_path, monkeypatch):
    folder = tmp_path / "Web Shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_init_makes_the_folder_and_says_what_to_do_next(run_alma, empty):
    config = empty / ".alma/config.yaml"
    expected = f"made {config} (project web-shop)\n{NEXT.format(agent='')}"
    assert (0, "", expected) == run_alma("init")
    assert {".gitignore", "config.cache", "config.yaml", "journal"} == set(os.listdir(empty / ".alma"))
    assert 0o700 == stat.S_IMODE(os.stat(empty / ".alma").st_mode)
    assert 0o600 == stat.S_IMODE(os.stat(config).st_mode)


def test_what_root_makes_in_somebodys_folder_is_told_not_to_be_trusted_by_itself(run_alma, empty, monkeypatch):
    monkeypatch.setattr("alma_cli.project.is_trusted", lambda path: ".alma" not in path)
    told = run_alma("init")
    assert 0 == told.code
    assert f"if you trust it, say so with ALMA_DIR={empty} or --dir {empty}" in told.err


def test_a_configuration_that_is_a_link_to_nowhere_is_in_the_way(run_alma, empty):
    (empty / ".alma").mkdir()
    (empty / ".alma/config.yaml").symlink_to("nowhere")
    told = f"can't use {empty}/.alma/config.yaml: it is a link that leads nowhere\nhint: move it away"
    assert told in run_alma("init").err


def test_a_project_in_a_project_is_told_to_be_apart(run_alma, empty, monkeypatch):
    run_alma("init")
    (empty / "src").mkdir()
    monkeypatch.chdir(empty / "src")
    told = f"{empty} has a project too: from now on this folder has a memory of its own"
    assert told in run_alma("init").err
    assert told not in run_alma("init").err, "it was told"


@pytest.mark.slow
def test_a_worktree_that_lost_its_repository_is_told_wherever_something_is_kept(run_alma, empty):
    run_alma("init")
    (empty / ".git").write_text("gitdir: /gone/.git/worktrees/shop\n")
    told = "this worktree's repository, and its memory, aren't at /gone/.git/worktrees/shop"
    assert told in run_alma("remember", "The shop is closed on Sundays").err
    assert told in run_alma("status").err
    doctor = run_alma("doctor")
    assert (1, True) == (doctor.code, told in doctor.out)


def test_a_name_that_the_configuration_would_refuse_makes_nothing(run_alma, empty):
    finished = run_alma("init", "--project-id", "AccountKey=abcdefghij")
    assert (3, "") == (finished.code, finished.out)
    assert "there is a secret in this line" in finished.err
    assert [] == os.listdir(empty)


def test_the_next_commands_work_as_they_are_printed(run_alma, run_json, empty):
    import shlex

    for command in run_json("init")["data"]["next"]:
        assert 0 == run_alma(*shlex.split(command)[1:]).code


def test_init_again_keeps_what_is_there(run_alma, run_json, empty):
    first = run_json("init", "--project-id", "first")
    written = (empty / ".alma/config.yaml").read_text()
    second = run_json("init", "--project-id", "second", "--yes")
    assert ["first", "first", True, False] == [
        first["data"]["project_id"],
        second["data"]["project_id"],
        first["data"]["created"],
        second["data"]["created"],
    ]
    assert written == (empty / ".alma/config.yaml").read_text()
    assert f"{empty}/.alma/config.yaml was there already and is kept (project first)" in run_alma("init").err


def test_a_new_configuration_keeps_the_name_that_the_memory_has(run_alma, run_json, learn, project):
    config = project / ".alma/config.yaml"
    config.write_text("alma:\n  project_id: named-otherwise\n")
    learn("Ship")
    config.unlink()
    assert "named-otherwise" == run_json("init")["data"]["project_id"]
    assert "named-otherwise" in config.read_text()
    config.unlink()
    assert "new" == run_json("init", "--project-id", "new")["data"]["project_id"]
    finished = run_alma("doctor")
    assert (1, True) == (finished.code, "`alma config rename new` makes them its own" in finished.err)
    run_alma("config", "rename", "new", "--yes")
    assert 0 == run_alma("doctor").code


def test_the_next_commands_name_an_agent_that_there_is(scoped_project, run_alma):
    assert run_alma("init").err.endswith(NEXT.format(agent=" --agent helena"))


def test_what_is_in_the_way_is_named(run_alma, empty):
    (empty / ".alma").write_text("")
    told = f"error: can't use {empty}/.alma: there is a file of that name\nhint: move it away\n"
    assert (1, "", told) == run_alma("init")
    os.unlink(empty / ".alma")
    (empty / ".alma/config.yaml").mkdir(parents=True)
    told = f"error: can't use {empty}/.alma/config.yaml: there is a folder of that name\nhint: move it away\n"
    assert (1, "", told) == run_alma("init")


def test_a_configuration_that_is_no_file_is_told_of_as_such(run_alma, empty):
    (empty / ".alma").mkdir()
    os.mkfifo(empty / ".alma/config.yaml")
    told = f"error: {empty}/.alma/config.yaml is no file\nhint: move it away: a file belongs there\n"
    assert (3, "", told) == run_alma("list")


@pytest.mark.parametrize("named", [".", ".alma"])
def test_init_elsewhere(run_json, empty, monkeypatch, tmp_path, named):
    monkeypatch.chdir(tmp_path)
    by_option = run_json("init", "--dir", str(empty / named))["data"]
    monkeypatch.setenv("ALMA_DIR", str(empty / named))
    by_variable = run_json("init")["data"]
    assert [str(empty / ".alma/config.yaml")] * 2 == [by_option["config"], by_variable["config"]]


def test_a_configuration_that_is_wrong_is_not_overwritten(run_alma, configure):
    configure("alma:\n  project: x\n")
    finished = run_alma("init")
    assert (3, "") == (finished.code, finished.out)
    assert "config.yaml:2: there is no key project" in finished.err


def test_an_empty_project_id_is_refused(run_alma, empty):
    finished = run_alma("init", "--project-id", "")
    assert (2, "error: '' can't name a project: it is empty") == (finished.code, finished.err.split("\n")[0])
    assert not (empty / ".alma").exists()


def test_a_folder_whose_name_is_too_long_is_told_of(run_alma, tmp_path):
    finished = run_alma("init", "--dir", str(tmp_path / ("x" * 300)))
    assert 1 == finished.code
    assert "File name too long" in finished.err
    assert "hint: shorten the name" in finished.err
    assert len(finished.err) < 400


@pytest.mark.slow
def test_a_configuration_that_git_ignores_is_told_of(run_alma, empty):
    subprocess.run(["git", "init", "-q"], check=True)
    assert "git ignores" not in run_alma("init").err
    shutil.rmtree(".alma")
    (empty / ".gitignore").write_text("*.log\n.*\n")
    assert "git ignores .alma/config.yaml by .gitignore:2:.*: a clone won't have this project\n" in run_alma("init").err
    subprocess.run(["git", "add", "--force", ".alma/config.yaml"], check=True)
    assert "git ignores" not in run_alma("init").err, "git has it"


@pytest.mark.slow
def test_a_memory_that_a_worktree_kept_while_its_repository_was_gone_is_told_of(run_alma, empty, monkeypatch):
    for command in (
        ["init", "-q"],
        ["commit", "-q", "--allow-empty", "-m", "One"],
        ["worktree", "add", "-q", "../linked"],
    ):
        identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *identity, *command], check=True)
    run_alma("init")
    linked = empty.parent / "linked"
    shutil.copytree(".alma", linked / ".alma")
    monkeypatch.chdir(linked)
    assert "a memory that nothing reads" not in run_alma("doctor").out
    moved = empty.rename(empty.parent / "moved")
    run_alma("remember", "The shop is closed on Sundays")
    moved.rename(empty)
    told = f"{linked}/.alma has a memory that nothing reads: this worktree shares {empty}/.alma"
    doctor = run_alma("doctor")
    assert (1, True) == (doctor.code, told in doctor.out)
    assert f"`alma export --dir {linked}/.alma | alma import -` takes it over" in doctor.err
    run_alma("import", "-", stdin=run_alma("export", "--dir", f"{linked}/.alma").out)
    assert "closed on Sundays" in run_alma("list", "--dir", str(empty)).out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://example.com/acme/web-shop.git", "web-shop"), ("me@host:web-shop/", "web-shop"), ("", "workspace")],
)
def test_a_folder_that_containers_call_alike_gives_way_to_the_repositorys_name(run_alma, tmp_path, url, expected):
    folder = tmp_path / "workspace"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    if url:
        subprocess.run(["git", "remote", "add", "origin", url], cwd=folder, check=True)
    told = run_alma("--dir", str(folder), "init").err
    assert (f"(project {expected})" in told, not url) == (True, "that name is of its folder, and of many" in told)
