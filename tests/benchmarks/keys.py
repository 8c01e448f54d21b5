"""How well texts are recognised as the same task or strategy: precision and recall, against a plain cosine threshold.

Two measurements. Labelled pairs (tests/core/data/same_pairs.ndjson), by category. And grouping: the wordings of
twenty tasks and eighty strategies (data/wordings.ndjson) go one after the other through `choose_key`, as they would
when agents report; pairs of texts then share a key or don't. Thresholds and guards were chosen on the halves "tune".

    python -m tests.benchmarks.keys
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from alma_cli.core.learning.keys import KeyCandidate, Role, adds_wording, choose_key, new_key, same
from alma_cli.core.records import Vector
from alma_cli.embedding import open_embedder

PAIRS = Path(__file__).parents[1] / "core" / "data" / "same_pairs.ndjson"
WORDINGS = Path(__file__).parent / "data" / "wordings.ndjson"
ROLES: tuple[Role, Role] = ("task", "strategy")
HALVES = ("tune", "report")
NEAREST = 12  # candidates, as a store offers them

Pair = dict
Meant = tuple[str, tuple[int, ...]]  # a text, and which task or strategy it words


def main() -> None:
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    for half in HALVES:
        print(f"\nlabelled pairs, half {half!r}")
        for role in ROLES:
            chosen = [pair for pair in pairs if pair["half"] == half and pair["role"] == role]
            for threshold in (0.8, 0.9, 0.95):
                show(f"{role}, cosine >= {threshold}", chosen, lambda pair, at=threshold: pair["cosine"] >= at)
            show(f"{role}, same()", chosen, by_same)
        chosen = [pair for pair in pairs if pair["half"] == half]
        show("both, same()", chosen, by_same)
        for why in dict.fromkeys(pair["why"] for pair in pairs):
            of_category = [pair for pair in chosen if pair["why"] == why]
            joined = sum(map(by_same, of_category))
            right = "should be joined" if of_category[0]["same"] else "should not"
            print(f"    {why:12} {joined:3} of {len(of_category):3} joined ({right})")

    kinds = [json.loads(line) for line in WORDINGS.read_text("utf-8").splitlines()]
    vectors = embedded(kinds)
    for half, some in (("tune", kinds[:10]), ("report", kinds[10:]), ("all", kinds)):
        print(f"\ngrouping a stream, half {half!r}")
        for role in ROLES:
            texts = sorted(meant(some, role), key=lambda text: hashlib.sha256(text[0].encode()).digest())
            for threshold in (0.7, 0.8):
                show_groups(f"{role}, cosine >= {threshold}", texts, grouped(texts, vectors, nearest_over(threshold)))
            show_groups(f"{role}, choose_key", texts, grouped(texts, vectors, chosen_as(role)))


def by_same(pair: Pair) -> bool:
    return same(pair["a"], pair["b"], pair["cosine"], pair["role"])


def show(what: str, pairs: Sequence[Pair], joins: Callable[[Pair], bool]) -> None:
    joined = [pair for pair in pairs if joins(pair)]
    right = sum(pair["same"] for pair in joined)
    recall = right / sum(pair["same"] for pair in pairs)
    print(f"  {what:24} precision {right / max(len(joined), 1):.3f}  recall {recall:.3f}")


def meant(kinds: Sequence[dict], role: Role) -> list[Meant]:
    if role == "task":
        return [(text, (kind["kind"],)) for kind in kinds for text in kind["task_wordings"]]
    return [
        (text, (kind["kind"], i))
        for kind in kinds
        for i, strategy in enumerate(kind["strategies"])
        for text in strategy["wordings"]
    ]


def embedded(kinds: Sequence[dict]) -> dict[str, Vector]:
    texts = [text for role in ROLES for text, _ in meant(kinds, role)]
    return dict(zip(texts, open_embedder().embed(texts), strict=True))


Choose = Callable[[str, Sequence[KeyCandidate], dict[str, list[str]]], str | None]


def nearest_over(threshold: float) -> Choose:
    def choose(_text: str, candidates: Sequence[KeyCandidate], _texts_of: dict[str, list[str]]) -> str | None:
        return candidates[0].key if candidates and candidates[0].cosine >= threshold else None

    return choose


def chosen_as(role: Role) -> Choose:
    return lambda text, candidates, texts_of: choose_key(text, candidates, role=role, texts_of=texts_of.__getitem__)


def grouped(texts: Sequence[Meant], vectors: dict[str, Vector], choose: Choose) -> list[str]:
    """The key of each text, each offered the nearest of those that are kept for keys, as a store would."""
    keys: list[str] = []
    texts_of: dict[str, list[str]] = {}
    for text, _ in texts:
        candidates = [
            KeyCandidate(key, other, sum(x * y for x, y in zip(vectors[text], vectors[other], strict=True)))
            for key, kept in texts_of.items()
            for other in kept
        ]
        candidates.sort(key=lambda candidate: -candidate.cosine)
        key = choose(text, candidates[:NEAREST], texts_of) or new_key(text)
        keys.append(key)
        kept = texts_of.setdefault(key, [])
        if adds_wording(text, kept):
            kept.append(text)
    return keys


def show_groups(what: str, texts: Sequence[Meant], keys: Sequence[str]) -> None:
    together = wanted = right = 0
    for (i, (_, a)), (j, (_, b)) in combinations(enumerate(texts), 2):
        wanted += a == b
        together += keys[i] == keys[j]
        right += a == b and keys[i] == keys[j]
    groups = f"{len(set(keys))} keys for {len({a for _, a in texts})} meanings"
    print(f"  {what:24} precision {right / max(together, 1):.3f}  recall {right / wanted:.3f}  {groups}")


if __name__ == "__main__":
    main()
