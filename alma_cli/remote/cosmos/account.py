"""Signs in to the account, and makes a client of the SDK whose calls end in time."""

from __future__ import annotations

import logging
import os
import warnings
from base64 import b64decode
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.config import Azure, KeyFromEnvironment
from alma_cli.errors import InvalidConfig, RemoteMissing, RemoteRefused, RemoteUnreachable
from alma_cli.remote.cosmos.calls import SIGN_IN_HINT, Calls
from alma_cli.remote.cosmos.meter import Meter

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.cosmos import CosmosClient

Credential: TypeAlias = "str | TokenCredential"

_CONNECT_S = 3.0
_FIRST_TRIES_S = 1.0
"""A first connection that fails is reported after this time."""
_SIGN_IN_S = 8
_ATTEMPT_SHARE = 0.45
"""The share of the patience that one attempt may take, so that there can be two."""


class CosmosAccount:
    """The account that the configuration names, connected at the first call; `patience_s` bounds each call."""

    def __init__(self, azure: Azure, *, patience_s: float) -> None:
        if not azure.endpoint:
            raise InvalidConfig(
                "azure.endpoint is not set, so there is nothing to synchronise with",
                hint="write `endpoint: https://NAME.documents.azure.com:443/` under azure:, or set ALMA_AZURE_ENDPOINT",
            )
        _check_installed()
        self.azure = azure
        self.name = f"{azure.endpoint.rstrip('/')}/{azure.database}/{azure.container}"
        self.patience_s = patience_s
        self._attempt_s = max(0.5, patience_s * _ATTEMPT_SHARE)
        self._client: CosmosClient | None = None
        self._key = _key_from_environment(azure)
        self.meter = Meter(None)
        self.calls = Calls(
            self.name,
            signs_in=azure.auth == "default",
            patience_s=patience_s,
            attempt_s=self._attempt_s,
            server_time=lambda: self.meter.server_time,
        )

    @property
    def client(self) -> CosmosClient:
        """The connected client. Raises `RemoteError` or one of its kinds."""
        if self._client is None:
            try:
                self._client = self.calls.run(self._connected, tries_for_s=_FIRST_TRIES_S)
            except RemoteMissing as error:
                hint = "azure.endpoint is the account's URI, as the portal's overview shows it"
                raise RemoteUnreachable(f"there is no Cosmos DB account at {self.azure.endpoint}", hint=hint) from error
        return self._client

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.__exit__(None, None, None)  # type: ignore[no-untyped-call]  # close() is of newer versions
            self._client = None

    def _connected(self) -> CosmosClient:
        from azure.core.pipeline.transport import RequestsTransport
        from azure.cosmos import CosmosClient

        # The SDK's health checks would add a minute and a half to finding out that there is nothing.
        os.environ.setdefault("AZURE_COSMOS_HEALTH_CHECK_MAX_RETRIES", "0")
        # ALMA reports an error once; the SDK's log would print it to stderr as well.
        logging.getLogger("azure").addHandler(logging.NullHandler())
        # The SDK trusts what is on this machine, as the emulator; urllib3 would say so at each request.
        warnings.filterwarnings("ignore", message="Unverified HTTPS request is being made to host '(localhost|127)")
        try:
            return CosmosClient(
                self.azure.endpoint,
                credential(self.azure, key=self._key),
                transport=self.meter.over(RequestsTransport()),
                connection_timeout=min(_CONNECT_S, self._attempt_s),
                read_timeout=self._attempt_s,
                retry_total=0,
                retry_throttle_total=-1,  # none: 0 would mean the default, and how busy it is has to be known here
                # The account's own address leads to the region that is written to, and so our reads see our writes.
                enable_endpoint_discovery=False,
                user_agent_suffix="alma",
            )
        except ValueError as error:
            raise RemoteUnreachable(f"{self.azure.endpoint} is not the address of an account: {error}") from error


def credential(azure: Azure, *, key: str | None) -> Credential:
    """The credential for the account: its key, or the identity that Azure's tools use."""
    if azure.auth == "default":
        return _default_credential()
    shown = key if key is not None else _key_from_vault(azure)
    if "AccountKey=" in shown:
        raise RemoteRefused(
            "the account key can't be used: it is a whole connection string", hint="give what follows AccountKey= in it"
        )
    try:
        b64decode(shown)
    except ValueError as error:
        raise RemoteRefused("the account key can't be used: it isn't base64", hint="copy it whole") from error
    return shown


def _key_from_environment(azure: Azure) -> str | None:
    """The account key from the environment, when the configuration says that it is there."""
    if azure.auth != "key" or not isinstance(azure.key_reference, KeyFromEnvironment):
        return None
    variable = azure.key_reference.variable
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InvalidConfig(
            f"azure.key names the environment variable {variable}, which is not set",
            hint=f"export {variable}=..., or use azure.auth: default to sign in without a key",
        )
    return key


def _default_credential() -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(process_timeout=_SIGN_IN_S)


def _key_from_vault(azure: Azure) -> str:
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
    from azure.keyvault.secrets import SecretClient

    reference = azure.key_reference
    name = "" if isinstance(reference, KeyFromEnvironment) else reference.name
    where = f"the secret {name} of {azure.key_vault}"
    try:
        with SecretClient(
            azure.key_vault, _default_credential(), retry_total=1, connection_timeout=_CONNECT_S
        ) as vault:
            value: Any = vault.get_secret(name).value
    except ClientAuthenticationError as error:
        raise RemoteRefused(f"cannot read {where}: Azure won't sign us in", hint=SIGN_IN_HINT) from error
    except ResourceNotFoundError as error:
        raise RemoteRefused(f"there is no {where}", hint="azure.key names it, azure.key_vault the vault") from error
    except HttpResponseError as error:
        hint = "give this identity the role `Key Vault Secrets User` on the vault"
        raise RemoteRefused(f"cannot read {where}: {error.reason or error.status_code}", hint=hint) from error
    except AzureError as error:
        raise RemoteUnreachable(f"cannot reach {azure.key_vault}", hint="is azure.key_vault right?") from error
    if not value:
        raise RemoteRefused(f"{where} is empty", hint="store the account key in it")
    return str(value)


def _check_installed() -> None:
    from importlib.util import find_spec

    try:
        found = all(find_spec(name) for name in ("azure.cosmos", "azure.identity", "azure.keyvault.secrets"))
    except ModuleNotFoundError:
        found = False
    if not found:
        from alma_cli.installation import how_to_add

        raise InvalidConfig(
            "storage: azure needs packages that are not installed (the extra `azure`)", hint=how_to_add("azure")
        )
