"""Completion knows all commands, asks ALMA only for a project's own values, and runs none of them."""

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

import alma_cli.cli
from alma_cli.cli.completing import MOST

SCRIPTS = Path(alma_cli.cli.__file__).with_name("scripts")
HOSTILE = "$(touch pwned)`touch pwned`"
RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/completions/alma.fish"}
SHELLS = {"bash": ["--norc", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
BASH = """
. {script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
compopt() {{ :; }}
_alma
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def needs(shell):
    return pytest.param(shell, marks=pytest.mark.skipif(not shutil.which(shell), reason=f"there is no {shell} here"))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH with the `alma` under test."""
    program = tmp_path / "bin/alma"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m alma_cli "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.fixture
def values(run_alma):
    def ask(*argv):
        finished = run_alma("completion", "--values", *argv)
        assert (0, "") == (finished.code, finished.err)
        return [line for line in finished.out.splitlines() if line]

    return ask


@pytest.fixture
def bash_offers(path):
    """What the script offers in bash for the last of these words."""

    def ask(*words):
        script = BASH.format(script=SCRIPTS / "alma.bash")
        shown = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
        assert "" == shown.stderr
        return shown.stdout.split("\n")[:-1]

    return ask


# Values


def test_ids_are_offered_newest_first_with_what_they_say(learn, values):
    old, new = learn("Test the login form"), learn("Test the checkout", outcome="failure")
    assert [
        f"{new[:8]}\toutcome: Test the checkout [failure]",
        f"{old[:8]}\toutcome: Test the login form [success]",
    ] == (values("ids"))
    assert [new] == [line.partition("\t")[0] for line in values("ids", new[:12])]
    assert [] == values("ids", "x")


def test_names_are_those_in_use_and_those_of_the_configuration(scoped_project, learn, values, run_alma):
    learn("Test it", agent="helena", domain="ui_patterns", label="ticket=42")
    run_alma("add", "preference", "short answers", "--user", "ada")
    assert ["helena", "victor"] == values("agents")
    assert ["testing_strategies", "selector_patterns", "ui_patterns"] == values("domains")[:3]
    assert (["ticket=42"], ["ada"], []) == (values("labels", "tic"), values("users"), values("hats"))


def test_no_text_of_a_memory_takes_more_than_its_line(learn, values):
    learn("Two\nlines\tand \x1b[31m a tab", label="a=\tb")
    (line,) = values("ids")
    assert line.endswith("\toutcome: Two lines and \\x1b[31m a tab [success]")
    assert [] == values("labels")


def test_so_many_values_are_offered_at_once_and_no_more(run_alma, values):
    lines = "\n".join(f'{{"agent": "me", "task": "t{number}", "outcome": "success"}}' for number in range(MOST + 1))
    run_alma("learn", "--batch", "-", stdin=lines)
    assert MOST == len(values("ids"))


def test_where_nothing_can_be_known_nothing_is_offered(values, tmp_path, monkeypatch, project):
    (project / ".alma/config.yaml").write_text("alma: [")
    assert [] == values("ids")
    monkeypatch.chdir(tmp_path)
    assert [] == values("ids")
    assert [] == values()


@pytest.mark.slow
def test_a_key_answers_what_was_known_and_has_the_news_written(project, learn, values):
    learn("Test the login form")
    assert 1 == len(values("ids"))
    kept = project / ".alma/completion"
    before = kept.read_text()
    learn("Test the checkout")
    assert 1 == len(values("ids"))
    _, status = os.wait()  # the process that writes it
    assert (0, 3) == (status, kept.read_text().count("\n") - before.count("\n") + 2)
    assert 2 == len(values("ids"))


# Shells


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ret"], ["retrieve"]),
        (["learn", "--ta"], ["--task"]),
        (["add", ""], ["preference", "knowledge", "heuristic", "anti-pattern"]),
        (["--dir", "/", "config", "c"], ["check"]),
        (["retrieve", "x", "--kind", "he"], ["heuristic"]),
        (["retrieve", "x", "--kind", "=", "he"], ["heuristic"]),
        (["retrieve", "x", "--format", ""], ["table", "prompt", "json"]),
        (["list", "--outcome", "=", "f"], ["failure"]),
        (["install", "g"], ["git", "github"]),
        (["learn", "--agent", "helena", "--label", "ticket", "=", "4"], ["42"]),
        (["list", "--agent", "h"], ["helena"]),
        (["learn", "--task", ""], []),
        (["xyz", ""], []),
    ],
    ids=" ".join,
)
def test_bash_offers_what_may_follow(learn, bash_offers, words, expected):
    learn("Test it", label="ticket=42")
    assert expected == [offered for offered in bash_offers("alma", *words) if offered]


@pytest.mark.slow
def test_bash_shows_what_ids_say_unless_there_is_only_one(learn, bash_offers):
    first, second = learn("Test the login form"), learn("Test the checkout")
    assert [
        f"{id[:8]}  outcome: {task} [success]"
        for id, task in [(second, "Test the checkout"), (first, "Test the login form")]
    ] == (bash_offers("alma", "show", ""))
    assert [first[:8]] == bash_offers("alma", "show", first[:6])


@pytest.mark.slow
def test_a_name_never_reaches_bash_as_a_command(project, learn, bash_offers):
    learn("Test it", agent=HOSTILE, label=f"a={HOSTILE}")
    (offered,) = bash_offers("alma", "list", "--agent", "")
    assert HOSTILE == subprocess.run(["bash", "-c", f"printf %s {offered}"], capture_output=True, text=True).stdout
    assert not (project / "pwned").exists()


@pytest.mark.slow
@pytest.mark.parametrize("shell", [needs("bash"), needs("zsh"), needs("fish")])
def test_a_tab_completes_in_a_real_shell(project, learn, path, shell):
    learn("Test it", agent=HOSTILE, domain="ui_patterns")
    (project / "my notes.md").touch()
    (project / "my folder").mkdir()
    id = learn("Test the checkout", agent="zora")
    with Typed(shell) as typed:
        typed(f". {SCRIPTS}/alma.{shell}\r", "")
        typed("alma stat\t", "alma stat")
        typed("\x15alma show " + id[:5] + "\t", id[:8])
        typed("\x15alma list --agent zo\t", "zora")
        typed("--kind he\t", "heuristic")
        typed("\x15alma import my\\ n\t", "my\\ notes.md")
        typed("\x15alma list --dir my\\ f\t", "my\\ folder")
        typed("\x15alma list --agent '$\t\t", "")
        typed("\x15echo do''ne\r", "done")
    assert not (project / "pwned").exists()


class Typed:
    """An interactive shell, into which one types and waits until something is seen."""

    def __init__(self, shell):
        self._shell, self._seen = shell, b""

    def __enter__(self):
        self._ours, theirs = pty.openpty()
        program = [sys.executable, "-c", ON_TERMINAL, self._shell, *SHELLS[self._shell]]
        environ = {**os.environ, "TERM": "dumb", "PS1": "> "}
        self._process = subprocess.Popen(
            program, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
        )
        os.close(theirs)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def __call__(self, keys, expected):
        os.write(self._ours, keys.encode())
        seen, until = b"", monotonic() + 60
        while expected.encode() not in seen or not expected:
            ready, _, _ = select.select([self._ours], [], [], 0.5 if not expected else max(0.0, until - monotonic()))
            if not ready:
                assert not expected, f"{expected!r} never came after {keys!r}, but {seen.decode(errors='replace')!r}"
                return
            seen += os.read(self._ours, 65536)


# Installing


@pytest.mark.parametrize("shell", RC)
@pytest.mark.parametrize(
    "before", [None, b"alias a=alma", b"alias a=alma\n", b"\n\n", b"caf\xe9\n", b"bindkey -s x 'ls\r'\n"]
)
def test_what_is_installed_is_removed_byte_for_byte(run_alma, tmp_path, monkeypatch, shell, before):
    monkeypatch.setenv("HOME", str(tmp_path))
    rc = tmp_path / RC[shell]
    if before is not None:
        rc.parent.mkdir(parents=True, exist_ok=True)
        rc.write_bytes(before)
        rc.chmod(0o640)
    finished = run_alma("completion", shell, "--install")
    assert (0, "", f"installed completion for {shell} in {rc}; new shells have it\n") == finished
    assert str(SCRIPTS / f"alma.{shell}") in rc.read_text(errors="surrogateescape")
    installed = rc.read_bytes()
    assert (0, "", f"nothing to change in {rc}\n") == run_alma("completion", shell, "--install")
    assert installed == rc.read_bytes()
    assert (0, "", f"removed from {rc}\n") == run_alma("completion", shell, "--remove")
    assert before is None or (before, 0o640) == (rc.read_bytes(), rc.stat().st_mode & 0o777)
    assert rc.exists() == (before is not None)
    assert (0, "", f"nothing to change in {rc}\n") == run_alma("completion", shell, "--remove")


def test_a_link_to_dotfiles_stays_a_link(run_alma, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "dotfiles").write_text("")
    (tmp_path / ".bashrc").symlink_to("dotfiles")
    run_alma("completion", "bash", "--install")
    assert (tmp_path / ".bashrc").is_symlink()
    assert "alma.bash" in (tmp_path / "dotfiles").read_text()


@pytest.mark.parametrize("argv", [["completion", "zsh"], ["--show-completion", "zsh"]])
def test_the_script_is_printed(run_alma, argv):
    assert (0, (SCRIPTS / "alma.zsh").read_text(), "") == run_alma(*argv)


def test_the_shell_is_that_of_the_user(run_json, monkeypatch, run_alma, tmp_path):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "fish" == run_json("completion")["data"]["shell"]
    assert "for fish" in run_alma("--install-completion").err
    monkeypatch.setenv("SHELL", "/bin/dosh")
    hint = "alma completion bash|zsh|fish"
    assert (2, "", f"error: can't tell your shell\nhint: {hint}\n") == run_alma("completion")


def test_installing_and_removing_exclude_each_other(run_alma):
    assert 2 == run_alma("completion", "bash", "--install", "--remove").code


def test_a_device_is_never_replaced(run_alma, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".bashrc").symlink_to("pipe")
    finished = run_alma("completion", "bash", "--install")
    assert (1, "") == finished[:2]
    assert f"{tmp_path}/pipe is no file to change" in finished.err
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_that_cannot_be_changed_is_named(run_alma, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    finished = run_alma("completion", "fish", "--install")
    assert 1 == finished.code
    assert finished.err.startswith(f"error: cannot change {tmp_path}/file/.config")
