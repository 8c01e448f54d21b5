"""Running queries over one partition, a part of the key range, or one physical range; and plans for what spans several."""

import json
from dataclasses import dataclass

from tests.cosmos_server import charges
from tests.cosmos_server.documents import UNDEFINED, Container
from tests.cosmos_server.functions import AGGREGATES, rank
from tests.cosmos_server.ranges import BEYOND, LOWEST, effective_key
from tests.cosmos_server.sql import Query, parse
from tests.cosmos_server.wire import Refused, Request, Response

DEFAULT_PAGE = 100
MAX_PAGE_BYTES = 4 * 1024 * 1024


def extent(container: Container, request: Request) -> tuple[str, str]:
    """The effective keys that a request is about: from and up to. Raises `Refused` (410) for a range that was split."""
    low, high = LOWEST, BEYOND
    if given := request.headers.get("x-ms-documentdb-partitionkey"):
        low = effective_key(tuple(container.partition_given(json.loads(given))))
        return low, low + "\0"
    if range_id := request.headers.get("x-ms-documentdb-partitionkeyrangeid"):
        one = container.ranges.by_id(range_id.rpartition(",")[2])
        if one is None:
            raise Refused(410, "The requested resource is no longer available at the server.", substatus=1002)
        low, high = one.low, one.high
    if "x-ms-start-epk" in request.headers:
        low = max(low, request.headers["x-ms-start-epk"])
        high = min(high, request.headers["x-ms-end-epk"])
    return low, high


@dataclass(slots=True)
class _Asked:
    """A query with its parameters and what it was asked of."""

    query: Query
    params: dict
    low: str
    high: str


def run(container: Container, request: Request, *, page_cap: int) -> tuple[Response, float]:
    """A page of results and its charge."""
    asked = _read(request)
    asked.low, asked.high = extent(container, request)
    wide = not {"x-ms-documentdb-partitionkey", "x-ms-documentdb-partitionkeyrangeid"} & request.headers.keys()
    if wide and request.headers.get("x-ms-documentdb-query-enablecrosspartition", "").lower() != "true":
        raise Refused(400, "Cross partition query is required but disabled.")
    if wide and _needs_plan(asked.query):
        raise Refused(
            400, "The provided cross partition query can not be directly served by the gateway.", substatus=1004
        )
    rows, scanned = _rows(container, asked)
    most = _page_size(request, page_cap)
    start = _start(request)
    page, size = [], 0
    for row in rows[start : start + most]:
        encoded = json.dumps(row, separators=(",", ":")) if not isinstance(row, bytes) else row.decode()
        if page and size + len(encoded) > MAX_PAGE_BYTES:
            break
        page.append(encoded)
        size += len(encoded)
    headers = {"x-ms-item-count": str(len(page))}
    if start + len(page) < len(rows):
        headers["x-ms-continuation"] = json.dumps({"from": start + len(page)})
    body = f'{{"_rid":"{container.rid}","Documents":[{",".join(page)}],"_count":{len(page)}}}'.encode()
    return Response(200, body, headers), charges.page(size, scanned=scanned if start == 0 else 0)


def plan(request: Request) -> Response:
    """How the SDK is to run a query over several ranges: what it merges by, and what it sends to each."""
    asked = _read(request)
    query, params = asked.query, asked.params
    if query.aggregate or query.distinct or query.offset is not None:
        raise Refused(400, "aggregates, DISTINCT and OFFSET over several partitions are not known to this test server")

    def number(expression):
        return None if expression is None else expression({}, params)

    info = {
        "distinctType": "None", "top": number(query.top), "offset": number(query.offset), "limit": number(query.limit),
        "orderBy": [], "orderByExpressions": [], "groupByExpressions": [], "groupByAliases": [],
        "aggregates": [], "groupByAliasToAggregateType": {},
        "rewrittenQuery": "", "hasSelectValue": query.value, "dCountInfo": None,
        "hasNonStreamingOrderBy": query.by_distance,
    }  # fmt: skip
    if query.order is not None:
        info["orderBy"] = ["Descending" if query.descending or query.by_distance else "Ascending"]
        info["orderByExpressions"] = [query.order_text]
        info["rewrittenQuery"] = _rewritten(query, number(query.top))
    elif query.top is not None:
        info["rewrittenQuery"] = (
            f"SELECT TOP {number(query.top)} {query.select_text} FROM {_alias(query)} {query.rest_text}"
        )
    whole = [{"min": LOWEST, "max": BEYOND, "isMinInclusive": True, "isMaxInclusive": False}]
    return Response(
        200, json.dumps({"partitionedQueryExecutionInfoVersion": 2, "queryInfo": info, "queryRanges": whole}).encode()
    )


def _read(request):
    body = request.json()
    params = {one["name"]: one["value"] for one in body.get("parameters") or []}
    return _Asked(parse(body["query"]), params, LOWEST, BEYOND)


def _needs_plan(query):
    return (
        query.order is not None
        or query.top is not None
        or bool(query.aggregate)
        or query.distinct
        or query.limit is not None
    )


def _rewritten(query, top):
    alias = _alias(query)
    if query.columns is None:
        payload = alias
    elif query.value:
        payload = query.select_text.removeprefix("VALUE ").strip()
    else:
        payload = "{" + ", ".join(f'"{name}": {text}' for name, text in _named(query)) + "}"
    first = f"TOP {top} " if top is not None else ""
    item = f'[{{"item": {query.order_text}}}]'
    return f"SELECT {first}{alias}._rid, {item} AS orderByItems, {payload} AS payload FROM {alias} {query.rest_text}"


def _named(query):
    """The names and the texts of a query's columns."""
    depth, start, parts = 0, 0, []
    for at, character in enumerate(query.select_text + ","):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append(query.select_text[start:at].strip())
            start = at + 1
    for (name, _), part in zip(query.columns, parts, strict=True):
        yield name, part.rpartition(" AS ")[0] or part


def _alias(query):
    return query.text.lower().split(" from ", 1)[1].split()[0]


def _rows(container, asked):
    query, params = asked.query, asked.params
    chosen, scanned = [], 0
    for item in container.items():
        if asked.low <= item.epk < asked.high:
            scanned += 1
            if query.where is None or query.where(item.body, params) is True:
                chosen.append(item)
    if query.order is not None:
        keyed = [(query.order(item.body, params), item) for item in chosen]
        if query.by_distance:
            keyed = [pair for pair in keyed if pair[0] is not UNDEFINED]
        reverse = query.descending or query.by_distance
        chosen = [item for _, item in sorted(keyed, key=lambda pair: rank(pair[0]), reverse=reverse)]
    if query.by_distance and query.top is None and query.limit is None:
        raise Refused(400, "A query that orders by VectorDistance needs TOP or LIMIT.")
    if query.aggregate:
        total = AGGREGATES[query.aggregate]([query.columns[0][1](item.body, params) for item in chosen])
        return ([] if total is UNDEFINED else [total]), scanned
    if query.offset is not None:
        skipped = query.offset({}, params)
        chosen = chosen[skipped : skipped + query.limit({}, params)]
    if query.top is not None:
        chosen = chosen[: query.top({}, params)]
    rows = [_projected(query, item, params) for item in chosen]
    return (_distinct(rows) if query.distinct else rows), scanned


def _distinct(rows):
    return list({json.dumps(row, sort_keys=True): row for row in rows if row is not UNDEFINED}.values())


def _projected(query, item, params):
    if query.columns is None:
        return item.raw
    if query.value:
        return query.columns[0][1](item.body, params)
    values = ((name, expression(item.body, params)) for name, expression in query.columns)
    return {name: value for name, value in values if value is not UNDEFINED}


def _page_size(request, page_cap):
    asked = int(request.headers.get("x-ms-max-item-count", "-1"))
    return min(page_cap, asked if asked > 0 else DEFAULT_PAGE)


def _start(request):
    continuation = request.headers.get("x-ms-continuation")
    if not continuation:
        return 0
    try:
        return int(json.loads(continuation)["from"])
    except (ValueError, KeyError, TypeError):
        raise Refused(400, "Invalid Continuation Token") from None
