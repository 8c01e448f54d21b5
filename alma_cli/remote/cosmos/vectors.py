"""Puts the text of a vector into a request as it is, where the SDK would make JSON of a list, number by number.

It is given each vector as a string between two marks, which the transport takes off again, with the quotes around them.
"""

import secrets
from typing import Any

from alma_cli.core.records import JsonValue
from alma_cli.remote.protocol import Write

_MARK = secrets.token_hex(16)  # no text that anybody recorded has it
_OPEN, _CLOSE = f'"{_MARK}', f'{_MARK}"'


def marked(write: Write) -> dict[str, JsonValue]:
    """The document with its vector, if it has one, as marked text."""
    if not write.vector:
        return dict(write.body)
    return {**write.body, "embedding": f"{_MARK}{write.vector}{_MARK}"}


def unmark(request: Any) -> None:
    """Make the marked texts in a request's body what they stand for."""
    if not request.data:
        return
    data = request.data if isinstance(request.data, bytes) else request.data.encode()
    if _MARK.encode() in data:
        request.data = data.replace(_OPEN.encode(), b"").replace(_CLOSE.encode(), b"")
        request.headers["Content-Length"] = str(len(request.data))
