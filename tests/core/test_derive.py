"""What outcomes teach: a function of the outcomes and the rules, of nothing else."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.learning import derive as learning
from alma_cli.core.learning.derive import (
    TEXTS_COMPARED,
    Approach,
    Evidence,
    LearningRules,
    Task,
    central,
    change,
    contradicted,
    derive,
    derive_across,
    derived_id,
    wilson,
)
from alma_cli.core.records import AntiPattern, Heuristic

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LOGIN = Task("helena", "ui", "login")
RULES = LearningRules(min_occurrences=3, half_life_days=180.0, z=1.28, anti_pattern_below=0.5)


def evidence(number, outcome="success", *, strategy_key="blanks", days=0.0, **texts):
    """An outcome of a strategy, some days after NOON."""
    given = {"task": "Test login", "strategy": f"try {strategy_key}", **texts}
    return Evidence(strategy_key, NOON + timedelta(days=days), f"{number:032x}", outcome, **given)


def several(results, *, first=0, **given):
    """Outcomes of one strategy, a day apart, that ended so: s, f or p each."""
    words = {"s": "success", "f": "failure", "p": "partial"}
    return [evidence(first + n, words[letter], days=n, **given) for n, letter in enumerate(results)]


def learned(outcomes, rules=RULES):
    """What these outcomes of the login task teach, by strategy."""
    return {memory.strategy_key: memory for memory in derive(LOGIN, outcomes, rules, project_id="shop")}


results = st.sampled_from(["success", "failure", "partial"])
outcomes = st.builds(
    evidence,
    st.integers(1, 99),
    results,
    strategy_key=st.sampled_from(["a", "b", ""]),
    days=st.sampled_from([0.0, 1.0, 400.0]),
    task=st.sampled_from(["Test login", "Test the login form", None]),
    strategy=st.sampled_from(["try blanks", "Try blanks", "type fast"]),
    reason=st.sampled_from([None, "", "flaky", "Flaky!", "slow"]),
)
many = st.lists(outcomes, max_size=9, unique_by=lambda outcome: outcome.id)
some_rules = st.builds(
    LearningRules,
    min_occurrences=st.sampled_from([1, 2, 3]),
    half_life_days=st.sampled_from([0.01, 180.0]),
    z=st.sampled_from([0.0, 1.28, 5.0]),
    anti_pattern_below=st.sampled_from([0.01, 0.5, 1.0]),
)


# Wilson's bounds


@pytest.mark.parametrize(
    ("successes", "occurrences", "z", "lower", "upper"),
    [
        (8, 10, 1.96, 0.4902, 0.9433),  # (0.99208 -+ 0.31362) / 1.38416
        (0, 10, 1.96, 0.0, 0.2775),
        (1, 1, 1.0, 0.5, 1.0),  # 1 / (1 + z^2)
        (0, 3, 1.28, 0.0, 1.6384 / 4.6384),  # z^2 / (n + z^2)
        (1.5, 3, 0.0, 0.5, 0.5),
        (0, 0, 1.28, 0.0, 1.0),
        (0, -1, 1.28, 0.0, 1.0),
    ],
)
def test_the_bounds_are_those_of_the_textbook(successes, occurrences, z, lower, upper):
    assert (lower, upper) == pytest.approx(wilson(successes, occurrences, z=z), abs=5e-5)


counts = st.sampled_from([0.01, 1.0, 2.5, 3.0, 49.0, 1e6])
shares = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
zs = st.sampled_from([0.0, 0.5, 1.28, 1.96, 5.0])


@given(counts, shares, zs)
def test_the_bounds_hold_the_rate_and_stay_within_0_and_1(occurrences, rate, z):
    lower, upper = wilson(rate * occurrences, occurrences, z=z)
    assert 0 <= lower <= rate + 1e-12
    assert rate - 1e-12 <= upper <= 1


@given(st.integers(1, 10_000), zs)
def test_what_always_or_never_worked_has_that_as_an_exact_bound(occurrences, z):
    assert wilson(occurrences, occurrences, z=z).upper == 1.0
    assert wilson(0, occurrences, z=z).lower == 0.0


@given(counts, shares, shares, zs)
def test_more_successes_never_lower_a_bound(occurrences, one, other, z):
    worse, better = (wilson(rate * occurrences, occurrences, z=z) for rate in sorted((one, other)))
    assert worse.lower <= better.lower + 1e-12
    assert worse.upper <= better.upper + 1e-12


@given(counts, shares, zs)
def test_more_evidence_of_the_same_rate_never_widens_the_bounds(occurrences, rate, z):
    few, many = (wilson(rate * n, n, z=z) for n in (occurrences, 2 * occurrences))
    assert many.upper - many.lower <= few.upper - few.lower + 1e-12


@given(counts, shares)
def test_without_caution_both_bounds_are_the_rate(occurrences, rate):
    assert (rate, rate) == pytest.approx(wilson(rate * occurrences, occurrences, z=0.0))


# What becomes of a group


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ("ss", None),
        ("sss", "heuristic"),
        ("ff", None),
        ("fff", "anti_pattern"),
        ("ppp", "heuristic"),  # exactly half
        ("ssf", "heuristic"),
        ("fsfs", "heuristic"),
        ("sff", None),  # neither good nor surely bad
        ("sfff", None),
        ("sffffffff", "anti_pattern"),
        ("ssssfff", None),  # contradicted
        ("sssffsf", "heuristic"),
        ("sssssssffp", "heuristic"),
    ],
)
def test_a_group_is_a_heuristic_an_anti_pattern_or_nothing_yet(ended, kind):
    memories = derive(LOGIN, several(ended), RULES, project_id="shop")
    assert [kind] * (kind is not None) == [memory.kind for memory in memories]


@pytest.mark.parametrize("least", [1, 2, 5])
def test_a_group_needs_as_many_outcomes_as_the_rules_say(least):
    rules = replace(RULES, min_occurrences=least)
    assert learned(several("s" * (least - 1)), rules) == {}
    assert learned(several("s" * least), rules)["blanks"].occurrences == least


def test_a_strategy_that_always_worked_is_no_anti_pattern_at_any_limit():
    hardest = replace(RULES, anti_pattern_below=1.0)
    kinds = {learned(several("s" * n), hardest)["blanks"].kind for n in range(3, 60)}
    assert kinds == {"heuristic"}


def test_the_limit_itself_is_not_under_the_limit():
    upper = wilson(0, 3, z=1.28).upper
    same_day = [evidence(n, "failure") for n in range(3)]
    assert learned(same_day, replace(RULES, anti_pattern_below=upper)) == {}
    assert "blanks" in learned(same_day, replace(RULES, anti_pattern_below=upper + 1e-9))


@pytest.mark.parametrize(
    ("ended", "expected"),
    [("fff", True), ("ff", False), ("sfff", True), ("fffs", False), ("ffp", False), ("", False)],
)
def test_contradicted_means_the_newest_three_all_failed(ended, expected):
    assert expected == contradicted(several(ended))


def test_the_fields_of_a_heuristic():
    memory = learned(several("spf"))["blanks"]
    assert memory == Heuristic(
        id=derived_id("shop", LOGIN, "blanks"),
        project_id="shop",
        agent="helena",
        domain="ui",
        origin="derived",
        created_at=NOON,
        updated_at=NOON + timedelta(days=2),
        condition="Test login",
        strategy="try blanks",
        occurrences=3,
        successes=1.5,
        confidence=memory.confidence,
        last_validated_at=NOON + timedelta(days=2),
        task_key="login",
        strategy_key="blanks",
    )


def test_the_fields_of_an_anti_pattern():
    assert learned(several("fff", reason="flaky"))["blanks"] == AntiPattern(
        id=derived_id("shop", LOGIN, "blanks"),
        project_id="shop",
        agent="helena",
        domain="ui",
        origin="derived",
        created_at=NOON,
        updated_at=NOON + timedelta(days=2),
        pattern="try blanks (when: Test login)",
        why_bad="flaky",
        occurrences=3,
        last_seen_at=NOON + timedelta(days=2),
        task_key="login",
        strategy_key="blanks",
    )


def test_a_strategy_known_by_its_key_only_is_called_by_it():
    good = learned(several("sss", strategy=""))["blanks"]
    bad = learned(several("fff", strategy=None))["blanks"]
    assert ("blanks", "blanks (when: Test login)") == (good.strategy, bad.pattern)


def test_an_outcome_without_a_strategy_is_no_evidence():
    without = several("sssss", strategy_key="", task="Something else")
    assert learned(without) == {}
    assert learned([*without, *several("sss", first=10)]) == learned(several("sss", first=10))


# Weighing


def test_confidence_is_the_lower_bound_of_evidence_that_halves_with_every_half_life():
    old = [evidence(n, "failure", days=0) for n in (1, 2)]
    new = [evidence(n, "success", days=180) for n in (3, 4)]
    expected = wilson(2, 2 + 2 * 0.5, z=1.28).lower
    assert expected == pytest.approx(learned([*old, *new])["blanks"].confidence)


def test_a_partial_success_is_half_of_one():
    memory = learned(several("ppss"))["blanks"]
    assert (4, 3.0, 0.75) == (memory.occurrences, memory.successes, memory.success_rate)
    same_day = learned([evidence(n, "partial") for n in range(4)])["blanks"]
    assert wilson(2, 4, z=1.28).lower == pytest.approx(same_day.confidence)


def test_counts_are_raw_however_old_the_evidence_is():
    memory = learned([evidence(1, days=-36_500), evidence(2, days=-400), evidence(3)])["blanks"]
    assert (3, 3.0) == (memory.occurrences, memory.successes)


@given(many, some_rules, st.timedeltas(timedelta(days=-3000), timedelta(days=3000)))
def test_when_all_is_moved_in_time_only_the_times_change(found, rules, by):
    def timeless(memories):
        return [(m.id, m.kind, m.text, m.occurrences, m.successes, getattr(m, "confidence", None)) for m in memories]

    moved = [outcome._replace(at=outcome.at + by) for outcome in found]
    before, after = (derive(LOGIN, given, rules, project_id="p") for given in (found, moved))
    assert timeless(before) == timeless(after)


def test_the_module_knows_neither_the_time_nor_chance():
    tree = ast.parse(Path(learning.__file__).read_text())
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "utcnow", "today", "time", "time_ns", "urandom", "random", "uuid4", "uuid1"}


@given(many, some_rules, st.randoms())
def test_the_order_of_the_outcomes_makes_no_difference(found, rules, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert derive(LOGIN, found, rules, project_id="p") == derive(LOGIN, shuffled, rules, project_id="p")


@given(many, some_rules)
def test_each_strategy_is_at_most_one_thing_and_counts_its_own_outcomes(found, rules):
    memories = derive(LOGIN, found, rules, project_id="p")
    assert len({memory.strategy_key for memory in memories}) == len(memories)
    for memory in memories:
        own = [outcome for outcome in found if outcome.strategy_key == memory.strategy_key]
        assert len(own) == memory.occurrences >= rules.min_occurrences
        assert memory.strategy_key


# Anti-patterns


def test_why_it_is_bad_is_what_was_said_most_of_its_failures():
    said = ["Timed out.", "timed out", "stale element", "stale element", "stale element", "403", "zzz", None, ""]
    failures = [evidence(n, "failure", reason=reason) for n, reason in enumerate(said)]
    success = evidence(99, "success", reason="thorough")
    memory = learned([*failures, success])["blanks"]
    assert memory.why_bad == "stale element; Timed out.; 403"


def test_what_a_partial_success_missed_is_a_reason_too():
    found = [*several("ffff"), evidence(9, "partial", reason="one field was missed")]
    assert learned(found)["blanks"].why_bad == "one field was missed"


def test_a_rule_quotes_the_tasks_of_its_own_outcomes():
    other = [evidence(n, "failure", strategy_key="other", task="Cancel every flight") for n in range(10, 20)]
    memories = learned([*several("sss"), *other])
    assert ("Test login", "try other (when: Cancel every flight)") == (
        memories["blanks"].condition,
        memories["other"].pattern,
    )


def test_the_alternative_is_the_best_heuristic_of_the_same_task():
    good = several("sss", first=10, strategy_key="good")
    better = several("ssss", first=20, strategy_key="better")
    memories = learned([*several("fff"), *good, *better])
    assert ["try better"] == [m.better_alternative for m in memories.values() if m.kind == "anti_pattern"]
    assert ["better", "good", "blanks"] == list(memories)


def test_without_a_heuristic_there_is_no_alternative():
    memories = learned([*several("fff"), *several("sffs", first=10, strategy_key="other")[:2]])
    assert memories["blanks"].better_alternative == ""


# Texts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ""),
        ([None, "", None], ""),
        (["only"], "only"),
        (["test login form", "test login", "bake a cake"], "test login form"),
        (["b c", "a c"], "a c"),
        (["b c", "b c", "a c"], "b c"),
        (["abc abd", "abc  abd"], "abc abd"),
        (["!!", "?!"], "!!"),
    ],
)
def test_the_central_text_shares_most_with_the_others(texts, expected):
    assert expected == central(texts)


@given(st.lists(st.sampled_from(["test login", "Test the login", "bake", "!", "", None]), max_size=6), st.randoms())
def test_the_central_text_is_one_of_them_whatever_their_order(texts, random):
    shuffled = list(texts)
    random.shuffle(shuffled)
    assert central(texts) == central(shuffled)
    assert central(texts) in {text or "" for text in [*texts, ""]}


def test_only_the_newest_outcomes_give_texts():
    old = [evidence(n, days=-1, strategy="old words") for n in range(60)]
    new = [evidence(100 + n, strategy="new words", task="New task") for n in range(TEXTS_COMPARED)]
    memory = learned([*old, *new])["blanks"]
    assert ("new words", "New task", 110) == (memory.strategy, memory.condition, memory.occurrences)


# Ids and changes


def test_a_derived_id_is_the_same_everywhere():
    assert derived_id("shop", LOGIN, "blanks") == "ca8ee1c34a285e1fb62643f6aacdfc1f"
    names = [("shop", LOGIN, "other"), ("shop", LOGIN._replace(agent="victor"), "blanks"), ("p", LOGIN, "blanks")]
    assert len({derived_id("shop", LOGIN, "blanks"), *(derived_id(*name) for name in names)}) == 4


def test_names_that_run_together_have_different_ids():
    assert derived_id("p", Task("a", "bc", "d"), "e") != derived_id("p", Task("ab", "c", "d"), "e")


GOOD, SURER, WORSE = (learned(several(ended))["blanks"] for ended in ("ssp", "sss", "spp"))
BAD, SURELY_BAD = (learned(several(ended))["blanks"] for ended in ("sfffffffff", "ffffffffff"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, None),
        (None, GOOD, "created"),
        (GOOD, None, "retired"),
        (BAD, None, "retired"),
        (GOOD, GOOD, None),
        (BAD, BAD, None),
        (GOOD, BAD, "created"),
        (BAD, GOOD, "created"),
        (GOOD, SURER, "strengthened"),
        (GOOD, WORSE, "weakened"),
        (GOOD, replace(GOOD, strategy="other words"), "updated"),
        (GOOD, replace(GOOD, archived=True), "hidden"),
        (replace(BAD, archived=True), replace(BAD, why_bad="other words"), "shown"),
        (GOOD, replace(SURER, archived=True), "strengthened"),
        (BAD, SURELY_BAD, "strengthened"),
        (SURELY_BAD, BAD, "weakened"),
    ],
)
def test_a_change_is_the_difference_of_two_derivations(before, after, expected):
    assert expected == change(before, after)


# Across situations


def scattered(results, **more):
    return [evidence(n, result, task_key=f"t{n}", task=f"Job {n}", **more) for n, result in enumerate(results, 1)]


def across(outcomes, rules=RULES):
    return derive_across(Approach("helena", "ui", "blanks"), outcomes, rules, project_id="shop")


def test_an_approach_in_three_situations_gives_one_rule_for_all_of_them():
    rule = across(scattered(["success"] * 3))
    assert ("working on 3 tasks such as Job 1", "try blanks", 3, "") == (
        rule.condition, rule.strategy, rule.occurrences, rule.task_key,
    )  # fmt: skip
    bad = across(scattered(["failure"] * 3))
    assert "try blanks (when: working on 3 tasks such as Job 1)" == bad.pattern
    assert rule.id == bad.id != derived_id("shop", Task("helena", "ui", "t1"), "blanks")


def test_two_situations_or_too_few_outcomes_give_none():
    assert across([*scattered(["success"] * 2), evidence(9, task_key="t1")]) is None
    assert across(scattered(["success"] * 3), replace(RULES, min_occurrences=4)) is None
    assert across([]) is None


@given(st.permutations(scattered(["success", "failure", "success", "partial"])))
def test_the_order_makes_no_difference_across_situations(outcomes):
    assert across(scattered(["success", "failure", "success", "partial"])) == across(outcomes)


# Outliers


def test_one_time_far_ahead_neither_flips_nor_outweighs_a_rule():
    good = [evidence(n, days=float(n)) for n in range(1, 9)]
    before = derive(LOGIN, good, RULES, project_id="shop")[0]
    for days in (100.0, 10_000.0, 40_000.0):
        (after,) = derive(LOGIN, [*good, evidence(9, "failure", days=days)], RULES, project_id="shop")
        assert after.kind == "heuristic"
        assert before.confidence / 2 < after.confidence < before.confidence
    bad = [evidence(n, "failure", days=float(n)) for n in range(1, 9)]
    (after,) = derive(LOGIN, [*bad, evidence(9, "success", days=40_000.0)], RULES, project_id="shop")
    assert after.kind == "anti_pattern"
