"""A Cosmos DB for NoSQL that listens on loopback and forgets everything when it ends; for tests.

It speaks the REST protocol well enough for the official SDK, and is strict where the service is: keys, partitions,
ETags, batches, LSNs. What it does not know it refuses with 400 instead of guessing.

    wire.py        HTTP/1.1 connections, requests and responses
    account.py     which request is what; faults; counting; request units, whose debt is waited for
    auth.py        the master key's signature, bearer tokens
    resources.py   the account document, databases, containers, partition key ranges
    ranges.py      effective partition keys and the physical ranges
    documents.py   a container's items and its log of changes; reads may lag behind writes
    batch.py       transactional batches
    feed.py        the change feed
    sql.py         the grammar of queries     queries.py   running them, and query plans
    charges.py     modelled request units
    faults.py      what goes wrong on demand
    running.py     in a thread of this process, or as a process of its own; and the controls
"""

from tests.cosmos_server.faults import Fault
from tests.cosmos_server.running import KEY, CosmosServer, cosmos_process, cosmos_thread

__all__ = ["KEY", "CosmosServer", "Fault", "cosmos_process", "cosmos_thread"]
