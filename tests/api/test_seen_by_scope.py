"""With any scopes, an agent retrieves and counts exactly what the rule of visibility lets it see."""

import os
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alma_cli.api import ALMA
from alma_cli.config import Config
from alma_cli.core.records import Outcome
from alma_cli.core.scopes.scope import Domain, MemoryScope
from alma_cli.project import find_project, make_project
from alma_cli.store import Entry, Insert

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
AGENTS = ("a", "b", "c")
DOMAINS = ("ui", "api")
TASK = "Test the login form"
EACH = 3


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project where every agent, and the project as a whole, learned the same strategy in every domain."""
    folder = tmp_path_factory.mktemp("scopes")
    make_project(folder, "alma: {project_id: shop}")
    session = ALMA.find(directory=folder)._session
    (vector,) = session.vectors([TASK])
    entries = [
        Entry(
            record=Outcome(
                id=os.urandom(16).hex(), project_id="shop", agent=agent, domain=domain, origin="observed",
                created_at=NOON, updated_at=NOON, at=NOON, outcome="success", task=f"{TASK} {agent} {domain} {number}",
                strategy="blanks", when="login", do="blanks",
            ),
            vector=vector,
            model=session.model,
        )
        for agent in (*AGENTS, "_project")
        for domain in DOMAINS
        for number in range(EACH)
    ]  # fmt: skip
    session.submit([session.operation(Insert, entries=tuple(entries))])
    return find_project(directory=folder)


domains = st.lists(st.sampled_from(DOMAINS), max_size=1).map(lambda names: tuple(map(Domain, names)))
others = st.sampled_from([(), ("a",), ("b", "c"), ("*",)])


@st.composite
def scopes(draw):
    return {
        agent: MemoryScope(
            agent,
            can_learn=draw(domains),
            cannot_learn=draw(domains),
            inherit_from=draw(others),
            share_with=draw(others),
        )
        for agent in AGENTS
    }


def visible(viewer, owner, domain, agents):
    """The rule of section 7, in its own words."""

    def names(some):
        return {one.name for one in some}

    mine = agents[viewer]
    if domain in names(mine.cannot_learn):
        return False
    if owner == "_project":
        return True
    theirs = agents[owner]
    if domain in names(theirs.cannot_learn) or (theirs.can_learn and domain not in names(theirs.can_learn)):
        return False
    inherited = owner in mine.inherit_from or "*" in mine.inherit_from
    shared = viewer in theirs.share_with or "*" in theirs.share_with
    return owner == viewer or inherited or shared


@settings(max_examples=25, deadline=None)
@given(scopes(), st.sampled_from(AGENTS))
def test_an_agent_retrieves_and_counts_what_it_may_see_and_nothing_else(project, agents, viewer):
    found = ALMA(project, Config(project_id="shop", agents=agents)).retrieve(TASK, viewer, top_k=100)
    expected = {(o, d) for o in (*AGENTS, "_project") for d in DOMAINS if visible(viewer, o, d, agents)}
    assert sorted([*expected] * EACH) == sorted((hit.agent, hit.domain) for hit in found.outcomes)
    assert {(hit.agent, hit.domain) for hit in found.heuristics} <= expected
    assert (len(found.heuristics) == 1) == bool(expected)
    for hit in found.heuristics:
        assert hit.ranked.candidate.pooled_occurrences == pytest.approx(EACH * len(expected))
