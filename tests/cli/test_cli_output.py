"""What a user sees on a terminal, in a pipe, without one, and when things go wrong."""

import errno
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile

import pytest

from alma_cli import __version__

ESCAPE = "\x1b"


class Broken(io.RawIOBase):
    """A stdin that raises what it was made with."""

    def __init__(self, error):
        self.error = error

    def readable(self):
        return True

    def readinto(self, buffer):
        raise self.error


def stdin_raising(error):
    return io.TextIOWrapper(io.BufferedReader(Broken(error)), "utf-8")


# On a terminal


def test_on_a_terminal_memories_are_a_table_of_80_columns_in_colour(learn, run_on_terminal):
    id = learn("Test that the [red]login[/red] form says what is missing when every field is empty", domain="ui")
    retrieve = ["retrieve", "test the login form", "--agent", "helena"]
    for argv in (["list"], retrieve, ["log"], ["stats"], ["agents"], ["config", "show"]):
        finished = run_on_terminal(*argv)
        assert 0 == finished.code
        assert ESCAPE in finished.out
        plain = re.sub(r"\x1b\[[0-9;]*m", "", finished.out)
        assert 80 >= max(map(len, plain.splitlines())), plain
    shown = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", run_on_terminal("list").out))
    assert f"{id[:8]} now success Test that the [red]login[/red] form" in shown
    assert id not in shown
    assert f"{id[:8]} outcome helena ui" in re.sub(
        r"\s+", " ", run_on_terminal("list", "--long", NO_COLOR="1", columns=100).out
    )


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_a_terminal_gets_none(learn, run_on_terminal, environ):
    learn("Test the login form")
    finished = run_on_terminal("list", **environ)
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|9[0-7])m", finished.out)
    assert "memory" in finished.out


@pytest.mark.parametrize("argv", [["list", "--color", "never"], ["--color=never", "list"]])
def test_colour_can_be_refused_anywhere_on_the_command_line(learn, run_on_terminal, argv):
    learn("Test the login form")
    assert ESCAPE not in run_on_terminal(*argv).out


def test_colour_can_be_had_in_spite_of_the_environment(learn, run_on_terminal):
    learn("Test the login form", outcome="failure")
    assert "\x1b[31mfailure\x1b[0m" in run_on_terminal("list", "--color", "always", NO_COLOR="1").out


def test_colour_in_a_pipe_is_in_errors_only_for_a_table_is_none_there(learn, run_alma):
    learn("Test the login form")
    assert ESCAPE not in run_alma("list", "--color", "always").out
    assert run_alma("show", "abc", "--color=always").err.startswith("\x1b[31merror:\x1b[0m no memory")
    assert ESCAPE not in run_alma("show", "abc").err, "one command line's choice is not the next one's"


def test_words_that_are_commands_take_no_option_away(run_alma):
    for argv in (
        ["search", "run", "hook", "--color", "never", "--no-pager"],
        ["--dir", ".", "--color", "never", "list"],
    ):
        assert 0 == run_alma(*argv).code


@pytest.mark.parametrize("given", ["sometimes", "", "Always"])
def test_a_colour_that_is_no_choice_is_refused(run_alma, given):
    finished = run_alma("list", "--color", given)
    message = f"error: --color: expected auto, always or never, got '{given}'\n"
    assert (2, "", message) == (*finished[:2], finished.err.splitlines(keepends=True)[0])


@pytest.mark.slow
def test_what_a_command_runs_keeps_its_own_colour_and_pager(run_alma):
    finished = run_alma(
        "run",
        "--agent",
        "a",
        "--",
        "sh",
        "-c",
        'test "$*" = "--color x --no-pager"',
        "-",
        *("--color", "x"),
        "--no-pager",
    )
    assert 0 == finished.code, finished


# The pager


def test_what_is_longer_than_the_screen_goes_through_the_pager(run_alma, run_on_terminal, project):
    facts = "".join(json.dumps({"kind": "knowledge", "agent": "a", "fact": f"fact {n}"}) + "\n" for n in range(40))
    run_alma("import", "-", stdin=facts)
    pager = "sed s/.fact.[0-9]/paged/"
    assert "paged" in run_on_terminal("list", ALMA_PAGER=pager).out
    for argv, environ in [
        (["list", "--no-pager"], {"ALMA_PAGER": pager}),
        (["--no-pager", "list"], {"ALMA_PAGER": pager}),
        (["list", "-n", "10"], {"ALMA_PAGER": pager}),
        (["list"], {"ALMA_PAGER": pager, "TERM": "dumb"}),
        (["list"], {"ALMA_PAGER": "", "PAGER": pager}),
        (["list"], {"ALMA_PAGER": "no-such-program"}),
        (["list"], {"ALMA_PAGER": "'"}),
        (["list", "--json"], {"ALMA_PAGER": pager}),
    ]:
        shown = run_on_terminal(*argv, **environ).out
        assert ("paged" not in shown, "fact 39" in shown) == (True, True), (argv, environ)


def test_less_leaves_what_fits_and_colours_through(run_alma, run_on_terminal):
    facts = "".join(json.dumps({"kind": "knowledge", "agent": "a", "fact": f"fact {n}"}) + "\n" for n in range(40))
    run_alma("import", "-", stdin=facts)
    assert "LESS=FRX" in run_on_terminal("list", ALMA_PAGER="env").out


def test_a_pager_that_leaves_early_is_no_error(run_alma, run_on_terminal):
    facts = "".join(
        json.dumps({"kind": "knowledge", "agent": "a", "fact": f"{n} {'x' * 250}"}) + "\n" for n in range(900)
    )
    run_alma("import", "-", stdin=facts)
    finished = run_on_terminal("list", "-n", "900", "--long", ALMA_PAGER="true")
    assert (0, "") == (finished.code, finished.out)


def test_while_the_pager_is_open_the_store_is_free(run_alma, run_on_terminal, project):
    facts = "".join(json.dumps({"kind": "knowledge", "agent": "a", "fact": f"fact {n}"}) + "\n" for n in range(40))
    run_alma("import", "-", stdin=facts)
    (project / "pager").write_text(
        f"#!/bin/sh\ncat > /dev/null\n{sys.executable} -m alma_cli add knowledge Meanwhile --agent a --wait 0 >&2\n"
    )
    (project / "pager").chmod(0o755)
    assert "queued" not in run_on_terminal("list", ALMA_PAGER=str(project / "pager")).out
    assert "Meanwhile" in run_alma("list", "-n", "1").out


def test_an_empty_no_color_means_colour(learn, run_on_terminal):
    learn("Test the login form")
    assert ESCAPE in run_on_terminal("list", NO_COLOR="").out


def test_explanations_fit_a_terminal(learn, run_on_terminal):
    learn("Test the login form")
    finished = run_on_terminal("retrieve", "test the login form", "--agent", "helena", "--explain", NO_COLOR="1")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", finished.out)
    assert 80 >= max(map(len, plain.splitlines())), plain
    assert "similarity" in plain


def test_a_long_text_does_not_fill_the_terminal(run_alma, run_on_terminal):
    agent = "a" * 128
    run_alma("add", "knowledge", "many words " * 5000, "--agent", agent)
    finished = run_on_terminal("list", NO_COLOR="1")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", finished.out)
    assert 80 >= max(map(len, plain.splitlines())), plain
    assert 2 == len(plain.splitlines())
    long = run_on_terminal("list", "--long", NO_COLOR="1").out
    assert 80 >= max(map(len, long.splitlines())), long
    assert 30 > len(long.splitlines())
    assert 50_000 < len(run_alma("list").out)


def test_json_on_a_terminal_is_only_json(learn, run_on_terminal):
    learn("Test the login form")
    finished = run_on_terminal("list", "--json")
    assert 1 == len(json.loads(finished.out)["data"]["memories"])


@pytest.mark.parametrize(("typed", "left"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_forgetting_asks_on_a_terminal(learn, run_on_terminal, run_json, typed, left):
    id = learn("Test the login form")
    finished = run_on_terminal("forget", id, typed=typed)
    assert 0 == finished.code
    assert "forget 1 memory? [y/N] " in finished.out
    assert ("nothing was forgotten" in finished.out) == bool(left)
    assert left == run_json("stats")["data"]["total"]


def test_yes_does_not_ask(learn, run_on_terminal):
    ids = [learn("Test the login form"), learn("Test the logout form")]
    finished = run_on_terminal("forget", *ids, "--yes")
    assert f"forgot {ids[0][:8]}, {ids[1][:8]}; `alma undo` brings them back for an hour\n" == finished.out


def test_long_work_shows_a_bar_on_a_terminal(project, run_on_terminal):
    lines = [json.dumps({"kind": "knowledge", "agent": "a", "fact": f"CI has {cores} cores"}) for cores in (2, 4, 8)]
    (project / "in.ndjson").write_text("\n".join(lines))
    finished = run_on_terminal("import", "in.ndjson")
    assert "importing" in finished.out
    assert "3/3" in finished.out
    assert "imported 3 memories" in finished.out


def test_a_task_that_is_missing_on_a_terminal_is_not_waited_for(run_on_terminal):
    finished = run_on_terminal("retrieve", "--agent", "helena")
    red, dim, end = "\x1b[31m", "\x1b[2m", "\x1b[0m"
    shown = f"{red}error:{end} TASK is missing\n{dim}hint:{end} give TASK, or pipe it in\n"
    assert (2, shown) == finished[:2]
    finished = run_on_terminal("learn", "--batch", "-", "--agent", "helena", NO_COLOR="1")
    assert (2, "error: nothing is piped in\nhint: pipe NDJSON in, or name a file\n") == finished[:2]


# Piped


def test_piped_there_is_no_escape_and_no_table(learn, run_alma):
    id = learn("Test the login form")
    for argv in (["list"], ["retrieve", "test the login form", "--agent", "helena"], ["log"], ["show", id]):
        finished = run_alma(*argv)
        assert ESCAPE not in finished.out + finished.err
        assert not re.search("[─━│]", finished.out)


@pytest.mark.slow
def test_an_export_whose_reader_leaves_ends_quietly(run_alma, project):
    lines = [json.dumps({"kind": "knowledge", "agent": "a", "fact": f"fact {n} {'x' * 2000}"}) for n in range(100)]
    run_alma("import", "-", stdin="\n".join(lines))
    export = subprocess.Popen(
        [sys.executable, "-m", "alma_cli", "export"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert export.stdout.readline().startswith(b'{"kind": "knowledge"')
    export.stdout.close()
    assert b"" == export.stderr.read()
    export.stderr.close()
    assert 0 == export.wait()


def test_an_id_is_short_on_a_terminal_and_whole_in_a_pipe(run_on_terminal, run_alma):
    assert re.match(r"[0-9a-f]{8}\nrecorded a success", run_on_terminal("learn", "Test the login", "--ok", "Typed").out)
    assert re.fullmatch(r"[0-9a-f]{32}\n", run_alma("learn", "Test the login", "--ok", "Typed").out)
    told = run_on_terminal("remember", "CI has two cores", columns=20).out
    assert re.match(r"[0-9a-f]{8}\nadded the knowledge\nin general\n", told)


@pytest.mark.slow
@pytest.mark.parametrize("argv", [["--help"], ["show", "zz", "--json"], ["stats", "--json"]])
def test_a_reader_that_is_gone_is_no_failure_of_ours(project, argv):
    reader, writer = os.pipe()
    os.close(reader)
    finished = subprocess.run(
        [sys.executable, "-m", "alma_cli", *argv], stdout=writer, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    os.close(writer)
    assert (0, b"") == (finished.returncode, finished.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("argv", [["--help"], ["stats", "--json"], ["export"]])
def test_a_full_disk_behind_stdout_is_told(project, run_alma, argv):
    run_alma("add", "knowledge", "CI has two cores", "--project-wide")
    with open("/dev/full", "w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "alma_cli", *argv], stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
    assert (1, b"error: cannot write to stdout: No space left on device\n") == (finished.returncode, finished.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("redirection", [">&-", "2>&-", "2>/dev/full", "<&-", "<&- >&- 2>&-"])
def test_what_was_learned_is_kept_whatever_becomes_of_the_streams(project, run_json, redirection):
    command = f"-m alma_cli learn --agent a --task x --outcome success {redirection}"
    finished = subprocess.run(["sh", "-c", f"{sys.executable} {command}"], capture_output=True)
    assert 0 == finished.returncode, finished
    assert 1 == run_json("stats")["data"]["total"]


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_any_locale_can_learn_and_print_any_text(alma_process, locale):
    environ = {"LANG": locale, "LC_ALL": locale, "PYTHONIOENCODING": "ascii"}
    argv = ["learn", "--agent", "a", "--task", "prüfe die Anmeldung 登录", "--outcome", "success"]
    assert 0 == alma_process(*argv, environ=environ).returncode
    shown = alma_process("list", environ=environ)
    assert 0 == shown.returncode
    assert b"die Anmeldung" in shown.stdout
    stored = json.loads(alma_process("list", "--json").stdout)["data"]["memories"][0]["task"]
    assert "prüfe die Anmeldung 登录" == stored


def test_arguments_that_are_not_utf_8_are_kept_readable(alma_process):
    finished = alma_process("learn", "--agent", "a", "--task", b"caf\xe9", "--outcome", "success", "--domain", "ui")
    assert 0 == finished.returncode
    assert ["caf\ufffd"] == [m["task"] for m in json.loads(alma_process("list", "--json").stdout)["data"]["memories"]]


@pytest.mark.parametrize(
    "argv",
    [
        ["retrieve", "x", "--agent", "a", "--user", b"\xff"],
        ["list", "--containing", b"\xff"],
        ["list", "--agent", b"\xff", "--domain", b"\xff", "--user", b"\xff"],
        ["retrieve", b"\xff\xfe", "--agent", "a"],
        ["learn", "--agent", "a", "--task", b"\xff", "--outcome", "success", "--key", b"\xff", "--label", b"\xff=\xff"],
        ["add", "preference", b"\xff", "--user", b"\xff", "--category", b"\xff", "--source", b"\xff"],
        ["export", b"all-\xff.ndjson"],
    ],
)
def test_no_option_minds_bytes_that_are_not_utf_8(alma_process, argv):
    finished = alma_process(*argv)
    assert 0 == finished.returncode, finished
    assert b"Traceback" not in finished.stderr


def test_python_m_alma_cli_is_alma(alma_process):
    assert f"alma {__version__}\n".encode() == alma_process("--version").stdout


# When things go wrong


def test_ctrl_c_is_130(run_alma):
    finished = run_alma("retrieve", "--agent", "a", stdin=stdin_raising(KeyboardInterrupt()))
    assert (130, "", "error: interrupted\n") == finished
    finished = run_alma("retrieve", "--agent", "a", "--json", stdin=stdin_raising(KeyboardInterrupt()))
    assert (130, "interrupted", "") == (finished.code, json.loads(finished.out)["error"]["code"], finished.err)


@pytest.mark.slow
def test_ctrl_c_in_a_process_shows_no_traceback(project):
    process = subprocess.Popen(
        [sys.executable, "-m", "alma_cli", "learn", "--batch", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdin.write(b"\n" * 200_000)  # more than a pipe holds: once it is written the command is reading
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert (130, b"error: interrupted\n") == (process.returncode, told)


def test_an_unexpected_exception_leaves_a_log_and_no_traceback(run_alma, project):
    finished = run_alma("retrieve", "--agent", "a", stdin=stdin_raising(ZeroDivisionError("secret \x1b[31m")))
    (log,) = (project / ".alma/log").glob("crash-*.log")
    hint = f"this is a bug in ALMA; the trace is in {log}"
    assert (1, "", f"error: unexpected ZeroDivisionError: secret \\x1b[31m\nhint: {hint}\n") == finished
    text = log.read_text()
    places, _, trace = text.partition("\n\n")
    assert places.startswith("alma retrieve\nZeroDivisionError\n  /")
    assert "secret" not in places
    assert trace.startswith("Traceback (most recent call last):\n")
    assert 0o600 == stat.S_IMODE(log.stat().st_mode)
    envelope = json.loads(
        run_alma("retrieve", "--agent", "a", "--json", stdin=stdin_raising(ZeroDivisionError("x"))).out
    )
    assert ("failed", "unexpected ZeroDivisionError: x") == (envelope["error"]["code"], envelope["error"]["message"])


class Refusing:
    """A stdin that can't even be asked whether it is a terminal."""

    def __init__(self, error):
        self.error = error

    def isatty(self):
        raise self.error


def loaded_in_vain():
    """As numpy says that a library of its can't be loaded: in its own error, of the one that says which."""
    error = ImportError("many words\n\nof advice")
    error.__cause__ = ImportError("failed to map segment", path="/site/_duckdb.cpython-311.so")
    return error


@pytest.mark.parametrize(
    ("refusal", "message", "hint"),
    [
        (MemoryError("Unable to allocate 2 MiB"), "there is too little memory", "`ulimit -v`"),
        (OSError(errno.EIO, "Input/output error", "/p/x"), "/p/x: Input/output error", "does the disk still answer?"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files", "`ulimit -n`"),
        (OSError(errno.ENOSPC, "No space left"), "No space left", "free some space there"),
        (loaded_in_vain(), "/site/_duckdb.cpython-311.so can't be loaded: failed to map segment", "`ulimit -v`"),
    ],
)
def test_what_the_machine_refuses_is_no_bug(refusal, message, hint, run_json, project):
    error = run_json("retrieve", "--agent", "a", stdin=Refusing(refusal), code=1)["error"]
    assert (message, True) == (error["message"], hint in error["hint"])
    assert [] == list((project / ".alma").glob("log/crash-*"))


@pytest.mark.parametrize("bug", [OSError(errno.EBADF, "Bad file descriptor"), ImportError("no name", path="/x/y.py")])
def test_an_error_of_the_system_that_no_machine_can_help_is_a_bug(bug, run_alma):
    assert "this is a bug in ALMA" in run_alma("retrieve", "--agent", "a", stdin=Refusing(bug)).err


@pytest.mark.parametrize("where", ["before", "behind", "behind="])
def test_the_log_is_in_the_project_that_was_named(run_alma, project, tmp_path, monkeypatch, where):
    monkeypatch.chdir(tmp_path)
    argv = {
        "before": ["--dir", str(project), "retrieve", "--agent", "a"],
        "behind": ["retrieve", "--agent", "a", "--dir", str(project)],
        "behind=": ["retrieve", "--agent", "a", f"--dir={project}"],
    }[where]
    assert (
        f"the trace is in {project}/.alma/log/crash-"
        in run_alma(*argv, stdin=stdin_raising(ZeroDivisionError("x"))).err
    )


def test_where_the_project_takes_no_log_the_temporary_folder_does(run_alma, project, tmp_path, monkeypatch):
    (project / ".alma/log").write_text("in the way")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    finished = run_alma("retrieve", "--agent", "a", stdin=stdin_raising(RuntimeError("x")))
    assert f"the trace is in {tmp_path}/crash-" in finished.err
    monkeypatch.setattr(tempfile, "tempdir", str(project / ".alma/log/none"))
    finished = run_alma("retrieve", "--agent", "a", stdin=stdin_raising(RuntimeError("x")))
    assert (1, "") == finished[:2]
    assert re.search(r"\nhint: this is a bug in ALMA; its trace could not be kept: .+\n$", finished.err)


# Any width


def test_every_command_that_shows_memories_fits_80_60_40_and_20_columns(learn, run_alma, run_on_terminal):
    words = {"when": "a page has a form", "do": "send it empty first"}
    for number in range(3):
        id = learn(f"Test that form {number} of the checkout says what is missing", strategy="Sent it empty", **words)
    rule = run_alma("list", "--kind", "rule").out[:8]
    for columns in (80, 60, 40, 20):
        for argv in (
            ["list"],
            ["search", "form"],
            ["log"],
            ["agents"],
            ["show", rule],
            ["forget", id, "--dry-run"],
        ):
            shown = run_on_terminal(*argv, columns=columns, NO_COLOR="1").out
            lines = shown.splitlines()[argv[0] == "forget" :]  # a sentence goes on in the next line by itself
            assert columns >= max(map(len, lines)), (columns, argv, shown)
            assert "Test" in shown or argv[0] not in ("list", "show"), (columns, argv, shown)


def test_what_is_forgotten_is_shown_before_it_is_asked(learn, run_on_terminal):
    id = learn("Test the login form", outcome="failure")
    finished = run_on_terminal("forget", id, typed="n\n", NO_COLOR="1")
    shown = f"  {id[:8]}  failure: Test the login form\nforget 1 memory? [y/N] "
    assert shown in finished.out


def test_only_what_nothing_undoes_is_said_to_be_for_good(learn, run_on_terminal):
    id = learn("Test the login form")
    assert "forget 1 memory for good? [y/N]" in run_on_terminal("forget", id, "--now", typed="n\n").out


def test_the_log_tells_what_it_was(learn, run_alma, run_json, run_on_terminal):
    id = learn("Test the login form")
    assert f"  added  {id[:8]}  success: Test the login form\n" in run_on_terminal("log", NO_COLOR="1").out
    assert "Test the login form [success]" == run_json("log")["data"]["audit"][0]["text"]
    run_alma("forget", id, "--yes")
    assert [None, None] == [row["text"] for row in run_json("log")["data"]["audit"]]


def test_the_evidence_of_a_rule_is_a_line_each(learn, run_alma, run_on_terminal):
    words = {"when": "a page has a form", "do": "send it empty first"}
    ids = [learn(f"Test form {number}", strategy="Sent it empty", **words) for number in range(3)]
    rule = run_alma("list", "--kind", "rule").out[:8]
    shown = run_on_terminal("show", rule, NO_COLOR="1").out.partition("evidence, newest first:\n")[2].splitlines()
    assert [f"  {id[:8]}" for id in reversed(ids)] == [line[:10] for line in shown]
    assert shown[0].endswith("success Test form 2")


def test_of_one_thing_the_noun_is_singular(learn, run_alma):
    learn("Test the login form")
    assert run_alma("stats").err.startswith("1 record, 0 forgotten")
    assert (
        "nothing relevant among 1 memory\n"
        in run_alma("retrieve", "bake bread", "--agent", "helena", "--kind", "outcome").err
    )
