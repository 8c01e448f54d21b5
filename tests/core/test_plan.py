"""What is done about what arrives, and that many replicas that do it agree in the end."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from alma_cli.core.replication.hlc import HLC, next_stamp, stamp_after
from alma_cli.core.replication.merge import Tombstone, Version, merged
from alma_cli.core.replication.plan import Echo, Held, Keep, Reject, Take, is_erased_by, on_arrival, plan
from tests.core.record_examples import ID, NOW, knowledge, outcome

A, B = HLC(1, 0, "a"), HLC(2, 0, "b")


def version(fact="x", hlc=A, **fields):
    return Version(record=knowledge(fact=fact, **fields), hlc=hlc)


def tombstone(hlc=A, id=ID):
    return Tombstone(id=id, kind="knowledge", agent="helena", hlc=hlc, deleted_at=NOW)


def test_what_is_new_is_taken():
    assert on_arrival(version(), None) == Take(state=version(), replaced=None, is_conflict=False)


def test_what_is_new_and_happens_only_more_than_a_day_from_now_waits_for_its_time():
    to_come = Version(record=outcome(at=NOW + timedelta(days=2)), hlc=A)
    (refused,) = plan([to_come], {}, now=NOW)
    assert isinstance(refused, Reject)
    assert "still to come" in refused.reason
    taken = Take(state=to_come, replaced=None, is_conflict=False)
    assert [taken] == plan([to_come], {}, now=NOW + timedelta(days=1))
    assert [taken] == plan([to_come], {})


@pytest.mark.parametrize("name", ["created_at", "updated_at", "last_verified_at"])
def test_what_is_new_and_dated_by_a_clock_years_ahead_waits_too(name):
    (refused,) = plan([version(**{name: NOW + timedelta(days=2)})], {}, now=NOW)
    assert isinstance(refused, Reject)
    assert f"its {name} is " in refused.reason


def test_what_is_known_here_changes_whatever_time_it_has():
    held = Version(record=outcome(), hlc=A)
    arrived = Version(record=outcome(at=NOW + timedelta(days=2)), hlc=B)
    (action,) = plan([arrived], {ID: Held(state=held, acked=A)}, now=NOW)
    assert action == Take(state=arrived, replaced=held, is_conflict=False)
    (forgotten,) = plan([tombstone()], {}, now=NOW)
    assert isinstance(forgotten, Take)


def test_an_echo_of_what_the_remote_is_known_to_have_is_nothing():
    assert on_arrival(version(), Held(state=version(), acked=A)) == Echo(state=version(), is_news=False)


def test_an_echo_of_a_push_whose_answer_was_lost_is_its_acknowledgement():
    assert on_arrival(version(), Held(state=version(), acked=None)) == Echo(state=version(), is_news=True)


def test_a_newer_version_of_what_was_not_touched_here_is_no_conflict():
    held = Held(state=version(), acked=A)
    assert on_arrival(version("y", B), held) == Take(state=version("y", B), replaced=version(), is_conflict=False)


def test_a_newer_version_of_what_was_changed_here_is_a_conflict():
    held = Held(state=version("mine", HLC(1, 5, "a")), acked=A)
    assert on_arrival(version("theirs", B), held).is_conflict


def test_a_plain_change_is_no_conflict_when_all_is_compared_anew():
    held = Held(state=version(), acked=None, base=A)
    assert on_arrival(version("theirs", B), held) == Take(
        state=version("theirs", B), replaced=version(), is_conflict=False
    )
    mine = version("mine", B)
    assert not on_arrival(version(), Held(state=mine, acked=None, base=A)).is_conflict
    assert on_arrival(version("theirs", HLC(3, 0, "c")), Held(state=mine, acked=None, base=A)).is_conflict


def test_an_older_version_is_kept_out_and_ours_is_pushed_over_it():
    mine = version("mine", B)
    action = on_arrival(version("theirs", A), Held(state=mine, acked=None))
    assert action == Keep(state=mine, lost=version("theirs", A), acked=A, is_conflict=True)


def test_the_version_that_ours_was_made_from_is_no_conflict():
    mine = version("mine", B)
    action = on_arrival(version("theirs", A), Held(state=mine, acked=A))
    assert action == Keep(state=mine, lost=version("theirs", A), acked=A, is_conflict=False)


def test_two_who_recorded_the_same_have_no_conflict():
    action = on_arrival(version("same", B), Held(state=version("same", A), acked=None))
    assert action == Take(state=version("same", B), replaced=version("same", A), is_conflict=False)


def test_what_the_remote_has_with_an_older_stamp_is_not_pushed_again():
    action = on_arrival(version("same", A), Held(state=version("same", B), acked=None))
    assert action == Take(state=version("same", A), replaced=version("same", B), is_conflict=False)
    action = on_arrival(version("same", A), Held(state=version("same", B), acked=B))
    assert isinstance(action, Keep)  # others may have seen ours


def test_of_two_contents_with_one_stamp_the_one_that_holds_is_pushed_over_the_other():
    one, other = version("x"), version("y")
    winner = merged(one, other)
    loser = other if winner == one else one
    assert on_arrival(loser, Held(state=winner, acked=A)) == Keep(
        state=winner, lost=loser, acked=None, is_conflict=False
    )
    assert on_arrival(winner, Held(state=loser, acked=A)) == Take(state=winner, replaced=loser, is_conflict=False)


def test_a_tombstone_erases_what_was_here_and_only_then_counts_as_forgetting():
    action = on_arrival(tombstone(), Held(state=version(), acked=A))
    assert is_erased_by(action)
    assert not is_erased_by(on_arrival(tombstone(), None))
    assert not is_erased_by(on_arrival(version(), None))
    assert not is_erased_by(on_arrival(version(), Held(state=tombstone(B), acked=B)))


@pytest.mark.parametrize(
    "other",
    [version(agent="victor"), Tombstone(id=knowledge().id, kind="outcome", agent="helena", hlc=B, deleted_at=NOW)],
)
def test_what_changes_whose_or_which_kind_it_is_is_refused(other):
    action = on_arrival(other, Held(state=version(), acked=A))
    assert isinstance(action, Reject)
    assert "never changes" in action.reason


def test_what_is_done_about_a_state_counts_for_the_later_ones():
    arrived = [version(), version("y", B), version(), version("y", B)]
    assert plan(arrived, {}) == [
        Take(state=version(), replaced=None, is_conflict=False),
        Take(state=version("y", B), replaced=version(), is_conflict=False),
        Keep(state=version("y", B), lost=version(), acked=A, is_conflict=False),
        Echo(state=version("y", B), is_news=True),
    ]


def test_what_was_refused_counts_for_nothing():
    refused, taken = plan([version(agent="victor"), version("y", B)], {ID: Held(state=version(), acked=A)})
    assert isinstance(refused, Reject)
    assert taken == Take(state=version("y", B), replaced=version(), is_conflict=False)


def test_what_is_derived_here_can_not_arrive():
    (action,) = plan([version()], {}, derived={ID})
    assert isinstance(action, Reject)
    assert "derived here" in action.reason


class Replica:
    """A store as the planner sees it: what is held, and what of it the remote is known to have."""

    def __init__(self, name):
        self.held = {}
        self.etags = {}
        self.stamp = HLC(0, 0, name)
        self.checkpoint = 0
        self.forgotten = set()

    def edit(self, id, fact, now_ms):
        before = self.held.get(id)
        if before and isinstance(before.state, Tombstone):
            return
        hlc = stamp_after(self.stamp, before.state.hlc if before else None, now_ms=now_ms)
        self.stamp = next_stamp(self.stamp, now_ms=now_ms)
        state = Version(record=knowledge(id=id, fact=fact), hlc=hlc)
        assert before is None or hlc > before.state.hlc
        self.held[id] = Held(state=state, acked=before.acked if before else None)

    def forget(self, id, now_ms):
        before = self.held.get(id)
        if before is None or isinstance(before.state, Tombstone):
            return
        hlc = stamp_after(self.stamp, before.state.hlc, now_ms=now_ms)
        self.stamp = next_stamp(self.stamp, now_ms=now_ms)
        self.held[id] = Held(state=tombstone(hlc, id), acked=before.acked)
        self.forgotten.add(id)

    def take(self, id, state, etag):
        action = on_arrival(state, self.held.get(id))
        self.etags[id] = etag
        match action:
            case Take():
                self.held[id] = Held(state=state, acked=state.hlc)
            case Keep():
                self.held[id] = Held(state=action.state, acked=action.acked)
            case Echo():
                self.held[id] = Held(state=action.state, acked=state.hlc)

    @property
    def pending(self):
        return [id for id, held in sorted(self.held.items()) if held.is_pending]


class Remote:
    """Documents with versions, in the order of their last change."""

    def __init__(self):
        self.documents = {}
        self.count = 0
        self.writes = 0

    def changes(self, since):
        return sorted((etag, id, state) for id, (state, etag) in self.documents.items() if etag > since)

    def write(self, id, state, etag):
        present = self.documents.get(id)
        if (present[1] if present else None) != etag:
            return None
        self.count += 1
        self.writes += 1
        self.documents[id] = (state, self.count)
        return self.count

    def recreate(self):
        self.documents.clear()


names = st.sampled_from(["a", "b", "c"])
ids = st.sampled_from(["1" * 32, "2" * 32])
facts = st.sampled_from(["x", "y"])
few = st.sampled_from([0, 1, 2, 9])


class Replicas(RuleBasedStateMachine):
    """Three replicas with clocks of their own, and a remote that fails at any point of any sync."""

    @initialize()
    def begin(self):
        self.replicas = {name: Replica(name) for name in "abc"}
        self.clocks = dict.fromkeys("abc", 1_000)
        self.remote = Remote()
        self.buried = set()
        self.recorded = set()

    @rule(name=names, jump=st.sampled_from([-900_000, -1, 0, 1, 900_000]))
    def a_clock_jumps(self, name, jump):
        self.clocks[name] = max(0, self.clocks[name] + jump)

    @rule(name=names, id=ids, fact=facts)
    def somebody_records_or_corrects(self, name, id, fact):
        self.replicas[name].edit(id, fact, self.clocks[name])
        self.recorded.add(id)

    @rule(name=names, id=ids)
    def somebody_forgets(self, name, id):
        self.replicas[name].forget(id, self.clocks[name])
        if id in self.replicas[name].forgotten:
            self.buried.add(id)

    @rule(name=names, pulled=few, pushed=few, answers=few)
    def a_sync_gets_only_so_far(self, name, pulled, pushed, answers):
        self._sync(self.replicas[name], pulled, pushed, answers)

    @rule(name=names)
    def a_push_without_a_pull(self, name):
        self._push(self.replicas[name], 9, 9)

    @precondition(lambda self: self.remote.documents)
    @rule()
    def the_container_is_made_anew_and_everybody_compares(self):
        self.remote.recreate()
        for replica in self.replicas.values():
            self._compare_all(replica)

    @rule(name=names)
    def a_checkpoint_is_lost(self, name):
        self._compare_all(self.replicas[name])

    @rule()
    def after_a_quiet_round_all_agree_and_stay_idle(self):
        for _ in range(2):
            for replica in self.replicas.values():
                self._sync(replica, 99, 99, 99)
        stored = {id: state for id, (state, _) in self.remote.documents.items()}
        for replica in self.replicas.values():
            assert {id: held.state for id, held in replica.held.items()} == stored
            assert replica.pending == []
        assert set(stored) == self.recorded
        assert all(isinstance(stored[id], Tombstone) for id in self.buried)
        before = self.remote.writes
        for replica in self.replicas.values():
            self._sync(replica, 99, 99, 99)
        assert self.remote.writes == before

    def _compare_all(self, replica):
        replica.checkpoint = 0
        replica.etags = {}
        replica.held = {id: Held(state=held.state, acked=None) for id, held in replica.held.items()}

    def _sync(self, replica, pulled, pushed, answers):
        for etag, id, state in self.remote.changes(replica.checkpoint)[:pulled]:
            replica.take(id, state, etag)
            replica.checkpoint = etag
        self._push(replica, pushed, answers)

    def _push(self, replica, pushed, answers):
        for _ in range(3):
            for number, id in enumerate(replica.pending[:pushed]):
                state = replica.held[id].state
                etag = self.remote.write(id, state, replica.etags.get(id))
                if number >= answers:
                    return  # killed between writing and acknowledging
                if etag is None:
                    present = self.remote.documents.get(id)
                    if present is None:
                        replica.etags.pop(id)
                    else:
                        replica.take(id, *present)
                    continue
                replica.etags[id] = etag
                replica.held[id] = Held(state=state, acked=state.hlc)


TestReplicas = Replicas.TestCase
TestReplicas.settings = settings(stateful_step_count=40)
