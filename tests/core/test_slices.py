"""What one retrieve returns."""

import copy
import json
import pickle
from dataclasses import replace

import pytest

from alma_cli.core.codec import to_json
from alma_cli.core.retrieval.ranking import Candidate, Ranked, Term
from alma_cli.core.retrieval.slices import Hit, MemorySlice
from alma_cli.embedding import count_tokens
from alma_cli.errors import InvalidInput
from tests.core.record_examples import ID, anti_pattern, heuristic, knowledge, outcome, preference


def hit(record, *, score=0.8, cosine=0.5):
    candidate = Candidate(
        id=record.id,
        kind=record.kind,
        cosine=cosine,
        bm25=1.23456789,
        matched=1 / 3,
        rare_match=True,
        age_days=1.23456,
        success=None,
        confidence=None,
        credit=2,
    )
    terms = (Term(name="similarity", value=0.5, weight=3.0), Term(name="recency", value=1.0, weight=1.0, raw=2.0))
    ranked = Ranked(
        candidate=candidate,
        similarity=2 / 3,
        score=score,
        terms=terms,
        cosine_rank=1,
        keyword_rank=2,
    )
    return Hit(record, ranked)


FOUND = MemorySlice(
    retrieval_id="r",
    agent="helena",
    task="Test login",
    anti_patterns=[hit(anti_pattern())],
    heuristics=[hit(heuristic(occurrences=4, successes=3.0))],
    preferences=[hit(preference())],
    knowledge=[hit(knowledge())],
    outcomes=[hit(outcome())],
    tokens=99,
    retrieval_ms=1.23456,
    near_misses=[(hit(knowledge(fact="far"), score=0.1), "over the budget")],
    considered=7,
    count_tokens=count_tokens,
)


# A hit


def test_a_hit_has_its_records_fields():
    found = hit(heuristic(occurrences=4, successes=3.0))
    assert (found.id, found.kind, found.condition, found.success_rate) == (ID, "heuristic", "testing forms", 0.75)
    assert (found.score, found.similarity) == (0.8, 2 / 3)


def test_a_hit_has_what_every_memory_has():
    record = outcome(labels={"ci": "7"})
    found = hit(record)
    for name in ("id", "kind", "text", "agent", "domain", "origin", "labels", "created_at", "updated_at"):
        assert getattr(found, name) == getattr(record, name)


def test_a_hit_has_no_fields_but_those():
    with pytest.raises(AttributeError, match="fact"):
        _ = hit(heuristic()).fact


def test_a_hit_can_be_copied_and_pickled():
    found = hit(knowledge())
    assert copy.deepcopy(found) == found == pickle.loads(pickle.dumps(found))


def test_an_unfinished_hit_has_no_record_to_ask():
    with pytest.raises(AttributeError, match="record"):
        _ = Hit.__new__(Hit).fact


def test_a_hit_as_json_is_its_record_with_score_similarity_and_text():
    record = knowledge(extra={"score": "forged", "newer": 1})
    expected = {**to_json(record), "score": 0.8, "similarity": 0.666667, "sure": True, "text": "CI has two cores"}
    assert hit(record).to_json() == expected


def test_a_hit_says_how_its_strategy_did_in_such_tasks():
    one = hit(outcome())
    pooled = replace(one.ranked.candidate, pooled_occurrences=3.00049, pooled_successes=2.0)
    shown = Hit(one.record, replace(one.ranked, candidate=pooled)).to_json()
    assert {"occurrences": 3.0, "successes": 2.0} == shown["in_such_tasks"]
    assert "in_such_tasks" not in one.to_json()


def test_a_hit_explains_every_term_and_signal():
    assert hit(knowledge()).to_json(explain=True)["explain"] == {
        "terms": [
            {"name": "similarity", "raw": None, "value": 0.5, "weight": 3.0, "points": 0.375},
            {"name": "recency", "raw": 2.0, "value": 1.0, "weight": 1.0, "points": 0.25},
        ],
        "cosine": 0.5,
        "cosine_rank": 1,
        "bm25": 1.234568,
        "keyword_rank": 2,
        "words_matched": 0.333333,
        "rare_match": True,
        "age_days": 1.235,
        "credit": 2,
    }


def test_a_memory_without_a_vector_has_no_cosine_to_explain():
    assert hit(knowledge(), cosine=None).to_json(explain=True)["explain"]["cosine"] is None


# A slice


def test_hits_come_in_the_order_of_their_kinds():
    assert [one.kind for one in FOUND] == ["anti_pattern", "heuristic", "preference", "knowledge", "outcome"]
    assert len(FOUND) == 5


def test_what_only_may_fit_is_said_to():
    maybe = replace(hit(heuristic(id="1" * 32)), sure=False)
    found = MemorySlice(retrieval_id="r", agent="a", task="t", heuristics=[maybe], count_tokens=count_tokens)
    assert ([maybe], []) == (list(found), found.sure)
    assert [False] == [one["sure"] for one in found.to_json()["heuristics"]]
    assert found.to_prompt().endswith('### May fit\n- [11111111] when "testing forms": "try blanks"\n')


def test_a_slice_with_nothing_in_it_is_empty():
    empty = MemorySlice(retrieval_id="r", agent="a", task="t")
    assert (len(empty), list(empty), empty.to_prompt()) == (0, [], "")


def test_a_prompt_is_within_its_budget():
    whole = FOUND.to_prompt()
    assert whole.count("\n- [") == 5
    assert 0 < count_tokens(FOUND.to_prompt(max_tokens=60)) <= 60
    assert FOUND.to_prompt(max_tokens=count_tokens(whole)) == whole
    for other in (None, "60", 60.5):
        with pytest.raises(InvalidInput, match="max_tokens: expected a whole number, got"):
            FOUND.to_prompt(other)
    assert FOUND.to_prompt(max_tokens=5) == ""


def test_a_slice_as_json():
    shown = json.loads(json.dumps(FOUND.to_json()))
    lists = {kind: shown.pop(kind) for kind in ("anti_patterns", "heuristics", "preferences", "knowledge", "outcomes")}
    assert lists == {kind: [one.to_json() for one in getattr(FOUND, kind)] for kind in lists}
    assert shown == {
        "retrieval_id": "r",
        "agent": "helena",
        "task": "Test login",
        "when": "",
        "tokens": 99,
        "retrieval_ms": 1.235,
        "considered": 7,
    }


def test_an_explained_slice_tells_what_was_left_out_and_why():
    (missed,) = FOUND.to_json(explain=True)["near_misses"]
    assert (missed["left_out"], missed["fact"], missed["explain"]["credit"]) == ("over the budget", "far", 2)
    assert FOUND.to_json(explain=True)["outcomes"][0]["explain"]["rare_match"]
