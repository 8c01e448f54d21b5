"""Several projects of a repository, its worktrees, and what was installed by others or before."""

import json
import os
import shutil
from pathlib import Path

import pytest

from alma_cli.project import make_project
from tests.hooks.repositories import PRE_COMMIT, PROGRAM, PYTHON, SH, STAGES, Repository


@pytest.mark.parametrize("language", [None, SH, PYTHON])
def test_several_projects_of_a_repository_learn_and_leave(language, repository):
    if language:
        repository.add_hook("post-commit", language)
    shutil.rmtree(repository.folder / ".alma")
    folders = [repository.folder / "packages/app", repository.folder / "packages/it's"]
    for folder in folders:
        folder.mkdir(parents=True)
        make_project(folder, "alma:\n  project_id: part\n")
    before = repository.state()
    repository.alma("install", "git", cwd=folders[0])
    one = repository.state()
    assert 1 == repository.alma("install", "git", "--check", cwd=folders[1], check=False).returncode
    repository.alma("install", "git", "--agent", "helena", cwd=folders[1])
    both = repository.state()
    assert 0 == repository.alma("install", "git", "--check", cwd=folders[0]).returncode
    repository.commit("Speed up\n\nAlma-Outcome: success", cwd=folders[0])
    for folder, agent in zip(folders, ("me", "helena"), strict=True):
        (found,) = map(json.loads, repository.alma("export", cwd=folder).stdout.splitlines())
        assert ("Speed up", agent) == (found["task"], found["agent"])
    repository.alma("uninstall", "git", cwd=folders[1])
    assert one == repository.state() != both
    repository.alma("uninstall", "git", cwd=folders[0])
    assert before == repository.state()


def test_a_copy_of_a_repository_leaves_the_hooks_of_the_first_alone(repository, tmp_path):
    package = repository.folder / "packages/app"
    package.mkdir(parents=True)
    make_project(package, "alma:\n  project_id: part\n")
    repository.alma("install", "git", cwd=package)
    before = repository.state()
    shutil.copytree(repository.folder, tmp_path / "copy", symlinks=True)
    repository.alma("uninstall", "git", cwd=tmp_path / "copy/packages/app")
    assert not (tmp_path / "copy/.git/hooks/post-commit").exists()
    assert before == repository.state()


def test_pre_commits_configuration_at_the_top_serves_projects_in_subfolders(repository, pre_commit):
    folders = [repository.folder / "packages/app", repository.folder / "packages/web"]
    path = repository.folder / ".pre-commit-config.yaml"
    for folder in folders:
        folder.mkdir(parents=True)
        make_project(folder, "alma:\n  project_id: part\n")
        repository.alma("install", "pre-commit", cwd=folder)
    pre_commit("install", *STAGES)
    repository.git("add", ".pre-commit-config.yaml")
    environ = {"PATH": f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"}
    repository.git("commit", "-q", "-m", "Speed up\n\nAlma-Outcome: success", **environ)
    for folder in folders:
        assert any("Speed up" in repository.alma("export", cwd=folder).stdout for _ in range(1000))
    for folder in folders:
        assert PRE_COMMIT != path.read_text()
        repository.alma("uninstall", "pre-commit", cwd=folder)
    assert PRE_COMMIT == path.read_text()


def test_a_linked_worktree_without_a_configuration_uses_that_of_the_main_one(repository, tmp_path):
    repository.commit("Start")
    repository.alma("install", "git")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    repository.commit("In the other tree\n\nAlma-Outcome: success", cwd=tmp_path / "linked")
    assert [("In the other tree", "success")] == repository.outcomes()


def test_an_inherited_repository_is_not_the_one_that_is_written_to(repository, tmp_path):
    other = Repository(tmp_path / "other")
    before = other.state()
    environ = {"GIT_DIR": str(other.folder / ".git"), "GIT_WORK_TREE": str(other.folder), "GIT_INDEX_FILE": "x"}
    repository.alma("install", "git", **environ)
    assert before == other.state()
    assert (repository.hooks() / "post-commit").exists()


def test_settings_that_the_environment_gives_to_git_do_not_say_where_hooks_are_written(repository, tmp_path):
    trusted = {"GIT_CONFIG_KEY_1": "safe.directory", "GIT_CONFIG_VALUE_1": str(repository.folder)}
    given = {"GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": str(tmp_path / "elsewhere"), **trusted}
    told = repository.alma("install", "git", GIT_CONFIG_COUNT="2", GIT_TEST_ASSUME_DIFFERENT_OWNER="1", **given)
    assert (0, False) == (told.returncode, (tmp_path / "elsewhere").exists())
    assert (repository.hooks() / "post-commit").exists()


def test_commits_of_a_program_that_brings_its_own_python_teach(repository):
    repository.alma("install", "git")
    repository.commit("Speed up\n\nAlma-Outcome: success", PYTHONHOME="/mounted/usr")
    assert [("Speed up", "success")] == repository.outcomes()


def test_the_block_of_an_older_version_is_replaced(repository):
    old = SH.replace("\n", "\n# >>> alma >>> `alma uninstall git` takes this out\n( old & )\n# <<< alma <<<\n", 1)
    path = repository.add_hook("post-commit", old)
    repository.alma("install", "git")
    assert (1, False) == (path.read_text().count(">>> alma >>>"), "( old & )" in path.read_text())
    repository.alma("uninstall", "git")
    assert SH == path.read_text()


def test_what_git_lfs_will_say_is_told(repository):
    lfs = '#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || exit 0\ngit lfs post-commit "$@"\n'
    assert "git lfs" not in repository.alma("install", "git", "--dry-run").stderr
    repository.add_hook("post-commit", lfs)
    assert "use `git lfs install --skip-repo`" in repository.alma("install", "git").stderr
