"""Writes the vectors of a batch as text, all at once: making JSON of their numbers one by one takes half of a push.

The SDK makes JSON of a batch, number by number. So it is given each vector as a string between two marks, which the
transport takes off again, with the quotes around them. Every number is the very one that was given.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from alma_cli.core.records import JsonValue
from alma_cli.core.replication.documents import Body

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = "np.ndarray[Any, Any]"

_MARK = secrets.token_hex(16)  # no text that anybody recorded has it
_OPEN, _CLOSE = f'"{_MARK}', f'{_MARK}"'
_DIGITS = 9
_MOST_ZEROS = 8
"""The zeros that may follow the point; a number with more is as good as never in a vector."""


def marked(bodies: Sequence[Body]) -> list[dict[str, JsonValue]]:
    """The documents with their vectors as marked text, or as lists where text wouldn't be the same to the last bit."""
    documents = [dict(body) for body in bodies]
    with_vector = [one for one in documents if isinstance(one.get("embedding"), list)]
    for document, text in zip(with_vector, _texts([one["embedding"] for one in with_vector]), strict=False):
        document["embedding"] = f"{_MARK}{text}{_MARK}"
    return documents


def unmark(request: Any) -> None:
    """Make the marked texts in a request's body what they stand for."""
    if not request.data:
        return
    data = request.data if isinstance(request.data, bytes) else request.data.encode()
    if _MARK.encode() in data:
        request.data = data.replace(_OPEN.encode(), b"").replace(_CLOSE.encode(), b"")
        request.headers["Content-Length"] = str(len(request.data))


def _texts(vectors: Sequence[Any]) -> list[str]:
    """The vectors in JSON, of numbers between -1 and 1 with nine digits at most; nothing when one is otherwise."""
    import numpy as np

    if len({len(vector) for vector in vectors}) != 1:
        return []
    numbers = np.array(vectors, "f8")
    sizes = np.abs(numbers)
    with np.errstate(divide="ignore"):
        zeros = np.where(sizes > 0, -1 - np.floor(np.log10(sizes)), 0).astype("i8")
    if not ((zeros >= 0) & (zeros <= _MOST_ZEROS)).all():
        return []
    scale = 10.0 ** np.arange(_DIGITS, _DIGITS + _MOST_ZEROS + 1)[zeros]
    digits = np.rint(sizes * scale)
    if (digits >= 10**_DIGITS).any() or (digits / scale != sizes).any():
        return []
    return _written(np.signbit(numbers), zeros, digits.astype("u4"))


def _written(is_negative: Numbers, zeros: Numbers, digits: Numbers) -> list[str]:
    """The numbers as text: a sign, "0." and zeros (with blanks before them, of one width), nine digits, a comma."""
    import numpy as np

    starts = [f"{sign}0.{'0' * zero}" for sign in ("", "-") for zero in range(_MOST_ZEROS + 1)]
    start = np.array([text.rjust(_MOST_ZEROS + 3) for text in starts], "S")
    three = np.array([f"{number:03}" for number in range(1000)], "S")
    written = np.empty(digits.shape, [("start", start.dtype), *((name, "S3") for name in "abc"), ("end", "S1")])
    written["start"] = start[is_negative * (_MOST_ZEROS + 1) + zeros]
    written["a"], written["b"], written["c"] = (
        three[digits // 10**6],
        three[digits // 1000 % 1000],
        three[digits % 1000],
    )
    written["end"] = b","
    return [f"[{row.tobytes().translate(None, b' ').decode()[:-1]}]" for row in written]
