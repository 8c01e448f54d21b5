"""The bundled files: where they are, and what to say when one is missing or damaged."""

import os

from alma_cli.errors import EmbeddingUnavailable

FOLDER = os.path.dirname(os.path.abspath(__file__))
_HINT = "install ALMA again: its embedding model is part of the package"


def path(name: str) -> str:
    return f"{FOLDER}/{name}"


def read(name: str) -> bytes:
    """The whole file. Raises EmbeddingUnavailable."""
    try:
        with open(path(name), "rb") as file:
            return file.read()
    except OSError as error:
        raise unusable(name, str(error)) from error


def unusable(name: str, reason: str) -> EmbeddingUnavailable:
    return EmbeddingUnavailable(f"the bundled embedding model's {name} can't be used: {reason}", hint=_HINT)
