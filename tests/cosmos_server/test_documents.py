"""Items: their identity, status codes and ETags, as the service has them."""

import pytest
from azure.core import MatchConditions
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosHttpResponseError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from tests.cosmos_server.samples import document, key


def test_what_is_created_is_read_back_with_the_systems_properties(container):
    made = container.create_item(document(n=1, text="é😀"))
    read = container.read_item("1", key())
    assert dict(made) == dict(read)
    assert document(n=1, text="é😀").items() <= read.items()
    assert {"_rid", "_self", "_etag", "_attachments", "_ts"} == read.keys() - document(n=1, text="").keys()
    assert read["_etag"].startswith('"') and read["_etag"].endswith('"')


def test_an_item_is_known_by_partition_and_id_together(container):
    container.create_item(document(agent="a", n=1))
    container.create_item(document(agent="b", n=2))
    container.create_item(document(project="q", agent="a", n=3))
    assert [1, 2, 3] == [container.read_item("1", one)["n"] for one in (key(), key(agent="b"), key("q"))]


def test_creating_what_is_there_is_a_conflict(container):
    container.create_item(document())
    with pytest.raises(CosmosResourceExistsError) as error:
        container.create_item(document())
    assert 409 == error.value.status_code


def test_what_is_not_there_is_not_found(container):
    for call in (
        lambda: container.read_item("1", key()),
        lambda: container.replace_item("1", document()),
        lambda: container.delete_item("1", key()),
        lambda: container.patch_item("1", key(), [{"op": "set", "path": "/n", "value": 1}]),
    ):
        with pytest.raises(CosmosResourceNotFoundError):
            call()


def test_upsert_creates_and_then_replaces_each_time_with_another_etag(container):
    statuses = []

    def hook(response):
        statuses.append(response.http_response.status_code)

    first = container.upsert_item(document(n=1), raw_response_hook=hook)
    second = container.upsert_item(document(n=2), raw_response_hook=hook)
    assert [201, 200] == statuses
    assert first["_etag"] != second["_etag"]
    assert first["_rid"] == second["_rid"]
    assert container.delete_item("1", key()) is None


@pytest.mark.parametrize("verb", ["replace", "upsert", "delete", "patch"])
def test_a_write_under_a_condition_meets_only_that_version(container, verb):
    old = container.create_item(document(n=1))["_etag"]
    now = container.upsert_item(document(n=2))["_etag"]
    calls = {
        "replace": lambda **kw: container.replace_item("1", document(n=3), **kw),
        "upsert": lambda **kw: container.upsert_item(document(n=3), **kw),
        "delete": lambda **kw: container.delete_item("1", key(), **kw),
        "patch": lambda **kw: container.patch_item("1", key(), [{"op": "incr", "path": "/n", "value": 1}], **kw),
    }
    with pytest.raises(CosmosAccessConditionFailedError):
        calls[verb](etag=old, match_condition=MatchConditions.IfNotModified)
    assert 2 == container.read_item("1", key())["n"]
    calls[verb](etag=now, match_condition=MatchConditions.IfNotModified)


def test_a_read_of_a_known_version_is_not_modified(container):
    statuses = []
    etag = container.create_item(document())["_etag"]
    container.read_item(
        "1", key(), etag=etag, match_condition=MatchConditions.IfModified,
        raw_response_hook=lambda response: statuses.append(response.http_response.status_code),
    )  # fmt: skip
    assert [304] == statuses


@pytest.mark.parametrize("id", ["a/b", "a\\b", "a?b", "a#b"])
def test_some_characters_are_not_for_ids(server, container, id):
    # The SDK checks as well, so the batch is what gets there.
    with pytest.raises(Exception) as error:
        container.execute_item_batch([("create", (document(id),))], key())
    assert 400 == error.value.status_code


def test_an_item_has_at_most_two_megabytes(container):
    container.create_item(document(1, text="x" * 2_000_000))
    with pytest.raises(CosmosHttpResponseError) as error:
        container.create_item(document(2, text="x" * 2_100_000))
    assert 413 == error.value.status_code


def test_a_vector_has_the_length_of_its_policy(database):
    from azure.cosmos import PartitionKey

    vectors = database.create_container(
        "vectors",
        partition_key=PartitionKey(path="/p"),
        vector_embedding_policy={
            "vectorEmbeddings": [{"path": "/v", "dataType": "float32", "distanceFunction": "cosine", "dimensions": 3}]
        },
    )
    vectors.upsert_item({"id": "1", "p": "a", "v": [1.0, 0.0, 0.0]})
    vectors.upsert_item({"id": "2", "p": "a"})
    for id in ("1", "3"):
        with pytest.raises(CosmosHttpResponseError) as error:
            vectors.upsert_item({"id": id, "p": "a", "v": [1.0, 0.0]})
        assert 400 == error.value.status_code


def test_a_key_that_is_not_the_documents_is_refused(container):
    with pytest.raises(Exception) as error:
        container.execute_item_batch([("create", (document(agent="b"),))], key(agent="a"))
    assert 400 == error.value.status_code


def test_patches_change_only_what_they_name(container):
    container.create_item(document(n=1, inner={"a": 1, "b": 2}))
    operations = [
        {"op": "incr", "path": "/n", "value": 4},
        {"op": "set", "path": "/inner/c", "value": 3},
        {"op": "remove", "path": "/inner/a"},
    ]
    changed = container.patch_item("1", key(), operations)
    assert (5, {"b": 2, "c": 3}) == (changed["n"], changed["inner"])


def test_an_item_lives_as_long_as_its_ttl(database):
    from azure.cosmos import PartitionKey

    from tests.cosmos_server.documents import Container

    container = database.create_container("t", PartitionKey(path="/agent"), default_ttl=-1)
    container.create_item(document(ttl=3600))
    assert container.read_item("1", "a")["ttl"] == 3600
    # Time is given to the container itself: a test doesn't wait.
    now = [1000.0]
    definition = {"partitionKey": {"paths": ["/agent"], "kind": "Hash"}, "defaultTtl": -1}
    inner = Container(definition, rid="AAAAAQ==", link="", ranges=1, clock=lambda: now[0])
    inner.commit([inner.decide("create", ("a",), body=document(1, ttl=60))])
    inner.commit([inner.decide("create", ("a",), body=document(2))])
    assert ["1", "2"] == [item.id for item in inner.items()]
    now[0] += 61
    assert ["2"] == [item.id for item in inner.items()]
    assert ["2"] == [item.id for item in inner.changes_after(inner.ranges.live[0], 0)]


def test_answers_say_what_they_cost_and_in_which_session(container):
    small = container.create_item(document(1)).get_response_headers()
    large = container.create_item(document(2, text="x" * 100_000)).get_response_headers()
    assert 1 < float(small["x-ms-request-charge"]) < float(large["x-ms-request-charge"])
    assert small["x-ms-session-token"] != large["x-ms-session-token"]
    assert 1.0 == float(container.read_item("1", key()).get_response_headers()["x-ms-request-charge"])


def test_a_container_made_anew_is_another_one(client, database, container):
    from azure.cosmos import PartitionKey

    container.create_item(document())
    before = container.read()["_rid"]
    database.delete_container("c")
    with pytest.raises(CosmosResourceNotFoundError) as error:
        container.create_item(document())
    assert 1003 == error.value.sub_status
    database.create_container("c", PartitionKey(path=["/project", "/agent"], kind="MultiHash"))
    assert before != container.read()["_rid"]
    with pytest.raises(CosmosResourceNotFoundError) as error:
        container.read_item("1", key())
    assert 0 == error.value.sub_status


def test_a_flat_vector_index_has_at_most_505_dimensions(database):
    from azure.cosmos import PartitionKey

    def make(name, kind):
        return database.create_container(
            name,
            PartitionKey(path="/agent"),
            indexing_policy={"vectorIndexes": [{"path": "/v", "type": kind}]},
            vector_embedding_policy={
                "vectorEmbeddings": [
                    {"path": "/v", "dataType": "float32", "distanceFunction": "cosine", "dimensions": 768}
                ]
            },
        )

    with pytest.raises(CosmosHttpResponseError) as error:
        make("flat", "flat")
    assert 400 == error.value.status_code
    assert (
        make("quantized", "quantizedFlat").read()["vectorEmbeddingPolicy"]["vectorEmbeddings"][0]["dimensions"] == 768
    )
