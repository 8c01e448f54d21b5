"""Whose memories an agent sees."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alma_cli.core.scopes.scope import MemoryScope, scope_for
from alma_cli.core.scopes.visibility import View, sees, views

AGENTS = ["x", "y", "z", "_project"]  # z is never named in a configuration
DOMAINS = ["a", "b", "general"]
domain_lists = st.lists(st.sampled_from(DOMAINS), max_size=2)
agent_lists = st.lists(st.sampled_from([*AGENTS, "*"]), max_size=2)


def scopes(agent):
    return st.builds(
        MemoryScope,
        agent=st.just(agent),
        can_learn=domain_lists,
        cannot_learn=domain_lists,
        inherit_from=agent_lists,
        share_with=agent_lists,
    )


def configurations(*always):
    return st.fixed_dictionaries(
        {agent: scopes(agent) for agent in always},
        optional={agent: scopes(agent) for agent in ["x", "y", "*", "_project"] if agent not in always},
    )


def seen(agents, viewer):
    """All that is seen of every agent in every domain."""
    found = views(scope_for(viewer, agents), agents)
    return {(owner, domain) for owner, domain in product(AGENTS, DOMAINS) if sees(found, owner, domain)}


def naively_seen(agents, viewer):
    """The same, read off the rule as it is written, one memory at a time."""

    def entry(agent):
        return agents.get(agent) or agents.get("*")

    def names(domains):
        return [domain.name for domain in domains]

    found = set()
    for owner, domain in product(AGENTS, DOMAINS):
        ours = entry(viewer)
        theirs = MemoryScope("_project") if owner == "_project" and owner not in agents else entry(owner)
        if theirs is None:
            continue  # no scope allows it anything at present
        own = owner == viewer
        inherited = owner in ours.inherit_from or "*" in ours.inherit_from
        shared = viewer in theirs.share_with or "*" in theirs.share_with
        project_wide = owner == "_project"
        if not (own or inherited or shared or project_wide):
            continue
        if domain in names(ours.cannot_learn) or domain in names(theirs.cannot_learn):
            continue
        if theirs.can_learn and domain not in [*names(theirs.can_learn), "general"]:
            continue
        found.add((owner, domain))
    return found


# The rule


@given(configurations("x"))
@example({"x": MemoryScope("x", inherit_from=["z"])})
@example({"x": MemoryScope("x", inherit_from=["*"]), "*": MemoryScope("*")})
@example({"x": MemoryScope("x"), "*": MemoryScope("*", share_with=["x"]), "y": MemoryScope("y")})
def test_an_agent_sees_what_the_rule_says(agents):
    assert seen(agents, "x") == naively_seen(agents, "x")


@given(configurations("*"))
def test_an_agent_that_is_not_named_sees_what_the_rule_says_for_the_default(agents):
    assert seen(agents, "z") == naively_seen(agents, "z")


@given(configurations("x"))
def test_nothing_is_seen_through_two_views(agents):
    found = views(scope_for("x", agents), agents)
    assert len(found) == len(set(found))
    for owner, domain in product(AGENTS, DOMAINS):
        assert sum(view.shows(owner, domain) for view in found) <= 1


# By example


def test_an_agent_sees_its_own_memories_and_those_of_the_project():
    agents = {"x": MemoryScope("x"), "y": MemoryScope("y")}
    assert seen(agents, "x") == set(product(["x", "_project"], DOMAINS))


@pytest.mark.parametrize("inherit_from", [["y"], ["*"]])
def test_an_agent_sees_what_it_inherits(inherit_from):
    agents = {"x": MemoryScope("x", inherit_from=inherit_from), "y": MemoryScope("y")}
    assert ("y", "a") in seen(agents, "x")
    assert ("x", "a") not in seen(agents, "y")


@pytest.mark.parametrize("share_with", [["x"], ["*"]])
def test_an_agent_sees_what_is_shared_with_it(share_with):
    agents = {"x": MemoryScope("x"), "y": MemoryScope("y", share_with=share_with)}
    assert ("y", "a") in seen(agents, "x")
    assert ("x", "a") not in seen(agents, "y")


def test_seeing_is_not_transitive():
    agents = {
        "x": MemoryScope("x", inherit_from=["y"]),
        "y": MemoryScope("y", inherit_from=["z"]),
        "z": MemoryScope("z", share_with=["y"]),
    }
    assert {owner for owner, _ in seen(agents, "x")} == {"x", "y", "_project"}


def test_an_agent_never_sees_what_its_own_cannot_learn_names():
    agents = {"x": MemoryScope("x", cannot_learn=["a"], inherit_from=["y"]), "y": MemoryScope("y")}
    assert {domain for _, domain in seen(agents, "x")} == {"b", "general"}


def test_what_an_agent_cannot_learn_only_for_want_of_naming_it_can_be_inherited():
    agents = {"x": MemoryScope("x", can_learn=["a"], inherit_from=["y"]), "y": MemoryScope("y")}
    assert ("x", "b") not in seen(agents, "x")
    assert ("y", "b") in seen(agents, "x")


def test_what_the_present_scope_of_its_owner_forbids_is_not_seen():
    agents = {
        "x": MemoryScope("x", inherit_from=["y"]),
        "y": MemoryScope("y", can_learn=["a"], cannot_learn=["general"]),
        "_project": MemoryScope("_project", cannot_learn=["b"]),
    }
    expected = {*product(["x"], DOMAINS), ("y", "a"), ("_project", "a"), ("_project", "general")}
    assert expected == seen(agents, "x")


def test_agents_that_are_not_named_share_as_the_default_says():
    agents = {"x": MemoryScope("x"), "y": MemoryScope("y"), "*": MemoryScope("*", can_learn=["a"], share_with=["x"])}
    assert seen(agents, "x") == {*product(["x", "_project"], DOMAINS), ("z", "a"), ("z", "general")}


def test_of_an_agent_without_any_scope_nothing_is_seen():
    assert seen({"x": MemoryScope("x", inherit_from=["*", "z"])}, "x") == set(product(["x", "_project"], DOMAINS))


def test_the_project_itself_sees_its_own_and_what_is_shared_with_all():
    agents = {"x": MemoryScope("x", share_with=["*"]), "y": MemoryScope("y")}
    assert seen(agents, "_project") == set(product(["x", "_project"], DOMAINS))


def test_a_view_of_every_agent_leaves_out_those_besides():
    view = View(agent=None, besides=frozenset({"y"}), only=frozenset({"a"}), never=frozenset({"b"}))
    assert [(agent, view.shows(agent, "a")) for agent in ("x", "y")] == [("x", True), ("y", False)]
    assert not view.shows("x", "b")
    assert not view.shows("x", "c")
