"""Makes conditional writes in transactional batches: several at a time, tried again, each document with a result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.core.replication.documents import Document
from alma_cli.errors import RemoteUnreachable
from alma_cli.remote.cosmos import queries
from alma_cli.remote.cosmos.batches import MAX_DOCUMENT_BYTES, in_batches, size_of
from alma_cli.remote.cosmos.documents import found
from alma_cli.remote.protocol import Clash, Found, TooLarge, Write, WriteResult, Written

if TYPE_CHECKING:
    from azure.cosmos import ContainerProxy

    from alma_cli.remote.cosmos.calls import Calls

Ask: TypeAlias = "Callable[[str, queries.Query], list[dict[str, Any]]]"
"""What asks the partition of an agent a query."""

THREADS = 4
_ROUNDS = 20


class BatchWriter:
    """Writes a project's documents through one client of the SDK, whose batches may run in several threads."""

    def __init__(self, calls: Calls, project_id: str, container: Callable[[], ContainerProxy], query: Ask) -> None:
        self._calls, self._project_id, self._container, self._query = calls, project_id, container, query
        self._threads: ThreadPoolExecutor | None = None
        self._running: set[Future[list[WriteResult]]] = set()

    def write(self, writes: Sequence[Write]) -> Iterator[WriteResult]:
        """A result for each write, once it is known; at most twice as many batches as threads are under way."""
        waiting = in_batches(writes)
        container = self._container()
        failed: BaseException | None = None
        try:
            while True:
                while failed is None and len(self._running) < 2 * THREADS and (batch := next(waiting, None)):
                    self._running.add(self._pool.submit(self._store, container, batch))
                if not self._running:
                    break
                done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                self._running -= done
                for future in done:
                    failed = failed or future.exception()
                    if future.exception() is None:
                        yield from future.result()
        finally:
            self.settle()
        if failed is not None:
            raise failed

    def settle(self) -> None:
        """Wait until no batch is under way."""
        wait(self._running)
        self._running.clear()

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None

    @property
    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="alma-cosmos")
        return self._threads

    def _store(self, container: ContainerProxy, batch: Sequence[Write]) -> list[WriteResult]:
        """Store one partition's writes: those that clash are found and left out, until the others are stored."""
        from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

        if len(batch) == 1 and size_of(batch[0].body) > MAX_DOCUMENT_BYTES:  # a large one is alone
            return [TooLarge(write=batch[0], reason="a document has at most 2 MB")]
        results: list[WriteResult] = []
        pending = list(batch)
        lost_answers: list[None] = []
        for _ in range(_ROUNDS):
            if not pending:
                return results
            try:
                etags = self._calls.run(
                    partial(self._batch, container, pending), unsure=partial(lost_answers.append, None)
                )
            except (CosmosBatchOperationError, CosmosHttpResponseError) as error:
                if error.status_code == 413:
                    return results + self._halved(container, pending, str(error))
            else:
                if all(etags):
                    return results + [Written(write=one, etag=etag) for one, etag in zip(pending, etags, strict=True)]
                lost_answers.append(None)  # a service that leaves ETags out with the documents: they have to be read
            present = self._present(pending)
            judged = {write.id: _judged(write, present.get(write.id), unsure=bool(lost_answers)) for write in pending}
            results += [result for result in judged.values() if result is not None]
            pending = [write for write in pending if judged[write.id] is None]
        raise RemoteUnreachable(f"{self._calls.name} keeps changing under our writes", hint="sync again later")

    def _batch(self, container: ContainerProxy, writes: Sequence[Write]) -> list[str]:
        """The ETags of the writes, all of which were stored; empty where the service gives none."""
        operations: list[Any] = [
            ("create", (dict(write.body),))
            if write.etag is None
            else ("replace", (write.id, dict(write.body)), {"if_match_etag": write.etag})
            for write in writes
        ]
        partition = [self._project_id, writes[0].agent]
        answered = container.execute_item_batch(operations, partition_key=partition, no_response=True)  # ETags suffice
        return [str(one.get("eTag") or "") for one in answered]

    def _halved(self, container: ContainerProxy, writes: Sequence[Write], reason: str) -> list[WriteResult]:
        if len(writes) == 1:
            return [TooLarge(write=writes[0], reason=reason)]
        middle = len(writes) // 2
        return self._store(container, writes[:middle]) + self._store(container, writes[middle:])

    def _present(self, writes: Sequence[Write]) -> dict[str, Found]:
        raws = self._query(writes[0].agent, queries.by_ids([write.id for write in writes]))
        return {raw["id"]: found(raw, project_id=self._project_id) for raw in raws}


def _judged(write: Write, present: Found | None, *, unsure: bool) -> WriteResult | None:
    """The result of one write of a refused batch; None when it may be sent again."""
    if write.etag is None and present is None:
        return None
    if write.etag is not None and present is not None and present.etag == write.etag:
        return None
    if unsure and isinstance(present, Document) and present.body == json.loads(json.dumps(dict(write.body))):
        return Written(write=write, etag=present.etag)  # it is the work of an earlier try, whose answer was lost
    return Clash(write=write, present=present)
