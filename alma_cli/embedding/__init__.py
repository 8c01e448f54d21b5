"""Texts to vectors: the bundled all-MiniLM-L6-v2, which needs no network, or any other model that fastembed knows.

Importing this loads no numpy, onnxruntime or fastembed; neither does asking the bundled model's id or dimension.
"""

from pathlib import Path

from alma_cli.embedding.base import Embedder, OnProgress, Vector

__all__ = ["DEFAULT_MODEL", "Embedder", "OnProgress", "Vector", "count_tokens", "open_embedder"]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def open_embedder(
    model: str = DEFAULT_MODEL,
    *,
    cache_dir: Path | None = None,
    allow_download: bool = False,
    threads: int | None = None,
) -> Embedder:
    """The embedder of a model, by fastembed's name for it. Cheap for the bundled model, which loads when first used.

    `cache_dir` is where other models are looked for (~/.cache/alma/models), `threads` the most cores to use (all).
    Raises EmbeddingUnavailable if there is no such model, or it is not on this machine and may not be downloaded.
    """
    if model.lower() == DEFAULT_MODEL.lower():
        from alma_cli.embedding.minilm import MiniLM

        return MiniLM(DEFAULT_MODEL, threads=threads)
    from alma_cli.embedding.fast import FastEmbedder

    return FastEmbedder(model, cache_dir=cache_dir, allow_download=allow_download, threads=threads)


def count_tokens(text: str) -> int:
    """How many WordPiece tokens a text has in the bundled model's vocabulary, without [CLS] and [SEP]."""
    from alma_cli.embedding.minilm.wordpiece import tokens

    return sum(1 for _ in tokens(text))
