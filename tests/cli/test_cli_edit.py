"""`alma edit` needs an editor, writes what changed and nothing else, and loses no text."""

import json
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def editor(tmp_path):
    """An editor that runs this command of sed on the file."""

    def named(command):
        script = tmp_path / "editor"
        script.write_text(f"#!/bin/sh\nsed -i -e '{command}' \"$1\"\n")
        script.chmod(0o755)
        return str(script)

    return named


def test_what_is_changed_in_the_editor_is_changed(learn, run_json, run_on_terminal, editor, project):
    id = learn("Test the login form", strategy="try blanks")
    finished = run_on_terminal("edit", id[:8], VISUAL=editor("s/^outcome: success/outcome: failure/; s/^do:/do: x/"))
    assert 0 == finished.code, finished
    assert f"replaced the outcome and do; `alma log {id[:8]}` has the old one" in finished.out
    shown = run_json("show", id)["data"]
    assert ("failure", "x", "try blanks") == (shown["outcome"], shown["do"], shown["strategy"])
    assert [] == list((project / ".alma").glob("edit-*"))


def test_nothing_is_written_where_nothing_changes(learn, run_json, run_on_terminal, editor):
    id = learn("Test the login form")
    finished = run_on_terminal("edit", id, EDITOR=editor(""))
    assert (0, True) == (finished.code, f"nothing changed: {id[:8]} says that already" in finished.out)
    assert ["insert"] == [row["action"] for row in run_json("log", id)["data"]["audit"]]


def test_a_mistake_is_told_with_its_line_and_the_text_is_kept_and_gone_on_with(
    learn, run_json, run_on_terminal, editor, project
):
    id = learn("Test the login form")
    kept = project / f".alma/edit-{id[:8]}.yaml"
    finished = run_on_terminal(
        "edit", id, EDITOR=editor("s/^outcome: success/outcome: won/; s/^strategy:/strategy: x/")
    )
    assert 2 == finished.code
    assert f"edit-{id[:8]}.yaml:4: outcome: expected success or failure or partial" in _joined(finished.out)
    assert f"your text is kept: mend it with `alma edit {id[:8]}`" in _joined(finished.out)
    assert "strategy: x\n" in kept.read_text()
    assert 0o600 == kept.stat().st_mode & 0o777
    finished = run_on_terminal("edit", id, EDITOR=editor("s/^outcome: won/outcome: partial/"))
    assert (0, False) == (finished.code, kept.exists())
    shown = run_json("show", id)["data"]
    assert ("partial", "x") == (shown["outcome"], shown["strategy"])


def test_an_editor_that_fails_changes_nothing(learn, run_json, run_on_terminal, project):
    id = learn("Test the login form")
    finished = run_on_terminal("edit", id, EDITOR="false")
    assert (1, True) == (finished.code, "false ended with 1; nothing was changed" in finished.out)
    assert [] == list((project / ".alma").glob("edit-*")), "nothing of it is worth keeping"
    finished = run_on_terminal("edit", id, EDITOR="/no/such/editor")
    assert (1, True) == (finished.code, "/no/such/editor can't be started" in finished.out)
    assert (2, True) == (run_on_terminal("edit", id, EDITOR="'").code, True)


def test_without_an_editor_the_way_out_is_named(learn, run_alma, run_on_terminal):
    id = learn("Test the login form")
    hint = f"hint: `alma correct {id[:8]} --help` has an option for each field; or export EDITOR=nano, or such\n"
    assert (2, "", f"error: no editor is named\n{hint}") == run_alma("edit", id)
    finished = run_on_terminal("edit", id, VISUAL="", EDITOR="", NO_COLOR="1")
    assert (2, True) == (finished.code, _joined(hint) in _joined(finished.out))


def test_an_editor_that_is_a_script_needs_no_terminal(learn, run_json, alma_process, editor):
    id = learn("Test the login form")
    script = editor("s/^do:/do: x/")
    with open(script, "a") as file:
        file.write("echo edited\n")
    done = alma_process("edit", id, "--json", environ={"EDITOR": script})
    assert (0, b"edited\n") == (done.returncode, done.stderr), done
    assert [id] == [json.loads(done.stdout)["data"]["id"]], "stdout is the reply alone"
    assert "x" == run_json("show", id)["data"]["do"]
    refused = alma_process("edit", id, environ={"EDITOR": "false"})
    assert 1 == refused.returncode
    assert f"`alma correct {id[:8]} --help` has an option for each field" in refused.stderr.decode()


def test_scope_is_checked(scoped_project, learn, run_on_terminal, editor, run_json):
    id = learn("Test the login form", domain="ui_patterns")
    finished = run_on_terminal("edit", id, EDITOR=editor("s/^domain: .*/domain: backend_logic/"))
    assert (6, True) == (finished.code, "helena may not learn backend_logic" in finished.out)
    assert "ui_patterns" == run_json("show", id)["data"]["domain"]


def test_with_json_the_answer_is_that_of_correct(learn, run_on_terminal, editor):
    id = learn("Test the login form")
    finished = run_on_terminal("edit", id, "--json", EDITOR=editor("s/^error:/error: late/"))
    data = json.loads(finished.out)["data"]
    assert (["error"], "late") == (data["changed"], data["error"])


def _joined(text):
    return " ".join(text.split())


@pytest.fixture
def editor_beside(tmp_path, project):
    """An editor that runs an alma command first, as somebody else would meanwhile, then this command of sed."""

    def named(others, command):
        script = tmp_path / "editor-beside"
        script.write_text(
            f"#!/bin/sh\n{sys.executable} -m alma_cli {others} </dev/null\nsed -i -e '{command}' \"$1\"\n"
        )
        script.chmod(0o755)
        return str(script)

    return named


def test_what_others_changed_while_a_memory_was_in_the_editor_is_not_written_over(
    learn, run_json, run_on_terminal, editor, editor_beside
):
    id = learn("Test the login form", strategy="try blanks")
    others = f"correct {id} --strategy 'clear it first' --do 'clear the field'"
    finished = run_on_terminal("edit", id, EDITOR=editor_beside(others, "s/^strategy: .*/strategy: fill it/"))
    assert 2 == finished.code
    assert "others changed strategy meanwhile" in _joined(finished.out)
    assert "clear it first" == run_json("show", id)["data"]["strategy"]
    assert 0 == run_on_terminal("edit", id, EDITOR=editor("")).code, "who has seen it may go on with what was kept"
    assert "fill it" == run_json("show", id)["data"]["strategy"]


def test_what_others_changed_beside_it_stays(learn, run_json, run_on_terminal, editor_beside):
    id = learn("Test the login form", strategy="try blanks")
    others = f"correct {id} --do 'clear the field'"
    assert 0 == run_on_terminal("edit", id, EDITOR=editor_beside(others, "s/^strategy: .*/strategy: fill it/")).code
    shown = run_json("show", id)["data"]
    assert ("fill it", "clear the field") == (shown["strategy"], shown["do"])


def test_a_memory_that_was_forgotten_while_it_was_in_the_editor_stays_so_and_says_where_the_text_is(
    learn, run_on_terminal, editor_beside, project
):
    id = learn("Test the login form", strategy="try blanks")
    finished = run_on_terminal("edit", id, EDITOR=editor_beside(f"forget {id} --yes", "s/^strategy: .*/strategy: x/"))
    assert 1 == finished.code
    assert "was forgotten meanwhile" in _joined(finished.out)
    kept = project / f".alma/edit-{id[:8]}.yaml"
    assert f"{kept} has your text".replace(" ", "") in "".join(finished.out.split())
    assert "strategy: x\n" in kept.read_text()


def test_a_text_that_another_edit_took_away_is_no_bug(learn, run_on_terminal, tmp_path):
    id = learn("Test the login form")
    script = tmp_path / "remover"
    script.write_text('#!/bin/sh\nrm "$1"\n')
    script.chmod(0o755)
    finished = run_on_terminal("edit", id, EDITOR=str(script))
    assert 1 == finished.code
    assert "another `alma edit` of this memory has ended meanwhile" in _joined(finished.out)
