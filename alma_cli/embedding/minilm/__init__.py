"""The bundled model: all-MiniLM-L6-v2, int8, made by `build.py` from the published weights."""

from array import array
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from alma_cli.embedding.base import OnProgress, Vector
from alma_cli.embedding.minilm import layout

if TYPE_CHECKING:
    from alma_cli.embedding.minilm.forward import NumpyMiniLM


class MiniLM:
    """The bundled model; loads nothing until texts are embedded."""

    dimension = layout.DIMENSION

    def __init__(self, model_id: str, *, threads: int | None = None) -> None:
        self.model_id = model_id
        self._threads = threads
        self._light: NumpyMiniLM | None = None

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        """See Embedder.embed."""
        from alma_cli.embedding.minilm.forward import NumpyMiniLM
        from alma_cli.embedding.minilm.wordpiece import END, START, tokens

        if self._light is None:
            self._light = NumpyMiniLM()
        vectors = []
        for text in texts:
            ids = [START, *islice(tokens(text), layout.MAX_TOKENS - 2), END]
            vectors.append(array("f", self._light.embed([ids]).tobytes()))
            if on_progress:
                on_progress(len(vectors))
        return vectors
