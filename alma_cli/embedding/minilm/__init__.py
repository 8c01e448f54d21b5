"""The bundled model, all-MiniLM-L6-v2: one tokenizer, one file of weights, two runtimes that give the same vectors.

numpy embeds the one short text of a cold command in a tenth of the time that onnxruntime takes to load; onnxruntime
has twice its throughput on two cores. Which one runs is decided per call, by the number of tokens; once onnxruntime is
loaded, it does everything.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from alma_cli.embedding.minilm import layout
from alma_cli.logs import debug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alma_cli.core.records import Vector
    from alma_cli.embedding.base import OnProgress
    from alma_cli.embedding.minilm.numpy_runtime import NumpyMiniLM
    from alma_cli.embedding.minilm.onnx_runtime import OnnxMiniLM

TOKENS_WORTH_ONNXRUNTIME = 2000
"""In one call: numpy takes 0.3 ms a token, and onnxruntime half of that, after loading for 200 to 300 ms."""

_TOKENS_IN_BATCH = 512  # with padding; larger batches are slower, they leave the cache
_TEXTS_AT_ONCE = 2048  # bounds memory, and is enough to sort by length


class MiniLM:
    """An Embedder that loads nothing until texts are embedded. Threads may share one.

    `threads` is the greatest number of cores that onnxruntime uses; all by default.
    """

    dimension = layout.DIMENSION

    def __init__(self, model_id: str, *, threads: int | None = None) -> None:
        self.model_id = model_id
        self._threads = threads
        self._light: NumpyMiniLM | None = None
        self._heavy: OnnxMiniLM | None = None

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        """See Embedder.embed. Texts are cut at 256 tokens; a lone surrogate counts as no character."""
        vectors: list[Vector] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            ids = [encode(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
            vectors += self._vectors(ids, on_progress)
        return vectors

    def _vectors(self, ids: list[list[int]], on_progress: OnProgress | None) -> list[Vector]:
        runtime = self._runtime(sum(map(len, ids)))
        vectors: list[Vector] = [array("f")] * len(ids)
        chosen = batches([len(each) for each in ids])
        for batch, rows in zip(chosen, runtime.embed([[ids[i] for i in batch] for batch in chosen]), strict=True):
            for i, row in zip(batch, rows, strict=True):
                vectors[i] = array("f", row.tobytes())
            if on_progress:
                on_progress(len(batch))
        return vectors

    def _runtime(self, tokens: int) -> OnnxMiniLM | NumpyMiniLM:
        if self._heavy is None and tokens >= TOKENS_WORTH_ONNXRUNTIME:
            from alma_cli.embedding.minilm.onnx_runtime import OnnxMiniLM

            with suppress(ImportError):  # no onnxruntime that this machine can load: only speed is lost
                self._heavy = OnnxMiniLM(self._threads)
                debug("loaded the bundled model for onnxruntime")
        if self._heavy is not None:
            return self._heavy
        if self._light is None:
            from alma_cli.embedding.minilm.numpy_runtime import NumpyMiniLM

            self._light = NumpyMiniLM()
            debug("loaded the bundled model for numpy")
        return self._light


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Every index of `lengths` once, longest first, in groups of at most 512 tokens when padded."""
    groups: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not room:
            groups.append([])
            room = max(1, _TOKENS_IN_BATCH // lengths[index])
        groups[-1].append(index)
        room -= 1
    return groups


def encode(text: str) -> list[int]:
    """The model's input for a text: [CLS], at most 254 WordPiece ids, [SEP]."""
    from alma_cli.embedding.minilm.wordpiece import END, START, tokens

    return [START, *islice(tokens(text), layout.MAX_TOKENS - 2), END]
