"""The interface of an embedding model: texts in, unit vectors out, and an id that names the model."""

from collections.abc import Callable, Sequence
from typing import Protocol

from alma_cli.core.records import Vector

OnProgress = Callable[[int], None]
"""Called with the number of texts that were done since the last call."""


DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
"""The bundled model."""

MULTILINGUAL_MODEL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
"""The smallest model of fastembed's that reads fifty languages (220 MB), for those that the bundled one can't read."""


class Embedder(Protocol):
    """A model that turns texts into vectors."""

    @property
    def model_id(self) -> str:
        """The name of the model, which every stored row has. Vectors of different ids can't be compared."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        ...

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        """One unit vector per text, in the order of `texts`. Any string will do, even the empty one.

        Raises EmbeddingUnavailable if the model can't be loaded.
        """
        ...
