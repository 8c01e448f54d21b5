"""Puts documents into a batch as the JSON that they are in already, which the SDK would make of them once more.

The SDK gets a mark in the place of each; before it sends the request, its own hook puts the documents there.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from alma_cli.remote.protocol import Write

_MARK = secrets.token_hex(16)  # no ETag and no id has it


class Ready(NamedTuple):
    """A write, and its document in JSON, which is ASCII: its length is its size in bytes."""

    write: Write
    text: str


def ready(write: Write) -> Ready:
    """The write, ready to be sent."""
    text = json.dumps(dict(write.body), separators=(",", ":"))
    return Ready(write, f'{text[:-1]},"embedding":{write.vector}}}' if write.vector else text)


def operation(write: Write) -> tuple[Any, ...]:
    """The write as an operation of a batch of the SDK, with a mark in the place of its document."""
    if write.etag is None:
        return "create", (_MARK,)
    return "replace", (write.id, _MARK), {"if_match_etag": write.etag}


def filling_in(texts: Sequence[str]) -> Callable[[Any], None]:
    """A hook of the SDK (`raw_request_hook`) that puts documents in the places of the marks, in their order."""

    def fill_in(sent: Any) -> None:
        request = sent.http_request
        if not isinstance(request.data, str) or _MARK not in request.data:  # a look-up of the SDK's, or sent again
            return
        between = request.data.split(f'"{_MARK}"')
        request.data = "".join(chain.from_iterable(zip_longest(between, texts, fillvalue="")))
        request.headers["Content-Length"] = str(len(request.data))

    return fill_in
