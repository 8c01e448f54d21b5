"""Whether a store and a remote belong together."""

from dataclasses import replace

import pytest

from alma_cli.core.learning.derive import LearningRules
from alma_cli.core.replication.marker import (
    FORMAT,
    Adopt,
    Create,
    GoOn,
    Marker,
    Membership,
    RemoteFacts,
    decide,
    derivation_hash,
    marker_body,
    may_need_to_join,
    parse_marker,
)
from alma_cli.errors import InvalidInput, RemoteForeign

FOUND = Marker(project_uid="u", seed="s", model="m", derivation="d", made_by="other", extra={"new": 1})
WANTED = Marker(project_uid="fresh", seed="drawn", model="ours", derivation="rules", made_by="me")
MEMBER = Membership(project_uid="u", seed="s", replica_id="me", has_memories=True)
STRANGER = Membership(replica_id="me")
STRANGER_WITH_MEMORIES = Membership(replica_id="me", has_memories=True)


def decision(found, ours, *, join=False, reseed=False, **facts):
    return decide(found, ours, WANTED, join=join, reseed=reseed, facts=RemoteFacts(name="the remote", **facts))


def refusal(found, ours, **facts):
    with pytest.raises(RemoteForeign) as error:
        decision(found, ours, **facts)
    assert (4, "remote_foreign") == (error.value.exit_code, error.value.code)
    return error.value


def test_a_member_goes_on():
    assert decision(FOUND, MEMBER) == GoOn()


def test_an_empty_store_adopts_without_a_word():
    assert decision(FOUND, STRANGER) == Adopt(why="")


def test_a_store_with_memories_joins_only_when_told():
    assert "--join" in refusal(FOUND, STRANGER_WITH_MEMORIES).hint
    assert decision(FOUND, STRANGER_WITH_MEMORIES, join=True) == Adopt(why="this store joins it")


def test_a_remote_that_holds_nothing_but_its_marker_is_adopted_without_a_word():
    assert may_need_to_join(FOUND, STRANGER_WITH_MEMORIES)
    assert decision(FOUND, STRANGER_WITH_MEMORIES, is_bare=True) == Adopt(why="")


@pytest.mark.parametrize(
    "found, ours",
    [
        (None, STRANGER_WITH_MEMORIES),
        (FOUND, STRANGER),
        (FOUND, MEMBER),
        (FOUND, Membership(replica_id="other", has_memories=True)),
    ],
)
def test_only_strangers_with_memories_need_to_know_what_it_holds(found, ours):
    assert not may_need_to_join(found, ours)


@pytest.mark.parametrize("ours", [STRANGER, STRANGER_WITH_MEMORIES, MEMBER])
def test_where_memories_are_and_the_marker_is_missing_none_is_written_untold(ours):
    assert "no marker" in refusal(None, ours, lacks_marker_only=True).message
    assert isinstance(decision(None, ours, lacks_marker_only=True, reseed=True), Create)


def test_a_remote_that_is_not_there_is_not_called_empty():
    assert "is empty, and" in refusal(None, MEMBER).message
    assert "is not there, and" in refusal(None, MEMBER, is_there=False).message


def test_a_member_of_another_project_is_refused_unless_it_joins():
    error = refusal(Marker(project_uid="x", seed="s", model="m", derivation="d", made_by="o"), MEMBER)
    assert "another project" in error.message
    assert isinstance(decision(FOUND, Membership(project_uid="x", has_memories=True), join=True), Adopt)


def test_the_first_writes_the_marker():
    assert decision(None, STRANGER_WITH_MEMORIES) == Create(marker=WANTED, replaces=False, why="")


def test_who_was_killed_after_writing_the_marker_knows_it():
    mine = Marker(project_uid="fresh", seed="s", model="m", derivation="d", made_by="me")
    assert decision(mine, STRANGER_WITH_MEMORIES) == Adopt(why="")


def test_an_emptied_remote_is_filled_again_only_when_told_and_keeps_its_uid():
    assert "--reseed" in refusal(None, MEMBER).hint
    made = decision(None, MEMBER, reseed=True)
    assert ("u", "drawn", False) == (made.marker.project_uid, made.marker.seed, made.replaces)


def test_a_remote_that_another_filled_again_is_compared():
    again = Marker(project_uid="u", seed="other", model="m", derivation="d", made_by="o")
    assert decision(again, MEMBER) == Adopt(why="the remote was made anew since the last sync")


def test_reseeding_pins_our_model_and_rules_and_keeps_what_is_unknown():
    made = decision(FOUND, MEMBER, reseed=True)
    assert made.replaces
    assert made.marker == Marker(
        project_uid="u", seed="drawn", model="ours", derivation="rules", made_by="me", extra={"new": 1}
    )


def test_a_marker_comes_back_as_it_was():
    body = marker_body(FOUND, project_id="p")
    assert parse_marker(body, name="the remote") == FOUND
    assert ("_meta", "_project", "p") == (body["id"], body["agent"], body["project_id"])


def test_a_newer_format_is_refused_whole():
    body = {**marker_body(FOUND, project_id="p"), "format": FORMAT + 1}
    with pytest.raises(RemoteForeign) as error:
        parse_marker(body, name="the remote")
    assert error.value.hint == "upgrade ALMA"


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"project_uid": ""}, "project_uid"),
        ({"seed": 5}, "seed"),
        ({"seed": "\ud800"}, "seed"),
        ({"format": "1"}, "format"),
        ({"format": 0}, "format"),
    ],
)
def test_what_is_no_marker_is_refused_and_the_key_named(changes, named):
    with pytest.raises(InvalidInput, match=named):
        parse_marker({**marker_body(FOUND, project_id="p"), **changes}, name="the remote")


def test_rules_are_the_same_however_they_are_written():
    rules = LearningRules(min_occurrences=3, half_life_days=60.0, z=1.28, anti_pattern_below=0.5)
    cautious = LearningRules(min_occurrences=5, half_life_days=60.0, z=1.28, anti_pattern_below=0.5)
    assert derivation_hash(rules, {}) == derivation_hash(rules, {"helena": rules})
    others = {derivation_hash(rules, {}), derivation_hash(cautious, {}), derivation_hash(rules, {"a": cautious})}
    assert 3 == len(others)
    assert derivation_hash(rules, {"a": cautious, "b": cautious}) == derivation_hash(
        rules, {"b": cautious, "a": cautious}
    )


def test_a_project_that_was_renamed_is_refused_with_the_command_that_follows():
    body = {**marker_body(FOUND, project_id="p"), "renamed_to": "web-shop"}
    with pytest.raises(RemoteForeign) as error:
        parse_marker(body, name="the remote")
    assert "is called 'web-shop' now" in error.value.message
    assert "`alma config rename web-shop`" in error.value.hint


def test_who_was_renamed_writes_the_marker_or_adopts_that_of_the_same_project():
    renamed = Membership(project_uid="u", seed="", replica_id="me", has_memories=True)
    assert decision(None, renamed) == Create(
        marker=replace(WANTED, project_uid="u"), replaces=False, why="the project was renamed"
    )
    assert decision(FOUND, renamed) == Adopt(why="the project was renamed")


def test_the_name_that_a_marker_gives_is_quoted_where_it_is_to_be_typed():
    with pytest.raises(RemoteForeign) as error:
        parse_marker({"format": FORMAT, "renamed_to": "x; rm -r ~"}, name="the remote")
    assert "`alma config rename 'x; rm -r ~'` renames it here too" == error.value.hint
