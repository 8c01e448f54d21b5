"""Divides writes into transactional batches: each of one partition, at most 100 documents, at most 1.5 MB."""

from collections.abc import Iterator, Sequence

from alma_cli.remote.cosmos.bodies import Ready, ready
from alma_cli.remote.protocol import Write

MAX_OPERATIONS = 100
MAX_BATCH_BYTES = 1_500_000
MAX_DOCUMENT_BYTES = 1_900_000
"""A document has at most 2 MB, including the service's fields."""


def in_batches(writes: Sequence[Write]) -> Iterator[list[Ready]]:
    """The writes by agent, in their order, in as few batches as fit."""
    by_agent: dict[str, list[Write]] = {}
    for write in writes:
        by_agent.setdefault(write.agent, []).append(write)
    for own in by_agent.values():
        batch: list[Ready] = []
        size = 0
        for one in map(ready, own):
            if batch and (len(batch) == MAX_OPERATIONS or size + len(one.text) > MAX_BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(one)
            size += len(one.text)
        yield batch
