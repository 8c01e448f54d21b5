"""Queries: parameters, order, TOP, paging and vectors, in one partition, by prefix and across physical ranges."""

import pytest
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.cosmos_server.samples import document, ids, key


@pytest.fixture
def filled(container):
    for number in range(30):
        vector = [float(number), 10.0]
        container.create_item(
            document(
                number,
                agent=f"a{number % 3}",
                n=number,
                text=f"Item {number}",
                v=vector,
                **({"odd": True} if number % 2 else {}),
            )
        )
    return container


def run(container, query, partition=("p", "a0"), **parameters):
    options = {"partition_key": list(partition)} if partition else {"enable_cross_partition_query": True}
    named = [{"name": f"@{name}", "value": value} for name, value in parameters.items()]
    return list(container.query_items(query, parameters=named, **options))


@pytest.mark.parametrize(
    "condition, parameters, expected",
    [
        ("c.n < @n", {"n": 7}, [0, 3, 6]),
        ("c.n >= 24 AND c.n != 27", {}, [24]),
        ("c.n = 3 OR (c.n = 6 AND NOT c.n = 7)", {}, [3, 6]),
        ("c.n IN (3, 4, @n)", {"n": 9}, [3, 9]),
        ("c.n NOT IN (0, 3, 6) AND c.n < 10", {}, [9]),
        ("IS_DEFINED(c.odd) AND c.n < 10", {}, [3, 9]),
        ("NOT IS_DEFINED(c.odd) AND c.n < 10", {}, [0, 6]),
        ("c.odd = true AND c.n < 10", {}, [3, 9]),
        ("NOT c.odd = true", {}, []),
        ("c.missing = null", {}, []),
        ("CONTAINS(c.text, @t, true)", {"t": "ITEM 2"}, [21, 24, 27]),
        ("CONTAINS(c.text, 'ITEM')", {}, []),
        ("STARTSWITH(c.text, 'Item 1')", {}, [12, 15, 18]),
        ("LOWER(c.text) = 'item 3'", {}, [3]),
        ("ARRAY_CONTAINS(@ids, c.id)", {"ids": ["3", "4", "6"]}, [3, 6]),
        ('c["n"] = 3', {}, [3]),
    ],
)
def test_conditions(filled, condition, parameters, expected):
    found = run(filled, f"SELECT * FROM c WHERE {condition}", **parameters)
    assert expected == [one["n"] for one in found]


def test_columns_values_and_computed_numbers(filled):
    assert [{"id": "0", "x": 0}] == run(filled, "SELECT c.id, c.n AS x, c.missing FROM c WHERE c.n = 0")
    assert ["Item 3"] == run(filled, "SELECT VALUE c.text FROM c WHERE c.n = 3")
    assert [{"n": 2}] == run(filled, "SELECT (c.n > 1 ? 1 : 0) + (c.odd ? 1 : 0) AS n FROM c WHERE c.n = 3")
    assert [10] == run(filled, "SELECT VALUE COUNT(1) FROM c")
    assert [27] == run(filled, "SELECT VALUE MAX(c.n) FROM c")
    assert ["a0", "a1", "a2"] == run(filled, "SELECT DISTINCT VALUE c.agent FROM c", partition=("p",))


def test_order_top_and_offset_in_one_partition(filled):
    assert [27, 24, 21] == run(filled, "SELECT TOP 3 VALUE c.n FROM c ORDER BY c.n DESC")
    assert [3, 6] == run(filled, "SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 1 LIMIT @limit", limit=2)


def test_a_prefix_of_the_key_reads_all_below_it(filled):
    filled.create_item(document("other", project="q", n=1))
    assert 30 == len(run(filled, "SELECT * FROM c", partition=("p",)))


def test_order_across_ranges_is_merged_from_pages_of_each(filled, server):
    server.set(page_cap=4)
    for project in "qrst":
        for number in range(10):
            filled.create_item(document(number, project=project, n=100 + number))
    found = run(filled, "SELECT * FROM c ORDER BY c.n DESC", partition=None)
    assert sorted((one["n"] for one in found), reverse=True) == [one["n"] for one in found]
    assert 70 == len(found)
    server.counts()
    assert [109] * 4 == [
        one["x"] for one in run(filled, "SELECT TOP 4 c.n AS x FROM c ORDER BY c.n DESC", partition=None)
    ]
    counts = server.counts()
    assert (1, True) == (counts["plan"], counts["query"] > 4)


def test_across_partitions_only_when_it_is_asked_for(filled):
    with pytest.raises(CosmosHttpResponseError) as error:
        list(filled.query_items("SELECT * FROM c WHERE c.n = 1"))
    assert 400 == error.value.status_code
    assert ["1"] == ids(run(filled, "SELECT * FROM c WHERE c.n = 1", partition=None))


def test_pages_go_on_from_their_continuation(filled):
    pages = filled.query_items("SELECT * FROM c", partition_key=key(agent="a0"), max_item_count=4).by_page()
    first = ids(next(pages))
    token = pages.continuation_token
    again = filled.query_items("SELECT * FROM c", partition_key=key(agent="a0"), max_item_count=4)
    rest = [ids(page) for page in again.by_page(token)]
    assert [4, 4, 2] == [len(first), *map(len, rest)]
    assert 10 == len({*first, *rest[0], *rest[1]})


@pytest.mark.parametrize("partition", [("p", "a0"), None])
def test_the_nearest_vectors_come_first(filled, partition):
    filled.create_item(document("none", agent="a0"))
    filled.create_item(document("short", agent="a0", v=[1.0]))
    query = "SELECT TOP 3 c.id, VectorDistance(c.v, @v) AS s FROM c ORDER BY VectorDistance(c.v, @v)"
    found = run(filled, query, partition, v=[1.0, 0.0])
    assert (["27", "24", "21"] if partition else ["29", "28", "27"]) == ids(found)
    assert found[0]["s"] > found[1]["s"] > 0.8


def test_the_nearest_without_a_limit_are_refused(filled):
    with pytest.raises(CosmosHttpResponseError) as error:
        run(filled, "SELECT * FROM c ORDER BY VectorDistance(c.v, @v)", v=[1.0, 0.0])
    assert 400 == error.value.status_code


@pytest.mark.parametrize(
    "query",
    [
        "SELECT c.n FROM c HAVING c.n",
        "SELECT c.n FROM c GROUP BY c.n",
        "SELECT * FROM c JOIN t IN c.tags",
        "SELECT * FROM c WHERE UNKNOWN(c.n)",
        "SELECT * FROM c WHERE c.n LIKE 'x'",
        "SELECT * FROM c ORDER BY c.n, c.id",
        "DELETE FROM c",
        "SELECT * FROM",
    ],
)
def test_what_is_not_known_is_refused_by_quoting_it(filled, query):
    with pytest.raises(CosmosHttpResponseError) as error:
        run(filled, query)
    assert 400 == error.value.status_code
    assert query in error.value.message


def test_queries_of_databases_containers_and_offers_are_refused(client, database, container):
    asked = (
        lambda: list(client.query_databases("SELECT * FROM c")),
        lambda: list(database.query_containers("SELECT * FROM c")),
        container.get_throughput,
    )
    for ask in asked:
        with pytest.raises(CosmosHttpResponseError) as error:
            ask()
        assert 400 == error.value.status_code


def test_a_part_of_the_results_of_several_partitions_is_refused(container):
    with pytest.raises(CosmosHttpResponseError) as error:
        list(container.query_items("SELECT * FROM c OFFSET 1 LIMIT 2", enable_cross_partition_query=True))
    assert 400 == error.value.status_code
