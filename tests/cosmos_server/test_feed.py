"""The change feed: the newest version of each item, from any beginning, of any part of the container, to be continued."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cosmos_server.samples import document, ids, key


def drained(container, **options):
    """What the feed has, and where it ended."""
    found = list(container.query_items_change_feed(**options))
    return found, container.client_connection.last_response_headers["etag"]


@pytest.fixture
def spread(container):
    """A container with 20 items of ten agents in two projects, which are in different physical ranges."""
    for number in range(20):
        container.create_item(document(number, project="pr"[number % 2], agent=f"a{number // 2}"))
    return container


def test_four_physical_ranges_have_all_items_between_them(spread):
    ranges = list(spread.read_feed_ranges())
    parts = [ids(spread.query_items_change_feed(feed_range=one, start_time="Beginning")) for one in ranges]
    assert 4 == len(ranges)
    assert 20 == len({id for part in parts for id in part}) == sum(map(len, parts))
    assert sum(map(bool, parts)) > 1


def test_the_feed_has_each_item_once_in_its_newest_version(container):
    container.create_item(document(1, n=1))
    container.create_item(document(2, n=1))
    container.upsert_item(document(1, n=2))
    container.delete_item("2", key())
    found, _ = drained(container, start_time="Beginning")
    assert [("1", 2)] == [(one["id"], one["n"]) for one in found]
    assert found[0]["_lsn"] > 0


def test_the_default_beginning_is_now(spread):
    found, token = drained(spread)
    assert [] == found
    spread.create_item(document("later"))
    assert ["later"] == ids(drained(spread, continuation=token)[0])


def test_a_date_begins_there(spread):
    assert 20 == len(drained(spread, start_time=datetime.now(UTC) - timedelta(hours=1))[0])
    assert [] == drained(spread, start_time=datetime.now(UTC) + timedelta(hours=1))[0]


def test_it_goes_on_where_it_ended_in_every_range(spread):
    first, token = drained(spread, start_time="Beginning")
    assert 20 == len(first)
    again, token = drained(spread, continuation=token)
    assert [] == again
    spread.upsert_item(document(3, project="r", agent="a1", n=2))
    spread.create_item(document("new", agent="another"))
    assert {"3", "new"} == set(ids(drained(spread, continuation=token)[0]))


def test_it_goes_on_after_any_page(spread):
    prefix = spread.feed_range_from_partition_key(["p"])
    pages = spread.query_items_change_feed(feed_range=prefix, start_time="Beginning", max_item_count=2).by_page()
    first = ids(next(pages))
    token = spread.client_connection.last_response_headers["etag"]
    rest = ids(drained(spread, continuation=token)[0])
    assert 2 >= len(first) > 0
    assert [str(number) for number in range(0, 20, 2)] == first + rest


def test_one_partition_and_the_prefix_of_a_key_have_their_own_feeds(spread):
    assert ["4"] == ids(drained(spread, partition_key=key("p", "a2"), start_time="Beginning")[0])
    prefix = spread.feed_range_from_partition_key(["p"])
    found, token = drained(spread, feed_range=prefix, start_time="Beginning")
    assert [str(number) for number in range(0, 20, 2)] == ids(found)
    spread.create_item(document("q", project="q"))
    assert [] == drained(spread, continuation=token)[0]
    spread.create_item(document("p", project="p"))
    assert ["p"] == ids(drained(spread, continuation=token)[0])


def test_an_idle_feed_of_a_prefix_is_one_request(spread, server):
    _, token = drained(spread, feed_range=spread.feed_range_from_partition_key(["p"]), start_time="Beginning")
    server.counts()
    assert [] == drained(spread, continuation=token)[0]
    assert {"feed": 1} == server.counts()


def test_pages_are_as_small_as_the_service_likes(spread, server):
    server.set(page_cap=1)
    pages = [ids(page) for page in spread.query_items_change_feed(start_time="Beginning", max_item_count=100).by_page()]
    assert 20 == len(pages) == sum(map(len, pages))


def test_a_feed_outlives_the_split_of_its_range(spread, server):
    prefix = spread.feed_range_from_partition_key(["p"])
    found, token = drained(spread, feed_range=prefix, start_time="Beginning")
    server.split("d", "c", ["p", "a2"])
    spread.create_item(document("new", agent="a9"))
    assert ["new"] == ids(drained(spread, continuation=token)[0])
    assert 10 == len(found)
    # From here on the SDK reads the new ranges whole, so a reader of a prefix has to look at each item.
    again = [one for one in drained(spread, feed_range=prefix, start_time="Beginning")[0] if one["project"] == "p"]
    assert 11 == len(again)


def test_the_token_of_another_container_is_refused(spread, database):
    from azure.cosmos import PartitionKey

    _, token = drained(spread, start_time="Beginning")
    other = database.create_container("other", PartitionKey(path=["/project", "/agent"], kind="MultiHash"))
    with pytest.raises(ValueError, match="rid"):
        list(other.query_items_change_feed(continuation=token))
