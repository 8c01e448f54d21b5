"""BERT's uncased WordPiece, for a process that has no time to load a tokenizer; the ids are those of `tokenizers`.

No dictionary of the 30,522 tokens is built: a token is found by bisection in `vocabulary.txt`, which is sorted. Text
is read lazily, so the first 254 tokens of a megabyte cost no more than those of a page.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache

from alma_cli.embedding.minilm import files
from alma_cli.embedding.minilm.layout import VOCABULARY

UNKNOWN, START, END = 100, 101, 102
_SPECIAL = {"[PAD]": 0, "[UNK]": UNKNOWN, "[CLS]": START, "[SEP]": END, "[MASK]": 103}
_LONGEST_WORD = 100  # characters; a longer word is one unknown token
_CHUNK = 2048  # characters read at a time
_WORDS_CACHED = 20_000


def tokens(text: str) -> Iterator[int]:
    """The token ids of any text, without [CLS] and [SEP], one at a time. Raises EmbeddingUnavailable."""
    for word in _words(text):
        yield from (_SPECIAL[word],) if word in _SPECIAL else _pieces(word)


def count(text: str) -> int:
    """The greatest number of tokens that a text can have, without [CLS] and [SEP], for a budget.

    A word that is too long is counted in pieces as long as a word may be, and an unknown one by its characters.
    """
    return sum(_cost(word) for word in _words(text, longest=None))


def _cost(word: str) -> int:
    if word in _SPECIAL:
        return 1
    pieces = (word[start : start + _LONGEST_WORD] for start in range(0, len(word), _LONGEST_WORD))
    return sum(len(piece) if _pieces(piece) == (UNKNOWN,) else len(_pieces(piece)) for piece in pieces)


def _words(text: str, *, longest: int | None = _LONGEST_WORD) -> Iterator[str]:
    """Normalised words (which are lower case) and special tokens (which are not), in order.

    A word of more than `longest` characters may be cut, but stays longer than that.
    """
    if "[" not in text:
        yield from _plain_words(text, longest)
        return
    import re

    for part in re.split(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])", text):
        if part in _SPECIAL:
            yield part
        else:
            yield from _plain_words(part, longest)


def _plain_words(text: str, longest: int | None) -> Iterator[str]:
    unfinished = ""
    for start in range(0, len(text), _CHUNK):
        normal = unfinished + text[start : start + _CHUNK].translate(_NORMAL)
        words = normal.split(" ")
        # The next chunk may continue the last word. Characters past the limit needn't be kept.
        unfinished = words.pop()[: None if longest is None else longest + 1]
        yield from filter(None, words)
    if unfinished:
        yield unfinished


@lru_cache(_WORDS_CACHED)
def _pieces(word: str) -> tuple[int, ...]:
    """The longest token the word starts with, then the longest continuation, and so on; all or nothing."""
    if len(word) > _LONGEST_WORD:
        return (UNKNOWN,)
    ids = []
    rest, joint = word.encode(), b""
    while rest:
        found = _longest_token(joint + rest, at_least=len(joint) + 1)
        if found is None:
            return (UNKNOWN,)
        length, identity = found
        ids.append(identity)
        rest, joint = rest[length - len(joint) :], b"##"
    return tuple(ids)


def _longest_token(text: bytes, *, at_least: int) -> tuple[int, int] | None:
    """Length and id of the longest token that `text` starts with.

    If the last token that does not sort after `text` is a prefix of it, no longer token is. If it is not, no prefix
    longer than what the two have in common is a token, so the search goes on with that.
    """
    while len(text) >= at_least:
        token, identity = _last_up_to(text)
        if text.startswith(token):
            return (len(token), identity) if len(token) >= at_least else None
        common = 0
        for ours, theirs in zip(text, token, strict=False):
            if ours != theirs:
                break
            common += 1
        text = text[:common]
    return None


def _last_up_to(text: bytes) -> tuple[bytes, int]:
    """The last token of the sorted vocabulary that is not greater than `text`, and its id; (b"", UNKNOWN) if none."""
    lines = _vocabulary()
    wanted = text + b"\n"  # just after the line of `text` itself, which is "text\tid\n"
    low, high = 0, len(lines)  # starts of lines: those before `low` are not greater, those from `high` on are
    while low < high:
        middle = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = lines.index(b"\n", middle) + 1
        if lines[middle:end] < wanted:
            low = end
        else:
            high = middle
    if low == 0:
        return b"", UNKNOWN
    token, identity = lines[lines.rfind(b"\n", 0, low - 1) + 1 : low].split(b"\t")
    return token, int(identity)


@cache
def _vocabulary() -> bytes:
    """Lines of a token, a tab and its id, in byte order."""
    lines = files.read("vocabulary.txt")
    if lines.count(b"\n") != VOCABULARY:
        raise files.unusable("vocabulary.txt", f"it has not {VOCABULARY} lines")
    return lines


class _Normal(dict[int, str]):
    """The table of `str.translate`: for a character nothing, a space, itself, or itself between two spaces."""

    def __missing__(self, code: int) -> str:
        self[code] = normal = _ascii(code) if code < 128 else _unicode(code)
        return normal


_NORMAL = _Normal()


def _ascii(code: int) -> str:
    character = chr(code)
    if character in " \t\n\r":
        return " "
    if not character.isprintable():
        return ""
    return character.lower() if character.isalnum() else f" {character} "


def _unicode(code: int) -> str:
    from unicodedata import normalize

    dropped, split = _characters()
    if 0xD800 <= code < 0xE000 or code == 0xFFFD or _is_in(dropped, code):
        return ""
    character = chr(code)
    if character.isspace():
        return " "
    parts = [part for part in normalize("NFD", character) if not _is_in(dropped, ord(part))]
    plain = "".join(part.lower() for part in parts)
    return f" {plain} " if _is_in(split, code) else plain


@cache
def _characters() -> tuple[list[int], list[int]]:
    """Code points that are dropped, and those that are words by themselves: starts and ends of ranges in turn, sorted.

    `unicodedata` isn't asked: the model's tokenizer follows an older Unicode than Python does.
    """
    lines = files.read("characters.txt").splitlines()
    try:
        dropped, split = (
            [int(bound, 16) + index % 2 for index, bound in enumerate(line.replace(b"-", b" ").split()[1:])]
            for line in lines
        )
    except ValueError as error:
        raise files.unusable("characters.txt", str(error)) from error
    return dropped, split


def _is_in(ranges: list[int], code: int) -> bool:
    return bisect_right(ranges, code) % 2 == 1
