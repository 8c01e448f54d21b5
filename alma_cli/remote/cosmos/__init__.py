"""The shared copy in Azure Cosmos DB for NoSQL, through the official SDK (the extra `azure`).

Nothing of Azure is loaded before the first call.
"""

from alma_cli.config import Azure
from alma_cli.remote.cosmos.account import CosmosAccount
from alma_cli.remote.cosmos.remote import CosmosRemote
from alma_cli.remote.protocol import SearchableRemote


def open_cosmos(azure: Azure, project_id: str, *, patience_s: float) -> SearchableRemote:
    """The shared copy of a project in a Cosmos DB container; nothing is sent before the first call.

    Raises `InvalidConfig` when the endpoint or a required key is missing, or the extra isn't installed.
    """
    return CosmosRemote(CosmosAccount(azure, patience_s=patience_s), project_id)
