"""Documents as they came: read, or set aside with the reason, never dropped."""

from __future__ import annotations

import json
from collections.abc import Iterable

from alma_cli.core.replication.documents import decode
from alma_cli.core.text import one_line
from alma_cli.errors import InvalidInput
from alma_cli.remote.protocol import Found, Unreadable
from alma_cli.store.replication.incoming import Document, Readable
from alma_cli.store.replication.quarantine import SetAside


def read_all(found: Iterable[Found], project_id: str) -> list[Document]:
    """The documents, in order."""
    return [read(one, project_id) for one in found]


def read(found: Found, project_id: str) -> Document:
    """The document, or what to set aside of it."""
    if isinstance(found, Unreadable):
        return SetAside(name=found.name, agent=found.agent, id=found.id, raw=found.raw, reason=found.reason)
    try:
        content = decode(found.body, agent=found.agent, id=found.id, project_id=project_id)
    except InvalidInput as error:
        raw = json.dumps(dict(found.body), ensure_ascii=False, sort_keys=True)
        reason = one_line(error.message, 300)
        return SetAside(name=f"{found.agent}/{found.id}", agent=found.agent, id=found.id, raw=raw, reason=reason)
    return Readable(agent=found.agent, id=found.id, etag=found.etag, content=content, body=found.body)
