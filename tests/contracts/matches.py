"""Finds memories among documents, where there is nothing but the documents to ask."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from alma_cli.remote.protocol import Sample

if TYPE_CHECKING:
    from alma_cli.core.replication.documents import Document


def is_memory(document: Document) -> bool:
    """True when the document can be retrieved: it isn't forgotten or archived, and is no credit and no marker."""
    body = document.body
    return body.get("deleted_at") is None and not body.get("archived") and body.get("kind") not in ("credit", "marker")


def is_credit_of(document: Document, targets: frozenset[str]) -> bool:
    """True when the document says that one of the targets helped or misled."""
    body = document.body
    return body.get("kind") == "credit" and body.get("deleted_at") is None and body.get("target") in targets


def best_near(documents: Iterable[Document], vector: Sequence[float], limit: int) -> list[Document]:
    """The memories whose vector has the greatest cosine with this one, best first."""
    scored = (
        (cosine(vector, embedding), document)
        for document in documents
        if is_memory(document) and isinstance(embedding := document.body.get("embedding"), list)
    )
    best = heapq.nlargest(limit, scored, key=lambda item: (item[0], item[1].id))
    return [document for _, document in best]


def best_matching(documents: Iterable[Document], words: Sequence[str], limit: int) -> list[Document]:
    """The memories that contain most of the words, in any of their texts."""
    scored = ((_matches(document, words), document) for document in documents if is_memory(document))
    best = heapq.nlargest(limit, (item for item in scored if item[0]), key=lambda item: (item[0], item[1].id))
    return [document for _, document in best]


def sampled(documents: Iterable[Document], limit: int) -> Sample:
    """The memories with the least ids, which are as good as drawn by chance, and the number of all memories."""
    memories = sorted(filter(is_memory, documents), key=lambda document: document.id)
    return Sample(documents=memories[:limit], of=len(memories))


def cosine(one: Sequence[float], other: Sequence[object]) -> float:
    """The cosine of two vectors; -1 when they can't be compared."""
    numbers = [number for number in other if isinstance(number, int | float)]
    length = math.hypot(*one) * math.hypot(*numbers)
    if len(one) != len(numbers) or not length:
        return -1.0
    return sum(a * b for a, b in zip(one, numbers, strict=True)) / length


def _matches(document: Document, words: Sequence[str]) -> int:
    text = "\0".join(value for value in document.body.values() if isinstance(value, str)).lower()
    return sum(word in text for word in words)
