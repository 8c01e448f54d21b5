"""The account document, databases, containers and partition key ranges."""

import base64
import json

from tests.cosmos_server.documents import Container
from tests.cosmos_server.wire import Refused, Request, Response


class Database:
    """A database and its containers."""

    def __init__(self, id: str, number: int):
        self.id = id
        self.rid = base64.b64encode(number.to_bytes(4, "big")).decode()
        self.containers: dict[str, Container] = {}
        self.made = 0

    def document(self):
        """The database as the service describes it."""
        return {
            "id": self.id,
            "_rid": self.rid,
            "_self": f"dbs/{self.rid}/",
            "_etag": '"00"',
            "_colls": "colls/",
            "_users": "users/",
            "_ts": 0,
        }


class Resources:
    """What an account holds."""

    def __init__(self, *, ranges: int):
        self.databases: dict[str, Database] = {}
        self._ranges = ranges
        self._made = 0

    def container(self, database: str, container: str) -> Container:
        """The container. Raises `Refused` (404)."""
        found = self.owner(database)
        if container not in found.containers:
            raise Refused(404, "Resource Not Found. Owner resource does not exist.", substatus=1003)
        return found.containers[container]

    def owner(self, database: str) -> Database:
        """The database of what is asked for. Raises `Refused` (404)."""
        if database not in self.databases:
            raise Refused(404, "Resource Not Found. Owner resource does not exist.", substatus=1003)
        return self.databases[database]

    def database(self, id: str) -> Database:
        """The database. Raises `Refused` (404)."""
        if id not in self.databases:
            raise Refused(404, "Resource Not Found")
        return self.databases[id]

    def make_database(self, request: Request) -> Response:
        """Create a database, from its name."""
        id = request.json()["id"]
        if id in self.databases:
            raise Refused(409, "Resource with specified id or name already exists.")
        self._made += 1
        self.databases[id] = Database(id, self._made)
        return Response(201, json.dumps(self.databases[id].document()).encode())

    def make_container(self, database: Database, request: Request) -> Response:
        """Create a container, from its definition."""
        definition = request.json()
        if definition["id"] in database.containers:
            raise Refused(409, "Resource with specified id or name already exists.")
        check_definition(definition)
        self._made += 1
        rid = base64.b64encode(base64.b64decode(database.rid) + self._made.to_bytes(4, "big")).decode()
        link = f"dbs/{database.rid}/colls/{rid}"
        container = Container(definition, rid=rid, link=link, ranges=self._ranges)
        database.containers[definition["id"]] = container
        return Response(201, json.dumps(container_document(container)).encode())


def check_definition(definition: dict) -> None:
    """Raise `Refused` for a definition that the service doesn't take."""
    key = definition.get("partitionKey", {})
    paths = key.get("paths", [])
    if not paths or (len(paths) > 1 and key.get("kind") != "MultiHash") or len(paths) > 3:
        raise Refused(400, "The partition key definition is invalid.")
    embeddings = {one["path"]: one for one in definition.get("vectorEmbeddingPolicy", {}).get("vectorEmbeddings", [])}
    for index in definition.get("indexingPolicy", {}).get("vectorIndexes", []):
        embedding = embeddings.get(index["path"])
        if embedding is None:
            raise Refused(400, f"The vector index {index['path']} has no vector embedding.")
        most = 505 if index["type"] == "flat" else 4096
        if embedding["dimensions"] > most:
            raise Refused(400, f"A {index['type']} vector index has at most {most} dimensions.")


def container_document(container: Container) -> dict:
    """The container as the service describes it."""
    return {
        "indexingPolicy": {"indexingMode": "consistent", "automatic": True}, **container.definition,
        "_rid": container.rid, "_self": container.link + "/", "_etag": '"00"', "_docs": "docs/", "_sprocs": "sprocs/",
        "_triggers": "triggers/", "_udfs": "udfs/", "_conflicts": "conflicts/", "_ts": 0,
    }  # fmt: skip


def ranges_page(container: Container, request: Request) -> Response:
    """The physical ranges; 304 for who knows the newest."""
    etag = f'"{container.ranges.changes}"'
    if request.headers.get("if-none-match") == etag:
        return Response(304, b"", {"etag": etag})
    ranges = [
        {"_rid": container.rid, "status": "online", "throughputFraction": 1, **one.document()}
        for one in container.ranges.live
    ]
    body = {"_rid": container.rid, "PartitionKeyRanges": ranges, "_count": len(ranges)}
    return Response(200, json.dumps(body).encode(), {"etag": etag})


def account_document(address: str) -> dict:
    """The account, which says that it is to be reached at this address."""
    region = [{"name": "Here", "databaseAccountEndpoint": address}]
    return {
        "_self": "", "id": "localhost", "_rid": "localhost", "media": "//media/", "addresses": "//addresses/",
        "_dbs": "//dbs/", "writableLocations": region, "readableLocations": region,
        "enableMultipleWriteLocations": False,
        "userReplicationPolicy": {"asyncReplication": False, "minReplicaSetSize": 1, "maxReplicasetSize": 4},
        "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
        "systemReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 4},
        "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
        "queryEngineConfiguration": "{}",
    }  # fmt: skip
