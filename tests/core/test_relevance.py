"""Whether anything fits a task, and what may stand beside what does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.retrieval.relevance import calibrated, floor, relevance

shares = st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.5, 1.0])
cosines = st.sampled_from([-1.0, 0.15, 0.3, 0.75, 1.0])


@pytest.mark.parametrize(("cosine", "likeness"), [(-1, 0), (0.15, 0), (0.45, 0.5), (0.75, 1), (1, 1)])
def test_a_cosine_as_a_likeness(cosine, likeness):
    assert likeness == pytest.approx(calibrated(cosine))


def test_words_say_half_of_what_meaning_says():
    assert relevance(0.75, 0.0) == 1
    assert relevance(0.0, 1.0) == 0.5
    assert relevance(0.45, 0.5) == pytest.approx(1 - 0.5 * 0.75)


def test_where_meaning_is_not_known_words_are_all():
    assert relevance(None, 0.3) == 0.3
    assert floor([0.15], 0.15, 0.4, words_only=True) < math.inf
    assert floor([0.14], 0.14, 0.4, words_only=True) == math.inf


@given(cosines, shares, cosines, shares)
def test_more_likeness_never_makes_less_relevant(cosine, matched, other_cosine, other_matched):
    one, other = relevance(cosine, matched), relevance(other_cosine, other_matched)
    assert 0 <= one <= 1
    if calibrated(cosine) >= calibrated(other_cosine) and matched >= other_matched:
        assert one >= other


@pytest.mark.parametrize(
    ("similarities", "most_matched", "fits"),
    [
        ([], 0.0, False),
        ([0.28], 0.0, False),
        ([0.29], 0.0, True),  # alone it has to be surer
        ([0.28, 0.2], 0.0, True),  # than with another
        ([0.2, 0.2, 0.2], 0.0, False),
        ([0.25], 0.5, True),  # half of the words by weight is no chance
    ],
)
def test_something_fits_when_the_best_are_similar_enough(similarities, most_matched, fits):
    assert fits == (floor(similarities, most_matched, 0.24) < math.inf)


def test_the_surer_the_best_is_the_more_is_asked_of_those_beside_it():
    enough = [floor([best], 0.0, 0.24) for best in (0.4, 0.8, 1.0)]
    assert enough == pytest.approx([0.1, 0.2, 0.24])


@given(st.lists(shares, max_size=3), shares)
def test_without_a_minimum_all_that_is_there_is_enough(similarities, most_matched):
    assert floor(similarities, most_matched, 0.0) == 0


@given(st.lists(shares, max_size=3), shares, shares)
def test_what_fits_passes_its_own_floor(similarities, most_matched, min_similarity):
    enough = floor(similarities, most_matched, min_similarity)
    if most_matched < 0.5 and enough < math.inf:
        assert max(similarities, default=0.0) >= enough
