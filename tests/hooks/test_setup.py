"""`alma setup`: what is here is connected in one go, looked at, and taken out again byte for byte."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from alma_cli import ALMA
from alma_cli.hooks.install.states import host_states
from alma_cli.project import find_project
from tests.agent_skills import check_skill

WITHOUT_HOSTS = "/usr/bin:/bin"


@pytest.fixture(autouse=True)
def no_host_on_the_path(monkeypatch):
    monkeypatch.setenv("PATH", WITHOUT_HOSTS)


@pytest.fixture
def put(project):
    """Write files into the project."""

    def write(**files):
        for name, text in files.items():
            path = project / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    return write


@pytest.fixture
def everything(project, put):
    """A project where all hosts are."""
    for folder in (".claude", ".cursor", ".vscode", ".github/workflows", ".git/hooks", ".git/objects", ".git/refs"):
        (project / folder).mkdir(parents=True)
    put(
        **{
            "AGENTS.md": "# For agents\n\nBe kind.",
            ".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks: []\n",
            ".git/HEAD": "ref: refs/heads/main\n",
            ".claude/settings.json": '{"model": "opus"}',
            ".claude/settings.local.json": '{\n\t"env": {"A": "1"}\n}',
            ".mcp.json": '{"mcpServers": {"other": {"command": "other"}}}\n',
            ".vscode/mcp.json": '{\r\n  "servers": {}\r\n}\r\n',
        }
    )


def files(project):
    """The files that belong to others: neither the memory's own, nor the one by which git ignores it."""
    return {
        os.path.relpath(path, project): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".alma" not in path.parts and path.parts[-2:] != ("info", "exclude")
    }


def folders(project):
    return {path for path in project.rglob("*") if path.is_dir() and not {".alma", "info"}.intersection(path.parts)}


def test_all_that_is_here_is_connected_once_and_comes_out_byte_for_byte(everything, project, run_alma):
    before, there = files(project), folders(project)
    assert 1 == run_alma("setup", "--check").code
    assert before == files(project)
    done = run_alma("setup", "--yes")
    assert 0 == done.code, done
    after = files(project)
    assert before != after
    again = run_alma("setup", "--yes")
    assert 0 == again.code
    told = again.err.splitlines()
    assert ["claude", "codex", "cursor", "vscode", "git", "pre-commit", "agents-md", "skill"] == [
        line.removesuffix(": connected") for line in told if line.endswith(": connected")
    ]
    assert "GitHub needs to know where ALMA's action is" in told[-1]
    assert 0 == run_alma("setup", "--check").code
    assert after == files(project)
    assert 1 == run_alma("setup", "--remove", "--check").code
    assert 0 == run_alma("setup", "--remove", "--yes").code
    assert before == files(project)
    assert there == folders(project)
    assert 0 == run_alma("setup", "--remove", "--check").code


def test_what_git_checked_out_with_the_line_ends_of_windows_stays_connected(everything, project, run_alma):
    run_alma("setup", "--agent", "ines", "--yes")
    run_alma("install", "github", "--action", "a/b@c", "--command", "make test")
    for path in files(project):
        if not path.startswith(".git/"):
            (project / path).write_bytes((project / path).read_bytes().replace(b"\r", b"").replace(b"\n", b"\r\n"))
    before = files(project)
    assert (0, 0) == (run_alma("setup", "--check").code, run_alma("setup", "--yes").code)
    assert "nothing to change" in run_alma("install", "github", "--action", "a/b@c", "--command", "make test").err
    assert before == files(project)
    run_alma("setup", "--remove", "--yes")
    run_alma("uninstall", "github")
    assert [] == [path for path, text in files(project).items() if b"alma" in text]


def test_no_path_of_this_machine_is_in_a_file_that_is_committed(everything, project, run_alma):
    before = files(project)
    run_alma("setup", "--yes")
    written = {path: text for path, text in files(project).items() if before.get(path) != text}
    not_committed = {path for path in written if path.startswith(".git/")} | {".claude/settings.local.json"}
    assert {
        ".mcp.json",
        ".cursor/mcp.json",
        ".vscode/mcp.json",
        ".claude/skills/alma/SKILL.md",
        ".agents/skills/alma/SKILL.md",
        "AGENTS.md",
        ".pre-commit-config.yaml",
    } == set(written) - not_committed
    for path in set(written) - not_committed:
        assert b"/alma " not in written[path], path
        assert str(project).encode() not in written[path], path
    hooks = json.loads(written[".claude/settings.local.json"])["hooks"]
    assert {"SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop"} == set(hooks)
    check_skill(project / ".agents/skills/alma/SKILL.md")


def test_each_host_gets_its_server_beside_those_of_others(everything, project, run_alma):
    run_alma("setup", "claude", "cursor", "vscode", "--agent", "ines", "--yes")
    ours = {"command": "alma", "args": ["mcp", "--agent", "ines"]}
    assert {"other": {"command": "other"}, "alma": ours} == json.loads((project / ".mcp.json").read_text())[
        "mcpServers"
    ]
    of_cursor = {**ours, "args": ["mcp", "--dir", "${workspaceFolder}", "--agent", "ines"]}
    assert {"mcpServers": {"alma": of_cursor}} == json.loads((project / ".cursor/mcp.json").read_text())
    assert {"servers": {"alma": {"type": "stdio", **ours}}} == json.loads((project / ".vscode/mcp.json").read_text())


def test_a_file_with_comments_is_left_alone_and_says_why(put, project, run_alma):
    text = '{\n  // ours\n  "servers": {},\n}\n'
    put(**{".vscode/mcp.json": text})
    told = run_alma("setup", "vscode", "--yes")
    assert (1, text) == (told.code, (project / ".vscode/mcp.json").read_text())
    assert "its comments would be lost: take them out, or add ALMA's part by hand" in told.err


def test_cursors_server_is_told_where_the_project_is(put, project, run_alma, monkeypatch):
    put(**{".cursor/rules": ""})
    run_alma("setup", "cursor", "--yes")
    server = json.loads((project / ".cursor/mcp.json").read_text())["mcpServers"]["alma"]
    assert ["mcp", "--dir", "${workspaceFolder}"] == server["args"]
    assert project == find_project(directory="${workspaceFolder}").root, "an editor that doesn't fill it in"


def test_a_server_of_somebodys_own_stays(put, project, run_alma):
    text = '{"mcpServers": {"alma": {"command": "/opt/alma", "args": ["mcp"]}}}'
    put(**{".cursor/mcp.json": text})
    run_alma("setup", "cursor", "--yes")
    assert text == (project / ".cursor/mcp.json").read_text()
    run_alma("setup", "cursor", "--remove", "--yes")
    assert text == (project / ".cursor/mcp.json").read_text()


def test_files_that_were_edited_since_keep_the_edits(everything, project, run_alma):
    run_alma("setup", "--yes")
    page = project / "AGENTS.md"
    page.write_text(page.read_text() + "\nBe brief.\n")
    servers = project / ".mcp.json"
    servers.write_text(servers.read_text().replace('"other"', '"another"'))
    skill = project / ".agents/skills/alma/SKILL.md"
    skill.write_text(skill.read_text() + "Mine.\n")
    run_alma("setup", "--remove", "--yes")
    assert "# For agents\n\nBe kind.\n\nBe brief.\n" == page.read_text()
    assert {"mcpServers": {"another": {"command": "another"}}} == json.loads(servers.read_text())
    assert skill.read_text().endswith("Mine.\n")


def test_published_lessons_stay_when_the_memorys_own_block_goes(project, put, run_alma):
    put(**{"AGENTS.md": "# For agents\n"})
    run_alma("add", "heuristic", "you release", "--strategy", "tag first")
    run_alma("setup", "agents-md", "--yes")
    run_alma("publish", "--agents-md")
    run_alma("setup", "agents-md", "--remove", "--yes")
    text = (project / "AGENTS.md").read_text()
    assert text.startswith("# For agents\n\n<!-- >>> alma lessons >>> -->\n")
    assert "## Memory" not in text


def test_hooks_that_install_wrote_into_shared_settings_move(everything, project, run_alma):
    before = files(project)
    run_alma("install", "claude")
    done = run_alma("setup", "claude", "--yes")
    assert "keep .claude/settings.local.json out of git: it names this machine's alma" == done.err.splitlines()[-1]
    assert before[".claude/settings.json"] == (project / ".claude/settings.json").read_bytes()
    assert "hook stop" in (project / ".claude/settings.local.json").read_text()
    run_alma("install", "claude")
    run_alma("setup", "claude", "--remove", "--yes")
    assert before == files(project)


def test_the_block_is_ten_lines_that_work_as_written_in_a_fresh_project(project, run_alma):
    assert 0 == run_alma("setup", "agents-md", "--yes").code
    lines = (project / "AGENTS.md").read_text().splitlines()
    assert 10 == len(lines)
    commands = [command for command in re.findall(r"`(alma [^`]+)`", "\n".join(lines)) if command != "alma retrieve"]
    assert 3 == len(commands)
    for command in commands:
        assert 0 == run_alma(*shlex.split(command)[1:]).code, command
    learned = next(command for command in commands if " learn " in command)
    failed = learned.replace("success", "failure --error 'the line that tells why'")
    assert 0 == run_alma(*shlex.split(failed)[1:]).code


def test_where_there_is_only_a_page_for_claude_the_block_goes_there(put, project, run_alma):
    put(**{"CLAUDE.md": "# Claude\n"})
    run_alma("setup", "--yes")
    assert "## Memory" in (project / "CLAUDE.md").read_text()
    assert not (project / "AGENTS.md").exists()
    run_alma("setup", "--remove", "--yes")
    assert "# Claude\n" == (project / "CLAUDE.md").read_text()


def test_a_page_for_claude_that_is_a_link_gives_its_bytes_back_too(put, project, run_alma):
    put(**{"AGENTS.md": "# For agents\n"})
    (project / "CLAUDE.md").symlink_to("AGENTS.md")
    run_alma("setup", "agents-md", "--yes")
    assert 0 == run_alma("setup", "--remove", "--yes").code
    assert "# For agents\n" == (project / "CLAUDE.md").read_text()
    assert (project / "CLAUDE.md").is_symlink()


def test_in_a_clone_that_did_not_set_it_up_all_of_it_goes_too(everything, project, run_alma):
    run_alma("setup", "--yes")
    (project / ".alma/backup/installed.json").unlink()
    (project / "AGENTS.md").write_text("".join((project / "AGENTS.md").read_text().partition("<!--")[1:]))
    assert 0 == run_alma("setup", "--remove", "--yes").code
    assert {} == {path: text for path, text in files(project).items() if b"alma" in text}
    assert not (project / "AGENTS.md").exists()
    assert not (project / ".cursor/mcp.json").exists()


def test_what_cannot_be_read_is_told_of_and_the_rest_is_connected(everything, put, project, run_alma):
    put(**{".vscode/mcp.json": "// servers\n{}"})
    done = run_alma("setup", "vscode", "cursor", "--yes")
    assert 1 == done.code
    assert f"vscode: {project}/.vscode/mcp.json is not JSON" in done.err
    assert "// servers\n{}" == (project / ".vscode/mcp.json").read_text()
    assert (project / ".cursor/mcp.json").exists()


def test_what_was_changed_before_something_failed_comes_out_byte_for_byte(put, project, run_alma):
    put(**{".claude/settings.local.json": "{}"})
    (project / ".claude/skills").symlink_to("missing/folder")
    before = files(project)
    assert 1 == run_alma("setup", "claude", "--yes").code
    assert "alma hook" in (project / ".claude/settings.local.json").read_text()
    assert 0 == run_alma("setup", "--remove", "--yes").code
    assert before == files(project)


class CutOffError(BaseException):
    """The process was ended here."""


@pytest.fixture
def cut_off(run_alma, monkeypatch):
    """Run a command that ends before it has moved its n-th file to its place; whether it ended by itself."""

    def run(number, *argv):
        left = [number]

        def counting(real):
            def move(*arguments, **options):
                left[0] -= 1
                if not left[0]:
                    raise CutOffError
                return real(*arguments, **options)

            return move

        with monkeypatch.context() as patch:
            for name in ("replace", "rename", "unlink"):
                patch.setattr(os, name, counting(getattr(os, name)))
            try:
                return run_alma(*argv).code == 0
            except CutOffError:
                return False

    return run


@pytest.mark.parametrize(
    "again", [(), ("setup", "claude", "agents-md", "git", "--yes"), ("setup", "--remove", "--yes")]
)
def test_what_was_changed_before_setup_was_killed_comes_out_byte_for_byte(
    again, everything, project, run_alma, cut_off
):
    hook = project / ".git/hooks/post-commit"
    hook.write_text("#!/usr/bin/env python3\n")
    hook.chmod(0o755)
    before, there = files(project), folders(project)
    for number in range(1, 100, 3):
        is_done = cut_off(number, "setup", "claude", "agents-md", "git", "--yes")
        if is_done and again[1:2] == ("--remove",):
            is_done = cut_off(number, *again)
        elif again:
            assert 0 == run_alma(*again).code
        assert 0 == run_alma("setup", "--remove", "--yes").code
        assert (before, there) == (files(project), folders(project))
    assert is_done


def test_a_hook_of_others_goes_on_running_where_setup_was_killed_before_it_had_one_in_its_place(
    everything, project, run_alma
):
    hook = project / ".git/hooks/post-commit"
    kept = hook.with_name("post-commit.before-alma")
    kept.write_text("#!/usr/bin/env python3\n")
    kept.chmod(0o755)
    assert 0 == run_alma("setup", "git", "--yes").code
    assert "post-commit.before-alma" in hook.read_text()
    assert 0 == run_alma("setup", "--remove", "--yes").code
    assert ("#!/usr/bin/env python3\n", False) == (hook.read_text(), kept.exists())


def test_where_the_current_folder_is_gone_a_project_that_is_named_is_looked_at_and_a_path_from_there_is_told(
    everything, project, run_alma, tmp_path, monkeypatch
):
    run_alma("setup", "git", "--yes")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "git: connected" in run_alma("setup", "git", "--check", "--dir", str(project)).err
    assert 0 == run_alma("status", "--dir", str(project)).code
    for argv in (["init"], ["report", "--out", "r.html", "--dir", str(project)], ["list", "--dir", "shop"]):
        error = "error: the current folder is gone\nhint: change to a folder that exists\n"
        assert (1, "", error) == run_alma(*argv), argv


def test_nothing_here_is_told_of(run_alma):
    assert (0, "", "nothing is connected here\n") == run_alma("setup", "--remove")
    done = run_alma("setup")
    assert (0, "no host was found here; name one: claude, codex, ") == (done.code, done.err[:49])
    unknown = run_alma("setup", "cloude")
    assert (2, "hint: did you mean `claude`?") == (unknown.code, unknown.err.splitlines()[1])


def test_a_dry_run_shows_the_difference(project, run_alma, run_json):
    done = run_alma("setup", "agents-md", "--dry-run")
    assert (0, True) == (done.code, "+## Memory\n" in done.out)
    data = run_json("setup", "agents-md", "--check", code=1)["data"]
    path = str(project / "AGENTS.md")
    changes = [{"path": path, "change": "write"}]
    assert [{"target": "agents-md", "here": False, "changes": changes, "trouble": None}] == data["targets"]
    assert not os.path.exists(path)


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "is_made"), [("y\n", True), ("n\n", False)])
def test_on_a_terminal_the_plan_is_shown_and_asked_about(project, run_on_terminal, typed, is_made):
    seen = run_on_terminal("setup", "agents-md", typed=typed, PATH=WITHOUT_HOSTS)
    assert 0 == seen.code
    path = re.escape(f"{project}/AGENTS.md")  # has a line of its own where it is long
    assert re.search(rf"agents-md: write[ \n]{path}\nmake 1 change\? \[y/N\]", seen.out)
    assert is_made == (project / "AGENTS.md").exists()


# How each host stands


@pytest.fixture
def states(project):
    def looked():
        found = host_states(ALMA.find(directory=str(project)).project)
        return {host.target: (host.state, host.why) for host in found}

    return looked


@pytest.fixture
def alma_on_the_path(tmp_path_factory, monkeypatch):
    program = tmp_path_factory.mktemp("bin") / "alma"
    program.write_text("#!/bin/sh\n# alma_cli\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{WITHOUT_HOSTS}")
    return program


def test_each_host_that_is_here_is_connected_or_not(everything, states, run_alma, alma_on_the_path):
    assert {("not connected", "")} == set(states().values())
    run_alma("setup", "--yes")
    found = states()
    assert ("not connected", "") == found.pop("github")
    assert {("connected", "")} == set(found.values())
    assert 0 == run_alma("doctor").code
    run_alma("setup", "--remove", "--yes")
    assert {("not connected", "")} == set(states().values())


def test_outside_a_repository_nothing_is_connected_with_pre_commit(put, states, run_alma):
    put(**{".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks: []\n"})
    assert {} == states()
    run_alma("install", "pre-commit")
    assert {} == states()


def test_what_was_connected_and_is_gone_is_told_by_the_doctor(everything, project, states, run_alma, alma_on_the_path):
    run_alma("setup", "--yes")
    for name in (".mcp.json", "AGENTS.md", ".git/hooks/pre-push"):
        (project / name).write_text("{}")
    found = states()
    assert f"ALMA's part is gone from {project}/.mcp.json: somebody wrote over it" == found["claude"][1]
    assert ["gone"] * 3 == [found[name][0] for name in ("claude", "codex", "git")]
    assert "connected" == found["vscode"][0]
    told = run_alma("doctor")
    assert (1, True) == (told.code, "`alma setup claude` puts it back" in told.err)
    run_alma("setup", "claude", "git", "agents-md", "--yes")
    assert "gone" not in {state for state, _ in states().values()}


@pytest.mark.parametrize("mark", ["<!-- >>> alma >>> -->", "<!-- <<< alma <<< -->"])
def test_half_a_block_is_not_connected(mark, project, states, run_alma, alma_on_the_path):
    (page := project / "AGENTS.md").write_text("# Rules\n")
    assert 0 == run_alma("setup", "agents-md", "--yes").code
    page.write_text(page.read_text().replace(f"{mark}\n", ""), newline="\r\n")
    state, why = states()["agents-md"]
    assert ("gone", True) == (state, "AGENTS.md" in why)
    told = run_alma("doctor")
    assert (1, True) == (told.code, "host agents-md: `alma setup agents-md` puts it" in told.err)
    refused = run_alma("setup", "agents-md", "--yes")
    assert (1, True) == (refused.code, "leave one line" in refused.err)


def test_a_block_that_moved_with_its_page_is_not_gone(project, put, states, run_alma, alma_on_the_path):
    put(**{"AGENTS.md": "# For agents\n"})
    run_alma("setup", "agents-md", "--yes")
    (project / "AGENTS.md").rename(project / "CLAUDE.md")
    assert "connected" == states()["agents-md"][0]
    (project / "CLAUDE.md").write_text("# For agents\n")
    assert "gone" == states()["agents-md"][0]


@pytest.mark.parametrize("path", [".:{}", ":{}", "bin:{}"])
def test_no_program_of_the_folder_worked_in_is_asked_for_its_version(path, project, put, run_alma, monkeypatch):
    for planted in (project / "claude", project / "alma", project / "bin/claude"):
        planted.parent.mkdir(exist_ok=True)
        planted.write_text("#!/bin/sh\ntouch ran\necho 9.9.9\n")
        planted.chmod(0o755)
    put(**{".claude/settings.json": "{}"})
    monkeypatch.setenv("PATH", path.format(WITHOUT_HOSTS))
    assert 0 == run_alma("setup", "claude", "--yes").code
    assert not (project / "ran").exists()


def test_hooks_that_git_looks_for_elsewhere_by_now_are_gone(everything, project, states, run_alma):
    run_alma("install", "git")
    assert "connected" == states()["git"][0]
    subprocess.run(["git", "config", "core.hooksPath", ".githooks"], check=True)
    why = f"git looks for its hooks in {project}/.githooks now, and ALMA's are in {project}/.git/hooks"
    assert ("gone", why) == states()["git"]
    run_alma("setup", "git", "--yes")
    assert "connected" == states()["git"][0]


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("agent", ["zoe-marie", "Ana Lu", "o'neil"])
def test_the_agent_that_hosts_were_connected_for_stays_unless_another_is_given(agent, project, run_alma):
    run_alma("setup", "--agent", agent, "--yes")
    before = files(project)
    assert sum(agent.encode() in content or b"o'\"'\"'neil" in content for content in before.values()) >= 9
    again = run_alma("setup", "--yes")
    assert 0 == again.code
    assert before == files(project)
    run_alma("setup", "--agent", "victor", "--yes")
    assert not any(agent.encode() in content for content in files(project).values())


@pytest.mark.usefixtures("everything")
def test_hooks_come_out_where_git_looks_now_and_where_it_looked_before(project, run_alma):
    before = files(project)
    run_alma("setup", "git", "--yes")
    subprocess.run(["git", "config", "core.hooksPath", "elsewhere"], check=True, cwd=project)
    run_alma("setup", "git", "--yes")
    assert {".git/hooks/post-commit", "elsewhere/post-commit"} <= files(project).keys()
    run_alma("setup", "git", "--remove", "--yes")
    (project / ".git/config").unlink()
    assert before == files(project)


@pytest.mark.usefixtures("everything", "alma_on_the_path")
def test_hooks_that_pre_commit_keeps_and_calls_are_not_gone(project, states, run_alma):
    run_alma("setup", "git", "--yes")
    hook = project / ".git/hooks/post-commit"
    hook.rename(hook.with_name("post-commit.legacy"))
    hook.write_text("#!/bin/sh\n# it calls post-commit.legacy\n")
    assert "connected" == states()["git"][0]
    hook.with_name("post-commit.legacy").unlink()
    assert "gone" == states()["git"][0]


def test_hooks_that_git_passes_over_for_their_rights_cannot_run(everything, project, states, run_alma):
    run_alma("install", "git")
    hook = project / ".git/hooks/post-commit"
    hook.chmod(0o644)
    assert ("can't run", f"git passes over {hook}: it may not be executed") == states()["git"]
    assert 1 == run_alma("install", "git", "--check").code
    assert 0 == run_alma("install", "git").code
    assert ("connected", 0o755) == (states()["git"][0], hook.stat().st_mode & 0o777)


def test_hooks_where_no_program_may_run_are_not_mended_by_a_right(everything, project, states, run_alma, monkeypatch):
    run_alma("setup", "git", "--yes")
    (project / ".git/hooks/post-merge").chmod(0o644)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_NOEXEC))
    why = f"git runs no hooks in {project}/.git/hooks: it is mounted with noexec"
    assert ("can't run", why) == states()["git"]


@pytest.mark.usefixtures("everything", "alma_on_the_path")
def test_in_a_submodule_the_hooks_of_the_project_around_it_cannot_run(project, states, run_alma, monkeypatch):
    run_alma("setup", "git", "--yes")
    (project / "part").mkdir()
    (project / ".git/modules/part").mkdir(parents=True)
    (project / "part/.git").write_text("gitdir: ../.git/modules/part\n")
    for name in ("objects", "refs"):
        (project / ".git/modules/part" / name).mkdir()
    (project / ".git/modules/part/HEAD").write_text("ref: refs/heads/main\n")
    assert "connected" == states()["git"][0]
    monkeypatch.chdir(project / "part")
    why = f"the submodule {project}/part has hooks of its own, where ALMA has none: its commits teach nothing"
    assert ("can't run", why) == states()["git"]


@pytest.mark.slow
def test_the_hooks_of_a_project_whose_folder_got_another_name_cannot_run(tmp_path, run_alma):
    before, after = tmp_path / "mono/app", tmp_path / "mono/shop"
    before.mkdir(parents=True)
    subprocess.run(["/usr/bin/git", "init", "-q", str(tmp_path / "mono")], check=True)
    run_alma("--dir", str(before), "init")
    clean = files(tmp_path)
    run_alma("--dir", str(before), "setup", "git", "pre-commit", "--yes")
    before.rename(after)
    (git,) = [one for one in host_states(ALMA.find(directory=str(after)).project) if one.target == "git"]
    assert ("can't run", "alma setup git") == (git.state, git.remedy)
    assert "./app" in git.why
    assert "./shop" in git.why
    assert 0 == run_alma("--dir", str(after), "setup", "git", "pre-commit", "--yes").code
    (git,) = [one for one in host_states(ALMA.find(directory=str(after)).project) if one.target == "git"]
    assert "connected" == git.state
    run_alma("--dir", str(after), "setup", "--remove", "--yes")
    assert clean == files(tmp_path), "no hook stays for a project that is gone"


def test_hooks_that_git_does_not_look_for_in_a_worktree_cannot_run(everything, project, states, run_alma, monkeypatch):
    run_alma("install", "git")
    identity = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    linked = project.parent / "linked"
    for words in (
        ["commit", "-q", "--allow-empty", "-m", "Start"],
        ["config", "core.repositoryFormatVersion", "1"],
        ["config", "extensions.worktreeConfig", "true"],
        ["worktree", "add", "-q", str(linked)],
    ):
        subprocess.run(["git", *words], check=True, env={**os.environ, **identity})
    monkeypatch.chdir(linked)
    assert "connected" == states()["git"][0]
    subprocess.run(["git", "config", "--worktree", "core.hooksPath", str(project / "none")], check=True)
    told = f"in the worktree {linked} git looks for its hooks in {project / 'none'}, where ALMA has none"
    assert ("can't run", told) == states()["git"]


def test_settings_that_claude_code_cannot_read_run_no_hooks(project, put, states, run_alma):
    put(**{".claude/settings.json": "{}"})
    run_alma("setup", "claude", "--yes")
    path = project / ".claude/settings.json"
    path.write_text("{,")
    state, why = states()["claude"]
    assert ("can't run", True) == (state, why.startswith(f"{path} is not JSON"))


@pytest.mark.usefixtures("alma_on_the_path")
def test_hooks_that_the_machines_manager_keeps_out_cannot_run(project, put, states, run_alma, monkeypatch):
    managed = project.parent / "managed.json"
    monkeypatch.setattr("alma_cli.hooks.install.claude.MANAGED", str(managed))
    put(**{".claude/settings.json": "{}"})
    run_alma("setup", "claude", "--yes")
    assert "connected" == states()["claude"][0]
    managed.write_text('{"allowManagedHooksOnly": true}')
    assert ("can't run", f"{managed} lets no other hooks run (allowManagedHooksOnly)") == states()["claude"]


def test_hooks_by_a_way_that_leads_nowhere_are_not_installed_where_git_finds_none(everything, project, run_alma):
    subprocess.run(["git", "config", "core.hooksPath", "missing/../hooks"], check=True)
    finished = run_alma("install", "git")
    assert (1, True) == (finished.code, f"core.hooksPath leads through {project}/missing, which isn't" in finished.err)
    assert not (project / "hooks").exists()
    (project / "missing").mkdir()
    assert 0 == run_alma("install", "git").code
    assert (project / "hooks/post-commit").exists()


def test_where_git_is_told_to_run_no_hooks_install_says_so(everything, project, run_alma):
    subprocess.run(["git", "config", "core.hooksPath", "/dev/null"], check=True)
    finished = run_alma("install", "git")
    assert (1, True) == (finished.code, "git runs no hooks here: core.hooksPath is /dev/null" in finished.err)


@pytest.mark.usefixtures("alma_on_the_path")
@pytest.mark.parametrize(
    "odd",
    [
        ({"matcher": {"type": "always"}, "hooks": []}, "0.matcher"),
        ({"type": "command", "command": "x"}, "0"),
        ({"hooks": [{"type": "agent"}]}, "0.hooks.0"),
        ({"hooks": [{"command": "x"}]}, "0.hooks.0"),
        ("x", "0"),
    ],
)
def test_hooks_in_settings_that_claude_code_passes_over_cannot_run(project, put, states, run_alma, odd):
    entry, fault = odd
    put(**{".claude/settings.json": "{}"})
    run_alma("setup", "claude", "--yes")
    path = project / ".claude/settings.local.json"
    settings = json.loads(path.read_text())
    settings["hooks"] = {"PreCompact": [entry], **settings["hooks"]}
    path.write_text(json.dumps(settings))
    told = f"Claude Code passes over {path} as a whole: hooks.PreCompact.{fault} has not the form of a hook"
    assert ("can't run", told) == states()["claude"]
    finished = run_alma("setup", "claude", "--yes")
    assert (1, True) == (finished.code, told in finished.err)
    run_alma("setup", "claude", "--remove", "--yes")
    assert {"hooks": {"PreCompact": [entry]}} == json.loads(path.read_text())
    run_alma("setup", "claude", "--yes")
    assert {"hooks": {"PreCompact": [entry]}} == json.loads(path.read_text())
    path.unlink()


@pytest.mark.usefixtures("alma_on_the_path")
@pytest.mark.parametrize("setting", [{"disableAllHooks": True}, {"disabledMcpjsonServers": ["alma"]}])
def test_hooks_that_claude_code_is_told_not_to_run_cannot_run(project, put, states, run_alma, setting):
    put(**{".claude/settings.json": "{}"})
    run_alma("setup", "claude", "--yes")
    assert "connected" == states()["claude"][0]
    for name in ("settings.local.json", "settings.json"):
        path = project / ".claude" / name
        before = path.read_text()
        path.write_text(json.dumps(json.loads(before) | setting))
        assert ("can't run", True) == (states()["claude"][0], states()["claude"][1].startswith(f"{path} switches "))
        path.write_text(before)
    assert "connected" == states()["claude"][0]


@pytest.mark.usefixtures("alma_on_the_path")
@pytest.mark.parametrize(
    "said", [(".claude.json", "disabledMcpjsonServers"), (".claude/.claude.json", "disabledMcpServers")]
)
def test_a_server_that_a_user_switched_off_in_claude_code_cannot_run(said, project, states, run_alma, monkeypatch):
    name, key = said
    home = project.parent / "home"
    (home / ".claude").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    if "/" in name:
        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / ".claude"))
    run_alma("setup", "claude", "--yes")
    path, here = home / name, str(project)
    path.write_text(json.dumps({"projects": {"/other": {key: ["alma"]}, here: {key: ["another"]}}}))
    assert "connected" == states()["claude"][0]
    path.write_text(json.dumps({"projects": {here: {key: ["alma"]}}}))
    assert ("can't run", f"{path} switches the server alma off ({key})") == states()["claude"]
    for odd in ('{"projects": []}', json.dumps({"projects": {here: 1}}), "{,"):
        path.write_text(odd)
        assert "connected" == states()["claude"][0]


@pytest.mark.usefixtures("alma_on_the_path")
def test_settings_of_a_user_who_keeps_them_elsewhere_are_read_there(put, states, run_alma, monkeypatch, tmp_path):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    put(**{".claude/settings.json": "{}"})
    run_alma("setup", "claude", "--yes")
    path = tmp_path / "elsewhere/settings.json"
    path.parent.mkdir()
    for text in ('{"disableAllHooks": true}', '{"deniedMcpServers": [{"serverName": "alma"}]}'):
        path.write_text(text)
        assert ("can't run", True) == (states()["claude"][0], states()["claude"][1].startswith(f"{path} switches "))


@pytest.mark.usefixtures("alma_on_the_path")
@pytest.mark.parametrize(
    "host",
    [
        ("claude", ".mcp.json", "mcpServers"),
        ("cursor", ".cursor/mcp.json", "mcpServers"),
        ("vscode", ".vscode/mcp.json", "servers"),
    ],
)
def test_a_server_whose_entry_cannot_work_is_not_connected(host, project, put, states, run_alma):
    target, name, key = host
    put(**{f"{folder}/x": "" for folder in (".claude", ".cursor", ".vscode")})
    run_alma("setup", target, "--yes")
    path = project / name
    ours = json.loads(path.read_text())[key]["alma"]
    for odd, told in (
        ({"disabled": True}, f"{path} has `disabled = true` for the server alma"),
        ({"command": "/gone/alma"}, f"{path} starts /gone/alma as the server alma, which isn't there"),
        ({"args": ["mcp", "--dir", "/gone"]}, f"{path} has the server alma work in /gone, where no project is"),
    ):
        path.write_text(json.dumps({key: {"alma": ours | odd}}))
        assert ("can't run", told) == states()[target]
    for fine in (
        {"args": ["mcp", "--dir", str(project)]},
        {"args": ["mcp", "--dir", f"{project}/.alma/"]},
        {"args": 1},
    ):
        path.write_text(json.dumps({key: {"alma": ours | fine}}))
        assert "connected" == states()[target][0]


def test_a_folder_with_two_paths_is_written_and_cleared_once(put, project, run_alma):
    put(**{"AGENTS.md": "# For agents\n", ".agents/x": ""})
    (project / ".claude").mkdir()
    (project / ".claude/skills").symlink_to("../.agents/skills")
    (project / ".agents/skills").mkdir()
    before = files(project)
    assert 1 == run_alma("setup", "claude", "codex", "skill", "--yes").err.count("SKILL.md")
    run_alma("setup", "--remove", "--yes")
    assert before == files(project)


def test_what_is_gone_for_good_is_forgotten_by_remove(project, put, states, run_alma, alma_on_the_path):
    put(**{".cursor/x": ""})
    run_alma("setup", "cursor", "--yes")
    (project / ".cursor/mcp.json").write_text("{}")
    assert "gone" == states()["cursor"][0]
    run_alma("setup", "cursor", "--remove", "--yes")
    assert "not connected" == states()["cursor"][0]


def test_what_is_connected_in_part_is_not_connected(everything, project, states, run_alma, alma_on_the_path):
    run_alma("install", "claude")
    assert ("not connected", "in part") == states()["claude"]


def test_an_alma_whose_interpreter_is_gone_cannot_run(everything, states, run_alma, alma_on_the_path):
    run_alma("setup", "git", "--yes")
    ours = Path(sys.executable).with_name("alma").read_bytes()
    for gone in (b"#!/gone/python3\n", b"#!/bin/sh\n'''exec' \"/gone with/python3\" \"$0\" \"$@\"\n' '''\n"):
        alma_on_the_path.write_bytes(gone + b"from alma_cli.__main__ import run\n")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("alma_cli.hooks.install.states._NAMED", re.compile(b"(nothing)(named)"))
            assert "can't run" == states()["git"][0]
    alma_on_the_path.write_bytes(ours)
    assert "connected" == states()["git"][0]


def test_an_alma_whose_environment_is_of_another_python_by_now_cannot_run(
    everything, states, run_alma, alma_on_the_path, tmp_path
):
    run_alma("setup", "git", "--yes")
    script, python = tmp_path / "env/bin/alma", tmp_path / "python3.13"
    installed = tmp_path / "env/lib/python3.12/site-packages/alma_memory-1.dist-info"
    for folder in (script.parent, installed):
        folder.mkdir(parents=True)
    python.touch()
    (script.parent / "python").symlink_to(python)
    script.write_text(f"#!{script.parent}/python\nfrom alma_cli.__main__ import run\n")
    script.chmod(0o755)
    alma_on_the_path.unlink()
    alma_on_the_path.symlink_to(script)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alma_cli.hooks.install.states._NAMED", re.compile(b"(nothing)(named)"))
        assert "can't run" == states()["git"][0]
        installed.parent.parent.rename(tmp_path / "env/lib/python3.13")
        assert "connected" == states()["git"][0]


def test_an_alma_whose_environment_was_moved_is_named_in_no_hook(everything, project, run_alma, monkeypatch, tmp_path):
    script = tmp_path / "moved/bin/alma"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!{tmp_path}/before/bin/python\nfrom alma_cli.__main__ import run\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setattr(sys, "executable", str(script.parent / "python"))
    assert "no `alma` was found that starts" in run_alma("setup", "git", "--yes").err
    assert str(script) not in (project / ".git/hooks/post-commit").read_text()


def test_an_alma_in_a_home_with_an_apostrophe_can_run(everything, states, run_alma, monkeypatch, tmp_path):
    program = tmp_path / "o'brien josé/bin/alma"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n# alma_cli\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    run_alma("setup", "git", "--yes")
    assert ("connected", "") == states()["git"]
    program.unlink()
    assert "can't run" == states()["git"][0]


@pytest.mark.parametrize("rule", ["mcp__alma", "Bash(alma:*)"])
def test_an_agent_that_is_denied_all_that_alma_offers_is_told(rule, put, states, run_alma, alma_on_the_path):
    put(**{".claude/settings.json": json.dumps({"permissions": {"deny": ["mcp__alma__forget"]}})})
    run_alma("setup", "claude", "--yes")
    assert "connected" == states()["claude"][0]
    put(**{".claude/settings.json": json.dumps({"permissions": {"deny": [rule]}})})
    assert ("can't run", True) == ((found := states()["claude"])[0], f"permissions.deny: {rule}" in found[1])


def test_pre_commit_that_git_does_not_call_cannot_run(everything, project, states, run_alma, alma_on_the_path):
    run_alma("setup", "pre-commit", "--yes")
    assert ("can't run", "git doesn't call pre-commit after a commit yet") == states()["pre-commit"]
    (project / ".git/hooks/post-commit").write_text("#!/bin/sh\n# File generated by pre-commit\n")
    assert ("connected", "") == states()["pre-commit"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    ["echo 'No preset version installed for command alma' >&2; exit 126", "echo 'usage: alma [array]'", "exec cat"],
)
def test_a_program_that_is_only_called_alma_cannot_run(other, put, states, run_alma, alma_on_the_path):
    put(**{".cursor/x": ""})
    run_alma("setup", "cursor", "--yes")
    assert "connected" == states()["cursor"][0]
    alma_on_the_path.write_text(f"#!/bin/sh\n{other}\n")
    assert "can't run" == states()["cursor"][0], "a shim that finds no version here, or another program"


def test_a_program_that_a_file_of_the_project_names_is_not_started_to_see_whether_it_is_alma(
    everything, project, states, run_alma, alma_on_the_path
):
    run_alma("setup", "git", "--yes")
    planted, ran = project / "alma", project / "ran"
    planted.write_text(f"#!/bin/sh\ntouch {ran}\n")
    planted.chmod(0o755)
    alma_on_the_path.unlink()
    for hook in (project / ".git/hooks").iterdir():
        hook.write_bytes(hook.read_bytes().replace(b"\n", f"\n# '{planted}'\n".encode(), 1))
    assert "connected" == states()["git"][0]
    assert not ran.exists()


def test_a_server_whose_alma_is_not_on_the_path_cannot_run(put, states, run_alma):
    put(**{".claude/settings.json": "{}"})
    run_alma("setup", "claude", "--yes")
    assert "can't run" == states()["claude"][0], "its hooks can, by the path that they name"


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(("target", "is_marked"), [("git", False), ("claude", True)])
def test_an_alma_in_a_cache_is_told_not_to_stay(target, is_marked, run_alma, monkeypatch, tmp_path):
    program = tmp_path / "cache/uv/archive-v0/x/bin/alma"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n# alma_cli\n")
    program.chmod(0o755)
    if is_marked:  # as uv marks what UV_CACHE_DIR names, and each environment
        (tmp_path / "cache/uv/CACHEDIR.TAG").touch()
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    told = f"{program} is in a cache, which is emptied some day: install ALMA to stay, and do this again"
    assert told not in run_alma("setup", target, "--dry-run").err
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert told in run_alma("setup", target, "--yes").err


def test_where_no_alma_can_start_the_hosts_cannot_run(everything, project, states, run_alma, alma_on_the_path):
    run_alma("setup", "--yes")
    alma_on_the_path.unlink()
    for path in (project / ".claude/settings.local.json", *(project / ".git/hooks").iterdir()):
        path.write_text(re.sub(r"'?/[^ '\"]*/alma\b'?", "/gone/alma", path.read_text()))
    assert {"can't run", "not connected"} == {state for state, _ in states().values()}
    assert "no `alma` that starts is on the PATH" in run_alma("doctor").out


def test_a_missing_gitignore_of_the_memory_is_written(project, put, run_alma):
    (project / ".alma/.gitignore").unlink()
    put(**{".cursor/x": ""})
    assert 1 == run_alma("setup", "--check").code
    assert not (project / ".alma/.gitignore").exists()
    run_alma("setup", "--yes")
    assert "config.yaml" in (project / ".alma/.gitignore").read_text()


# Codex's own configuration, and hooks that call the server


CODEX = '# mine\r\nmodel = "o3"\r\n\r\n[mcp_servers.other]\r\ncommand = "other"  # stays'


@pytest.fixture
def codex(tmp_path, monkeypatch):
    """The configuration of Codex, made with this text."""
    path = tmp_path / "codex/config.toml"
    path.parent.mkdir()
    monkeypatch.setenv("CODEX_HOME", str(path.parent))
    return path


@pytest.mark.parametrize("text", [CODEX, CODEX + "\r\n", "a = 1\n", ""])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_codex_gets_the_server_and_its_bytes_back(text, start, codex, project, run_alma):
    text = start + text
    codex.write_bytes(text.encode())
    run_alma("setup", "codex", "--yes")
    servers = tomllib.loads(codex.read_bytes().decode("utf-8-sig"))["mcp_servers"]
    assert {"command": "alma", "args": ["mcp"]} == servers.pop("alma")
    assert tomllib.loads(text.removeprefix("\ufeff")).get("mcp_servers", {}) == servers
    assert codex.read_bytes().startswith(text.encode())
    after = codex.read_bytes()
    assert "codex: connected" in run_alma("setup", "codex", "--yes").err
    assert after == codex.read_bytes()
    run_alma("setup", "codex", "--remove", "--yes")
    assert text.encode() == codex.read_bytes()


def test_where_codexs_folder_can_only_be_read_the_rest_is_connected(codex, project, put, run_alma, monkeypatch):
    codex.write_text("a = 1\n")
    put(**{"AGENTS.md": "# For agents\n"})
    real = os.access
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: str(path) != str(codex.parent) and real(path, mode))
        done = run_alma("setup", "codex", "--yes")
        assert (0, True) == (done.code, f"{codex} can't be written: add [mcp_servers.alma]" in done.err)
    assert ("a = 1\n", True) == (codex.read_text(), "alma retrieve" in (project / "AGENTS.md").read_text())
    assert 0 == run_alma("setup", "codex", "--yes").code
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: str(path) != str(codex.parent) and real(path, mode))
        done = run_alma("setup", "codex", "--remove", "--yes")
        assert (0, True) == (done.code, f"{codex} can't be written: take ALMA's block out there" in done.err)
    assert ("# For agents\n", True) == ((project / "AGENTS.md").read_text(), "mcp_servers.alma" in codex.read_text())


def test_what_was_added_to_codex_since_stays(codex, project, run_alma):
    codex.write_text('model = "o3"\n')
    run_alma("setup", "codex", "--yes")
    codex.write_text(codex.read_text() + '\n[mcp_servers.new]\ncommand = "new"\n')
    run_alma("setup", "codex", "--remove", "--yes")
    assert 'model = "o3"\n\n[mcp_servers.new]\ncommand = "new"\n' == codex.read_text()


def test_a_configuration_that_codex_wrote_anew_without_comments_loses_the_server(codex, project, run_alma):
    codex.write_text('model = "o3"\n')
    run_alma("setup", "codex", "--yes")
    bare = "".join(line for line in codex.read_text().splitlines(keepends=True) if not line.startswith("#"))
    for more in ("", '\n[mcp_servers.new]\ncommand = "new"\n'):
        codex.write_text(bare + more)
        run_alma("setup", "codex", "--remove", "--yes")
        assert 'model = "o3"\n' + more == codex.read_text()
    for own in ('env = { A = "1" }\n', '[mcp_servers.alma.env]\nA = "1"\n'):
        codex.write_text(bare + own)
        run_alma("setup", "codex", "--remove", "--yes")
        assert bare + own == codex.read_text()


def test_a_configuration_of_codex_with_its_servers_in_one_line_is_not_called_broken(codex, project, run_alma):
    codex.write_text('mcp_servers = { x = { command = "y" } }\n')
    told = run_alma("setup", "codex", "--yes").err
    assert ("is not TOML" in told, "write them as tables" in told) == (False, True)


@pytest.mark.parametrize(
    "text", ["[mcp_servers.alma]\ncommand = '/opt/alma'\n", "a = [\n", "mcp_servers = {}\n", "mcp_servers = 3\n"]
)
def test_a_configuration_of_codex_that_has_one_or_cannot_take_one_stays(text, codex, project, run_alma):
    codex.write_text(text)
    done = run_alma("setup", "codex", "--yes")
    assert text == codex.read_text()
    assert ("opt" in text) == (0 == done.code)
    run_alma("setup", "codex", "--remove", "--yes")
    assert text == codex.read_text()


def test_without_codex_no_configuration_is_made_for_it(project, run_alma, monkeypatch, tmp_path):
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "none"))
    run_alma("setup", "codex", "--yes")
    assert not (tmp_path / "none").exists()
    assert (project / "AGENTS.md").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "kinds"),
    [
        ("2.1.118 (Claude Code)", "mcp_tool"),
        ("3.0.1", "mcp_tool"),
        ("2.1.99 (Claude Code)", "command"),
        ("what?", "command"),
    ],
)
def test_hooks_call_the_server_where_claude_code_can(version, kinds, project, run_alma, alma_on_the_path):
    claude = alma_on_the_path.with_name("claude")
    claude.write_text(f"#!/bin/sh\necho '{version}'\n")
    claude.chmod(0o755)
    before = files(project)
    run_alma("setup", "claude", "--yes")
    hooks = json.loads((project / ".claude/settings.local.json").read_text())["hooks"]
    found = {event: group["hooks"][0]["type"] for event, (group,) in hooks.items()}
    assert ("command", {kinds}) == (found.pop("SessionStart"), set(found.values()))
    assert 0 == run_alma("setup", "claude", "--check").code
    claude.write_text("#!/bin/sh\necho '1.0.0'\n")
    run_alma("setup", "claude", "--yes")
    hooks = json.loads((project / ".claude/settings.local.json").read_text())["hooks"]
    assert {"command"} == {hook["type"] for groups in hooks.values() for group in groups for hook in group["hooks"]}
    run_alma("setup", "claude", "--remove", "--yes")
    assert before == files(project)


@pytest.mark.slow
def test_a_project_in_a_folder_of_a_repository_is_connected_to_its_hooks(tmp_path, run_alma):
    package = tmp_path / "mono" / "packages" / "api"
    package.mkdir(parents=True)
    subprocess.run(["/usr/bin/git", "init", "-q", str(tmp_path / "mono")], check=True)
    (tmp_path / "mono/.pre-commit-config.yaml").write_text("repos:\n  - repo: local\n    hooks: []\n")
    before = files(tmp_path)
    assert 0 == run_alma("--dir", str(package), "init").code
    assert 0 == run_alma("--dir", str(package), "setup", "--yes").code
    shown = run_alma("--dir", str(package), "setup", "--remove", "--dry-run").out
    for name in (".git/hooks/post-commit", ".pre-commit-config.yaml"):
        assert str(tmp_path / "mono" / name) in shown
    assert 0 == run_alma("--dir", str(package), "setup", "--check").code
    assert 0 == run_alma("--dir", str(package), "setup", "--remove", "--yes").code
    assert before == files(tmp_path)


@pytest.mark.parametrize(
    "argv",
    [
        ["setup", "claude"],
        ["install", "git"],
        ["install", "pre-commit"],
        ["install", "github", "--action", "acme/alma@v1", "--command", "make hook"],
    ],
    ids=lambda argv: argv[1],
)
def test_hooks_that_nobody_is_named_in_are_told_of_where_several_agents_are_meant(argv, scoped_project, run_alma):
    subprocess.run(["git", "init", "-q"], check=True)
    told = run_alma(*argv, "--yes")
    assert 0 == told.code
    assert "warning: no agent is named" in told.err
    assert "--agent NAME (helena, victor)" in told.err
    assert "warning" not in run_alma(*argv, "--agent", "helena", "--yes").err
    assert "warning" not in run_alma(*argv, "--yes").err, "the agent stays"


def test_where_it_is_clear_who_is_meant_nobody_need_be_named(project, run_alma, scoped_project, monkeypatch):
    monkeypatch.setenv("ALMA_AGENT", "helena")
    assert "warning" not in run_alma("setup", "claude", "--yes").err
    monkeypatch.delenv("ALMA_AGENT")
    assert "warning" not in run_alma("setup", "agents-md", "skill", "cursor", "--yes").err


def test_what_codex_does_not_read_or_start_is_not_connected(codex, project, states, run_alma, alma_on_the_path):
    page = project / "AGENTS.md"
    page.write_text("# Rules\n")
    assert 0 == run_alma("setup", "codex", "--yes").code
    assert "connected" == states()["codex"][0]

    def told(word):
        state, why = states()["codex"]
        return state == "can't run" and word in why

    (instead := project / "AGENTS.override.md").write_text("# For a while\n")
    assert told("AGENTS.override.md")
    instead.write_bytes(page.read_bytes())
    assert "connected" == states()["codex"][0]
    instead.unlink()
    page.write_text("x\n" * 20_000 + page.read_text())
    assert told("the first 32,768 bytes")
    served = codex.read_text()
    codex.write_text(f"project_doc_max_bytes = 65536\n{served}")
    assert "connected" == states()["codex"][0]
    codex.write_text(codex.read_text().replace("[mcp_servers.alma]", "[mcp_servers.alma]\nenabled = false"))
    assert told("enabled = false")
    assert "take that line out" in run_alma("doctor").err
