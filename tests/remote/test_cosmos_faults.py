"""Whatever happens to one request, the call ends as if it hadn't, and nothing is stored twice or lost."""

import pytest

from alma_cli.errors import RemoteError, RemoteRefused, RemoteThrottled, RemoteUnreachable
from alma_cli.remote.protocol import Clash, Written
from tests.cosmos_server import Fault

PASSING = [
    *({"status": status} for status in (408, 410, 429, 449, 500, 502, 503)),
    {"status": 410, "substatus": 1002},
    {"status": 403, "substatus": 3},
    {"drop": "before"},
    {"drop": "after"},
]
UNREAD = [
    {"said": said}
    for said in ("", "null", '[{"statusCode":', "<html>", '{"Documents": null, "PartitionKeyRanges": null}')
]
BEHIND_OUR_SESSION = {"status": 404, "substatus": 1002}
STALLS = [{"stall": "before"}, {"stall": "after"}]


@pytest.mark.parametrize("fault", PASSING, ids=str)
@pytest.mark.parametrize("times", [1, 2])
def test_writes_get_over_it_and_are_there_once(*, open_remote, server, new, stored, fault, times):
    server.fault(Fault(kinds=("batch",), times=times, retry_after_ms=1, **fault))
    results = list(open_remote().write([new(number) for number in range(5)]))
    assert [Written] * 5 == [type(result) for result in results]
    assert ["0", "1", "2", "3", "4"] == stored()
    assert {result.etag for result in results} == {one["_etag"] for one in server.items("alma", "memories")}


@pytest.mark.parametrize("fault", PASSING, ids=str)
@pytest.mark.parametrize("kind", ["account", "container", "ranges", "feed", "read", "query"])
def test_reading_of_any_kind_gets_over_it(open_remote, server, new, fault, kind):
    list(open_remote().write([new(1, vector="[1.0, 0.0]")]))
    server.fault(Fault(kinds=(kind,), retry_after_ms=1, **fault))
    remote = open_remote()
    assert "1" == remote.read("a", "1").id
    assert ["1"] == [one.id for page in remote.changes(None) for one in page.found]
    assert ["1"] == [one.id for one in remote.nearest("a", [1.0, 0.0], limit=3)]


@pytest.mark.parametrize("fault", UNREAD, ids=str)
@pytest.mark.parametrize("kind", ["account", "container", "ranges", "feed", "read", "query"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(open_remote, server, new, fault, kind):
    if kind in ("account", "container", "read") and fault["said"].startswith("{"):
        pytest.skip("it can be read, as one that has nothing else")
    test_reading_of_any_kind_gets_over_it(open_remote, server, new, fault, kind)


@pytest.mark.parametrize("kind", ["batch", "feed", "read", "query"])
def test_answers_that_can_never_be_read_end_in_an_error_and_later_all_is_well(open_remote, server, new, stored, kind):
    remote = open_remote(patience_s=1.5)
    list(remote.write([new(1)]))
    calls = {
        "batch": lambda: list(remote.write([new(2)])),
        "feed": lambda: list(remote.changes(None)),
        "read": lambda: remote.read("a", "1"),
        "query": remote.ids,
    }
    server.fault(Fault(kinds=(kind,), said="<html>", times=None))
    with pytest.raises(RemoteUnreachable, match="can't be read") as raised:
        calls[kind]()
    assert "proxy" in raised.value.hint
    server.quiet()
    calls[kind]()
    assert (["1", "2"] if kind == "batch" else ["1"]) == stored()


@pytest.mark.parametrize("said", ["", "null", '[{"statusCode":', "[]", '[{"statusCode": 201, "eTag": "x"}]'])
def test_a_batch_with_an_answer_that_cannot_be_read_is_there_once_and_known(open_remote, server, new, stored, said):
    server.fault(Fault(kinds=("batch",), said=said))
    results = list(open_remote().write([new(number) for number in range(5)]))
    assert [Written] * 5 == [type(result) for result in results]
    assert ["0", "1", "2", "3", "4"] == stored()
    assert {result.etag for result in results} == {one["_etag"] for one in server.items("alma", "memories")}


def test_changes_without_their_etags_end_a_call_and_are_not_asked_for_for_ever(open_remote, server, new):
    list(open_remote().write([new(1)]))
    server.fault(Fault(kinds=("feed",), without=("etag",), times=None))
    with pytest.raises(RemoteError, match="ETags"):
        list(open_remote().changes(None))


@pytest.mark.parametrize("kind", ["batch", "feed"])
def test_one_wait_that_is_beyond_all_patience_does_not_end_a_call(open_remote, server, new, stored, kind):
    remote = open_remote(patience_s=2.0)
    remote.read("a", "1")
    server.fault(Fault(kinds=(kind,), status=429, retry_after_ms=10**12))
    assert [Written] == [type(result) for result in remote.write([new(1)])]
    assert ["1"] == [one.id for page in remote.changes(None) for one in page.found] == stored()


@pytest.mark.parametrize("kind", ["feed", "read", "query"])
def test_a_replica_behind_our_session_is_asked_again_and_nothing_is_missing(open_remote, server, new, kind):
    test_reading_of_any_kind_gets_over_it(open_remote, server, new, BEHIND_OUR_SESSION, kind)


def test_a_batch_that_meets_a_replica_behind_our_session_is_sent_again(open_remote, server, new, stored):
    server.fault(Fault(kinds=("batch",), **BEHIND_OUR_SESSION))
    assert [Written] == [type(result) for result in open_remote().write([new(1)])]
    assert ["1"] == stored()


@pytest.mark.parametrize("status", [408, 410, 429, 449, 503])
def test_a_failure_inside_a_batch_is_got_over_and_nothing_is_there_twice(open_remote, server, new, stored, status):
    server.fault(Fault(kinds=("batch",), status=status, inside=True, times=2))
    results = list(open_remote().write([new(number) for number in range(5)]))
    assert [Written] * 5 == [type(result) for result in results]
    assert ["0", "1", "2", "3", "4"] == stored()
    assert 2 == server.quiet()


@pytest.mark.parametrize("fault", STALLS, ids=str)
def test_a_stalled_socket_is_given_up_and_tried_again(open_remote, server, new, stored, fault):
    server.fault(Fault(kinds=("batch",), **fault))
    remote = open_remote(patience_s=2.0)
    assert [Written] == [type(result) for result in remote.write([new(1)])]
    server.fault(Fault(kinds=("feed",), **fault))
    assert ["1"] == [one.id for page in remote.changes(None) for one in page.found] == stored()


@pytest.mark.parametrize(
    "fault, error, code",
    [
        ({"status": 429, "retry_after_ms": 20}, RemoteThrottled, "remote_throttled"),
        ({"status": 503}, RemoteUnreachable, "remote_unreachable"),
        (BEHIND_OUR_SESSION, RemoteUnreachable, "remote_unreachable"),
        ({"status": 410, "substatus": 1002}, RemoteUnreachable, "remote_unreachable"),
        ({"status": 449}, RemoteUnreachable, "remote_unreachable"),
        ({"drop": "before"}, RemoteUnreachable, "remote_unreachable"),
        ({"stall": "before"}, RemoteUnreachable, "remote_unreachable"),
        ({"status": 401}, RemoteRefused, "remote_refused"),
        ({"status": 403}, RemoteRefused, "remote_refused"),
    ],
)
@pytest.mark.parametrize("kind", ["batch", "feed", "read"])
def test_what_never_passes_ends_in_an_error_with_a_hint_and_later_all_is_well(
    *, open_remote, server, new, stored, fault, error, code, kind
):
    remote = open_remote(patience_s=1.5)
    remote.read("a", "1")
    calls = {
        "batch": lambda: list(remote.write([new(1)])),
        "feed": lambda: list(remote.changes(None)),
        "read": lambda: remote.read("a", "1"),
    }
    server.fault(Fault(kinds=(kind,), times=None, **fault))
    with pytest.raises(error) as raised:
        calls[kind]()
    assert (code, 4) == (raised.value.code, raised.value.exit_code)
    assert raised.value.hint
    assert server.endpoint in raised.value.message
    server.quiet()
    assert [Written] == [type(result) for result in open_remote().write([new(1)])]
    assert ["1"] == stored()


def test_a_feed_that_breaks_in_its_middle_goes_on_without_a_gap(open_remote, server, new):
    list(open_remote().write([new(number, f"agent {number % 4}") for number in range(900)]))
    server.fault(*[Fault(kinds=("feed",), skip=skip, drop="after") for skip in (0, 1, 2)])
    seen = [one.id for page in open_remote().changes(None) for one in page.found]
    assert sorted(map(str, range(900))) == sorted(seen)
    assert 3 == server.quiet()


def test_what_is_known_is_told_before_the_error(open_remote, server, new, stored):
    writes = [new(number, f"agent {number}") for number in range(12)]
    remote = open_remote(patience_s=1.5)
    remote.read("a", "1")
    server.fault(Fault(kinds=("batch",), skip=3, times=None, status=503))
    told = []
    with pytest.raises(RemoteUnreachable):
        told.extend(result.write.id for result in remote.write(writes))
    assert 3 == len(told)
    assert sorted(told) == stored()


def test_a_clash_behind_a_lost_answer_is_told_from_our_own_write(open_remote, server, new):
    ours, theirs = new(1, fact="ours"), new(2, fact="theirs")
    [first] = open_remote().write([theirs])
    server.fault(Fault(kinds=("batch",), drop="after"))
    remote = open_remote()
    results = {result.write.id: result for result in remote.write([ours])}
    assert isinstance(results["1"], Written)
    # Without a lost answer, what is there already clashes even when it says the same.
    [again] = remote.write([ours])
    assert again == Clash(write=ours, present=remote.read("a", "1"))
    server.fault(Fault(kinds=("batch",), drop="before"))
    mixed = {result.write.id: result for result in remote.write([new(2, fact="ours"), new(3)])}
    assert {"2": Clash, "3": Written} == {id: type(result) for id, result in mixed.items()}
    assert first.etag == mixed["2"].present.etag


def test_a_range_that_is_gone_while_ranges_are_looked_up_does_not_hang(open_remote, server, new):
    list(open_remote().write([new(1)]))
    server.fault(*[Fault(kinds=(kind,), status=410, substatus=1002, times=2) for kind in ("feed", "ranges")])
    assert ["1"] == [one.id for page in open_remote().changes(None) for one in page.found]
    assert 4 == server.quiet()


def test_why_a_batch_is_refused_is_said_with_where_to_look(open_remote, new):
    with pytest.raises(RemoteError) as raised:
        list(open_remote().write([new(1, vector="[1.0, 0.0, 0.0]")]))
    assert "answered 400: There was an error in the transactional batch" in raised.value.message
    assert "dimensions" in raised.value.hint


# Too few request units


def test_a_first_push_succeeds_at_once_however_few_units_there_are(open_remote, server, new, stored):
    """As 1,000 memories at 400 units a second and with a patience of ten seconds, with time 2.5 times as fast."""
    server.set(units_per_s=1_000)
    remote = open_remote(patience_s=4.0)
    results = list(remote.write([new(number, fact="f" * 4_000) for number in range(1_000)]))
    assert [Written] * 1_000 == [type(result) for result in results]
    assert 1_000 == len(stored())


def test_a_service_that_is_too_busy_is_sent_smaller_batches_one_at_a_time(open_remote, server, new):
    remote = open_remote()
    list(remote.write([new(number) for number in range(1_000)]))
    server.counts()
    server.fault(Fault(kinds=("batch",), status=429, retry_after_ms=501))
    list(remote.write([new(number) for number in range(1_000, 1_100)]))
    assert {"batch": 3} == server.counts()  # one refused, and then two of fifty


# Reads that lag behind


def test_a_look_up_after_a_clash_sees_what_clashed_though_reads_lag_behind(open_remote, server, new):
    list(open_remote().write([new(1, fact="theirs")]))
    remote = open_remote()
    remote.read("a", "2")
    server.set(lag_s=3600)
    server.counts()
    [result] = remote.write([new(1, fact="ours")])
    assert (Clash, "theirs") == (type(result), result.present.body["fact"])
    assert {"batch": 1, "query": 1} == server.counts()


def test_without_a_session_a_look_up_is_made_again_after_pauses(open_remote, server, new):
    list(open_remote().write([new(1, fact="theirs")]))
    remote = open_remote()
    remote.read("a", "2")
    server.set(lag_s=1, gives_sessions=False)
    server.counts()
    [result] = remote.write([new(1, fact="ours")])
    assert "theirs" == result.present.body["fact"]
    assert server.counts()["batch"] <= 12
