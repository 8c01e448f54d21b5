"""The container's definition, and its making through the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alma_cli.config import Azure
from alma_cli.errors import RemoteError, RemoteMissing, RemoteRefused
from alma_cli.remote.cosmos.account import CosmosAccount
from alma_cli.remote.cosmos.calls import Calls
from alma_cli.remote.cosmos.queries import INDEXED_FIELDS

if TYPE_CHECKING:
    from azure.cosmos import CosmosClient

_VECTOR_FEATURE_HINT = (
    "vector search has to be enabled on the account:"
    " az cosmosdb update --capabilities EnableNoSQLVectorSearch ... (it takes effect within 15 minutes)"
)
_EXISTS = 409
_PARTITIONED_BY = ["/project_id", "/agent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The database and container, and which of them were made now; `warnings` say what an older container lacks."""

    name: str
    database_made: bool
    container_made: bool
    warnings: tuple[str, ...] = ()


def definition(container: str, *, dimensions: int) -> dict[str, Any]:
    """The container: partitioned by project and agent, with an index for vectors of so many dimensions."""
    included = [{"path": f"/{field}/?"} for field in INDEXED_FIELDS]
    return {
        "id": container,
        "partitionKey": {"paths": _PARTITIONED_BY, "kind": "MultiHash", "version": 2},
        "indexingPolicy": {
            "indexingMode": "consistent",
            "automatic": True,
            "includedPaths": included,
            "excludedPaths": [{"path": "/*"}, {"path": "/embedding/*"}],
            "vectorIndexes": [{"path": "/embedding", "type": "quantizedFlat"}],
        },
        "vectorEmbeddingPolicy": {
            "vectorEmbeddings": [
                {"path": "/embedding", "dataType": "float32", "distanceFunction": "cosine", "dimensions": dimensions}
            ]
        },
    }


def make_container(azure: Azure, *, dimensions: int, patience_s: float) -> Made:
    """Make the database and the container unless they are there; a container of another form is refused.

    Raises `RemoteError` and its kinds; `RemoteRefused` when the credential has rights to data only.
    """
    account = CosmosAccount(azure, patience_s=patience_s)
    wanted = definition(azure.container, dimensions=dimensions)
    try:
        database_made = _make_database(account.client, account.calls, azure)
        container_made, present = _make_container(account.client, account.calls, azure, wanted)
    finally:
        account.close()
    check_partitions(azure.container, present)
    return Made(
        name=account.name,
        database_made=database_made,
        container_made=container_made,
        warnings=tuple(_shortcomings(present, dimensions)),
    )


def check_partitions(container: str, present: Mapping[str, Any]) -> None:
    """Raise `RemoteError` for a container that isn't partitioned as ours are; `present` are its properties."""
    paths = (present.get("partitionKey") or {}).get("paths") or []
    if paths != _PARTITIONED_BY:
        raise RemoteError(
            f"the container {container} is partitioned by {', '.join(paths)}, not by {', '.join(_PARTITIONED_BY)}",
            hint="that can't be changed: name another one in azure.container, or delete it",
        )


def _make_database(client: CosmosClient, calls: Calls, azure: Azure) -> bool:
    from azure.cosmos.exceptions import CosmosResourceExistsError

    database = client.get_database_client(azure.database)
    try:
        calls.run(database.read)
    except RemoteMissing:
        try:
            calls.run(lambda: client.create_database(azure.database), expected=(_EXISTS,))
        except CosmosResourceExistsError:  # somebody else has just made it, or a first try of this call has
            return False
        return True
    return False


def _make_container(
    client: CosmosClient, calls: Calls, azure: Azure, wanted: Mapping[str, Any]
) -> tuple[bool, Mapping[str, Any]]:
    """True when it was made now, and the container's properties."""
    from azure.cosmos import PartitionKey
    from azure.cosmos.exceptions import CosmosResourceExistsError

    database = client.get_database_client(azure.database)
    container = database.get_container_client(azure.container)
    try:
        return False, calls.run(container.read)
    except RemoteMissing:
        made = True
    try:
        calls.run(
            lambda: database.create_container(
                azure.container,
                PartitionKey(path=list(wanted["partitionKey"]["paths"]), kind="MultiHash"),
                indexing_policy=wanted["indexingPolicy"],
                vector_embedding_policy=wanted["vectorEmbeddingPolicy"],
            ),
            expected=(_EXISTS,),
        )
    except CosmosResourceExistsError:
        made = False
    except RemoteError as error:
        if "vector" not in error.message.lower() or isinstance(error, RemoteRefused):
            raise
        raise RemoteError(error.message, hint=_VECTOR_FEATURE_HINT) from error
    return made, calls.run(container.read)


def _shortcomings(present: Mapping[str, Any], dimensions: int) -> list[str]:
    found = _shortcomings_of_vectors(present, dimensions)
    if (present.get("indexingPolicy") or {}).get("indexingMode") == "none":
        found.append(
            "the container has no index, so nothing can be looked up in it: set its indexing mode to consistent"
        )
    if (expires_s := present.get("defaultTtl") or 0) > 0:
        found.append(
            f"the container lets documents expire after {expires_s:,} s, the marker and what tells of forgetting too: "
            "switch its time to live off"
        )
    return found


def _shortcomings_of_vectors(present: Mapping[str, Any], dimensions: int) -> list[str]:
    embeddings = (present.get("vectorEmbeddingPolicy") or {}).get("vectorEmbeddings") or []
    ours = [one for one in embeddings if one.get("path") == "/embedding"]
    if not ours:
        return ["the container has no vector policy on /embedding, so `alma retrieve --remote` is slow and costly"]
    if ours[0].get("dimensions") != dimensions:
        return [
            f"the container's vectors have {ours[0].get('dimensions')} dimensions, the configured model's {dimensions}"
        ]
    return []
