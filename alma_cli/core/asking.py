"""Tells what a task asks from what it quotes: logs, traces, code, mail.

Sentences have plain words; what programs print has marks, numbers and names. A paragraph is quoted if most of its lines
are, but a whole sentence in it asks all the same.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_READ = 24_000
"""Characters of a task that are read: half of them from its end."""
_ASKS_MOST = 1_000
"""Characters of what asks: a model reads no more anyway."""
_LONGEST_LINE = 2_000
_PLAIN_SHARE, _SENTENCE_SHARE = 0.6, 0.8
_SENTENCE_WORDS = 4
_MOST_PARTS = 12
_PART_WORDS = 3

_FENCE = re.compile(r"\s*(?:```|~~~)")
_LETTER = r"[^\W\d_]"
_PLAIN_WORD = re.compile(
    rf"[(\"'\u201c\u2018\u00ab]*{_LETTER}(?:{_LETTER}|['\u2019-](?={_LETTER}))*"
    "[])\"'\u201d\u2019\u00bb,;:.!?\u2026\u3001\u3002\uff01\uff0c\uff1f]*$"
)
_PRINTED = re.compile(
    r"[>|$+#@]|E {2,}| {4,}|\t"
    r"|(?:\S+ )?\[?\d{4}-\d\d-\d\d|\[?\d\d:\d\d:\d\d|[\w-]+-\d+ +\||\[[A-Z]+\]"
    r'|File "|Traceback|at \S+\(|\S+:\d+[: ]|(?:\w+\.)+\w+: |\w*(?:Error|Exception)\b'
    r"|(?:FAILED|ERROR|INFO|WARN(?:ING)?|DEBUG|FATAL|HINT|make|npm|Run)\b[: (\[]"
    r"|(?i:from|to|cc|subject|date|sent|error|fatal|hint|note|tip|warning): "
    r"|The above exception was |During handling of the above "
)
_SENTENCE_BREAK = re.compile(r"\n\s*\n|(?<=[.?!:;])\s+|(?<=[\u3002\uff01\uff1f])")
_SENTENCE_END = re.compile(r"[.?!:\u3002\uff01\uff1f][\"')\u201d\u2019]*\s*$")


class TaskParts(NamedTuple):
    """The two parts of a task: what it asks, and what it quotes; either may be empty."""

    asks: str
    quotes: str

    @property
    def telling(self) -> str:
        """The line of what is quoted that tells most; empty without a quotation."""
        if not self.quotes:
            return ""
        from alma_cli.core.symptoms import telling_line  # its many patterns take 10 ms to compile

        return telling_line(self.quotes)


def split_task(task: str) -> TaskParts:
    """The parts of a task. A single line asks as it stands."""
    text = (task if len(task) <= _READ else f"{task[: _READ // 2]}\n\n{task[-_READ // 2 :]}").strip()
    if "\n" not in text:
        return TaskParts(text[:_ASKS_MOST], "")
    asks: list[str] = []
    quotes: list[str] = []
    for paragraph in _paragraphs(text.split("\n")):
        kinds = [_is_prose(line) for line in paragraph]
        mostly = 2 * sum(kinds) >= len(paragraph)
        for line, is_prose in zip(paragraph, kinds, strict=True):
            (asks if is_prose and (mostly or _is_sentence(line)) else quotes).append(line)
        (asks if mostly else quotes).append("")
    return TaskParts("\n".join(asks).strip()[:_ASKS_MOST], "\n".join(quotes).strip())


def topic(task: str) -> str:
    """The part of a task by which it is compared: what it asks, else the telling line of what it quotes."""
    parts = split_task(task)
    return parts.asks or parts.telling or task[:_ASKS_MOST]


def parts_of(task: str) -> list[str]:
    """The texts by which a task is compared: its topic, then its sentences if it has several, at most `_MOST_PARTS`."""
    whole = topic(task)
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE_BREAK.split(whole)]
    telling = [sentence for sentence in sentences if _words(sentence)[1] >= _PART_WORDS]
    return [whole, *telling[: _MOST_PARTS - 1]] if len(sentences) > 1 else [whole]


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """The lines between blank ones; what stands between fences is one paragraph, each line marked as quoted.

    A last fence that has no other was cut off with its log, and is none.
    """
    paragraph: list[str] = []
    is_fenced = False
    fences = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    pairs = set(fences[: len(fences) // 2 * 2])
    for number, line in enumerate([*lines, ""]):
        if number in pairs:
            is_fenced = not is_fenced
        elif line.strip() and is_fenced:
            paragraph.append("> " + line[:_LONGEST_LINE])
            continue
        elif line.strip():
            paragraph.append(line[:_LONGEST_LINE])
            continue
        if paragraph:
            yield paragraph
        paragraph = []


def _is_prose(line: str) -> bool:
    if _PRINTED.match(line) or _PRINTED.match(line.lstrip()):
        return False
    words, plain = _words(line)
    return plain == words if words <= 3 else plain >= _PLAIN_SHARE * words


def _is_sentence(line: str) -> bool:
    """True of a line that can be nothing but a sentence: programs print many that begin small."""
    words, plain = _words(line)
    begins = line.lstrip()[:1]
    is_whole = bool(_SENTENCE_END.search(line)) and (begins.upper() == begins or line.rstrip().endswith("?"))
    return is_whole and plain >= max(_SENTENCE_WORDS, _SENTENCE_SHARE * words)


def _words(line: str) -> tuple[int, int]:
    """The number of a line's words, and of the plain ones among them."""
    words = line.split()
    return len(words), sum(1 for word in words if _PLAIN_WORD.match(word))
