"""BERT's uncased WordPiece, for a process that has no time to load a tokenizer: same ids as `tokenizers` gives.

No dictionary of the 30,522 tokens is built: a token is found by bisection in `vocabulary.txt`, which is sorted. Text
is read lazily, so the first 254 tokens of a megabyte cost no more than those of a page.
"""

from collections.abc import Iterator

from alma_cli.embedding.minilm.files import read

UNKNOWN, START, END = 100, 101, 102
_SPECIAL = {"[PAD]": 0, "[UNK]": UNKNOWN, "[CLS]": START, "[SEP]": END, "[MASK]": 103}
_LONGEST_WORD = 100  # characters; a longer word is one unknown token
_CHUNK = 2048  # characters read at a time
_REMEMBERED_WORDS = 20_000

_remembered: dict[str, tuple[int, ...]] = {}
_vocabulary: list[bytes] = []


def tokens(text: str) -> Iterator[int]:
    """The ids of `text`, without [CLS] and [SEP], one at a time. Never raises, whatever the text."""
    for word in _words(text):
        yield from (_SPECIAL[word],) if word in _SPECIAL else _pieces(word)


def _words(text: str) -> Iterator[str]:
    """Normalised words (which are lower case) and special tokens (which are not), in order."""
    if "[" not in text:
        yield from _plain_words(text)
        return
    import re

    for part in re.split(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])", text):
        if part in _SPECIAL:
            yield part
        else:
            yield from _plain_words(part)


def _plain_words(text: str) -> Iterator[str]:
    unfinished = ""
    for start in range(0, len(text), _CHUNK):
        normal = unfinished + text[start : start + _CHUNK].translate(_NORMAL)
        words = normal.split(" ")
        # The next chunk may continue the last word. What is past the limit need not be kept.
        unfinished = words.pop()[: _LONGEST_WORD + 1]
        yield from filter(None, words)
    if unfinished:
        yield unfinished


def _pieces(word: str) -> tuple[int, ...]:
    known = _remembered.get(word)
    if known is None:
        if len(_remembered) >= _REMEMBERED_WORDS:
            _remembered.clear()
        known = _remembered[word] = _split(word)
    return known


def _split(word: str) -> tuple[int, ...]:
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
    """The last token of the sorted vocabulary that is not greater than `text`, and its id."""
    if not _vocabulary:
        _vocabulary.append(read("vocabulary.txt"))
    lines = _vocabulary[0]
    wanted = text + b"\n"  # sorts after the line of `text` itself, "text\tid"
    low, high = 0, len(lines)  # the answer's line starts in low..high; both are starts of lines
    while True:
        middle = (low + high) // 2
        start = lines.rfind(b"\n", low, middle) + 1 or low
        end = lines.find(b"\n", middle, high) + 1 or high
        if lines[start:end] <= wanted:
            if end >= high:
                break
            low, middle = end, high
            if lines[end : lines.find(b"\n", end) + 1] > wanted:
                break
        else:
            if start <= low:
                return b"\0", UNKNOWN
            high = start
    token, identity = lines[start : end - 1].split(b"\t")
    return token, int(identity)


class _Normal(dict[int, str]):
    """What `str.translate` puts for a character: nothing, a space, the character, or it between two spaces."""

    def __missing__(self, code: int) -> str:
        self[code] = normal = _normal(chr(code))
        return normal


_NORMAL = _Normal()


def _normal(character: str) -> str:
    code = ord(character)
    if character in " \t\n\r":
        return " "
    if code < 128:
        if code < 32 or code == 127:
            return ""
        return character.lower() if character.isalnum() else f" {character} "
    from unicodedata import category, normalize

    if category(character) in ("Cc", "Cf", "Cs", "Co") or code == 0xFFFD:
        return ""
    if character.isspace():
        return " "
    plain = ""
    for part in normalize("NFD", character):
        kind = category(part)
        if kind == "Mn":
            continue
        part = part.lower()
        plain += f" {part} " if kind.startswith("P") or _is_chinese(ord(part[0])) else part
    return plain


def _is_chinese(code: int) -> bool:
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x2A6DF
        or 0x2A700 <= code <= 0x2B73F
        or 0x2B740 <= code <= 0x2B81F
        or 0x2B920 <= code <= 0x2CEAF
        or 0xF900 <= code <= 0xFAFF
        or 0x2F800 <= code <= 0x2FA1F
    )
