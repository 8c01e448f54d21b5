"""Turns the documents that the service gives into those that the rest of ALMA knows."""

import json
from collections.abc import Mapping
from typing import Any

from alma_cli.core.replication.documents import Document, Unreadable
from alma_cli.remote.protocol import Found

_OF_THE_SERVICE = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts", "_lsn"})
_MAX_RAW = 1_000_000


def found(raw: Mapping[str, Any], *, project_id: str) -> Found:
    """The document without the service's fields; `Unreadable` when it belongs to no agent of the project."""
    agent, id, etag = raw.get("agent"), raw.get("id"), str(raw.get("_etag", ""))
    body = {name: value for name, value in raw.items() if name not in _OF_THE_SERVICE}
    if isinstance(agent, str) and agent and isinstance(id, str) and raw.get("project_id") == project_id:
        return Document(agent=agent, id=id, body=body, etag=etag)
    return Unreadable(
        name=f"document {id} of {agent}",
        raw=json.dumps(body, default=str, sort_keys=True)[:_MAX_RAW],
        reason="its agent isn't a valid name",
        etag=etag,
        id=id if isinstance(id, str) else "",
    )
