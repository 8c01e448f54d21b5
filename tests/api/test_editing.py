"""A memory as YAML reads back as it is, and what was changed in it is found, or told with its line."""

from datetime import timedelta

import pytest
from hypothesis import given

from alma_cli.api.editing import as_yaml, changes_in
from alma_cli.errors import InvalidInput
from tests.core.record_examples import EXAMPLES, NOW, knowledge, outcome, records

LATER = NOW + timedelta(days=1)
TEXT = """\
# outcome 01234567 of helena. Save and close to change it; close without a change to leave it.
# A field without a value is empty; one that you take out stays as it was.
task: Test login
outcome: success
strategy: |-
  Try blanks:
  - "all" of them
when:
do:
feedback: 'yes'
error:
duration_ms: 5
at: '2026-01-31T09:30:00Z'
domain: general
labels:
  os: linux
"""
RECORD = outcome(strategy='Try blanks:\n- "all" of them', feedback="yes", duration_ms=5, labels={"os": "linux"})


def test_a_memory_is_its_fields_a_line_each():
    assert TEXT == as_yaml(RECORD)


@given(records().filter(lambda record: record.kind != "credit" and record.updated_at <= LATER))
def test_what_is_not_changed_reads_back_as_it_is(record):
    assert {} == changes_in(record, as_yaml(record), "f", now=max(LATER, getattr(record, "at", LATER)))


@pytest.mark.parametrize("text", ["0\x85", "a\x85\nb", "a\u2028b", "a\rb\n", "a\u2029 b"])
def test_every_line_break_of_unicode_reads_back_as_it_is(text):
    record = outcome(strategy=text)
    assert {} == changes_in(record, as_yaml(record), "f", now=LATER)


CHANGED = [
    ("task: Test login", "task: Test the login", {"task": "Test the login"}),
    ("outcome: success", "outcome: failure", {"outcome": "failure"}),
    ("when:", "when: a form is tested", {"when": "a form is tested"}),
    ("feedback: 'yes'", "feedback: no", {"feedback": "no"}),
    ("feedback: 'yes'", "feedback:", {"feedback": ""}),
    ("duration_ms: 5", "duration_ms:", {"duration_ms": None}),
    ("duration_ms: 5", "duration_ms: 7", {"duration_ms": 7.0}),
    ("  os: linux", "  os: linux\n  ci: 1187", {"labels": {"os": "linux", "ci": "1187"}}),
    ("labels:\n  os: linux", "labels:", {"labels": {}}),
    ("  Try blanks:\n", "", {"strategy": '- "all" of them'}),
    ("task: Test login\n", "", {}),
    ("domain: general\n", "", {}),
]


@pytest.mark.parametrize(("before", "after", "changes"), CHANGED)
def test_what_was_changed_is_found(before, after, changes):
    assert changes == changes_in(RECORD, TEXT.replace(before, after), "f", now=LATER)


REFUSED = [
    ("outcome: success", "outcome: won", "f:4: outcome: expected success or failure or partial, got 'won'", ""),
    ("task: Test login", "task:", "f:3: task: empty", "give the corrected text, or use `alma forget` to remove the memory"),
    ("when:", "wen: x", "f:8: wen: not a field of outcome that can be changed", "did you mean when?"),
    ("do:", "agent: victor", "f:9: agent: not a field of outcome that can be changed", ""),
    ("do:", "do: [a, b]", "f:9: do: expected one value", "put it in quotes"),
    ("do:", "task: again", "f:9: task is there twice, first on line 3", "remove one"),
    ("duration_ms: 5", "duration_ms: fast", "f:12: duration_ms: expected a number, got 'fast'", ""),
    ("duration_ms: 5", "duration_ms: '5'", "f:12: duration_ms: expected a whole number, got '5'", ""),
    ("domain: general", "domain: a/b", "f:14: 'a/b' can't name a domain: it has /", ""),
    ("'2026-01-31T09:30:00Z'", "2999-01-01", "f:13: at: 2999-01-01T00:00:00+00:00 is in the future", ""),
    ("  os: linux", "  os: [linux]", "f:15: a label: expected one value", "put it in quotes"),
    ("labels:\n  os: linux", "labels: linux", "f:15: labels: expected `name: value` on lines of their own, indented", ""),
    ("error:", "error: *x", "f:11: anchors and aliases (& and *) can't be used", ""),
    ("error:", "error: 'x", "f:13: this isn't YAML: while scanning", ""),
    (TEXT, "", "f: there are no fields", ""),
    (TEXT, "- task", "f: there are no fields", ""),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "message", "hint"), REFUSED)
def test_what_can_not_be_is_told_with_its_line_and_key(before, after, message, hint):
    with pytest.raises(InvalidInput) as caught:
        changes_in(RECORD, TEXT.replace(before, after), "f", now=LATER)
    assert caught.value.message.startswith(message[:20]) and message.split(":")[0] in caught.value.message
    if "YAML" not in message:
        assert message == caught.value.message
    assert hint in caught.value.hint


def test_a_fact_has_no_empty_confidence():
    text = as_yaml(knowledge()).replace("confidence: 1.0", "confidence:")
    with pytest.raises(InvalidInput, match="f:5: confidence: expected a number from 0 to 1, got None"):
        changes_in(EXAMPLES["knowledge"], text, "f", now=LATER)
