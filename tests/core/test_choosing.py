"""What is given of what was ranked: sure ones of each kind, then up to three that may fit."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.retrieval.choosing import choose, nearest, sharing_words, worth_fetching
from alma_cli.core.retrieval.ranking import Candidate, Ranked
from tests.core.record_examples import heuristic, knowledge, outcome

MAKE = {"heuristic": heuristic, "knowledge": knowledge, "outcome": outcome}
UNLIKE, TOO_LOW = "not similar enough to the task", "scored too low"


def ranked(id, *, kind="knowledge", score=0.5, why_not="", may_fit=None, task_key=""):
    candidate = Candidate(
        task_key=task_key, id=id, kind=kind, cosine=0.5, bm25=0.0, matched=0.0, rare_match=False, age_days=0.0, success=None,
        confidence=None, credit=0,
    )  # fmt: skip
    return Ranked(
        candidate=candidate, similarity=0.5, score=score, terms=(), cosine_rank=1, keyword_rank=1, why_not=why_not,
        may_fit=why_not == UNLIKE if may_fit is None else may_fit,
    )  # fmt: skip


def chosen(memories, *, top_k=5, strict=False, max_tokens=1000, texts=None):
    """The ids given, those that only may fit in capitals; and those left out, with the reason."""
    main = {"knowledge": "fact", "heuristic": "condition", "outcome": "task"}
    records = {}
    for one in memories:
        id, kind = one.candidate.id, one.candidate.kind
        records[id] = MAKE[kind](id=id, **{main[kind]: (texts or {}).get(id, f"text {id}")})
    hits, left_out, _ = choose(
        memories, records, top_k=top_k, strict=strict, max_tokens=max_tokens, agent="a", count_tokens=len
    )
    return [hit.id if hit.sure else hit.id.upper() for hit in hits], {hit.id: reason for hit, reason in left_out}


def sure(*ids):
    return [ranked(id) for id in ids]


def unsure(*ids):
    return [ranked(id, score=0.1, why_not=UNLIKE) for id in ids]


def test_without_sure_ones_the_three_nearest_may_fit():
    assert (["A", "B", "C"], {"d": UNLIKE}) == chosen(unsure("a", "b", "c", "d"))


def test_beside_sure_ones_nothing_is_given_that_only_may_fit():
    assert (["x"], {"a": UNLIKE}) == chosen([*sure("x"), *unsure("a")])


def test_strict_gives_sure_ones_only():
    assert ([], {"a": UNLIKE}) == chosen(unsure("a"), strict=True)


def test_what_has_nothing_in_common_or_scores_too_low_is_never_given():
    far, low = ranked("a", why_not=UNLIKE, may_fit=False), ranked("b", why_not=TOO_LOW)
    assert ([], {"a": UNLIKE, "b": TOO_LOW}) == chosen([far, low])


def test_what_may_fit_is_not_told_twice():
    given_, left_out = chosen(unsure("a", "b", "c", "d"), texts={"a": "two", "b": "the two", "c": "1", "d": "Two"})
    assert (["A", "C"], {"b": UNLIKE, "d": UNLIKE}) == (given_, left_out)


def test_an_outcome_that_tells_no_more_than_how_it_went_is_no_maybe():
    one = ranked("a", kind="outcome", why_not=UNLIKE)
    assert ([], {"a": UNLIKE}) == chosen([one])
    tells = {"a": outcome(id="a", error="no such table")}
    hits, *_ = choose([one], tells, top_k=5, strict=False, max_tokens=999, agent="a", count_tokens=len)
    assert ["a"] == [hit.id for hit in hits]


def test_of_those_fetched_only_those_pass_that_share_a_word_with_the_task():
    one, other, named, far = sure("a", "b", "c", "d")
    named = replace(named, candidate=replace(named.candidate, rare_match=True))
    unlike = ranked("e", why_not=UNLIKE)
    records = {
        "a": knowledge(id="a", fact="Datenbankmigrationen laufen allein"),
        **{id: knowledge(id=id, fact="Rechnungen werden gerundet") for id in "bce"},
    }
    found = sharing_words([one, other, named, far, unlike], records, "Migration der Datenbank")
    shares_none = "shares no word with the task"
    assert ["", shares_none, "", "", UNLIKE] == [each.why_not for each in found]
    assert found[1].may_fit


def test_rules_stand_for_the_outcomes_of_their_task():
    rule = ranked("a", kind="heuristic", why_not=UNLIKE, task_key="t")
    evidence = ranked("b", kind="outcome", why_not=UNLIKE, task_key="t")
    others = [ranked("c", why_not=UNLIKE), ranked("d", kind="outcome", why_not=UNLIKE, task_key="other")]
    assert ["a", "c", "d"] == [one.candidate.id for one in nearest([evidence, rule, *others])]


def test_what_may_fit_is_of_three_situations_with_all_rules_of_each():
    places = [("a", "t"), ("b", "t"), ("c", "u"), ("d", "v"), ("e", "w"), ("f", "u")]
    memories = [ranked(id, kind="heuristic", why_not=UNLIKE, task_key=task) for id, task in places]
    assert ["A", "B", "C", "D", "F"] == chosen(memories)[0]


def test_what_may_fit_keeps_within_the_budget():
    given_, left_out = chosen(unsure("a", "b"), max_tokens=105)
    assert (["A"], {"b": "over the budget of 105 tokens"}) == (given_, left_out)


def test_places_are_of_each_kind_and_sure_ones_come_by_kind():
    memories = [*sure("a", "b"), ranked("c", kind="heuristic"), *unsure("d")]
    assert (["c", "a"], {"b": "1 better ones of this kind", "d": UNLIKE}) == (chosen(memories, top_k=1, strict=True))


def test_what_says_the_same_is_given_once():
    assert (["a"], {"b": "the same as a memory that is shown"}) == (
        chosen(sure("a", "b"), texts={"a": "one", "b": "the one"})
    )


def test_one_strategy_is_given_once_whatever_its_situation_is():
    records = {id: heuristic(id=id, condition=f"case {id}", strategy_key="wait", origin="derived") for id in "ab"}
    memories = [ranked(id, kind="heuristic") for id in "ab"]
    hits, *_ = choose(memories, records, top_k=5, strict=False, max_tokens=999, agent="a", count_tokens=len)
    assert ["a"] == [hit.id for hit in hits]


def test_a_memory_that_was_not_fetched_is_passed_over():
    found, left_out, _ = choose(sure("a"), {}, top_k=1, strict=False, max_tokens=99, agent="a", count_tokens=len)
    assert ([], []) == (found, left_out)


def fetched(memories, top_k=1, *, strict=False, explain=False):
    return [one.candidate.id for one in worth_fetching(memories, top_k, strict=strict, explain=explain)]


def test_fetched_are_some_more_than_there_are_places():
    assert ["a", "b", "c"] == fetched(sure("a", "b", "c", "d"))
    assert 9 == len(fetched(unsure(*"abcdefghijkl")))
    assert [] == fetched(unsure("a"), strict=True)
    assert ["a"] == fetched(unsure("a"), strict=True, explain=True)
    assert ["b"] == fetched([ranked("a", why_not=TOO_LOW), *unsure("b")])


@given(st.lists(st.sampled_from(["sure", "unsure", "low"]), max_size=9), st.booleans(), st.integers(0, 500))
def test_maybes_are_at_most_three_and_none_beside_sure_ones(kinds, strict, max_tokens):
    made = {"sure": "", "unsure": UNLIKE, "low": TOO_LOW}
    memories = [ranked(format(n, "032x"), score=1 - n / 10, why_not=made[kind]) for n, kind in enumerate(kinds)]
    records = {one.candidate.id: knowledge(id=one.candidate.id, fact=one.candidate.id) for one in memories}
    hits, *_ = choose(memories, records, top_k=5, strict=strict, max_tokens=max_tokens, agent="a", count_tokens=len)
    maybes = sum(not hit.sure for hit in hits)
    assert maybes <= (0 if strict or "sure" in kinds else 3)
