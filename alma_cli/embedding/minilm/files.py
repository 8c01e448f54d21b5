"""The bundled files: where they are, and the error for one that is missing or damaged."""

import os

from alma_cli.errors import EmbeddingUnavailable

FOLDER = os.path.dirname(os.path.abspath(__file__))
_HINT = "install ALMA again: its embedding model is part of the package"


def path(name: str) -> str:
    """The path of a bundled file."""
    return f"{FOLDER}/{name}"


def read(name: str) -> bytes:
    """The content of a bundled file. Raises EmbeddingUnavailable."""
    try:
        with open(path(name), "rb") as file:
            return file.read()
    except OSError as error:
        raise unusable(name, str(error)) from error


def require_size(name: str, size: int) -> None:
    """Raises EmbeddingUnavailable unless the file has that many bytes."""
    try:
        actual = os.stat(path(name)).st_size
    except OSError as error:
        raise unusable(name, str(error)) from error
    if actual != size:
        raise unusable(name, f"it has {actual} bytes instead of {size}")


def damaged() -> list[str]:
    """The bundled files that are missing or changed, by their SHA-256 sums. Reads all 24 MB."""
    import hashlib

    names = []
    for line in read("SHA256SUMS").decode().splitlines():
        expected, name = line.split()
        if not os.path.exists(path(name)) or hashlib.sha256(read(name)).hexdigest() != expected:
            names.append(name)
    return names


def unusable(name: str, reason: str) -> EmbeddingUnavailable:
    """The error to raise for a bundled file."""
    return EmbeddingUnavailable(f"the bundled embedding model's {name} can't be used: {reason}", hint=_HINT)
