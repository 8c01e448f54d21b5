"""Settings of others: only what is ours is added or taken out, and uninstalling gives back every byte."""

import json
import os
import shlex
import subprocess
import sys

import pytest
import yaml

SETTINGS = {
    "none": None,
    "empty": "",
    "an empty object": "{}\n",
    "spread": "{ }",
    "on one line": '{"model": "opus", "env": {"A": "1"}}',
    "two blanks": '{\n  "z": 1,\n  "permissions": {"allow": ["Bash(npm test)", "Read"]},\n  "a": "\\u00e9 \u2603"\n}\n',
    "tabs, no newline at the end": '{\n\t"model": "opus",\n\t"list": [ 1,2 ,3 ]\n}',
    "windows": '{\r\n    "model": "opus"\r\n}\r\n',
    "a byte order mark": '\ufeff{\n  "model": "opus"\n}\n',
    "hooks of others": """{
  "hooks": {
    "Stop": [
      {"hooks": [{"type": "command", "command": "say done"}]}
    ],
    "PreToolUse": [ { "matcher": "Bash", "hooks": [ ] } ]
  },
  "model": "opus"
}
""",
    "empty hooks": '{\n  "hooks": {},\n  "model": "opus"\n}\n',
    "an empty list": '{"hooks": {"Stop": [], "Notification": [\n]}}\n',
}


@pytest.fixture
def path(project):
    return project / ".claude/settings.json"


@pytest.fixture
def write(path):
    def put(text):
        if text is not None:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())

    return put


def events(path):
    hooks = json.loads(path.read_bytes().decode("utf-8-sig"))["hooks"]
    return {name: [hook["command"] for group in groups for hook in group["hooks"]] for name, groups in hooks.items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_come_back_byte_for_byte(name, path, write, run_alma):
    write(SETTINGS[name])
    assert 0 == run_alma("install", "claude").code
    found = events(path)
    assert {"SessionStart", "UserPromptSubmit", "PostToolUseFailure", "Stop"} <= set(found)
    assert " hook stop " in found["Stop"][-1]
    installed = path.read_bytes()
    assert "nothing to change" in run_alma("install", "claude").err
    assert installed == path.read_bytes()
    assert 0 == run_alma("uninstall", "claude").code
    assert (None if SETTINGS[name] is None else SETTINGS[name].encode()) == (
        path.read_bytes() if path.exists() else None
    )
    assert path.parent.exists() == (SETTINGS[name] is not None)
    assert "nothing to change" in run_alma("uninstall", "claude").err


@pytest.mark.parametrize("name", [name for name, text in SETTINGS.items() if text and "hooks" not in text])
def test_settings_stay_in_their_order_before_ours(name, path, write, run_alma):
    write(SETTINGS[name])
    run_alma("install", "claude")
    before = json.loads(SETTINGS[name].removeprefix("\ufeff"))
    after = json.loads(path.read_bytes().decode("utf-8-sig"))
    assert before == {key: value for key, value in after.items() if key != "hooks"}
    assert [*before, "hooks"] == list(after)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"model": "opus"}', '{"model": "opus", "hooks": {'),
        ("{}\n", '{\n  "hooks": {\n    "SessionStart": [\n'),
        ('{\n  "model": "opus"\n}\n', '{\n  "model": "opus",\n  "hooks": {\n    "SessionStart": [\n'),
        ('{\n\t"model": "\u2603"\n}', '{\n\t"model": "\u2603",\n\t"hooks": {\n\t\t"SessionStart": [\n'),
        ('\ufeff{\r\n    "model": "\\ud800"\r\n}\r\n', '\ufeff{\r\n    "model": "\\ud800",\r\n    "hooks": {\r\n'),
    ],
)
def test_settings_are_written_in_the_manner_of_the_file(text, written, path, write, run_alma):
    write(text)
    run_alma("install", "claude")
    after = path.read_bytes().decode()
    assert after.startswith(written)
    assert after.endswith(text[-1])
    assert ("\r\n" in text) == ("\r\n" in after)


@pytest.mark.parametrize("name", [name for name, text in SETTINGS.items() if text and len(text) > 4])
def test_settings_that_were_edited_since_keep_the_edits(name, path, write, run_alma):
    write(SETTINGS[name])
    run_alma("install", "claude")
    text = path.read_bytes().decode()
    path.write_bytes(text.replace('"opus"', '"haiku"').replace("say done", "say more").encode() + b"\n")
    run_alma("uninstall", "claude")
    left = json.loads(path.read_bytes().decode("utf-8-sig"))
    assert "alma" not in path.read_text("utf-8-sig")
    assert left.get("model") in (None, "haiku")
    assert json.loads(SETTINGS[name].removeprefix("\ufeff")).keys() >= left.keys()
    if name == "hooks of others":
        assert ["say more"] == events(path)["Stop"]


@pytest.mark.slow
@pytest.mark.parametrize("first", ["no file", "an interpreter that is gone", "an import that fails"])
def test_where_an_alma_cannot_start_the_next_is_tried_and_else_nothing_is_said(first, path, run_alma, tmp_path, learn):
    learn("Fix the login test", agent="it's me", strategy="Wait for the button")
    run_alma("install", "claude", "--agent", "it's me")
    (command,) = events(path)["UserPromptSubmit"]
    installed = shlex.split(command)[0]
    broken = tmp_path / "broken/alma"
    broken.parent.mkdir()
    if first != "no file":
        gone = (
            "#!/no/such/python"
            if first == "an interpreter that is gone"
            else f"#!{sys.executable}\nimport no_such_module"
        )
        broken.write_text(gone + "\n")
        broken.chmod(0o755)
    command = command.replace(installed, str(broken))
    payload = json.dumps({"session_id": "s", "prompt": "Fix the login test"}).encode()
    for found in (True, False):
        search = f"{os.path.dirname(installed)}:/usr/bin:/bin" if found else "/usr/bin:/bin"
        done = subprocess.run(
            ["sh", "-c", command], env={"PATH": search, "HOME": str(tmp_path)}, input=payload, capture_output=True
        )
        assert (0, b"") == (done.returncode, done.stderr)
        assert found == (b"Wait for the button" in done.stdout)


def test_another_agent_is_put_in_the_place_of_the_first(path, run_alma):
    run_alma("install", "claude", "--agent", "one")
    run_alma("install", "claude", "--agent", "two")
    commands = events(path)["Stop"]
    assert (1, True) == (len(commands), "--agent two" in commands[0])
    run_alma("uninstall", "claude")
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ('{"a": 1,}', "is not JSON"),
        ("// comment\n{}", "is not JSON"),
        ("[]", "has not the form"),
        ('"text"', "has not the form"),
        ('{"hooks": []}', "has not the form"),
        ('{"hooks": {"Stop": {}}}', "has not the form"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_settings_that_cannot_be_read_are_refused_untouched(text, told, path, write, run_alma):
    write(text)
    for command in ("install", "uninstall"):
        finished = run_alma(command, "claude")
        assert (1, True) == (finished.code, told in finished.err), finished.err[:300]
        assert "nothing was changed" in finished.err
        assert text == path.read_text()


def test_settings_that_are_no_text_are_refused_untouched(path, write, run_alma):
    write("{}")
    path.write_bytes(b"\xff{}")
    assert "is not UTF-8" in run_alma("install", "claude").err
    assert b"\xff{}" == path.read_bytes()


def test_a_linked_file_stays_a_link(path, project, run_alma):
    (project / "dotfiles.json").write_text('{"model": "opus"}')
    path.parent.mkdir()
    path.symlink_to("../dotfiles.json")
    run_alma("install", "claude")
    assert path.is_symlink()
    run_alma("uninstall", "claude")
    assert '{"model": "opus"}' == (project / "dotfiles.json").read_text()
    assert path.is_symlink()


def test_what_would_change_is_shown_and_not_changed(path, run_alma, run_json):
    shown = run_alma("install", "claude", "--dry-run")
    assert '+    "SessionStart": [' in shown.out
    assert not path.parent.exists()
    data = run_json("install", "claude", "--dry-run")["data"]
    assert [{"path": str(path), "change": "write"}] == data["changes"]
    assert not data["changed"]
    assert 1 == run_alma("install", "claude", "--check").code
    assert run_json("install", "claude")["data"]["changed"]
    assert 0 == run_alma("install", "claude", "--check").code


def test_a_folder_that_cannot_be_made_is_an_error(project, run_alma):
    (project / ".claude").write_text("a file")
    finished = run_alma("install", "claude")
    assert (1, True) == (finished.code, "cannot" in finished.err)


# pre-commit and GitHub

CONFIGURATIONS = {
    "none": None,
    "empty": "",
    "not indented": "# mine\nrepos:\n- repo: https://example.com/a\n  rev: v1\n  hooks: [{id: a}]\n",
    "indented": "default_stages: [pre-commit]\nrepos:   # all of them\n\n  # first\n    - repo: meta\n      hooks:\n        - id: identity\n",
    "windows": "repos:\r\n  - repo: meta\r\n    hooks:\r\n      - id: identity\r\n",
    "byte order mark": "\ufeffrepos:\n  - repo: meta\n    hooks:\n      - id: identity\n",
    "something after": "repos:\n  - repo: meta\n    hooks:\n      - id: identity\nfail_fast: true\n",
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_pre_commits_configuration_comes_back_byte_for_byte(name, project, run_alma):
    path, text = project / ".pre-commit-config.yaml", CONFIGURATIONS[name]
    if text is not None:
        path.write_bytes(text.encode())
    installed = run_alma("install", "pre-commit")
    assert (0, True) == (installed.code, "pre-commit install --hook-type post-commit" in installed.err)
    value = yaml.safe_load(path.read_text())
    assert ["alma-post-commit", "alma-post-merge", "alma-post-rewrite", "alma-pre-push"] == [
        hook["id"] for hook in value["repos"][0]["hooks"]
    ]
    if text:
        assert yaml.safe_load(text) == value | {"repos": value["repos"][1:]}
    assert "nothing to change" in run_alma("install", "pre-commit").err
    run_alma("uninstall", "pre-commit")
    assert text == (path.read_bytes().decode() if path.exists() else None)


@pytest.mark.parametrize("name", ["prek.toml", ".pre-commit-config.yml"])
def test_no_configuration_is_made_that_hides_preks_own(name, project, run_alma):
    (project / name).write_text("")
    finished = run_alma("install", "pre-commit")
    assert (1, True) == (finished.code, f"prek is configured by {project / name}" in finished.err)
    assert not (project / ".pre-commit-config.yaml").exists()
    (project / ".pre-commit-config.yaml").write_text(CONFIGURATIONS["indented"])
    installed = run_alma("install", "pre-commit")
    assert (0, True) == (installed.code, f"reads {project / name} in its place" in installed.err)


@pytest.mark.parametrize("name", ["not indented", "indented", "something after"])
def test_an_edited_configuration_keeps_the_edits(name, project, run_alma):
    path, text = project / ".pre-commit-config.yaml", CONFIGURATIONS[name]
    path.write_text(text)
    run_alma("install", "pre-commit")
    path.write_text(path.read_text() + "# more\n")
    run_alma("uninstall", "pre-commit")
    assert text + "# more\n" == path.read_text()


@pytest.mark.parametrize(
    "text", ["repos: []\n", "repos: [{repo: meta}]\n", "a: [\n", "fail_fast: true\n", "- 1\n", "repos:\n- x: [\n"]
)
def test_a_configuration_that_cannot_be_added_to_is_refused_untouched(text, project, run_alma):
    path = project / ".pre-commit-config.yaml"
    path.write_text(text)
    finished = run_alma("install", "pre-commit")
    assert (1, True) == (finished.code, "nothing was changed" in finished.err)
    assert text == path.read_text()


def test_githubs_workflow_comes_and_goes(project, run_alma):
    path = project / ".github/workflows/alma.yml"
    words = [
        "install",
        "github",
        "--action",
        "someone/alma@v1",
        "--command",
        'make "test: all"',
        "--junit",
        "r.xml",
        "--junit",
        "out/*.xml",
    ]
    assert 0 == run_alma(*words).code
    workflow = yaml.safe_load(path.read_text())
    step = workflow["jobs"]["learn"]["steps"][-1]
    assert ("someone/alma@v1", {"command": 'make "test: all"', "junit": "r.xml\nout/*.xml"}) == (
        step["uses"],
        step["with"],
    )
    assert "nothing to change" in run_alma(*words).err
    assert 0 == run_alma("install", "github", "--check").code
    run_alma("uninstall", "github")
    assert not (project / ".github").exists()


def test_githubs_action_must_be_named_and_make_sense(project, run_alma):
    assert (2, True) == ((one := run_alma("install", "github")).code, "--action OWNER/REPO@REF" in one.err)
    assert 2 == run_alma("install", "github", "--action", "x\n  y: z").code


def test_a_workflow_in_a_folder_of_a_repository_is_refused_since_github_reads_none_there(tmp_path, run_alma):
    folder = tmp_path / "mono/packages/app"
    (tmp_path / "mono/.git").mkdir(parents=True)
    folder.mkdir(parents=True)
    run_alma("--dir", str(folder), "init")
    finished = run_alma("--dir", str(folder), "install", "github", "--action", "someone/alma@v1")
    assert (1, True) == (finished.code, "at the top of a repository only" in finished.err)
    assert not (folder / ".github").exists()


def test_a_workflow_of_others_is_left_alone(project, run_alma):
    path = project / ".github/workflows/alma.yml"
    path.parent.mkdir(parents=True)
    path.write_text("name: mine\n")
    assert "is not ALMA's" in run_alma("install", "github", "--action", "a/b@c").err
    assert "nothing to change" in run_alma("uninstall", "github").err
    assert "name: mine\n" == path.read_text()


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_come_back_byte_for_byte_after_the_folder_was_moved(name, project, write, run_alma, monkeypatch):
    write(SETTINGS[name])
    run_alma("install", "claude")
    project.rename(project.parent / "moved")
    monkeypatch.chdir(project.parent / "moved")
    assert 0 == run_alma("uninstall", "claude").code
    moved = project.parent / "moved/.claude/settings.json"
    assert (None if SETTINGS[name] is None else SETTINGS[name].encode()) == (
        moved.read_bytes() if moved.exists() else None
    )
    assert moved.parent.exists() == (SETTINGS[name] is not None)


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_an_earlier_version_noted_by_whole_paths_come_back_byte_for_byte(
    name, path, project, write, run_alma
):
    write(SETTINGS[name])
    run_alma("install", "claude")
    noted = project / ".alma/backup/installed.json"
    kept = json.loads(noted.read_text())
    whole = {key: str(project / key) for key in (*kept["files"], *kept["folders"])}
    kept = {
        "files": {whole[key]: of for key, of in kept["files"].items()},
        "folders": [whole[key] for key in kept["folders"]],
    }
    noted.write_text(json.dumps(kept))
    assert 0 == run_alma("uninstall", "claude").code
    assert SETTINGS[name] == (path.read_bytes().decode() if path.exists() else None)
    assert path.parent.exists() == (SETTINGS[name] is not None)


def test_what_was_taken_out_where_nothing_was_noted_does_not_come_back_when_it_is_taken_out_again(
    path, project, write, run_alma
):
    write('{ "model": "opus" }')
    run_alma("install", "claude")
    (project / ".alma/backup/installed.json").unlink()  # as in a clone
    assert 0 == run_alma("uninstall", "claude").code
    without = path.read_text()
    assert {"model": "opus"} == json.loads(without)
    assert "nothing to change" in run_alma("uninstall", "claude").err
    assert 0 == run_alma("setup", "--remove", "--yes").code
    assert without == path.read_text()


def git(folder, *words):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, text in SETTINGS.items() if text])
def test_in_a_clone_the_settings_come_back_as_they_were_committed(name, project, write, run_alma, monkeypatch):
    git(project, "init", "-q")
    write(SETTINGS[name])
    git(project, "add", "-A")
    git(project, "commit", "-qm", "before")
    run_alma("install", "claude")
    git(project, "commit", "-qam", "installed")
    git(project.parent, "clone", "-q", "shop", "clone")
    monkeypatch.chdir(project.parent / "clone")
    assert 0 == run_alma("uninstall", "claude").code
    assert SETTINGS[name].encode() == (project.parent / "clone/.claude/settings.json").read_bytes()


@pytest.mark.slow
def test_in_a_clone_the_settings_keep_what_was_edited_since(project, path, write, run_alma, monkeypatch):
    git(project, "init", "-q")
    write('{ "model": "opus" }')
    git(project, "add", "-A")
    git(project, "commit", "-qm", "before")
    run_alma("install", "claude")
    path.write_text(path.read_text().replace("opus", "haiku"))
    git(project, "commit", "-qam", "installed")
    git(project.parent, "clone", "-q", "shop", "clone")
    monkeypatch.chdir(project.parent / "clone")
    run_alma("uninstall", "claude")
    assert {"model": "haiku"} == json.loads((project.parent / "clone/.claude/settings.json").read_text())


@pytest.mark.parametrize("name", ["AGENTS.md", ".mcp.json", ".claude/skills/alma/SKILL.md", ".claude", ".agents"])
def test_nothing_is_written_through_a_link_that_leads_out_of_the_project(name, project, run_alma):
    outside = project.parent / "outside"
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    if "." in name[1:]:
        outside.write_text("{}")
    else:
        outside.mkdir()
    before = outside.read_bytes() if outside.is_file() else []
    (project / name).symlink_to(outside)
    refused = run_alma("setup", "claude", "cursor", "agents-md", "skill", "--yes")
    assert (1, True) == (refused.code, f"leads out of the project, to {outside}" in refused.err)
    assert before == (outside.read_bytes() if outside.is_file() else [*outside.iterdir()])


def test_a_link_within_the_project_is_followed(project, run_alma):
    (project / "CLAUDE.md").write_text("# Ours\n")
    (project / "AGENTS.md").symlink_to("CLAUDE.md")
    assert 0 == run_alma("setup", "agents-md", "--yes").code
    assert "alma retrieve" in (project / "CLAUDE.md").read_text()
    assert (project / "AGENTS.md").is_symlink()


def test_a_pipe_in_the_place_of_a_file_is_told_of_and_nobody_waits_for_it(project, run_alma):
    os.mkfifo(project / "AGENTS.md")
    refused = run_alma("setup", "agents-md", "--yes")
    assert (1, True) == (refused.code, f"cannot read {project / 'AGENTS.md'}: it is no regular file" in refused.err)
    finished = run_alma("run", "--junit", "report.xml", "--", "mkfifo", "report.xml")
    assert (0, True) == (finished.code, "the report report.xml: it is no regular file" in finished.err)
