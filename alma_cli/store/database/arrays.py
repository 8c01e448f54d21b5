"""Results as arrays of numpy, without a Python object for each value.

DuckDB hands results over by Arrow's C stream interface (https://arrow.apache.org/docs/format/CStreamInterface.html),
which takes no package to read. Its own way to numpy imports numpy.ma, a tenth of a cold command.
"""

from __future__ import annotations

import ctypes
import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from alma_cli.store.database.values import quoted

if TYPE_CHECKING:
    from alma_cli.core.records import JsonValue
    from alma_cli.store.database.duckdb import Connection
    from alma_cli.store.database.values import Numbers


_DIGITS = 9


class _Array(ctypes.Structure):
    """`struct ArrowArray`."""


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    """`struct ArrowArrayStream`."""


_Stream._fields_ = [
    ("get_schema", ctypes.c_void_p),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.c_void_p),  # called by the capsule
    ("private_data", ctypes.c_void_p),
]

_pointer_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


def columns(
    connection: Connection, sql: str, types: Mapping[str, str], values: Mapping[str, JsonValue] | None = None
) -> dict[str, Numbers]:
    """The rows of a SELECT as an array for each column, of these numpy types; none may have NULL.

    The types have to be those of DuckDB's columns, which are numbers or arrays of a fixed size: those become one array
    of [rows, size]. The statement has the `values` by `given` and `given_list`.
    """
    import numpy as np

    if values is not None:
        # Written out, since the first parameter of a process has DuckDB import decimal and uuid and look for pandas,
        # which takes 3 ms. It is ASCII without control characters, so quotes are all there is to see to.
        connection.execute(f"SET VARIABLE given = {quoted(json.dumps(dict(values)))}")
    parts: dict[str, list[Numbers]] = {name: [] for name in types}
    for array in _arrays(connection.sql(sql)):
        for number, (name, kept) in enumerate(parts.items()):
            kept.append(_copied(array.children[number].contents, array.length, types[name]))
    return {
        name: np.concatenate(kept) if len(kept) > 1 else kept[0] if kept else np.empty(0, types[name])
        for name, kept in parts.items()
    }


def given(name: str) -> str:
    """A value in a statement for `columns`: with a parameter DuckDB would keep the whole result as rows first."""
    return f"(getvariable('given')->>'{name}')"


def given_list(name: str, of: str = "VARCHAR") -> str:
    """A value that is a list."""
    return f"from_json(getvariable('given')->'{name}', '[\"{of}\"]')"


def fewest_digits(numbers: Numbers) -> Numbers:
    """Numbers of single precision as doubles, in any shape, for whoever writes them as text.

    Each has the fewest digits (nine at most) that tell it from any other of single precision, or nearly so: half of
    what all digits of a double take.
    """
    import numpy as np

    doubles = numbers.astype("f8")
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(np.abs(doubles)))
    scale = 10.0 ** (_DIGITS - 1 - np.where(np.isfinite(magnitude), magnitude, 0.0))
    shortened: Numbers = np.rint(doubles * scale) / scale
    return shortened


def _arrays(relation: object) -> Iterator[_Array]:
    """The portions of a result; each is there until the next one is asked for."""
    from alma_cli.store.database import duckdb

    capsule = relation.__arrow_c_stream__()  # type: ignore[attr-defined]
    stream = _Stream.from_address(_pointer_in(capsule, b"arrow_array_stream"))
    while True:
        array = _Array()
        if stream.get_next(stream, array):
            raise duckdb.Error((stream.get_last_error(stream) or b"no result").decode(errors="replace"))
        if not array.release:
            return
        try:
            yield array
        finally:
            array.release(array)


def _copied(column: _Array, length: int, kind: str) -> Numbers:
    """The values of one column, which outlive the portion."""
    import numpy as np

    shape: tuple[int, ...] = (length,)
    start = column.offset
    if column.n_children:
        values = column.children[0].contents
        size = values.length // max(column.length, 1)
        shape, start = (length, size), start * size + values.offset
        column = values
    item = np.dtype(kind).itemsize
    memory = (ctypes.c_char * (math.prod(shape) * item)).from_address(column.buffers[1] + start * item)
    return np.frombuffer(memoryview(memory), kind).reshape(shape).copy()
