"""Pooled evidence fades: an outcome counts half when it is one half-life older than the newest that counts."""

from datetime import timedelta

import pytest

from alma_cli.core.records import RETRIEVED_KINDS
from alma_cli.core.scopes.visibility import View
from alma_cli.store import Insert, Search
from alma_cli.store.reading.search import search
from alma_cli.store.writing.fold import fold
from tests.store.samples import MODEL, NOON, NOTHING_DERIVED, an_operation, entry, outcome, store_in, vector


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    old = outcome(1, at=NOON - timedelta(days=60), do="wait", outcome="failure")
    new = outcome(2, at=NOON, do="wait")
    with store_in(tmp_path_factory.mktemp("aged")).file.opened(read_only=False) as connection:
        entries = (entry(old, (1, 0, 0)), entry(new, (1, 0, 0)))
        fold(connection, [an_operation(Insert, entries=entries)], now_ms=7, rules=NOTHING_DERIVED)
        yield connection


@pytest.mark.parametrize(("half_life", "occurrences"), [({}, 2.0), ({"evidence_half_life_days": 30.0}, 1.25)])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=1000)], ids=["at once", "years later"])
def test_old_outcomes_count_less_whenever_it_is_asked(connection, half_life, occurrences, later):
    asked = Search(
        vector=vector(1.0, 0.0, 0.0), model=MODEL, terms=["task"], identifiers=[], views=(View(agent=None),),
        kinds=RETRIEVED_KINDS, user_id="", now=NOON + later, per_signal=10, **half_life,
    )  # fmt: skip
    candidates = search(connection, asked).candidates
    assert 2 == len(candidates)
    for one in candidates:
        assert pytest.approx((occurrences, 1.0)) == (one.pooled_occurrences, one.pooled_successes)
