"""Makes conditional writes in transactional batches: several at a time, tried again, each document with a result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.core.replication.documents import Document
from alma_cli.errors import RemoteUnreachable
from alma_cli.remote.cosmos import queries
from alma_cli.remote.cosmos.batches import MAX_DOCUMENT_BYTES, in_batches
from alma_cli.remote.cosmos.bodies import Ready, filling_in, operation
from alma_cli.remote.cosmos.calls import Calls, asked_to_wait_s, pause_s
from alma_cli.remote.cosmos.documents import found
from alma_cli.remote.cosmos.pace import Pace
from alma_cli.remote.protocol import Clash, Found, TooLarge, Write, WriteResult, Written

if TYPE_CHECKING:
    from azure.cosmos import ContainerProxy

Ask: TypeAlias = "Callable[[str, queries.Query, str], list[dict[str, Any]]]"
"""The function that asks the partition of an agent a query; the answer is as new as the token of a session says."""

THREADS = 4
_ROUNDS = 20
_CLASHES = (404, 409, 412)
_TOO_LARGE, _TOO_BUSY = 413, 429
_LONGEST_PAUSE_S = 0.5


class BatchWriter:
    """Writes a project's documents through one client of the SDK, whose batches may run in several threads."""

    def __init__(
        self,
        calls: Calls,
        project_id: str,
        container: Callable[[], ContainerProxy],
        query: Ask,
        *,
        patience_s: float,
    ) -> None:
        self._calls, self._project_id, self._container, self._query = calls, project_id, container, query
        self._pace = Pace(most_at_once=THREADS, patience_s=patience_s)
        self._threads: ThreadPoolExecutor | None = None
        self._running: dict[Future[None], list[WriteResult]] = {}

    def write(self, writes: Sequence[Write]) -> Iterator[WriteResult]:
        """A result for each write, once it is known; at most twice as many batches as threads are under way."""
        waiting = in_batches(writes)
        container = self._container()
        self._pace.went_on()
        failed: BaseException | None = None
        try:
            while True:
                while failed is None and len(self._running) < 2 * THREADS and (batch := next(waiting, None)):
                    results: list[WriteResult] = []
                    self._running[self._pool.submit(self._store, container, batch, results, [])] = results
                if not self._running:
                    break
                done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                for future in done:
                    failed = failed or future.exception()
                    yield from self._running.pop(future)
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

    def _store(
        self,
        container: ContainerProxy,
        batch: Sequence[Ready],
        results: list[WriteResult],
        lost_answers: list[None],
    ) -> None:
        """Store one partition's writes: those that clash are found and left out, until the others are stored.

        Results are added as they become known. `lost_answers` has an entry for each try that may have succeeded.
        """
        if len(batch) == 1 and len(batch[0].text) > MAX_DOCUMENT_BYTES:  # a large one is alone
            results.append(TooLarge(write=batch[0].write, reason="a document has at most 2 MB"))
            return
        pending = list(batch)
        for rounds in range(_ROUNDS):
            if not pending:
                return
            sent = self._send(container, pending, lost_answers)
            if sent is None:
                self._store_halves(container, pending, results, lost_answers)
                return
            etags, session = sent
            if etags is not None and len(etags) == len(pending) and all(etags):
                results += [Written(write=one.write, etag=etag) for one, etag in zip(pending, etags, strict=True)]
                return
            if etags is not None:  # of a service that leaves ETags or answers out: the documents have to be read
                lost_answers.append(None)
            present = self._present([one.write for one in pending], session)
            judged = {
                one.write.id: _judged(one.write, present.get(one.write.id), unsure=bool(lost_answers))
                for one in pending
            }
            results += [result for result in judged.values() if result is not None]
            still = [one for one in pending if judged[one.write.id] is None]
            if len(still) == len(pending):
                sleep(pause_s(rounds, longest_s=_LONGEST_PAUSE_S))  # what clashed isn't to be seen yet
            pending = still
        if pending:
            raise RemoteUnreachable(f"{self._calls.name} keeps changing under our writes", hint="sync again later")

    def _send(
        self, container: ContainerProxy, batch: Sequence[Ready], lost_answers: list[None]
    ) -> tuple[list[str] | None, str] | None:
        """The ETags of the writes and the session after them, once the service takes them as one batch.

        In their place is None when one of the writes clashes, and None is given when the batch is too large at present.
        """
        from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

        while len(batch) <= self._pace.documents:
            with self._pace.turn() as sent_at:
                try:
                    answered = self._calls.run(
                        partial(self._batch, container, batch),
                        expected=(*_CLASHES, _TOO_LARGE, _TOO_BUSY),
                        unsure=partial(lost_answers.append, None),
                    )
                except (CosmosBatchOperationError, CosmosHttpResponseError) as error:
                    if error.status_code == _TOO_BUSY:
                        if not self._pace.wait_out(asked_to_wait_s(error), sent_at=sent_at):
                            raise self._calls.explained(error) from error
                        continue
                    self._pace.went_on()
                    return None if error.status_code == _TOO_LARGE else (None, _session_of(error.headers))
                else:
                    self._pace.stored()
                    return answered
        return None

    def _batch(self, container: ContainerProxy, batch: Sequence[Ready]) -> tuple[list[str], str]:
        """The ETags of the writes, all of which were stored (empty where the service gives none); and the session."""
        operations: list[Any] = [operation(one.write) for one in batch]
        answered = container.execute_item_batch(
            operations,
            partition_key=[self._project_id, batch[0].write.agent],
            no_response=True,  # ETags suffice
            raw_request_hook=filling_in([one.text for one in batch]),
        )
        return [str(one.get("eTag") or "") for one in answered], _session_of(answered.get_response_headers())

    def _store_halves(
        self,
        container: ContainerProxy,
        batch: Sequence[Ready],
        results: list[WriteResult],
        lost_answers: list[None],
    ) -> None:
        if len(batch) == 1:
            results.append(TooLarge(write=batch[0].write, reason="the service takes no document of this size"))
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            self._store(container, half, results, list(lost_answers))

    def _present(self, writes: Sequence[Write], session: str) -> dict[str, Found]:
        raws = self._query(writes[0].agent, queries.by_ids([write.id for write in writes]), session)
        return {raw["id"]: found(raw, project_id=self._project_id) for raw in raws}


def _session_of(headers: Any) -> str:
    """The token by which a look-up sees what this answer saw (the SDK keeps none of a batch); empty without one."""
    return str((headers or {}).get("x-ms-session-token") or "")


def _judged(write: Write, present: Found | None, *, unsure: bool) -> WriteResult | None:
    """The result of one write of a refused batch; None when it may be sent again."""
    if write.etag is None and present is None:
        return None
    if write.etag is not None and present is not None and present.etag == write.etag:
        return None
    if unsure and isinstance(present, Document) and present.body == json.loads(json.dumps(dict(write.document()))):
        return Written(write=write, etag=present.etag)  # it is the work of an earlier try, whose answer was lost
    return Clash(write=write, present=present)
