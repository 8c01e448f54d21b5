"""Transactional batches: one partition, at most 100 operations and 2 MB, all or nothing."""

import json

from tests.cosmos_server.documents import Change, Container
from tests.cosmos_server.wire import Refused, Request, Response

MAX_OPERATIONS = 100
MAX_BATCH_BYTES = 2 * 1024 * 1024


def run(
    container: Container, request: Request, partition: tuple, *, inside: Refused | None = None
) -> tuple[Response, float]:
    """The answer to a batch and what it cost; 207 when an operation failed, and then nothing is changed.

    The middle operation meets the refusal `inside`.
    """
    if len(request.body) > MAX_BATCH_BYTES:
        raise Refused(413, "Request size is too large")
    operations = request.json()
    if not isinstance(operations, list) or not 1 <= len(operations) <= MAX_OPERATIONS:
        raise Refused(400, f"A batch has 1 to {MAX_OPERATIONS} operations.")
    staged: dict = {}
    changes: list[Change] = []
    for number, operation in enumerate(operations):
        try:
            if inside is not None and number == len(operations) // 2:
                raise inside
            change = _decided(container, operation, partition, staged)
        except Refused as refused:
            return _failed(operations, number, refused)
        if change.status != 304:
            staged[change.key] = change.item
        changes.append(change)
    container.commit(changes)
    whole = "return=minimal" not in request.headers.get("prefer", "")
    charge = sum(change.charge for change in changes)
    body = b"[" + b",".join(_result(change, whole=whole) for change in changes) + b"]"
    return Response(200, body), charge


def _decided(container, operation, partition, staged):
    verb = str(operation.get("operationType", "")).lower()
    if verb not in ("create", "upsert", "replace", "delete", "read", "patch"):
        raise Refused(400, f"unknown operation {verb!r}")
    return container.decide(
        verb,
        partition,
        id=operation.get("id"),
        body=operation.get("resourceBody"),
        match=operation.get("ifMatch"),
        none_match=operation.get("ifNoneMatch"),
        staged=staged,
    )


def _result(change, *, whole):
    head = f'{{"statusCode":{change.status},"requestCharge":{change.charge}'
    if change.item is None or change.status == 304:
        return (head + "}").encode()
    head += f',"eTag":{json.dumps(change.item.etag)}'
    return head.encode() + (b',"resourceBody":' + change.item.raw if whole else b"") + b"}"


def _failed(operations, number, refused):
    results = [{"statusCode": 424, "requestCharge": 0} for _ in operations]
    results[number] = {"statusCode": refused.status, "requestCharge": 1, "subStatusCode": refused.substatus}
    return Response(207, json.dumps(results).encode()), 1.0 + 0.1 * len(operations)
