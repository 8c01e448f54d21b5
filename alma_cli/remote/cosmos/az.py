"""The commands of Azure's own tool that make what ALMA needs, for a person who has the rights to run them."""

import json
import shlex

from alma_cli.config import Azure
from alma_cli.remote.cosmos.container import definition

DATA_CONTRIBUTOR = "00000000-0000-0000-0000-000000000002"
"""The built-in role that reads and writes data, and makes no database or container."""
_ARM_VERSION = "2024-11-15"


def az_lines(azure: Azure, *, dimensions: int) -> list[str]:
    """The commands of Azure's own tool that make account, database, container and the right to use it."""
    account = azure.endpoint.partition("://")[2].partition(".")[0] or "NAME"
    resource = {"properties": {"resource": definition(azure.container, dimensions=dimensions), "options": {}}}
    names = [shlex.quote(name) for name in (account, azure.database, azure.container)]
    path = '"$(az cosmosdb show -g "$GROUP" -n "$ACCOUNT" --query id -o tsv)"'
    url = f'{path}"/sqlDatabases/$DATABASE/containers/$CONTAINER?api-version={_ARM_VERSION}"'
    return [
        f"GROUP=alma LOCATION=westeurope ACCOUNT={names[0]} DATABASE={names[1]} CONTAINER={names[2]}",
        'az group create -n "$GROUP" -l "$LOCATION"',
        'az cosmosdb create -g "$GROUP" -n "$ACCOUNT" --capabilities EnableServerless EnableNoSQLVectorSearch',
        'az cosmosdb sql database create -g "$GROUP" -a "$ACCOUNT" -n "$DATABASE"',
        f"az rest --method put --url {url} --body {shlex.quote(json.dumps(resource))}",
        (
            'az cosmosdb sql role assignment create -g "$GROUP" -a "$ACCOUNT" --scope / '
            f'--role-definition-id {DATA_CONTRIBUTOR} --principal-id "$(az ad signed-in-user show --query id -o tsv)"'
        ),
        'az cosmosdb show -g "$GROUP" -n "$ACCOUNT" --query documentEndpoint -o tsv',
    ]
