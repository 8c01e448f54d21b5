"""Which memories are worth knowing, and in which order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.core.retrieval.ranking import Candidate, Rules, Spread, decay, rank

RULES = Rules(
    weights={"similarity": 0.7, "recency": 0.1, "success": 0.1, "confidence": 0.05, "credit": 0.05},
    half_life_days=dict.fromkeys(RETRIEVED_KINDS, 90.0),
    keyword_weight=0.5,
    min_similarity=0.24,
    min_score=0.0,
)
COSINE, BM25 = Spread(mean=0.3, deviation=0.1), Spread(mean=1.0, deviation=1.0)
PLAIN = Candidate(
    id="a",
    kind="knowledge",
    cosine=0.5,
    bm25=1.0,
    matched=0.5,
    rare_match=False,
    age_days=0.0,
    success=None,
    confidence=None,
    credit=0,
)

SIGNALS = {  # tiny domains, worst first
    "cosine": [-1.0, 0.15, 0.3, 1.0],
    "bm25": [0.0, 1.0, 1e6],
    "age_days": [1e308, 90.0, 0.0, -1.0],
    "success": [0.0, 0.5, 1.0],
    "confidence": [0.0, 0.5, 1.0],
    "credit": [-1000, -1, 0, 1, 1000],
}
candidates = st.builds(
    Candidate,
    id=st.sampled_from("abcd"),
    kind=st.sampled_from(RETRIEVED_KINDS),
    cosine=st.none() | st.sampled_from(SIGNALS["cosine"]),
    bm25=st.sampled_from(SIGNALS["bm25"]),
    matched=st.sampled_from([0.0, 0.25, 1.0]),
    rare_match=st.booleans(),
    age_days=st.sampled_from(SIGNALS["age_days"]),
    success=st.none() | st.sampled_from(SIGNALS["success"]),
    confidence=st.none() | st.sampled_from(SIGNALS["confidence"]),
    credit=st.sampled_from(SIGNALS["credit"]),
)
distinct = st.lists(candidates, max_size=4, unique_by=lambda candidate: candidate.id)
spreads = st.builds(Spread, mean=st.sampled_from([0.0, 0.5]), deviation=st.sampled_from([0.0, 0.1, 5.0]))
weights = st.sampled_from([0.0, 0.05, 0.7, 100.0])
rules = st.builds(
    Rules,
    weights=st.fixed_dictionaries(dict.fromkeys(RULES.weights, weights)),
    half_life_days=st.fixed_dictionaries(dict.fromkeys(RETRIEVED_KINDS, st.sampled_from([1e-9, 30.0, 1e9]))),
    keyword_weight=st.sampled_from([0.0, 0.5, 10.0]),
    min_similarity=st.sampled_from([0.0, 0.25, 1.0]),
    min_score=st.sampled_from([0.0, 0.5, 1.0]),
)


def only(candidate, **changed):
    return rank([replace(candidate, **changed)], COSINE, BM25, RULES)[0]


def test_words_z_says_how_far_the_words_stand_out():
    assert 3.0 == only(PLAIN, bm25=4.0).words_z


# The order


@given(distinct, spreads, spreads, rules, st.randoms())
def test_the_order_is_the_same_whatever_the_order_of_the_candidates(found, cosine, bm25, given_rules, random):
    ranked = rank(found, cosine, bm25, given_rules)
    shuffled = list(found)
    random.shuffle(shuffled)
    assert rank(shuffled, cosine, bm25, given_rules) == ranked
    assert [(-one.score, one.candidate.id) for one in ranked] == sorted(
        (-one.score, one.candidate.id) for one in ranked
    )
    assert sorted(one.candidate.id for one in ranked) == sorted(candidate.id for candidate in found)


@given(distinct, spreads, spreads, rules)
def test_scores_and_their_terms_are_between_0_and_1(found, cosine, bm25, given_rules):
    for one in rank(found, cosine, bm25, given_rules):
        assert 0 <= one.score <= 1
        assert 0 <= one.similarity <= 1
        assert all(0 <= term.value <= 1 for term in one.terms)


@given(candidates, st.tuples(spreads, spreads), rules, st.sampled_from(sorted(SIGNALS)), st.data())
def test_a_better_signal_never_lowers_the_score(candidate, both, given_rules, signal, data):
    worse, better = sorted(data.draw(st.tuples(*2 * [st.integers(0, len(SIGNALS[signal]) - 1)])))
    if signal == "success" and candidate.kind == "anti_pattern":  # the surer it fails, the more it is worth knowing
        worse, better = better, worse
    worse, better = (replace(candidate, **{signal: SIGNALS[signal][place]}) for place in (worse, better))
    assert rank([worse], *both, given_rules)[0].score <= rank([better], *both, given_rules)[0].score


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_best_of_a_signal_scores_more_than_the_worst(signal):
    worst, *_, best = SIGNALS[signal]
    assert only(PLAIN, **{signal: worst}).score < only(PLAIN, **{signal: best}).score


def test_ties_fall_by_id():
    same = [replace(PLAIN, id=id) for id in "cab"]
    assert [one.candidate.id for one in rank(same, COSINE, BM25, RULES)] == ["a", "b", "c"]


def test_what_is_not_known_is_neither_good_nor_bad():
    assert only(PLAIN, success=None).score == only(PLAIN, success=0.5).score
    assert only(PLAIN, confidence=None).score == only(PLAIN, confidence=0.5).score


@pytest.mark.parametrize("kind, value", [("outcome", 0.75), ("anti_pattern", 0.25)])
def test_outcomes_of_such_tasks_count_more_than_what_a_memory_says_of_itself(kind, value):
    pooled = replace(PLAIN, kind=kind, success=0.0, pooled_occurrences=2.0, pooled_successes=2.0)
    (ranked,) = rank([pooled], COSINE, BM25, RULES)
    (term,) = [term for term in ranked.terms if term.name == "success"]
    assert (value, 0.75) == (term.value, term.raw)  # two of two, and one of two beforehand


def test_a_memory_without_a_vector_is_as_near_as_the_average():
    assert only(PLAIN, cosine=None).score == only(PLAIN, cosine=COSINE.mean).score


def test_the_score_is_the_weighted_mean_of_its_terms():
    one = only(PLAIN)
    names = ["similarity", "recency", "success", "confidence", "credit"]
    assert [(term.name, term.weight) for term in one.terms] == [(name, RULES.weights[name]) for name in names]
    assert one.score == pytest.approx(sum(one.points))
    doubled = replace(RULES, weights={name: 2 * weight for name, weight in RULES.weights.items()})
    assert rank([PLAIN], COSINE, BM25, doubled)[0].score == pytest.approx(one.score)


def test_without_weights_nothing_scores():
    weightless = replace(RULES, weights=dict.fromkeys(RULES.weights, 0))
    assert rank([PLAIN], COSINE, BM25, weightless)[0].score == 0


def test_credit_moves_the_score_by_a_bounded_amount():
    most, least = (only(PLAIN, credit=credit).score for credit in (10**9, -(10**9)))
    assert most - least == pytest.approx(RULES.weights["credit"])


def test_signals_that_hardly_differ_hardly_count():
    alike = Spread(mean=0.3, deviation=0.0)
    near, nearer = (rank([replace(PLAIN, cosine=cosine)], alike, BM25, RULES)[0].score for cosine in (0.3, 0.300001))
    assert nearer == pytest.approx(near, abs=1e-4)


def test_no_number_is_too_far_from_the_mean():
    outliers = [only(PLAIN, bm25=bm25).terms[0].value for bm25 in (-1e300, 1e300)]
    assert outliers == [0, 1]


# What passes


FITS = replace(PLAIN, id="z", cosine=0.7)


def passing(*found):
    return {one.candidate.id: one.passes for one in rank(found, COSINE, BM25, RULES)}


def test_a_memory_that_is_surely_alike_passes_and_one_that_is_a_little_alike_does_not():
    assert passing(FITS) == {"z": True}
    assert passing(replace(PLAIN, cosine=0.3, matched=0.0)) == {"a": False}


def test_what_is_a_little_alike_passes_beside_what_surely_is():
    weak, unlike = replace(PLAIN, cosine=0.3, matched=0.0), replace(PLAIN, id="b", cosine=0.25, matched=0.0)
    assert passing(FITS, weak, unlike) == {"z": True, "a": True, "b": False}


def test_a_rare_word_passes_by_itself_and_brings_nothing_with_it():
    named = replace(PLAIN, cosine=0.2, matched=0.0, rare_match=True)
    assert passing(named, replace(PLAIN, id="b", cosine=0.3, matched=0.0)) == {"a": True, "b": False}
    assert passing(replace(named, cosine=None)) == {"a": True}


def test_a_rare_word_is_chance_where_the_meaning_denies_it_unless_it_is_most_of_the_task():
    denied = replace(PLAIN, cosine=0.1, matched=0.2, rare_match=True)
    assert passing(denied) == {"a": False}
    assert passing(replace(denied, matched=0.5)) == {"a": True}


def test_an_outcome_with_a_rare_word_brings_the_rules_of_its_task_group():
    named = replace(PLAIN, id="o", kind="outcome", task_key="t", cosine=0.2, matched=0.0, rare_match=True)
    rule = replace(PLAIN, id="h", kind="heuristic", task_key="t", cosine=0.2, matched=0.0)
    other = replace(rule, id="i", kind="anti_pattern", task_key="u")
    assert passing(named, rule, other) == {"o": True, "h": True, "i": False}
    assert passing(replace(named, kind="preference", task_key=""), replace(rule, task_key="")) == {
        "o": True,
        "h": False,
    }


def test_where_only_words_are_compared_an_outcome_brings_the_rules_of_its_task_group():
    told = replace(PLAIN, id="o", kind="outcome", task_key="t", cosine=None, matched=0.6)
    rule = replace(PLAIN, id="h", kind="heuristic", task_key="t", cosine=None, matched=0.0)
    other = replace(rule, id="i", kind="anti_pattern", task_key="u")
    assert passing(told, rule, other) == {"o": True, "h": True, "i": False}
    assert passing(told, rule, replace(PLAIN, id="x", cosine=0.1, matched=0.0)) == {"o": True, "h": False, "x": False}
    ranked = rank([replace(told, matched=0.05), rule, other], COSINE, BM25, RULES)
    assert {"o": (False, True), "h": (False, True), "i": (False, False)} == {
        one.candidate.id: (one.passes, one.may_fit) for one in ranked
    }


def test_outcomes_that_a_rule_sums_up_do_not_say_that_anything_fits():
    alike = [replace(PLAIN, id=f"o{n}", kind="outcome", task_key="t", cosine=0.7, matched=0.0) for n in range(3)]
    rule = replace(PLAIN, id="h", kind="heuristic", task_key="t", cosine=0.2, matched=0.0)
    assert {True} == {one.passes for one in rank(alike, COSINE, BM25, RULES)}
    assert {False} == {one.passes for one in rank([*alike, rule], COSINE, BM25, RULES)}
    near = replace(rule, cosine=0.6)
    assert {True} == {one.passes for one in rank([*alike, near], COSINE, BM25, RULES)}


def test_it_is_said_why_something_does_not_pass():
    unlike = replace(PLAIN, cosine=0.0, matched=0.0)
    assert [one.why_not for one in rank([unlike], COSINE, BM25, RULES)] == ["nothing is similar enough to the task"]
    assert [one.why_not for one in rank([FITS, unlike], COSINE, BM25, RULES)] == ["", "not similar enough to the task"]
    strict = replace(RULES, min_score=1.0)
    assert [one.why_not for one in rank([FITS], COSINE, BM25, strict)] == ["scored too low"]


def test_what_scores_too_little_does_not_pass():
    strict = replace(RULES, min_score=1.0)
    assert not rank([replace(PLAIN, rare_match=True)], COSINE, BM25, strict)[0].passes


def test_each_signal_has_its_ranks():
    found = [
        replace(PLAIN, id="a", cosine=None, bm25=2),
        replace(PLAIN, id="b", bm25=1),
        replace(PLAIN, id="c", bm25=2),
    ]
    ranks = {one.candidate.id: (one.cosine_rank, one.keyword_rank) for one in rank(found, COSINE, BM25, RULES)}
    assert ranks == {"a": (3, 1), "b": (1, 3), "c": (2, 2)}


# Ageing


@pytest.mark.parametrize(("age_days", "left"), [(-5, 1), (0, 1), (30, 0.5), (60, 0.25), (1e308, 0), (float("inf"), 0)])
def test_after_each_half_life_half_is_left(age_days, left):
    assert left == decay(age_days=age_days, half_life_days=30)


def test_a_rule_is_as_near_in_words_as_the_best_three_outcomes_of_its_task_which_count_more():
    told = [replace(PLAIN, id=f"o{n}", kind="outcome", task_key="t", bm25=float(n)) for n in range(5)]
    asked = [
        replace(PLAIN, id="h1", kind="heuristic", task_key="t", bm25=9.0),
        replace(PLAIN, id="a1", kind="anti_pattern", task_key="t", bm25=0.0),
        replace(PLAIN, id="k", bm25=6.0),
    ]
    found = {one.candidate.id: one.terms[0].raw for one in rank([*told, *asked], COSINE, BM25, RULES)}
    assert (
        found["h1"] == found["a1"] == found["k"] > found["o3"]
    )  # five deviations above the mean: the two of o3, by 2.5
    alone = {one.candidate.id: one.terms[0].raw for one in rank(asked, COSINE, BM25, RULES)}
    assert alone["h1"] == alone["a1"] > alone["k"]


def test_what_is_unlike_may_fit_if_it_has_anything_in_common_and_scores_enough():
    near, far = replace(PLAIN, cosine=0.1, matched=0.0), replace(PLAIN, cosine=0.04, matched=0.0)
    by_words, unknown = replace(PLAIN, cosine=None, matched=0.05), replace(PLAIN, cosine=None, matched=0.0)
    may_fit = [rank([one], COSINE, BM25, RULES)[0].may_fit for one in (near, far, by_words, unknown)]
    assert [True, False, True, False] == may_fit
    assert not rank([near], COSINE, BM25, replace(RULES, min_score=1.0))[0].may_fit
    assert not rank([FITS], COSINE, BM25, RULES)[0].may_fit
