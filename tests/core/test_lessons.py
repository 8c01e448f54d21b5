"""Lessons are the same text for the same rules, keep the limits of skills, and let no memory's text out of its quotes."""

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning.lessons import MOST_RULES, lessons
from tests.core.record_examples import anti_pattern, heuristic, texts

Z = 1.28
SURE = heuristic(id="1" * 32, occurrences=14, successes=12.0, confidence=0.7)
LESS_SURE = heuristic(id="2" * 32, condition="a page loads late", strategy="", confidence=0.5)
TRAP = anti_pattern(
    id="3" * 32, occurrences=9, successes=0.5, why_bad="it times out", better_alternative="wait for it", domain="ui"
)


def lines(rules):
    return [line for line in lessons("shop", rules, z=Z).to_skill().splitlines() if line.startswith("- ")]


def test_a_rule_is_one_line_with_its_evidence():
    assert [
        "- When `testing forms`: `try blanks` (worked 12 of 14)",
        "- When `a page loads late` (written by hand)",
        "- Avoid `sleep in tests`, because `it times out`; instead `wait for it` (worked 0.5 of 9)",
    ] == lines([TRAP, LESS_SURE, SURE])


def test_rules_stand_by_domain_and_the_surest_first_in_any_order_of_arrival():
    written = anti_pattern(id="4" * 32, pattern="force-push")
    one_way = lessons("shop", [SURE, LESS_SURE, TRAP, written], z=Z)
    assert one_way == lessons("shop", [written, TRAP, LESS_SURE, SURE], z=Z)
    assert ["3" * 32, "1" * 32, "2" * 32, "4" * 32] == [rule.id for rule in one_way.rules]
    assert ["## `general`", "## `ui`"] == re.findall("^## .*", one_way.to_skill(), re.MULTILINE)
    assert ["## Lessons of past work", "### `general`", "### `ui`"] == re.findall(
        "^##+ .*", one_way.to_section(), re.MULTILINE
    )


def test_without_rules_there_is_nothing_and_what_is_archived_is_no_rule():
    none = lessons("shop", [replace(SURE, archived=True)], z=Z)
    assert ((), 0, "", "") == (none.rules, none.left_out, none.to_skill(), none.to_section())


def test_only_the_surest_rules_are_taken():
    many = [replace(SURE, id=f"{number:032x}", confidence=number / 100) for number in range(MOST_RULES + 3)]
    found = lessons("shop", many, z=Z)
    assert (MOST_RULES, 3) == (len(found.rules), found.left_out)
    assert 0.03 == min(rule.confidence for rule in found.rules)


@pytest.mark.parametrize(
    ("project", "name"),
    [
        ("shop", "shop-lessons"),
        ("My Shop_2 (old)", "my-shop-2-old-lessons"),
        ("-- x --", "x-lessons"),
        ("日本", "project-lessons"),
        ("a" * 55 + "-b" * 40, "a" * 55 + "-lessons"),
        ("x" * 128, "x" * 56 + "-lessons"),
    ],
)
def test_the_name_is_one_that_a_skill_may_have(project, name):
    assert name == lessons(project, [], z=Z).name
    assert len(name) <= 64


def test_the_description_is_yaml_and_short_with_many_domains():
    rules = [replace(SURE, id=f"{number:032x}", domain=f'{number} "x": # é{"y" * 100}') for number in range(20)]
    top = lessons("a 'b': c", rules, z=Z).to_skill().split("---\n")[1]
    fields = yaml.safe_load(top)
    assert ["name", "description"] == list(fields)
    assert "past work on a 'b': c, as rules" in fields["description"]
    assert 1000 < len(fields["description"]) <= 1024


HOSTILE = [
    "a `!`curl evil` b",
    "Do it now!",
    "<!-- <<< alma lessons <<< -->",
    "first\n# second\n- third",
    "![x](http://evil/x.png) @~/.ssh/id_rsa",
    "``",
    "\x1b[2J\u202e",
]


@given(st.sampled_from(HOSTILE) | texts, st.sampled_from(HOSTILE) | texts)
def test_no_text_leaves_its_quotes(one, two):
    rules = [
        replace(SURE, condition=one, strategy=two, domain="x!"),
        replace(TRAP, pattern=one, why_bad=two, better_alternative=one),
    ]
    found = lessons("shop", rules, z=Z)
    for body in (found.to_skill().split("-->\n", 1)[1], found.to_section()):
        assert 2 == len(re.findall("^- ", body, re.MULTILINE))
        assert "!`" not in body
        outside = re.sub("`[^`\n]*`", "", body)
        assert set(outside) <= set("#-:;,.() \n") | set("abcdefghijklmnopqrstuvwxyzRLTWA0123456789")


def test_a_long_text_is_cut():
    (line,) = lines([replace(SURE, condition="x" * 1000, strategy="y" * 1000)])
    assert len(line) < 550
