"""A rule moves when all of its outcomes get the same other words; what was said of it goes along."""

from dataclasses import replace
from datetime import timedelta

from alma_cli.core.keys import key_of
from alma_cli.core.learning.answers import Named
from alma_cli.core.learning.derive import Task, derived_id
from alma_cli.core.learning.moves import follow, moved, own_words
from alma_cli.core.learning.reports import Words
from tests.core.record_examples import EXAMPLES, NOW, credit

A, B, C = ("a" * 32, "b" * 32, "c" * 32)
LATER = NOW + timedelta(days=1)


def named(when, do, *members):
    return Named("general", key_of(when), key_of(do), when, do, members)


def place(when, do):
    return Task("helena", "general", key_of(when) if when else ""), key_of(do)


def places(known, **words):
    ids = {"a": A, "b": B, "c": C}
    return moved("helena", known, {ids[each]: Words(*said, replaces=True) for each, said in words.items()})


def test_a_rule_moves_with_all_of_its_outcomes_and_across_situations_with_all_of_its_approach():
    known = [named("x", "p", A, B), named("z", "p", C)]
    assert {place("x", "p"): place("y", "p")} == places(known, a=("y", "p"), b=("y", "p"))
    assert {
        place("x", "p"): place("x", "q"),
        place("z", "p"): place("z", "q"),
        place("", "p"): place("", "q"),
    } == places(known, a=("x", "q"), b=("x", "q"), c=("z", "q"))


def test_no_rule_moves_where_outcomes_stay_part_lose_their_words_or_join_another_rule():
    known = [named("x", "p", A, B), named("z", "p", C)]
    assert {} == places(known, a=("y", "p"))
    assert {} == places(known, a=("y", "p"), b=("w", "p"))
    assert {} == places(known, a=("", ""), b=("", ""))
    assert {} == places(known, a=("x", ""), b=("x", ""))
    assert {} == places(known, a=("z", "p"), b=("z", "p"))
    assert {} == places(known, a=("X", "p"), b=("x", "p"))


def test_corrections_and_credits_of_a_moved_rule_follow_it_and_nothing_else_does():
    old, new = place("x", "p"), place("y", "q")
    rule = replace(
        EXAMPLES["heuristic"], agent="helena", domain="general", task_key=old[0].task_key, strategy_key=old[1]
    )
    project = rule.project_id
    helped = credit(target=derived_id(project, *old))
    others = [
        credit(id="f" * 32),
        replace(rule, strategy_key="another"),
        replace(rule, agent="victor"),
        EXAMPLES["anti_pattern"],
        EXAMPLES["preference"],
    ]
    assert [
        replace(rule, task_key=new[0].task_key, strategy_key=new[1], updated_at=LATER),
        replace(helped, target=derived_id(project, *new), updated_at=LATER),
    ] == follow([rule, helped, *others], {old: new}, {}, project, now=LATER)
    ahead = replace(rule, updated_at=LATER)
    assert [LATER] == [one.updated_at for one in follow([ahead], {old: new}, {}, project, now=NOW)]


def test_a_rule_that_is_merged_into_another_domain_moves_there_with_what_was_said_of_it():
    known = [named("x", "p", A, B)]
    words = {id: Words("y", "p", replaces=True, domain="ui") for id in (A, B)}
    goal = Task("helena", "ui", key_of("y")), key_of("p")
    found = moved("helena", known, words)
    assert {place("x", "p"): goal, place("", "p"): (Task("helena", "ui", ""), key_of("p"))} == found
    own = {"agent": "helena", "domain": "general", "task_key": key_of("x"), "strategy_key": key_of("p")}
    (rule,) = follow([replace(EXAMPLES["heuristic"], **own)], found, words, "shop", now=LATER)
    assert ("ui", key_of("y"), key_of("p")) == (rule.domain, rule.task_key, rule.strategy_key)


def test_a_correction_says_in_the_new_words_what_it_said_in_the_old_ones():
    old, new = place("a b", "c d"), place("e f", "g h")
    words = {A: Words("e f", "g h", replaces=True)}
    own = {"agent": "helena", "domain": "general", "task_key": old[0].task_key, "strategy_key": old[1]}
    rules = [
        replace(EXAMPLES["heuristic"], condition="a b", strategy="better words", **own),
        replace(EXAMPLES["heuristic"], condition="better words", strategy="C d", **own),
        replace(EXAMPLES["anti_pattern"], pattern="better words (when: a b)", **own),
        replace(EXAMPLES["anti_pattern"], pattern="c d (when: better words)", **own),
        replace(EXAMPLES["anti_pattern"], pattern="c d", **own),
    ]
    found = follow(rules, {old: new}, words, rules[0].project_id, now=LATER)
    assert [("e f", "better words"), ("better words", "g h")] == [(one.condition, one.strategy) for one in found[:2]]
    assert ["better words (when: e f)", "g h (when: better words)", "g h"] == [one.pattern for one in found[2:]]
    assert [{"condition"}, {"strategy"}, {"pattern"}, {"pattern"}, {"pattern"}] == [own_words(rule) for rule in rules]
    assert set() == own_words(credit())
