"""A project's documents in a container: reads, changes, conditional batches and queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alma_cli.core.replication.documents import Document
from alma_cli.errors import RemoteError
from alma_cli.remote.cosmos import queries
from alma_cli.remote.cosmos.account import CosmosAccount
from alma_cli.remote.cosmos.container import check_partitions
from alma_cli.remote.cosmos.documents import found
from alma_cli.remote.cosmos.feed import Feed, checkpoint_lost
from alma_cli.remote.cosmos.writes import BatchWriter
from alma_cli.remote.protocol import Found, Page, Place, Sample, Usage, Write, WriteResult

if TYPE_CHECKING:
    from azure.cosmos import ContainerProxy

_IDS_AT_ONCE = 100
_BAD_REQUEST, _NOT_FOUND = 400, 404


class CosmosRemote:
    """The shared copy of one project in a Cosmos DB container (see `remote.protocol.Remote`)."""

    def __init__(self, account: CosmosAccount, project_id: str) -> None:
        self._account, self._project_id = account, project_id
        self._calls = account.calls
        self._known: ContainerProxy | None = None
        self._writer = BatchWriter(
            self._calls, project_id, lambda: self._container, self._query, patience_s=account.patience_s
        )

    @property
    def name(self) -> str:
        """The address, with database and container."""
        return self._account.name

    @property
    def is_there(self) -> bool:
        """True: a container that isn't there is an error of every call."""
        return True

    @property
    def has_readers(self) -> bool:
        """True: `alma retrieve --remote` searches it."""
        return True

    @property
    def server_time(self) -> datetime | None:
        """The `Date` of the latest answer."""
        return self._account.meter.server_time

    @property
    def usage(self) -> Usage:
        """The use so far."""
        return self._account.meter.usage

    def read(self, agent: str, id: str) -> Found | None:
        """The document, by its id, or None."""
        from azure.cosmos.exceptions import CosmosResourceNotFoundError

        container = self._container
        try:
            raw = self._calls.run(
                lambda: container.read_item(id, partition_key=[self._project_id, agent]), expected=(_NOT_FOUND,)
            )
        except CosmosResourceNotFoundError:
            return None
        return found(raw, project_id=self._project_id)

    def changes(self, checkpoint: str | None) -> Iterator[Page]:
        """The change feed of the project's prefix, from the checkpoint on, until it is drained."""
        feed = Feed(self._container, self._project_id, None if checkpoint is None else self._position(checkpoint))
        while not feed.is_drained:
            self._writer.settle()  # the SDK keeps the position in a place that writing overwrites
            try:
                raws = self._calls.run(feed.next_page)
            except RemoteError as error:
                if feed.position is not None and getattr(error.__cause__, "status_code", 0) == _BAD_REQUEST:
                    raise checkpoint_lost(error.message) from error
                raise
            items = tuple(found(raw, project_id=self._project_id) for raw in raws)
            yield Page(found=items, checkpoint=json.dumps({"project": self._project_id, "position": feed.position}))

    def ids(self, *, if_free: bool = False) -> frozenset[str] | None:
        """The ids of all documents of the project, asked for across its partitions."""
        if if_free:
            return None
        return frozenset(str(id) for id in self._across(queries.IDS))

    def again(self, places: Sequence[Place]) -> Mapping[str, Found]:
        """The documents in these places now, a query for each hundred, across the project's partitions."""
        now: dict[str, Found] = {}
        ids = list(dict.fromkeys(place.id for place in places))
        for at in range(0, len(ids), _IDS_AT_ONCE):
            raws = self._across(queries.by_ids(ids[at : at + _IDS_AT_ONCE]))
            now |= {one.name: one for one in (found(raw, project_id=self._project_id) for raw in raws)}
        return {place.name: now[place.name] for place in places if place.name in now}

    def write(self, writes: Sequence[Write]) -> Iterator[WriteResult]:
        """Store documents in transactional batches, a few at a time."""
        return self._writer.write(writes)

    def nearest(self, agent: str, vector: Sequence[float], *, limit: int) -> list[Document]:
        """The memories nearest to the vector by the container's index."""
        return self._documents(agent, queries.nearest(vector, limit=limit))

    def matching(self, agent: str, words: Sequence[str], *, limit: int) -> list[Document]:
        """The memories with the most of the words: first their ids, then the best few themselves."""
        if not words:
            return []
        counts = self._query(agent, queries.word_counts(words))
        best = sorted(counts, key=lambda one: (-one["n"], one["id"]))[:limit]
        ids = [str(one["id"]) for one in best]
        by_id = {document.id: document for document in self._about(agent, ids, queries.by_ids)}
        return [by_id[id] for id in ids if id in by_id]

    def sample(self, agent: str, *, limit: int) -> Sample:
        """The memories with the least ids, and the number of all."""
        container, partition, counting = self._container, [self._project_id, agent], queries.COUNT
        counts: list[Any] = self._calls.run(lambda: list(container.query_items(counting.text, partition_key=partition)))
        return Sample(documents=self._documents(agent, queries.first(limit)), of=sum(counts))

    def credits(self, agent: str, targets: Sequence[str]) -> list[Document]:
        """The credits of these memories."""
        return list(self._about(agent, targets, queries.credits_of))

    def agents(self) -> list[str]:
        """The agents of the project, asked for across its partitions."""
        return sorted({name for name in self._across(queries.AGENTS) if isinstance(name, str)})

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()
        self._account.close()

    @property
    def _container(self) -> ContainerProxy:
        """The container, once it is known to be there and ours. Raises `RemoteMissing`, `RemoteError`."""
        if self._known is None:
            azure = self._account.azure
            container = self._account.client.get_database_client(azure.database).get_container_client(azure.container)
            check_partitions(azure.container, self._calls.run(container.read))
            self._known = container
        return self._known

    def _position(self, checkpoint: str) -> str:
        try:
            kept = json.loads(checkpoint)
            if kept["project"] == self._project_id:
                return str(kept["position"])
        except (ValueError, KeyError, TypeError) as error:
            raise checkpoint_lost("it isn't one") from error
        raise checkpoint_lost("it is of another project")

    def _about(
        self, agent: str, ids: Sequence[str], query: Callable[[Sequence[str]], queries.Query]
    ) -> Iterator[Document]:
        for at in range(0, len(ids), _IDS_AT_ONCE):
            yield from self._documents(agent, query(ids[at : at + _IDS_AT_ONCE]))

    def _documents(self, agent: str, query: queries.Query) -> list[Document]:
        raws = self._query(agent, query)
        return [one for raw in raws if isinstance(one := found(raw, project_id=self._project_id), Document)]

    def _across(self, query: queries.Query) -> list[Any]:
        """The results of a query of all partitions of the project."""
        container, prefix = self._container, [self._project_id]
        return self._calls.run(
            lambda: list(container.query_items(query.text, parameters=query.parameters, partition_key=prefix))
        )

    def _query(self, agent: str, query: queries.Query, session: str = "") -> list[dict[str, Any]]:
        """The results, which are at least as new as the session's token says, if one is given."""
        container, partition = self._container, [self._project_id, agent]
        options: dict[str, Any] = {"session_token": session} if session else {}
        return self._calls.run(
            lambda: list(
                container.query_items(query.text, parameters=query.parameters, partition_key=partition, **options)
            )
        )
