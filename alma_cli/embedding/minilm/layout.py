"""The place of each tensor in `model.bin`: the one table that the exporter and both runtimes share.

Tensors follow each other in the order of `TENSORS`, each at the next multiple of 64 bytes, little-endian, row-major.
A weight matrix is int8 [inputs, outputs] with one float32 scale per output; the word table has one scale per row. One
matrix is int16: in layer 2 the activations of [CLS] have an outlier, and short texts suffer when it meets rounded
weights (the empty text's cosine to float32: .996 with int8, .9986 so).
"""

import math

DIMENSION = 384
LAYERS = 6
HEADS = 12
HEAD_SIZE = 32
INNER = 1536
VOCABULARY = 30522
MAX_TOKENS = 256  # with [CLS] and [SEP], as the model was trained
NORM_EPSILON = 1e-12

ITEM_BYTES = {"int8": 1, "int16": 2, "float32": 4}
_ALIGNMENT = 64


def _layer(index: int) -> list[tuple[str, str, tuple[int, ...]]]:
    tensors: list[tuple[str, str, tuple[int, ...]]] = []
    for name, inputs, outputs in (
        ("qkv", DIMENSION, 3 * DIMENSION),  # query, key, value side by side; the query divided by sqrt(HEAD_SIZE)
        ("out", DIMENSION, DIMENSION),
        ("up", DIMENSION, INNER),
        ("down", INNER, DIMENSION),
    ):
        tensors += [
            (f"{index}.{name}", "int16" if (index, name) == (2, "down") else "int8", (inputs, outputs)),
            (f"{index}.{name}.scale", "float32", (outputs,)),
            (f"{index}.{name}.bias", "float32", (outputs,)),
        ]
        if name in ("out", "down"):
            tensors += [
                (f"{index}.{name}.norm.gain", "float32", (DIMENSION,)),
                (f"{index}.{name}.norm.bias", "float32", (DIMENSION,)),
            ]
    return tensors


TENSORS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("positions", "float32", (MAX_TOKENS, DIMENSION)),  # plus the embedding of token type 0
    ("norm.gain", "float32", (DIMENSION,)),
    ("norm.bias", "float32", (DIMENSION,)),
    *(tensor for index in range(LAYERS) for tensor in _layer(index)),
    ("words.scale", "float32", (VOCABULARY, 1)),
    ("words", "int8", (VOCABULARY, DIMENSION)),
)


def _place() -> tuple[dict[str, int], int]:
    offsets = {}
    end = 0
    for name, kind, shape in TENSORS:
        offsets[name] = start = -(-end // _ALIGNMENT) * _ALIGNMENT
        end = start + math.prod(shape) * ITEM_BYTES[kind]
    return offsets, end


OFFSETS, TOTAL_BYTES = _place()
