"""Turns texts into vectors: by the bundled all-MiniLM-L6-v2, which needs no network, or any model that fastembed knows.

Importing this loads no numpy, onnxruntime or fastembed; neither does asking the bundled model's id or dimension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alma_cli.embedding.base import DEFAULT_MODEL, MULTILINGUAL_MODEL, Embedder, OnProgress

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_MODEL", "MULTILINGUAL_MODEL", "Embedder", "OnProgress", "count_tokens", "open_embedder", "reads"]

_AFTER_LATIN = 0x250


def open_embedder(
    model: str = DEFAULT_MODEL,
    *,
    cache_dir: Path | None = None,
    allow_download: bool = False,
    threads: int | None = None,
) -> Embedder:
    """The embedder of a model, by fastembed's name for it. Nothing is loaded, or found missing, until it is used.

    `cache_dir` is the folder of other models (~/.cache/alma/models by default), and `threads` is the greatest number of
    cores to use (all by default).
    """
    if model == DEFAULT_MODEL:
        from alma_cli.embedding.minilm import MiniLM

        return MiniLM(DEFAULT_MODEL, threads=threads)
    from alma_cli.embedding.fast import FastEmbedder

    return FastEmbedder(model, cache_dir=cache_dir, allow_download=allow_download, threads=threads)


def count_tokens(text: str) -> int:
    """The greatest number of WordPiece tokens that a text can have, by the bundled vocabulary, without [CLS] and [SEP].

    A word that the vocabulary doesn't know is counted by its characters; the model sees it as one unknown token.
    """
    from alma_cli.embedding.minilm.wordpiece import count

    return count(text)


def reads(model: str, text: str) -> bool:
    """True when the model can tell what a text means: the bundled one knows the Latin script only.

    Of another script it sees only the letters, so any two texts look alike to it.
    """
    if model != DEFAULT_MODEL or text.isascii():
        return True
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(ord(letter) < _AFTER_LATIN for letter in letters) >= len(letters)
