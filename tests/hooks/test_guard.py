"""A hook's run is answered in time or not at all, and what went wrong is in the log only."""

import signal
import sys

import pytest

from alma_cli.hooks.guard import guarded

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # pytest's own threads wait, no more


@pytest.fixture
def log(project):
    def text():
        path = project / ".alma/log/hooks.log"
        return path.read_text("utf-8") if path.exists() else ""

    return text


def prints(out="", err="", code=0):
    """A run that prints this and ends so."""

    def run():
        sys.stdout.write(out)
        sys.stderr.write(err)
        return code

    return run


@pytest.mark.parametrize("deadline", [None, "60", "soon", "nan", ""])
def test_what_a_run_prints_is_the_answer_whatever_the_deadline_is_called(deadline, log):
    assert '{"é": 1}\n' == guarded(["hook", "post-merge"], None, deadline, prints('{"é": 1}\n'))
    assert "" == log()


def test_a_run_that_fails_answers_nothing_and_says_why_in_the_log(log):
    assert "" == guarded(["hook", "--agent", "a", "pre-push"], None, "60", prints("half", "error: no\n", 1))
    assert " pre-push: error: no\n" in log()


def test_a_warning_of_a_run_that_answers_goes_to_the_log_without_credentials(log):
    secret = "gh" + "p_" + "a1" * 18
    assert "yes" == guarded(["hook", "post-commit"], None, "60", prints("yes", f"warning: {secret}\n"))
    assert " post-commit: warning: [redacted: github token]\n" in log()


def test_a_run_that_does_not_end_is_given_up_and_noted(log):
    assert "" == guarded(["hook", "post-commit"], None, "0.3", signal.pause)
    assert " post-commit: not done within 0.3 s, or died\n" in log()


def test_a_run_that_breaks_is_noted_under_the_project_that_was_named(tmp_path, monkeypatch, log, project):
    monkeypatch.chdir(tmp_path)
    assert "" == guarded(["hook", "nonsense"], str(project), "60", lambda: 1 / 0)
    assert " unknown event: not done within 60 s, or died\n" in log()
