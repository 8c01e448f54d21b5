"""all-MiniLM-L6-v2 in plain numpy over the memory-mapped int8 weights: for few short texts in a cold process.

The int8 weights are cast to float32 into one buffer that is used again, and multiplied unscaled; the scale is applied
to the product, which is smaller than the weights. All texts of a call go through one matrix product.
"""

import math
import mmap
import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads make such small products slower on a busy machine

import numpy as np

from alma_cli.embedding.minilm import files, layout

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


class NumpyMiniLM:
    """The forward pass. Raises EmbeddingUnavailable when `model.bin` is missing or has another size."""

    def __init__(self) -> None:
        mapped = _mapped()
        self._tensors: dict[str, Any] = {}
        for name, kind, shape in layout.TENSORS:
            flat = np.frombuffer(mapped, kind, math.prod(shape), layout.OFFSETS[name])
            self._tensors[name] = flat.reshape(shape)

    def embed(self, batches: Sequence[Sequence[Sequence[int]]]) -> Iterator[Floats]:
        """For each batch of texts, given as token ids, their unit vectors: float32 [texts, 384]."""
        buffer = np.empty(layout.DIMENSION * layout.INNER, np.float32)
        return (self._run(batch, buffer) for batch in batches)

    def _run(self, texts: Sequence[Sequence[int]], buffer: Floats) -> Floats:
        get = self._tensors.__getitem__
        ends = np.cumsum([len(ids) for ids in texts])
        spans = [slice(end - len(ids), end) for ids, end in zip(texts, ends.tolist(), strict=True)]
        joined = [identity for ids in texts for identity in ids]
        hidden = get("words")[joined].astype(np.float32)
        hidden *= get("words.scale")[joined]
        for span in spans:
            hidden[span] += get("positions")[: span.stop - span.start]
        hidden = _norm(hidden, get("norm.gain"), get("norm.bias"))
        for layer in range(layout.LAYERS):
            context = self._attention(self._linear(hidden, f"{layer}.qkv", buffer), spans)
            hidden += self._linear(context, f"{layer}.out", buffer)
            hidden = _norm(hidden, get(f"{layer}.out.norm.gain"), get(f"{layer}.out.norm.bias"))
            inner = _gelu(self._linear(hidden, f"{layer}.up", buffer))
            hidden += self._linear(inner, f"{layer}.down", buffer)
            hidden = _norm(hidden, get(f"{layer}.down.norm.gain"), get(f"{layer}.down.norm.bias"))
        pooled = np.stack([hidden[span].sum(0) for span in spans])
        pooled /= np.sqrt(np.einsum("ij,ij->i", pooled, pooled))[:, None]
        return pooled

    def _linear(self, inputs: Floats, name: str, buffer: Floats) -> Floats:
        """From [tokens, n] to [tokens, m]: the product with the weights of that name, plus their bias."""
        quantised = self._tensors[name]
        weights = buffer[: quantised.size].reshape(quantised.shape)
        np.copyto(weights, quantised)
        outputs: Floats = np.dot(inputs, weights)
        outputs *= self._tensors[name + ".scale"]
        outputs += self._tensors[name + ".bias"]
        return outputs

    def _attention(self, qkv: Floats, spans: list[slice]) -> Floats:
        """From [tokens, 3 x 384] to [tokens, 384], each text attending to itself only."""
        context = np.empty((len(qkv), layout.HEADS, layout.HEAD_SIZE), np.float32)
        for span in spans:
            heads = qkv[span].reshape(-1, 3, layout.HEADS, layout.HEAD_SIZE).transpose(1, 2, 0, 3)
            query, key, value = heads
            scores = query @ key.transpose(0, 2, 1)
            scores -= scores.max(-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(-1, keepdims=True)
            context[span] = (scores @ value).transpose(1, 0, 2)
        return context.reshape(len(qkv), layout.DIMENSION)


def _norm(values: Floats, gain: Floats, bias: Floats) -> Floats:
    values -= np.add.reduce(values, 1, keepdims=True) / layout.DIMENSION
    variance = np.einsum("ij,ij->i", values, values) / layout.DIMENSION + layout.NORM_EPSILON
    values /= np.sqrt(variance)[:, None]
    values *= gain
    values += bias
    return values


def _gelu(x: Floats) -> Floats:
    """GELU in place: x times the normal distribution function, which a logistic approximates to 2e-4."""
    square = x * x
    exponent = square * np.float32(-0.0713548)
    exponent -= np.float32(1.5957691)
    exponent *= x
    with np.errstate(over="ignore"):  # infinity is right: the quotient is 0
        np.exp(exponent, out=exponent)
    exponent += 1
    x /= exponent
    return x


def _mapped() -> mmap.mmap:
    files.require_size("model.bin", layout.TOTAL_BYTES)
    try:
        with open(files.path("model.bin"), "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise files.unusable("model.bin", str(error)) from error
