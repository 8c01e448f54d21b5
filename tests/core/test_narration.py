from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning.narration import WIDTH, narrated, summed_up
from alma_cli.core.records import AntiPattern, Heuristic

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
COMMON = {
    "project_id": "p",
    "agent": "a",
    "domain": "general",
    "origin": "derived",
    "created_at": NOON,
    "updated_at": NOON,
}
RULE = Heuristic(
    id="a8ed5318" + "0" * 24,
    condition="Test login",
    strategy="Wait for it",
    occurrences=1200,
    successes=1100.5,
    **COMMON,
)
TRAP = AntiPattern(id="b" * 32, pattern="Sleep (when: Test login)", occurrences=3, successes=0, **COMMON)


@pytest.mark.parametrize(
    ("change", "before", "memory", "expected"),
    [
        ("created", None, RULE, "new heuristic a8ed5318, worked 1100 of 1,200: Wait for it"),
        ("strengthened", RULE, RULE, "heuristic a8ed5318 is surer now, worked 1100 of 1,200: Wait for it"),
        ("weakened", TRAP, TRAP, "anti-pattern bbbbbbbb is less sure now, worked 0 of 3: Sleep (when: Test login)"),
        ("retired", RULE, RULE, "heuristic a8ed5318 no longer holds: Wait for it"),
        (
            "created",
            RULE,
            TRAP,
            "heuristic bbbbbbbb turned into an anti-pattern, worked 0 of 3: Sleep (when\u2026",
        ),
        ("created", TRAP, RULE, "anti-pattern a8ed5318 turned into a heuristic, worked 1100 of 1,200: Wait for it"),
        ("updated", RULE, RULE, ""),
        ("hidden", RULE, RULE, ""),
        ("shown", RULE, RULE, ""),
    ],
)
def test_a_change_is_told_in_words(change, before, memory, expected):
    assert expected == narrated(change, before, memory)


def test_a_rule_whose_outcomes_got_other_words_is_not_told_as_refuted():
    told = narrated("retired", RULE, RULE, reworded=True)
    assert told == "heuristic a8ed5318 is counted in other words now: Wait for it"
    assert summed_up([("retired", RULE)], reworded=True) == "counted in other words: 1 heuristic"


@given(st.text(), st.sampled_from(["created", "strengthened", "weakened", "retired"]))
def test_any_text_is_told_on_one_harmless_line(text, change):
    line = narrated(change, None, replace(RULE, strategy=text))
    assert len(line) <= WIDTH
    assert not set("\x1b\n\r\u202e") & set(line)


def test_many_changes_are_counted():
    changes = [("created", RULE), ("created", TRAP), ("created", TRAP), ("retired", RULE), ("updated", RULE)]
    assert "new: 1 heuristic, 2 anti-patterns; no longer holding: 1 heuristic" == summed_up(changes)
    assert "" == summed_up([("updated", RULE)])
