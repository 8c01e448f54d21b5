"""One request from beginning to end: who may, what it is, what goes wrong with it, and the answer."""

import json
import math
import time
from collections import Counter

from tests.cosmos_server import auth, batch, charges, feed, queries, resources
from tests.cosmos_server.documents import Container
from tests.cosmos_server.faults import Fault, Faults, refusal
from tests.cosmos_server.resources import Resources
from tests.cosmos_server.wire import Refused, Request, Response


class Account:
    """An account with its databases, faults, and counts of requests by kind."""

    def __init__(self, *, key: str, ranges: int = 4, page_cap: int = 1000):
        self.key, self.page_cap = key, page_cap
        self.resources = Resources(ranges=ranges)
        self.faults = Faults()
        self.tokens: dict[str, str] = {}
        self.counts: Counter = Counter()
        self.charged = 0.0
        self.skew_s = 0.0
        self.lag_s, self.gives_sessions = 0.0, True
        self.units_per_s = 0.0
        self._units, self._counted_at = 0.0, time.monotonic()
        self.address = ""

    def answer(self, request: Request) -> Response:
        """The response to a request; faults are met by any that is counted."""
        kind = kind_of(request)
        self.counts[kind] += 1
        fault = self.faults.meeting(kind)
        inside = refusal(fault) if fault is not None and fault.inside else None
        if fault is not None and inside is None and (early := _before(fault)) is not None:
            early.skew_s = self.skew_s
            return early
        try:
            auth.check(request, key=self.key, tokens=self.tokens)
            self._check_debt(kind)
            response, charge = self._served(kind, request, inside)
        except Refused as refused:
            response, charge = refused.response(), 0.0 if refused.status == 429 else charges.METADATA
        self.charged += charge
        self._units -= charge
        response.headers.setdefault("x-ms-request-charge", f"{charge:.2f}")
        response.headers["x-ms-activity-id"] = request.headers.get("x-ms-activity-id", "")
        response.skew_s = self.skew_s
        if fault is not None:
            response.drop, response.stall = fault.drop == "after", fault.stall == "after"
            for name in fault.without:
                response.headers.pop(name, None)
            if fault.said is not None and response.status < 300:
                response.body = fault.said.encode()
        return response

    def _check_debt(self, kind):
        """Refuse (429) what costs request units while those that were used before aren't paid by time yet."""
        if not self.units_per_s or kind in METADATA_KINDS:
            return
        now = time.monotonic()
        self._units = min(self.units_per_s, self._units + (now - self._counted_at) * self.units_per_s)
        self._counted_at = now
        if self._units <= 0:
            wait_ms = math.ceil(-self._units / self.units_per_s * 1000) + 1
            raise Refused(429, "Request rate is large.", headers={"x-ms-retry-after-ms": str(wait_ms)})

    def _served(self, kind, request, inside):
        parts = [part for part in request.path.split("/") if part]
        is_query = request.headers.get("x-ms-documentdb-isquery", "").lower() == "true"
        if (parts and parts[0] != "dbs") or (is_query and kind in METADATA_KINDS):
            raise Refused(400, f"{request.method} {request.path} is not known to this test server")
        if kind == "account":
            return Response(200, json.dumps(resources.account_document(self.address)).encode()), 0.0
        if kind == "database":
            return self._database(request, parts), charges.METADATA
        database = self.resources.owner(parts[1])
        if kind == "container" and len(parts) == 3:
            return self.resources.make_container(database, request), charges.METADATA
        container = self.resources.container(parts[1], parts[3])
        _check_rid(container, request)
        container.seen_until = _seen_until(container, request, self.lag_s)
        if kind == "container":
            return _container(database, parts[3], container, request), charges.METADATA
        if kind == "ranges":
            return resources.ranges_page(container, request), charges.METADATA
        response, charge = self._items(kind, container, request, parts, inside)
        one = container.ranges.holding(queries.extent(container, request)[0])
        if self.gives_sessions:
            response.headers["x-ms-session-token"] = f"{one.id}:0#{one.lsn}"
        return response, charge

    def _database(self, request, parts):
        if request.method == "POST" and len(parts) == 1:
            return self.resources.make_database(request)
        database = self.resources.database(parts[1])
        if request.method == "DELETE":
            del self.resources.databases[database.id]
            return Response(204)
        return Response(200, json.dumps(database.document()).encode())

    def _items(self, kind, container, request, parts, inside):
        if kind == "feed":
            return feed.page(container, request, page_cap=self.page_cap)
        if kind == "plan":
            return queries.plan(request), charges.METADATA
        if kind == "query":
            return queries.run(container, request, page_cap=self.page_cap)
        if kind == "list":
            raise Refused(400, "reading all items is not known to this test server")
        partition = container.partition_given(json.loads(request.headers.get("x-ms-documentdb-partitionkey") or "[]"))
        if kind == "batch":
            return batch.run(container, request, partition, inside=inside)
        change = container.decide(
            kind,
            partition,
            id=parts[5] if len(parts) > 5 else None,
            body=request.json() if kind in ("create", "upsert", "replace", "patch") else None,
            match=request.headers.get("if-match"),
            none_match=request.headers.get("if-none-match"),
        )
        container.commit([change])
        item = change.item
        headers = {"etag": item.etag} if item is not None else {}
        whole = item is not None and change.status != 304 and "return=minimal" not in request.headers.get("prefer", "")
        return Response(change.status, item.raw if whole else b"", headers), change.charge


METADATA_KINDS = ("account", "database", "container", "ranges")
"""The requests that no container's request units are spent on."""


def kind_of(request: Request) -> str:
    """What a request is, in the words of `faults.KINDS`."""
    parts = [part for part in request.path.split("/") if part]
    if not parts:
        return "account"
    if len(parts) <= 2:
        return "database"
    if len(parts) <= 4:
        return "container"
    if parts[4] == "pkranges":
        return "ranges"
    if len(parts) > 5:
        return {"GET": "read", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}.get(request.method, "list")
    headers = request.headers
    if request.method == "GET":
        return "feed" if "a-im" in headers else "list"
    for header, kind in _BY_HEADER:
        if headers.get(header, "").lower() == "true":
            return kind
    return "create"


_BY_HEADER = (
    ("x-ms-cosmos-is-batch-request", "batch"),
    ("x-ms-cosmos-is-query-plan-request", "plan"),
    ("x-ms-documentdb-isquery", "query"),
    ("x-ms-documentdb-is-upsert", "upsert"),
)


def _container(database, id, container: Container, request):
    if request.method == "DELETE":
        del database.containers[id]
        return Response(204)
    if request.method == "PUT":
        definition = request.json()
        for fixed in ("partitionKey", "vectorEmbeddingPolicy"):
            if definition.get(fixed) != container.definition.get(fixed):
                raise Refused(400, f"{fixed} can't be changed.")
        resources.check_definition(definition)
        container.definition = definition
    return Response(200, json.dumps(resources.container_document(container)).encode())


def _seen_until(container, request, lag_s):
    """The time up to which a read sees what was written: all, where its session is newer than what lags behind."""
    token = request.headers.get("x-ms-session-token", "")
    if not lag_s or token:
        return math.inf
    return time.time() - lag_s


def _check_rid(container, request):
    intended = request.headers.get("x-ms-cosmos-intended-collection-rid")
    if intended and intended != container.rid:
        raise Refused(400, "The container was made anew.", substatus=1024)


def _before(fault: Fault) -> Response | None:
    """The answer of a fault that keeps the request from being done."""
    if fault.drop == "before":
        return Response(0, drop=True)
    if fault.stall == "before":
        return Response(0, stall=True)
    return refusal(fault).response() if fault.status else None
