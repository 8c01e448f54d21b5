"""Writes vectors in JSON, many at once: number by number they would take half of a push."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from alma_cli.store.database.values import Numbers

_DIGITS = 9
"""Enough to tell each number of single precision from any other, and half of what all digits of a double take."""

_MOST_ZEROS = 8
"""The zeros that may follow the point; a number with more is as good as never in a vector."""

_WIDTH = 12
_TOGETHER = 64
"""The vectors whose numbers fit into a processor's cache together; with a thousand it takes twice as long."""


def in_json(vectors: Numbers) -> list[str]:
    """Vectors as JSON lists, given as rows of numbers of single precision: float32 [vectors, numbers].

    Each number has nine digits after its zeros, from which it can be read back to the last bit. JSON has no number for
    what isn't finite, so a vector with such, as a model may have made it, is one of zeros: others make it anew.
    """
    import numpy as np

    if not len(vectors):  # no column of vectors is known without one
        return []
    is_finite = np.isfinite(vectors).all(axis=1, keepdims=True)
    if not is_finite.all():
        vectors = np.where(is_finite, vectors, np.float32(0))
    return [text for at in range(0, len(vectors), _TOGETHER) for text in _in_json(vectors[at : at + _TOGETHER])]


def _in_json(vectors: Numbers) -> list[str]:
    import numpy as np

    sizes = np.abs(vectors.astype("f8"))
    with np.errstate(divide="ignore"):
        zeros = np.where(sizes > 0, -1 - np.floor(np.log10(sizes)), 0).astype("i8")
    is_usual = (zeros >= 0) & (zeros <= _MOST_ZEROS)
    zeros[~is_usual] = 0
    digits = np.rint(sizes * (10.0 ** np.arange(_DIGITS, _DIGITS + _MOST_ZEROS + 1))[zeros])
    is_usual &= digits < 10**_DIGITS
    digits[~is_usual] = 0
    written = _written(np.signbit(vectors), zeros, digits.astype("u4"))
    for row in np.flatnonzero((~is_usual).any(axis=1)).tolist():
        written[row] = json.dumps([float(f"{number:.{_DIGITS}g}") for number in vectors[row].tolist()])
    return written


def _written(is_negative: Numbers, zeros: Numbers, digits: Numbers) -> list[str]:
    """The numbers as text: a sign, "0." and zeros (with blanks before them, of one width), nine digits, a comma."""
    import numpy as np

    starts, four, last = _pieces()
    first_eight, ninth = np.divmod(digits, 10)
    first_four, second_four = np.divmod(first_eight, 10_000)
    start = is_negative * (_MOST_ZEROS + 1) + zeros
    text = np.empty((*digits.shape, 6), "u4")
    for place, piece in enumerate(
        (*(part[start] for part in starts), four[first_four], four[second_four], last[ninth])
    ):
        text[..., place] = piece
    return [f"[{row.tobytes().translate(None, b' ').decode()[:-1]}]" for row in text]


@cache
def _pieces() -> tuple[list[np.ndarray[Any, Any]], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What numbers are put together of, each of four characters: the parts of their starts, four digits, the last."""
    import numpy as np

    starts = [f"{sign}0.{'0' * zero}".rjust(_WIDTH) for sign in ("", "-") for zero in range(_MOST_ZEROS + 1)]
    four = np.array([f"{number:04}" for number in range(10_000)], "S4").view("u4")
    last = np.array([f"{digit},  " for digit in range(10)], "S4").view("u4")
    return list(np.array(starts, f"S{_WIDTH}").view("u4").reshape(-1, 3).T), four, last
