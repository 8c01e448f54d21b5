"""Who may: the master key's signature over verb, resource and date, or a bearer token from a list."""

import base64
import hashlib
import hmac
import time
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, unquote

from tests.cosmos_server.wire import Refused, Request

CLOCK_TOLERANCE_S = 15 * 60
"""How old a signature may be; as the service has it."""


def signature(key: str, *, verb: str, resource_type: str, resource_link: str, date: str) -> str:
    """The signature of a request with the account's key (Microsoft: "Access control on Cosmos DB resources")."""
    text = f"{verb.lower()}\n{resource_type.lower()}\n{resource_link}\n{date.lower()}\n\n"
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def check(request: Request, *, key: str, tokens: dict[str, str]) -> None:
    """Raise `Refused` unless the request is signed with the key, or carries a token that is in force.

    `tokens` has each known bearer token with its rights: `data` (no databases or containers may be made), `all`, or
    `expired`.
    """
    given = unquote(request.headers.get("authorization", ""))
    parts = {name: values[0].replace(" ", "+") for name, values in parse_qs(given).items()}
    if parts.get("type") == "aad":
        _check_token(request, tokens.get(parts.get("sig", "")))
        return
    resource_type, link = resource_of(request.path)
    date = request.headers.get("x-ms-date", "")
    expected = signature(key, verb=request.method, resource_type=resource_type, resource_link=link, date=date)
    if parts.get("type") != "master" or not hmac.compare_digest(parts.get("sig", ""), expected):
        raise Refused(
            401,
            "The input authorization token can't serve the request. The wrong key is being used or the expected payload"
            " is not built as per the protocol.",
        )
    signed_at = parsedate_to_datetime(date).timestamp()
    if abs(time.time() - signed_at) > CLOCK_TOLERANCE_S:
        raise Refused(403, "The authorization token is not valid at the current time.")


def resource_of(path: str) -> tuple[str, str]:
    """The type and the link of the resource that a path names: what is signed."""
    parts = [part for part in path.split("/") if part]
    if len(parts) % 2:
        return parts[-1], "/".join(parts[:-1])
    return (parts[-2] if parts else ""), "/".join(parts)


def _check_token(request, rights):
    if rights is None or rights == "expired":
        raise Refused(401, "The provided AAD token is not valid or has expired.")
    makes = request.method in ("POST", "PUT", "DELETE") and "docs" not in request.path.split("/")
    if makes and rights == "data":
        raise Refused(
            403,
            "Request blocked by Auth: principal does not have required RBAC permissions to perform action"
            f" [Microsoft.DocumentDB/databaseAccounts/sqlDatabases/write] on resource [{request.path}].",
            substatus=5300,
        )
