"""Any other model that fastembed knows."""

import os
from array import array
from collections.abc import Sequence
from pathlib import Path

from alma_cli.embedding.base import OnProgress, Vector


class FastEmbedder:
    """A model by fastembed's name for it."""

    def __init__(self, model: str, *, cache_dir: Path | None, allow_download: bool, threads: int | None) -> None:
        from fastembed import TextEmbedding

        if cache_dir is None:
            cache_dir = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alma" / "models"
        self._model = TextEmbedding(
            model, cache_dir=str(cache_dir), threads=threads, local_files_only=not allow_download
        )
        self.model_id = model
        self.dimension = int(self._model.embedding_size)

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        """See Embedder.embed."""
        vectors = []
        for vector in self._model.embed(list(texts)):
            vectors.append(array("f", vector.astype("float32").tobytes()))
            if on_progress:
                on_progress(len(vectors))
        return vectors
