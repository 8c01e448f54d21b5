"""Where a project is found, and where its memory lives."""

import os
import stat
import subprocess

import pytest

from alma_cli.errors import ProjectNotFound, ProjectUntrusted, StoreUnwritable
from alma_cli.project import (
    EXCLUDED,
    GITIGNORE,
    find_project,
    laid_open,
    make_home,
    make_project,
    note_recorded,
    project_at,
    told_apart,
)
from alma_cli.worktrees import naming_folder

CONFIG = "alma:\n  project_id: p\n"
as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, env=environ)


def configure(folder):
    (folder / ".alma").mkdir(parents=True)
    (folder / ".alma/config.yaml").write_text(CONFIG)
    return folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def repository(tmp_path):
    """A git repository with one commit."""
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    (main / "file").write_text("x")
    git(main, "add", "file")
    git(main, "commit", "-qm", "first")
    return main


# Finding


def test_the_nearest_project_above_is_found(tmp_path):
    configure(tmp_path)
    inner = configure(tmp_path / "a/b")
    (inner / "c").mkdir()
    project = find_project(inner / "c", environ={})
    assert (inner, inner / ".alma/config.yaml", inner / ".alma") == (project.root, project.config_path, project.home)
    assert tmp_path == find_project(tmp_path / "a", environ={}).root


def test_a_folder_without_a_configuration_is_passed_over(tmp_path):
    configure(tmp_path)
    (tmp_path / "a/.alma").mkdir(parents=True)
    assert tmp_path == find_project(tmp_path / "a", environ={}).root


def test_the_current_folder_is_where_the_search_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(configure(tmp_path))
    monkeypatch.delenv("ALMA_DIR", raising=False)
    assert tmp_path == find_project().root


def test_a_link_to_a_project_is_the_project(tmp_path):
    real = configure(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    assert real == find_project(tmp_path / "link", environ={}).root
    assert real == find_project(directory=tmp_path / "link/.alma", environ={}).root


def test_paths_in_the_home(tmp_path):
    project = find_project(configure(tmp_path), environ={})
    paths = [project.journal_dir, project.log_dir, project.backup_dir, project.gitignore_path]
    names = ["journal", "log", "backup", ".gitignore"]
    assert [tmp_path / ".alma" / name for name in names] == paths


@pytest.mark.parametrize("below", ["", ".alma"])
@pytest.mark.parametrize("how", ["directory", "ALMA_DIR"])
def test_a_named_project_is_its_folder_or_its_alma_folder(tmp_path, how, below):
    named = str(configure(tmp_path / "p") / below)
    elsewhere = configure(tmp_path / "elsewhere")
    if how == "directory":
        project = find_project(elsewhere, directory=named, environ={"ALMA_DIR": str(elsewhere)})
    else:
        project = find_project(elsewhere, environ={"ALMA_DIR": named})
    assert (tmp_path / "p", tmp_path / "p/.alma") == (project.root, project.home)


def test_an_empty_variable_names_nothing(tmp_path):
    assert tmp_path == find_project(configure(tmp_path), environ={"ALMA_DIR": ""}).root


def test_a_named_project_may_start_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(configure(tmp_path)))
    assert tmp_path == find_project(directory="~", environ={}).root


def test_no_project_says_where_it_looked_and_what_makes_one(tmp_path):
    with pytest.raises(ProjectNotFound) as caught:
        find_project(tmp_path, environ={})
    assert f"no .alma/ in {tmp_path} or any folder above" == caught.value.message
    assert caught.value.hint == "`alma init` makes one here"


def test_a_bare_alma_folder_is_named(tmp_path):
    (tmp_path / ".alma").mkdir()
    with pytest.raises(ProjectNotFound) as caught:
        find_project(tmp_path, environ={})
    assert f"{tmp_path}/.alma has no config.yaml" == caught.value.message


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nowhere", "there is no folder {}/nowhere (ALMA_DIR)"),
        ("empty", "{}/empty (ALMA_DIR) has no .alma/config.yaml"),
        ("empty/.alma", "{}/empty/.alma (ALMA_DIR) has no config.yaml"),
    ],
)
def test_a_named_project_that_is_none_is_never_searched_for_above(tmp_path, named, message):
    configure(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProjectNotFound) as caught:
        find_project(environ={"ALMA_DIR": str(tmp_path / named)})
    assert message.format(tmp_path) == caught.value.message


def test_a_current_folder_that_is_gone_is_said_so(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ProjectNotFound, match="the current folder is gone"):
        find_project(environ={})


# Making


def test_a_new_project_is_for_its_owner_only(tmp_path):
    project = make_project(tmp_path / "new", CONFIG)
    assert project.config_path.read_text() == CONFIG
    assert [mode(project.home), mode(project.journal_dir)] == [0o700, 0o700]
    assert [mode(project.config_path), mode(project.gitignore_path)] == [0o600, 0o600]


def test_making_a_project_again_changes_nothing(tmp_path):
    project = make_project(tmp_path, CONFIG)
    project.config_path.write_text("mine")
    project.gitignore_path.write_text("mine too")
    assert project == make_project(tmp_path, CONFIG)
    assert [project.config_path.read_text(), project.gitignore_path.read_text()] == ["mine", "mine too"]
    assert {"config.yaml", ".gitignore", "journal"} == {path.name for path in project.home.iterdir()}


def test_git_sees_only_the_configuration(repository):
    project = make_project(repository, CONFIG)
    for path in (project.home / "memory.duckdb", project.home / "lock", project.journal_dir / "1"):
        path.write_text("x")
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=repository, check=True, capture_output=True, text=True
    )
    assert status.stdout.splitlines() == ["?? .alma/.gitignore", "?? .alma/config.yaml"]


@pytest.mark.slow
def test_a_branch_without_a_project_neither_commits_nor_cleans_the_memory(repository):
    git(repository, "branch", "old")
    project = make_project(repository, CONFIG)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    (project.home / "memory.duckdb").write_bytes(b"memory")
    git(repository, "checkout", "-q", "old")
    assert not project.gitignore_path.exists()
    git(repository, "add", "-A")
    status = subprocess.run(["git", "status", "--porcelain"], cwd=repository, capture_output=True, check=True)
    assert status.stdout == b""
    git(repository, "clean", "-fdq")
    git(repository, "checkout", "-q", "-")
    assert (project.home / "memory.duckdb").read_bytes() == b"memory"


@pytest.mark.slow
@pytest.mark.parametrize("takes", [("clean", "-fdq"), ("stash", "-u")])
def test_a_project_that_is_in_no_commit_yet_keeps_its_memory_when_git_takes_it_twice(repository, takes):
    project = make_project(repository / "packages/a", CONFIG)
    (project.home / "memory.duckdb").write_bytes(b"memory")
    git(repository, *takes)
    git(repository, *takes)
    assert not project.config_path.exists()
    assert (project.home / "memory.duckdb").read_bytes() == b"memory"


def test_what_a_user_has_git_ignore_stays_and_is_added_to_once(repository):
    excluded = repository / ".git/info/exclude"
    excluded.write_bytes(b"mine")
    make_home(make_project(repository, CONFIG))
    assert excluded.read_text() == f"mine\n{EXCLUDED}"


def test_a_folder_from_a_checkout_is_closed_to_others(tmp_path):
    project = find_project(configure(tmp_path), environ={})
    project.home.chmod(0o755)
    make_home(project)
    assert mode(project.home) == 0o700
    assert project.gitignore_path.read_text() == GITIGNORE


def test_a_folder_that_cannot_be_closed_is_used_as_it_is(tmp_path, monkeypatch):
    project = make_project(tmp_path, CONFIG)
    project.home.chmod(0o755)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    make_home(project)


def test_a_file_in_the_way_is_said_so(tmp_path):
    (tmp_path / ".alma").write_text("x")
    with pytest.raises(StoreUnwritable, match="there is a file of that name"):
        make_project(tmp_path, CONFIG)
    project = project_at(tmp_path)
    with pytest.raises(StoreUnwritable, match=f"can't use {project.home}: there is a file of that name"):
        make_home(project)


@as_root
def test_a_read_only_folder_can_be_found_and_not_made(tmp_path):
    configure(tmp_path)
    (tmp_path / ".alma").chmod(0o500)
    try:
        project = find_project(tmp_path, environ={})
        with pytest.raises(StoreUnwritable, match="Permission denied"):
            make_home(project)
    finally:
        (tmp_path / ".alma").chmod(0o700)


# Trusting


@pytest.fixture
def give_away(monkeypatch):
    """Give files to somebody else."""

    def give(*paths):
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, 12345, 12345, follow_symlinks=False)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: 12345)

    return give


@pytest.mark.parametrize("given", [".alma", ".alma/config.yaml"])
def test_a_project_that_is_somebody_elses_is_refused_with_the_way_to_allow_it(tmp_path, give_away, given):
    inner = configure(tmp_path / "shared") / "mine"
    inner.mkdir()
    give_away(tmp_path / "shared" / given)
    with pytest.raises(ProjectUntrusted, match="not to you") as caught:
        find_project(inner, environ={})
    assert f"ALMA_DIR={tmp_path}/shared" in caught.value.hint
    assert tmp_path / "shared" == find_project(inner, environ={"ALMA_DIR": str(tmp_path / "shared")}).root
    assert tmp_path / "shared" == find_project(inner, directory=tmp_path / "shared", environ={}).root


def test_a_worktree_that_does_not_share_somebody_elses_memory_says_so(repository, give_away):
    git(repository, "worktree", "add", "-q", "../linked")
    linked = configure(repository.parent / "linked")
    assert [] == told_apart(project_at(linked))
    give_away(repository)
    project = project_at(linked)
    (told,) = told_apart(project)
    assert (linked / ".alma", True) == (project.home, f"ALMA_DIR={repository} takes that one" in told)


def test_a_link_of_somebody_elses_to_a_project_is_refused(tmp_path, give_away):
    real = configure(tmp_path / "real")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/.alma").symlink_to(real / ".alma")
    give_away(tmp_path / "shared/.alma")
    with pytest.raises(ProjectUntrusted):
        find_project(tmp_path / "shared", environ={})


def test_under_sudo_the_project_of_who_called_it_is_trusted(tmp_path, give_away, monkeypatch):
    configure(tmp_path)
    owner = 12345 if os.geteuid() == 0 else os.geteuid()
    give_away(tmp_path / ".alma", tmp_path / ".alma/config.yaml")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", str(owner + 1))
    with pytest.raises(ProjectUntrusted):
        find_project(tmp_path, environ={})
    monkeypatch.setenv("SUDO_UID", str(owner))
    assert tmp_path == find_project(tmp_path, environ={}).root
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)  # only root has what sudo says
    with pytest.raises(ProjectUntrusted):
        find_project(tmp_path, environ={})


@pytest.mark.skipif(os.geteuid() != 0, reason="files can't be given away")
def test_what_root_notes_in_the_git_folder_of_somebody_is_his(tmp_path):
    git(tmp_path, "init", "-q", "--template=")
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 12345, 12345)
    (tmp_path / "packages/app").mkdir(parents=True)
    os.chown(tmp_path / "packages", 12345, 12345)
    os.chown(tmp_path / "packages/app", 12345, 12345)
    project = make_project(tmp_path / "packages/app", CONFIG)
    note_recorded(project)
    assert (tmp_path / ".git/alma/packages/app/recorded").exists()
    assert {12345} == {path.stat().st_uid for path in tmp_path.rglob("*")}


def test_the_search_ends_at_the_top_of_the_repository(tmp_path):
    configure(tmp_path)
    (tmp_path / "repository/a").mkdir(parents=True)
    assert tmp_path == find_project(tmp_path / "repository/a", environ={}).root
    git(tmp_path / "repository", "init", "-q")
    with pytest.raises(ProjectNotFound) as caught:
        find_project(tmp_path / "repository/a", environ={})
    assert f"ALMA_DIR={tmp_path} " in caught.value.hint
    configure(tmp_path / "repository")
    assert tmp_path / "repository" == find_project(tmp_path / "repository/a", environ={}).root


@pytest.mark.parametrize("name", [".jj", ".hg", ".sl"])
def test_the_search_ends_at_the_top_of_another_programs_repository(tmp_path, name):
    configure(tmp_path)
    (tmp_path / "repository" / name).mkdir(parents=True)
    with pytest.raises(ProjectNotFound, match=r"no \.alma/"):
        find_project(tmp_path / "repository", environ={})


def test_where_git_could_not_be_asked_it_is_asked_again(repository, monkeypatch):
    configure(repository)
    (repository / ".alma/memory.duckdb").write_bytes(b"planted")
    git(repository, "add", ".")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "/nonexistent")
        find_project(repository, environ={})
    with pytest.raises(ProjectUntrusted):
        find_project(repository, environ={})


@pytest.mark.parametrize("name", ["memory.duckdb", "journal/1-a.json", "log/hooks.log", "backup/installed.json"])
def test_a_memory_that_comes_with_a_repository_is_refused_until_it_is_out_of_git(repository, name):
    configure(repository)
    git(repository, "add", ".")
    find_project(repository, environ={})
    path = repository / ".alma" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("planted")
    find_project(repository, environ={})  # it is its user's own, and git has nothing of it
    git(repository, "add", "-f", path)
    git(repository, "commit", "-qm", "with a memory")
    git(repository, "clone", "-q", ".", "../clone")
    for place in (repository, repository.parent / "clone"):
        for given in ({"start": place}, {"directory": place}):
            with pytest.raises(ProjectUntrusted, match=name) as caught:
                find_project(**given, environ={})
        assert f"git -C {place} rm -r --cached .alma/{name}" in caught.value.hint
        with pytest.raises(ProjectUntrusted):
            make_project(place, CONFIG)
        git(place, "rm", "-qr", "--cached", f".alma/{name}")
        assert place == find_project(place, environ={}).root


@pytest.mark.parametrize("name", [".alma/journal", ".alma/log", ".alma"])
def test_a_link_that_comes_with_a_repository_leads_nowhere(repository, name):
    elsewhere = configure(repository.parent / "elsewhere")
    if name != ".alma":
        configure(repository)
    (repository / name).symlink_to(elsewhere / ".alma")
    git(repository, "add", "-f", name)
    with pytest.raises(ProjectUntrusted, match=name):
        find_project(repository, environ={})


def test_git_is_asked_for_a_memory_only_when_its_index_has_changed(repository, monkeypatch):
    configure(repository)
    find_project(repository, environ={})
    monkeypatch.setattr(subprocess.Popen, "__init__", None)
    find_project(repository, environ={})
    monkeypatch.undo()
    git(repository, "add", ".")
    monkeypatch.setattr(subprocess.Popen, "__init__", None)
    with pytest.raises(TypeError):
        find_project(repository, environ={})


@pytest.mark.parametrize("name", [b"what?access_mode=read_only", b"caf\xe9"], ids=["question mark", "no UTF-8"])
def test_a_folder_that_duckdb_cannot_open_is_refused_before_anything_is_said_to_be_remembered(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    with pytest.raises(ProjectNotFound, match="DuckDB") as caught:
        make_project(folder, CONFIG)
    assert ([], True) == (os.listdir(folder), "rename the folder" in caught.value.hint)
    with pytest.raises(ProjectNotFound, match="DuckDB"):
        find_project(configure(folder), environ={})


def test_worktrees_beside_a_bare_repository_have_the_project_of_the_folder_around_it(tmp_path, repository):
    around = tmp_path / "around"
    around.mkdir()
    git(tmp_path, "clone", "-q", "--bare", repository, "around/.bare")
    (around / ".git").write_text("gitdir: ./.bare\n")
    git(around, "worktree", "add", "-q", "feature")
    configure(around)
    (around / "feature/a").mkdir()
    project = find_project(around / "feature/a", environ={})
    assert (around, around / ".alma") == (project.root, project.home)
    assert project == find_project(around, environ={})


def test_worktrees_beside_a_bare_git_folder_have_the_project_of_the_folder_around_it(tmp_path, repository):
    git(tmp_path, "clone", "-q", "--bare", repository, "around/.git")
    git(tmp_path / "around", "worktree", "add", "-q", "feature")
    project = configure(tmp_path / "around")
    assert (project, project / ".alma") == ((found := find_project(project / "feature", environ={})).root, found.home)


def test_a_submodule_of_a_linked_worktree_has_the_project_of_the_main_one(tmp_path, repository):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "lib/inner")
    git(outer, "commit", "-qm", "first")
    git(outer, "worktree", "add", "-q", "../linked")
    git(tmp_path / "linked", "submodule", "update", "-q", "--init")
    configure(outer)
    assert outer == find_project(tmp_path / "linked/lib/inner", environ={}).root


@pytest.mark.parametrize("is_relative", [False, True])
def test_workspaces_of_jujutsu_share_the_main_ones_memory(tmp_path, is_relative):
    main = configure(tmp_path / "main")
    (main / ".jj/repo").mkdir(parents=True)
    workspace = configure(tmp_path / "far/workspace")
    (workspace / ".jj").mkdir()
    (workspace / ".jj/repo").write_text("../../../main/.jj/repo" if is_relative else f"{main}/.jj/repo")
    (workspace / "a").mkdir()
    found = find_project(workspace / "a", environ={})
    assert (workspace, main / ".alma") == (found.root, found.home)
    assert (str(main), []) == (naming_folder(str(workspace)), told_apart(found))
    (workspace / ".alma/config.yaml").unlink()
    (workspace / ".alma").rmdir()
    assert find_project(main, environ={}) == find_project(workspace / "a", environ={})


def test_a_workspace_of_jujutsu_whose_repository_is_gone_stays_local_and_says_so(tmp_path):
    workspace = configure(tmp_path)
    (workspace / ".jj").mkdir()
    (workspace / ".jj/repo").write_text("/nowhere/.jj/repo")
    found = find_project(workspace, environ={})
    assert workspace / ".alma" == found.home
    (told,) = told_apart(found)
    assert ("aren't at /nowhere/.jj/repo" in told, "a new path in .jj/repo mends that" in told) == (True, True)


def test_worktrees_beside_a_hidden_bare_repository_are_named_by_the_folder_around_it(tmp_path, repository):
    git(tmp_path, "clone", "-q", "--bare", repository, "around/.bare")
    (tmp_path / "around/.git").write_text("gitdir: ./.bare\n")
    git(tmp_path / "around", "worktree", "add", "-q", "feature")
    assert "around" == os.path.basename(naming_folder(str(tmp_path / "around/feature")))


def test_a_configuration_that_a_sparse_checkout_leaves_out_is_told_and_made_by_nobody(repository):
    (repository / "src").mkdir()
    (repository / "src/a").write_text("x")
    configure(repository)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    git(repository, "sparse-checkout", "set", "src")
    for make in (lambda: find_project(repository / "src", environ={}), lambda: make_project(repository, CONFIG)):
        with pytest.raises(ProjectNotFound) as caught:
            make()
        assert caught.value.hint == f"`git -C {repository} sparse-checkout add .alma` brings it"
    git(repository, "sparse-checkout", "add", ".alma")
    assert repository == find_project(repository / "src", environ={}).root


def test_a_new_folder_of_a_linked_worktree_has_the_project_of_the_main_one(tmp_path, repository):
    git(repository, "worktree", "add", "-q", "../linked")
    configure(repository)
    (tmp_path / "linked/new/newer").mkdir(parents=True)
    assert repository == find_project(tmp_path / "linked/new/newer", environ={}).root


def test_a_configuration_that_another_branch_has_is_looked_for_there(repository):
    configure(repository)
    (repository / ".alma/config.yaml").unlink()
    with pytest.raises(ProjectNotFound) as caught:
        find_project(repository, environ={})
    assert caught.value.hint.startswith("is it on another branch? `git log --all -- .alma/config.yaml` tells")


def test_where_git_took_a_project_away_the_error_says_so(repository):
    note_recorded(make_project(repository, CONFIG))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "with ALMA")
    (repository / ".alma/memory.duckdb").touch()
    git(repository, "sparse-checkout", "set", "src")
    with pytest.raises(ProjectNotFound) as caught:
        find_project(repository, environ={})
    assert "sparse-checkout add .alma` brings it; the memory that was in it may be gone" in caught.value.hint


def test_the_search_ends_at_a_folder_of_somebody_elses(tmp_path, give_away):
    configure(tmp_path)
    (tmp_path / "his/mine").mkdir(parents=True)
    give_away(tmp_path / "his")
    with pytest.raises(ProjectNotFound if os.geteuid() == 0 else (ProjectNotFound, ProjectUntrusted)):
        find_project(tmp_path / "his/mine", environ={})


def test_the_search_ends_where_another_file_system_begins(tmp_path, monkeypatch):
    configure(tmp_path)
    (tmp_path / "mounted/a").mkdir(parents=True)
    real = os.stat

    def other_device(path, **options):
        found = real(path, **options)
        inside = "mounted" in os.fspath(path)
        return os.stat_result([*found[:2], found.st_dev + 1, *found[3:]]) if inside else found

    monkeypatch.setattr(os, "stat", other_device)
    with pytest.raises(ProjectNotFound):
        find_project(tmp_path / "mounted/a", environ={})


def test_a_submodule_is_part_of_the_project_around_it(repository):
    outer = configure(repository.parent / "outer")
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "inner")
    assert outer == find_project(outer / "inner", environ={}).root


def test_a_linked_worktree_without_a_configuration_is_of_the_main_ones_project(repository):
    configure(repository / "a")
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    (linked / "a/b").mkdir(parents=True)
    (repository / "a/b").mkdir()
    assert repository / "a" == find_project(linked / "a/b", environ={}).root
    with pytest.raises(ProjectNotFound):
        find_project(linked, environ={})


def test_a_git_file_of_somebody_elses_leads_no_memory_away(repository, give_away):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    give_away(linked / ".git")
    assert linked / ".alma" == project_at(linked).home


def test_a_repository_of_somebody_elses_gets_no_memory(repository, give_away):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    give_away(repository)
    assert linked / ".alma" == project_at(linked).home


def test_where_hosts_start_servers_the_hint_is_to_name_the_project(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in (tmp_path, "/"):
        with pytest.raises(ProjectNotFound) as caught:
            find_project(folder, environ={})
        assert "name the project's folder: --dir FOLDER, or ALMA_DIR" == caught.value.hint


@pytest.mark.parametrize(("rules", "expected"), [("!*\n", 1), ("*\n!memory.duckdb \r\n", 1), ("", 0), (GITIGNORE, 0)])
def test_rules_by_which_git_would_take_the_memory_are_told(repository, rules, expected):
    project = make_project(repository, CONFIG)
    project.gitignore_path.write_text(rules)
    assert expected == len(laid_open(project))


# Linked worktrees


def test_linked_worktrees_share_the_main_ones_memory(repository):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    configure(linked)
    project = find_project(linked, environ={})
    assert (linked, repository / ".alma") == (project.root, project.home)
    assert project.home == find_project(configure(repository), environ={}).home


def test_a_project_in_a_subfolder_shares_the_same_subfolder(repository):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    configure(linked / "packages/a")
    assert repository / "packages/a/.alma" == find_project(linked / "packages/a", environ={}).home
    assert str(repository / "packages/a") == naming_folder(str(linked / "packages/a"))
    assert str(repository) == naming_folder(str(repository))


def test_the_memory_is_made_in_the_main_worktree(repository):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    project = make_project(linked / "packages/a", CONFIG)
    assert {".gitignore", "config.yaml"} == {path.name for path in project.config_path.parent.iterdir()}
    assert {".gitignore", "journal"} == {path.name for path in (repository / "packages/a/.alma").iterdir()}


def test_naming_the_alma_folder_keeps_its_own_memory(repository):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    configure(linked)
    assert linked / ".alma" == find_project(directory=linked / ".alma", environ={}).home
    assert repository / ".alma" == find_project(directory=linked, environ={}).home


def test_a_worktree_linked_by_relative_paths_is_one_too(repository):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    (linked / ".git").write_text("gitdir: ../main/.git/worktrees/linked\n")
    assert repository / ".alma" == project_at(linked).home


def test_a_worktree_whose_repository_is_gone_stays_local_and_says_so(repository):
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked))
    assert [] == told_apart(project_at(linked))
    repository.rename(repository.parent / "moved")
    project = make_project(linked, CONFIG)
    assert linked / ".alma" == project.home
    (told,) = told_apart(project)
    assert str(repository / ".git/worktrees/linked") in told
    git(repository.parent / "moved", "worktree", "repair", linked)
    assert [] == told_apart(project_at(linked))


def test_worktrees_of_a_bare_repository_share_one_memory_in_it(repository):
    for bare, called in (("bare.git", "bare"), ("project/.git", "project")):
        shared = repository.parent / bare
        git(repository.parent, "clone", "-q", "--bare", str(repository), bare)
        for name in ("one", "two"):
            linked = repository.parent / f"{name}-of-{bare.replace('/', '-')}"
            git(shared, "worktree", "add", "-q", "-b", name, str(linked))
            assert shared / "alma/.alma" == project_at(linked).home
            assert shared / "alma/packages/a/.alma" == project_at(linked / "packages/a").home
            assert str(repository.parent / called) == naming_folder(str(linked))
            assert str(repository.parent / called / "packages/a") == naming_folder(str(linked / "packages/a"))


def test_a_bare_repository_is_one_whatever_is_said_beside_that(repository):
    """`git config --comment` writes it behind the value."""
    shared = repository.parent / "project/.git"
    git(repository.parent, "clone", "-q", "--bare", str(repository), "project/.git")
    git(shared, "worktree", "add", "-q", "-b", "one", str(linked := repository.parent / "one"))
    before = (shared / "config").read_text()
    for said in ("true # since May", "true ; shared", '"true" # "so"'):
        (shared / "config").write_text(before.replace("bare = true", f"bare = {said}"))
        assert shared / "alma/.alma" == project_at(linked).home, said


def test_a_submodule_is_no_linked_worktree(repository):
    outer = repository.parent / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "inner")
    assert (outer / "inner/.git").is_file()
    assert outer / "inner/.alma" == project_at(outer / "inner").home


def test_a_worktree_linked_to_a_submodule_shares_the_submodules_memory(repository):
    outer = repository.parent / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "inner")
    linked = repository.parent / "linked"
    git(outer / "inner", "worktree", "add", "-q", str(linked))
    assert outer / "inner/.alma" == project_at(linked).home


def test_a_separate_git_folder_is_no_linked_worktree(tmp_path):
    (tmp_path / "work").mkdir()
    git(tmp_path, "init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"), "work")
    assert tmp_path / "work/.alma" == project_at(tmp_path / "work").home


@pytest.mark.parametrize("content", ["", "nonsense", "gitdir:", "gitdir: /nowhere", "gitdir: \udcff"])
def test_a_git_file_that_says_nothing_useful_changes_nothing(tmp_path, content):
    (tmp_path / ".git").write_text(content, errors="surrogateescape")
    assert tmp_path / ".alma" == project_at(tmp_path).home


def test_a_folder_outside_git_keeps_its_own_memory(tmp_path):
    assert tmp_path / ".alma" == project_at(tmp_path).home
