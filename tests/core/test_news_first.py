"""Places among the outcomes go first to strategies that no better outcome tells of."""

from alma_cli.core.retrieval.ranking import Candidate, Ranked, news_first


def ranked(id, strategy_key, *, kind="outcome", passes=True):
    """A ranked memory of this strategy."""
    candidate = Candidate(
        id=id, kind=kind, cosine=0.5, bm25=0.0, matched=0.0, rare_match=False, age_days=0.0, success=None,
        confidence=None, credit=0, strategy_key=strategy_key,
    )  # fmt: skip
    return Ranked(
        candidate=candidate,
        similarity=0.5,
        score=0.5,
        terms=(),
        cosine_rank=1,
        keyword_rank=1,
        why_not="" if passes else "unlike",
    )


def order(*memories):
    return "".join(one.candidate.id for one in news_first(memories))


def test_an_outcome_of_a_strategy_told_already_comes_last():
    assert "acbd" == order(ranked("a", "wait"), ranked("b", "wait"), ranked("c", "retry"), ranked("d", "wait"))


def test_outcomes_without_a_strategy_are_all_news():
    assert "abc" == order(ranked("a", ""), ranked("b", ""), ranked("c", "retry"))


def test_a_heuristic_does_not_hide_its_evidence():
    assert "abc" == order(ranked("a", "wait", kind="heuristic"), ranked("b", "wait"), ranked("c", "retry"))


def test_what_does_not_pass_tells_nothing():
    assert "abc" == order(ranked("a", "wait", passes=False), ranked("b", "wait"), ranked("c", "retry"))
