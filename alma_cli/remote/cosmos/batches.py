"""Divides writes into transactional batches: each of one partition, at most 100 documents, at most 1.5 MB."""

import json
from collections.abc import Iterator, Sequence

from alma_cli.remote.protocol import Write

MAX_OPERATIONS = 100
MAX_BATCH_BYTES = 1_500_000
MAX_DOCUMENT_BYTES = 1_900_000
"""A document has at most 2 MB, including the service's fields."""


def in_batches(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """The writes by agent, in their order, in as few batches as fit."""
    by_agent: dict[str, list[Write]] = {}
    for write in writes:
        by_agent.setdefault(write.agent, []).append(write)
    for own in by_agent.values():
        batch: list[Write] = []
        size = 0
        for write in own:
            more = size_of(write)
            if batch and (len(batch) == MAX_OPERATIONS or size + more > MAX_BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(write)
            size += more
        yield batch


def size_of(write: Write) -> int:
    """The greatest size in bytes that a document can have in JSON, escaped for ASCII."""
    return len(json.dumps(dict(write.body))) + len('"embedding": ,') + len(write.vector)
