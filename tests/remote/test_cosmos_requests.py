"""How many requests things take, how large they are, and what they cost."""

import json

import pytest

from alma_cli.remote.cosmos.batches import MAX_BATCH_BYTES, in_batches
from alma_cli.remote.protocol import Clash, TooLarge, Written

SHARED_BY = 30


@pytest.fixture
def neighbours(open_remote, new):
    """Many other projects in the same container."""
    for number in range(SHARED_BY):
        remote = open_remote(f"other {number}")
        assert 3 == len(list(remote.write([new(id, project=f"other {number}") for id in range(3)])))
        remote.close()


def idle(remote, checkpoint):
    """What a sync asks when there is nothing to do."""
    assert remote.read("_project", "_meta") is None
    assert [()] == [page.found for page in remote.changes(checkpoint)]


def test_an_idle_look_is_at_most_six_requests_however_many_projects_share_the_container(
    neighbours, open_remote, server, new
):
    first = open_remote()
    list(first.write([new(number) for number in range(10)]))
    checkpoint = [page.checkpoint for page in first.changes(None)][-1]
    first.close()
    server.counts()
    remote = open_remote()
    idle(remote, checkpoint)
    counts = server.counts()
    assert {"account": 1, "container": 1, "read": 1, "ranges": 2, "feed": 1} == counts
    assert 6 == sum(counts.values()) == remote.usage.requests
    idle(remote, checkpoint)
    assert {"read": 1, "feed": 1} == server.counts()


@pytest.mark.parametrize("count", [1, 100, 1_050])
def test_new_memories_of_an_agent_take_a_batch_for_each_hundred(open_remote, server, new, count):
    remote = open_remote()
    remote.read("a", "1")
    server.counts()
    assert count == sum(isinstance(one, Written) for one in remote.write([new(number) for number in range(count)]))
    assert {"batch": -(-count // 100)} == server.counts()


def test_usage_counts_what_the_service_counted_and_charged(open_remote, server, new):
    before = server.charged()
    server.counts()
    remote = open_remote()
    list(remote.write([new(number) for number in range(250)]))
    list(remote.changes(None))
    remote.read("a", "1")
    usage = remote.usage
    assert sum(server.counts().values()) == usage.requests
    assert usage.request_charge == pytest.approx(server.charged() - before, abs=0.5)
    assert usage.request_charge > 250


def test_the_clock_is_the_servers(open_remote, server):
    remote = open_remote()
    assert remote.server_time is None
    remote.read("a", "1")
    before = remote.server_time
    server.set(skew_s=3600)
    remote.read("a", "1")
    server.set(skew_s=0)
    assert 3500 < (remote.server_time - before).total_seconds() < 3700


def test_clashes_are_found_together_and_not_one_by_one(open_remote, server, new):
    list(open_remote().write([new(number) for number in range(0, 100, 2)]))
    remote = open_remote()
    remote.read("a", "1")
    server.counts()
    results = list(remote.write([new(number, fact="late") for number in range(100)]))
    assert (50, 50) == tuple(sum(isinstance(one, kind) for one in results) for kind in (Clash, Written))
    assert {"batch": 2, "query": 1} == server.counts()


def test_batches_keep_agents_apart_and_stay_below_both_limits(new):
    writes = [new(number, "ab"[number % 2], text="x" * (number % 7) * 20_000) for number in range(500)]
    made = list(in_batches(writes))
    assert writes == sorted((one.write for portion in made for one in portion), key=lambda write: int(write.id))
    for portion in made:
        assert 1 == len({one.write.agent for one in portion})
        assert 1 <= len(portion) <= 100
        assert sum(len(one.text) for one in portion) <= MAX_BATCH_BYTES


def test_the_size_of_a_document_is_that_of_what_is_sent(new):
    [[one]] = in_batches([new(1, text="é\n😀\x00", vector="[0.123456789,-0.500000000]")])
    assert one.text.isascii()
    assert one.write.document() == json.loads(one.text)


def test_a_document_that_is_too_large_is_told_and_the_others_are_stored(open_remote, new, stored):
    writes = [new(1), new(2, text="x" * 2_100_000), new(3)]
    results = {result.write.id: type(result) for result in open_remote().write(writes)}
    assert {"1": Written, "2": TooLarge, "3": Written} == results
    assert ["1", "3"] == stored()


def test_a_batch_that_the_service_finds_too_large_is_halved(open_remote, server, new, stored):
    from tests.cosmos_server import Fault

    server.fault(Fault(kinds=("batch",), status=413, times=4))
    results = list(open_remote().write([new(number) for number in range(8)]))
    assert [Written] * 7 + [TooLarge] == sorted((type(one) for one in results), key=lambda kind: kind is TooLarge)
    assert 7 == len(stored())


def test_the_container_may_be_split_at_any_time(open_remote, server, new):
    theirs = open_remote("other")
    list(theirs.write([new(number, f"agent {number}", project="other") for number in range(20)]))
    writes = [new(number, f"agent {number}") for number in range(20)]
    list(open_remote().write(writes))
    checkpoint = [page.checkpoint for page in open_remote().changes(None)][-1]
    server.split("alma", "memories", ["p", "agent 7"])
    list(open_remote().write([new("new", "agent 7"), new("other new", "agent 8")]))
    seen = [one.id for page in open_remote().changes(checkpoint) for one in page.found]
    assert {"new", "other new"} == set(seen)
    # From the beginning, over both halves, in small pages, resumed after each of them.
    server.set(page_cap=3)
    first, seen = next(open_remote().changes(None)), []
    for page in open_remote().changes(first.checkpoint):
        seen += [(one.agent, one.id) for one in page.found]
    server.set(page_cap=1000)
    expected = {(write.agent, write.id) for write in writes} | {("agent 7", "new"), ("agent 8", "other new")}
    assert expected == {*seen, *((one.agent, one.id) for one in first.found)}


def test_a_service_that_gives_no_etags_without_documents_is_asked_for_them(open_remote, server, new, monkeypatch):
    from azure.cosmos import ContainerProxy

    batch = ContainerProxy.execute_item_batch

    def without_etags(*args, **options):
        results = batch(*args, **options)
        for one in results:
            one.pop("eTag", None)
        return results

    monkeypatch.setattr(ContainerProxy, "execute_item_batch", without_etags)
    remote = open_remote()
    first = list(remote.write([new(1), new(2)]))
    second = list(remote.write([new(1, etag=first[0].etag, fact="g"), new(3)]))
    assert [Written] * 4 == [type(one) for one in first + second]
    now = {one["id"]: one["_etag"] for one in server.items("alma", "memories")}
    by_id = {one.write.id: one.etag for one in first + second}
    assert by_id == now
