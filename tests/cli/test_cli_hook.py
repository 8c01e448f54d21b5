"""What `alma hook` does under its guard, which keeps all of it from its host."""

import io
import json
import sys

import pytest

from alma_cli.cli.app import run_command
from alma_cli.errors import InvalidInput, InvalidUsage

PROMPT = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", "prompt": "Fix the flaky login test"}


@pytest.fixture
def hook(project, monkeypatch):
    """Run the command beneath the guard, with bytes on stdin, or a closed one (None)."""

    def run(*argv, given=b""):
        content = json.dumps(given).encode() if isinstance(given, dict) else given
        stdin = None if content is None else io.TextIOWrapper(io.BytesIO(content), "utf-8")
        monkeypatch.setattr(sys, "stdin", stdin)
        return run_command("hook", ["hook", *argv], None)

    return run


def test_a_prompt_is_answered_with_what_is_known_of_it(hook, learn):
    id = learn("Fix the login test", agent="me", strategy="Wait for the button")
    answer = json.loads(hook("user-prompt-submit", given=PROMPT).text)["hookSpecificOutput"]
    assert "UserPromptSubmit" == answer["hookEventName"]
    assert f"[{id[:8]}]" in answer["additionalContext"]


def test_where_nothing_is_known_nothing_is_answered(hook):
    assert "" == hook("user-prompt-submit", given=PROMPT).text


def test_a_byte_order_mark_before_the_event_is_no_trouble(hook, learn):
    learn("Fix the login test", agent="me", strategy="Wait for the button")
    assert "Fix the login test" in hook("user-prompt-submit", given=b"\xef\xbb\xbf" + json.dumps(PROMPT).encode()).text


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "nothing on stdin"),
        (b" \n", "nothing on stdin"),
        (b"{", "stdin is not JSON"),
        (b"\xff\xfe", "stdin is not JSON"),
        (b"[" * 100_000, "stdin is not JSON"),
        (b'"' + b"x" * (17 << 20), "more than 16 MiB"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(given, why, hook):
    with pytest.raises(InvalidInput, match=why):
        hook("user-prompt-submit", given=given)


def test_an_event_that_there_is_not_is_named(hook):
    with pytest.raises(InvalidInput, match="there is no event 'nonsense'"):
        hook("nonsense", given=b"{}")


def test_a_deadline_has_to_be_a_number(hook):
    with pytest.raises(InvalidUsage, match="deadline"):
        hook("stop", "--deadline", "soon", given=b"{}")


def test_a_commit_of_git_is_asked_for_what_it_teaches(hook, project):
    warnings = hook("pre-push").warnings
    assert [] == list(warnings)
