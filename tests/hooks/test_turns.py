"""What the events of a turn add up to: one outcome at most, as the agent says, else by the last check."""

import pytest

from alma_cli.hooks.turns import Turn


def bash(command, output=""):
    return (
        "post-tool-use",
        {"tool_name": "Bash", "tool_input": {"command": command}, "tool_response": {"stdout": output}},
    )


def fails(command, error="Exit code 1\nValueError: no such row"):
    return ("post-tool-use-failure", {"tool_name": "Bash", "tool_input": {"command": command}, "error": error})


def prompt(text="Fix the login test"):
    return ("user-prompt-submit", {"prompt": text})


def stop(message="Waited for the button."):
    return ("stop", {"last_assistant_message": message})


NO_ROW = "sqlalchemy.exc.NoResultFound: No row was found when one was required"


def added(*events, turn=None):
    """The turn with these events, and what the last one gave."""
    turn = turn or Turn()
    ending = None
    for event, payload in events:
        ending = turn.add(event, payload)
    return turn, ending


@pytest.mark.parametrize(
    ("events", "result"),
    [
        ([bash("pytest -q", "3 passed")], "success"),
        ([fails("pytest -q")], "failure"),
        ([fails("pytest -q"), bash("pytest -q")], "success"),
        ([bash("pytest -q"), fails("pytest -q")], "failure"),
        ([bash("pytest -q | tail -3", "2 failed, 1 passed")], "failure"),
        ([], None),
        ([bash("ls"), fails("cat x")], None),
        ([bash("pytest -q"), bash("git checkout -- .")], None),
        ([bash("git stash && pytest -q")], None),
        ([bash("pytest -q"), fails("python load.py")], None),
        ([bash("pytest -q"), fails("git push"), bash("git pull --rebase && git push")], "success"),
        ([fails("pytest -q"), bash("git reset --hard")], "failure"),
        ([("post-tool-use-failure", {"tool_input": {"command": "pytest"}, "is_interrupt": True})], None),
    ],
)
def test_without_a_word_of_the_agent_the_last_check_decides(events, result):
    _, ending = added(prompt(), *events, stop())
    assert result == (ending and ending.result)
    assert ending is None or ("Waited for the button.", False) == (ending.strategy, ending.is_told)


def test_a_check_decides_nothing_where_the_message_speaks_against_it():
    assert added(prompt(), bash("pytest -q"), stop("It can't be done so; I reverted it."))[1] is None
    assert added(prompt(), fails("pytest -q"), stop("Red on main too."))[1] is None
    assert added(prompt(), fails("pytest -q"), stop("Which of the two do you want?"))[1] is None


def test_a_check_that_could_not_run_decides_nothing():
    missing = fails("make lint", "make: *** No rule to make target 'lint'.  Stop.")
    assert added(prompt(), missing, stop())[1] is None
    assert "failure" == added(prompt(), fails("pytest"), missing, stop())[1].result


@pytest.mark.parametrize(
    ("line", "result", "said"),
    [
        ("Alma-Outcome: failure - it hangs on CI", "failure", ("", "", "it hangs on CI")),
        ("alma-outcome: Success; when a test flakes; do wait for the element; why CI is slow", "success",
         ("a test flakes", "wait for the element", "CI is slow")),
        ("**Alma-Outcome:** partial; do wait", "partial", ("", "wait", "")),
        ("`Alma-Outcome: success; when x`", "success", ("x", "", "")),
        ("> Alma-Outcome: success", "success", ("", "", "")),
        ("Alma-Outcome : Failed - it hangs", "failure", ("", "", "it hangs")),
        ("Alma-Outcome: success\nAlma-Outcome: failure", "failure", ("", "", "")),
    ],
)  # fmt: skip
def test_the_agents_line_counts_more_than_checks(line, result, said):
    _, ending = added(prompt(), bash("git stash; pytest -q"), stop(f"Tried to wait.\n\nThen all was green.\n{line}"))
    assert (result, "Tried to wait. Then all was green.", said, True) == (
        ending.result,
        ending.strategy,
        ending.said,
        ending.is_told,
    )


@pytest.mark.parametrize(
    "event",
    [
        bash("alma learn 'Fix it' --outcome success --strategy x"),
        bash("cd api && alma --dir .. learn --task t --outcome failure"),
        bash("alma retrieve 'Fix it'; ALMA_AGENT=ines uv run alma --verbose learn 'Fix it' --ok x"),
        bash("python3 -m alma_cli --dir=/x learn 'Fix it; all (of it)' --failed x"),
        ("post-tool-use", {"tool_name": "mcp__alma__learn", "tool_input": {}}),
        ("post-tool-use", {"tool_name": "mcp__plugin_alma_alma__learn", "tool_input": {}}),
    ],
)
def test_of_a_turn_that_the_agent_recorded_nothing_more_is_recorded(event):
    turn, ending = added(prompt(), bash("pytest"), event, stop("Alma-Outcome: success"))
    assert ending is None
    assert added(prompt("Another task"), bash("pytest"), stop(), turn=turn)[1].result == "success"


@pytest.mark.parametrize(
    "command",
    [
        "git commit -m 'Say when to use alma learn'",
        "echo use alma learn",
        "cat >notes <<END\nalma learn x\nEND",
        "alma learn --from-git HEAD --dry-run",
        "alma learn -h",
        "alma search learn",
    ],
)
def test_a_command_that_speaks_of_learning_records_nothing_for_the_turn(command):
    _, ending = added(prompt(), bash(command), stop("Alma-Outcome: success"))
    assert ending.is_told


def test_failed_calls_and_quoted_errors_are_symptoms_of_the_turn():
    log = "same on staging:\n\nTraceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'depot'"
    turn, _ = added(prompt(log), fails("pytest"), fails("pytest"), fails("ls y", "ls: y: No such file or directory"))
    assert ["KeyError: 'depot'", "ValueError: no such row", "ls: y: No such file or directory"] == turn.symptoms
    added(prompt("Another task"), turn=turn)
    assert [] == turn.symptoms


def test_only_so_many_symptoms_are_kept():
    turn, _ = added(prompt(), *(fails("x", f"ValueError: number {'i' * n}") for n in range(1, 9)))
    assert 5 == len(turn.symptoms)


def test_an_error_that_differs_in_a_number_only_is_one_symptom():
    turn, _ = added(
        prompt(), *(fails("x", f"UnicodeEncodeError: the codec can't encode position {n}") for n in (30, 31))
    )
    assert ["UnicodeEncodeError: the codec can't encode position 30"] == turn.symptoms


def test_going_on_is_a_new_turn_of_the_same_task():
    turn, first = added(prompt(), bash("pytest"), stop())
    _, second = added(prompt("ok"), stop(), turn=turn)
    assert ("success", None) == (first.result, second)
    assert (2, "Fix the login test") == (turn.number, turn.task)


def test_without_a_prompt_there_is_no_outcome():
    assert added(bash("pytest"), stop("Alma-Outcome: success"))[1] is None
    assert added(prompt("ok"), bash("pytest"), stop("Alma-Outcome: success"))[1] is None


def test_what_was_given_is_known_by_turn_and_forgotten_with_the_context():
    turn, _ = added(prompt())
    turn.note_given(["a", "b"])
    added(prompt("Another"), turn=turn)
    turn.note_given(["b", "c"], at_error=NO_ROW)
    assert (["a", "b", "c"], ["c"]) == (turn.given, turn.given_now)
    assert {"b", "c"} == turn.reminded_at(f"17 times: {NO_ROW}")
    assert set() == turn.reminded_at("OvenError: the oven door was open all the time")
    added(("session-start", {"source": "resume"}), turn=turn)
    assert 3 == len(turn.given)
    added(("session-start", {"source": "compact"}), turn=turn)
    assert ([], [], set()) == (turn.given, turn.given_now, turn.reminded_at(NO_ROW))


@pytest.mark.parametrize("value", [None, 1, [], {}, [{"a": 1}], "x"])
def test_values_of_other_kinds_do_no_harm(value):
    for event in ("session-start", "user-prompt-submit", "post-tool-use", "post-tool-use-failure", "stop", "nonsense"):
        for key in ("prompt", "source", "tool_name", "tool_input", "tool_response", "error", "last_assistant_message"):
            Turn(number=1, task="t").add(event, {key: value})
    Turn(number=1, task="t").add("post-tool-use", {"tool_input": {"command": value}, "tool_response": {"a": value}})
