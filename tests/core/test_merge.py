"""Which state of a record holds: the laws that make replicas agree."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.replication.hlc import HLC
from alma_cli.core.replication.merge import Tombstone, Version, content_hash, merged, says_the_same
from tests.core.record_examples import NOW, knowledge

stamps = st.builds(HLC, st.sampled_from([1, 2]), st.sampled_from([0, 1]), st.sampled_from(["a", "b"]))
versions = st.builds(
    lambda fact, hlc: Version(record=knowledge(fact=fact), hlc=hlc), st.sampled_from(["x", "y"]), stamps
)
tombstones = st.builds(
    lambda hlc, minutes: Tombstone(
        id=knowledge().id, kind="knowledge", agent="helena", hlc=hlc, deleted_at=NOW + timedelta(minutes=minutes)
    ),
    stamps,
    st.sampled_from([0, 1]),
)
states = versions | tombstones


@given(states, states)
def test_the_order_of_two_does_not_matter(one, other):
    assert merged(one, other) == merged(other, one)


@given(states, states, states)
def test_the_order_of_many_does_not_matter(one, two, three):
    assert merged(merged(one, two), three) == merged(one, merged(two, three))


@given(states)
def test_merging_again_changes_nothing(one):
    assert merged(one, one) == one


@given(states, states)
def test_one_of_the_two_holds_whole(one, other):
    assert merged(one, other) in (one, other)


@given(versions, tombstones)
def test_a_tombstone_beats_any_version_however_new(version, tombstone):
    assert merged(version, tombstone) == tombstone


@given(versions, versions)
def test_the_greater_stamp_holds(one, other):
    assert merged(one, other).hlc == max(one.hlc, other.hlc)


def test_one_stamp_on_two_contents_is_decided_by_the_content_alone():
    stamp = HLC(1, 0, "copied")
    one, other = (Version(record=knowledge(fact=fact), hlc=stamp) for fact in ("x", "y"))
    assert merged(one, other) == max(one, other, key=lambda version: content_hash(version.record))


@given(states, states)
def test_states_say_the_same_when_only_their_stamps_differ(one, other):
    fact = getattr(getattr(one, "record", None), "fact", None)
    assert says_the_same(one, other) == (fact == getattr(getattr(other, "record", None), "fact", None))


def test_digits_that_a_double_does_not_have_make_no_other_state():
    kept, rounded, other = (
        Version(record=knowledge(extra={"of": [{"ticket": ticket}], "done": True}), hlc=HLC(1, 0, "a"))
        for ticket in (12345678901234567891, 12345678901234567000, 12345678901234000000)
    )
    assert says_the_same(kept, rounded)
    assert not says_the_same(kept, other)


def test_the_digest_of_a_content_does_not_depend_on_the_order_of_labels():
    one, other = knowledge(labels={"a": "1", "b": "2"}), knowledge(labels={"b": "2", "a": "1"})
    assert content_hash(one) == content_hash(other) != content_hash(knowledge())


def test_a_state_says_whose_it_is():
    version = Version(record=knowledge(), hlc=HLC(1, 0, "a"))
    assert (knowledge().id, "knowledge", "helena") == (version.id, version.kind, version.agent)
