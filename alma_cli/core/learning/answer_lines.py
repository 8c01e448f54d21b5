"""The objects in an answer, wherever they stand: on lines of their own, over several, in an array, or in prose.

Only an answer's form is read here; what its objects mean is `core.learning.answers`'.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from alma_cli.core.records import JsonValue
from alma_cli.core.text import shown
from alma_cli.errors import InvalidInput

MAX_ANSWER = 1 << 20
"""The most characters of an answer."""

KINDS = ("rename", "merge", "move", "same", "outcomes", "unclear")
"""The keys that tell what an object of an answer is about; of several, the first that says anything."""

EMPTY: tuple[JsonValue, ...] = (None, "", [])
"""What programs write for a key that they had to give and that says nothing."""

_NESTED = 4
"""Objects in which those of an answer may be wrapped, each in another."""

_THOUGHT = r"(?:think(?:ing)?|reasoning|thoughts?|scratchpad|analysis)"
_BEGIN = rf"(?:[<\[\u25c1](?:seed:)?{_THOUGHT}(?: [^>\n]*)?[>\]\u25b7]|<\|(?:start|begin_of)_{_THOUGHT}\|>)"
_END = rf"(?:[<\[\u25c1]/(?:seed:)?{_THOUGHT}[>\]\u25b7]|<\|end_(?:of_)?{_THOUGHT}\|>)"
_CHANNEL = r"(?:<\|start\|>assistant)?<\|channel\|>analysis<\|message\|>"
_REASONING = re.compile(
    rf"^[ \t]*{_BEGIN}.*?(?:{_END}|\Z)|\A\s*Thinking\.\.\.[ \t\r]*$.*?^\.\.\.done thinking\."
    rf"|\A.*?(?:^[ \t]*{_END}|{_END}[ \t\r]*$)"
    rf"|^(?:[ \t]*{_CHANNEL}.*?(?:<\|end\|>|\Z))+|\Aanalysis.*?assistantfinal",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
"""What a model thinks aloud before it answers, by the marks of several families of models.

Also where a template left out how it begins, its end was cut off, or the marks were taken out and not what they mark.
"""

_BLANK = re.compile("[\u00a0\u2000-\u200b\u2028\u2029\u202f\u3000\ufeff]")
"""What looks like a space and is none to JSON, as in a text that was copied from a page."""

_STRAIGHT = str.maketrans("\u201c\u201d", '""')
_NEARLY_MOST = 4096
"""The characters in which an object ends that is nearly JSON."""

_NEARLY_TRIED = 100
"""So many objects may be nearly JSON."""

_UNREADABLE_MOST = 1000
"""So many objects may be no JSON. Each costs a look at the whole answer before it, in which the parser counts lines."""

_OBJECT = re.compile(r"""\{\s*(?:\\?["'\u2018\u2019\u201c\u201d]|\})""")
"""What looks like an object: braces have other uses in prose."""


class AnswerLine(NamedTuple):
    """An object of an answer, with the number of its line."""

    number: int
    value: "dict[str, JsonValue] | InvalidInput"


def lines_of(answer: str) -> list[AnswerLine]:
    """The objects in an answer. What looks like an object and isn't one is a line with its error.

    Raises `InvalidInput` for an answer that is too long.
    """
    if len(answer) > MAX_ANSWER:
        raise InvalidInput(f"the answer has {len(answer):,} characters; at most {MAX_ANSWER:,} are read")
    return list(_objects(answer))


def kind_of(value: Mapping[str, JsonValue]) -> str:
    """The key that tells what an object is about. Raises `InvalidInput` where there is none."""
    kinds = [key for key in KINDS if key in value]
    if not kinds:
        is_text = any(isinstance(one, str) and '{"' in one for one in _within(dict(value)))
        more = "; its objects stand in a text: have them written as plain text" if is_text else ""
        raise InvalidInput(f'expected "outcomes", "unclear", "rename", "merge", "move" or "same"{more}')
    return next((key for key in kinds if value[key] not in EMPTY), kinds[0])


def _objects(answer: str) -> Iterator[AnswerLine]:
    decoder = json.JSONDecoder(object_pairs_hook=_once_each)
    answer = _BLANK.sub(" ", _REASONING.sub(lambda found: "\n" * found[0].count("\n"), answer))
    at, line, counted, tried = 0, 1, 0, 0
    while (start := answer.find("{", at)) >= 0:
        line += answer.count("\n", counted, start)
        counted = start
        end = answer.find("\n", start)
        at = len(answer) if end < 0 else end
        if not _OBJECT.match(answer, start):
            continue
        try:
            value, at = decoder.raw_decode(answer, start)
        except (ValueError, RecursionError) as error:
            if isinstance(error, _TwiceInOneError):
                yield AnswerLine(line, InvalidInput(f"{shown(error.key)} stands twice in one object"))
                continue
            tried += 1
            if tried > _UNREADABLE_MOST:
                yield AnswerLine(
                    line, InvalidInput(f"{_UNREADABLE_MOST} objects before this are no JSON: the rest was not read")
                )
                return
            nearly = _nearly_json(answer, start) if tried <= _NEARLY_TRIED else None
            if nearly is None:
                text = answer[start : start + 200].partition("}")
                yield AnswerLine(line, InvalidInput(f"this is no JSON: {shown(''.join(text[:2]))}"))
                continue
            value, at = nearly
        yield from (AnswerLine(line, one) for one in _unwrapped(value))


def _nearly_json(answer: str, start: int) -> tuple[dict[str, JsonValue], int] | None:
    """The object that starts there and where it ends, if it is as Python writes one, or as pages quote one.

    So it may have single quotes, and a comma after its last value.
    """
    import ast  # which most answers don't need

    text = answer[start : start + _NEARLY_MOST]
    for end in dict.fromkeys((text.find("}"), text.partition("\n")[0].rfind("}"))):
        given = text[: end + 1]
        if "\\" not in given:  # what Python reads otherwise, and warns of
            with suppress(SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
                node = ast.parse(given if '"' in given else given.translate(_STRAIGHT), mode="eval")
                objects = [
                    [ast.dump(key) for key in one.keys if key] for one in ast.walk(node) if isinstance(one, ast.Dict)
                ]
                value = json.loads(json.dumps(ast.literal_eval(node)))
                if isinstance(value, dict) and all(len(set(keys)) == len(keys) for keys in objects):
                    return value, start + len(given)
    return None


class _TwiceInOneError(ValueError):
    """An object has a key twice, of which a parser would take the last without a word."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _once_each(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceInOneError(next(key for key in keys if keys.count(key) > 1))
    return value


def _within(value: JsonValue, most: int = 2 * _NESTED) -> Iterator[JsonValue]:
    """The values in one, at any depth that programs use."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield one
        if most:
            yield from _within(one, most - 1)


def _unwrapped(value: dict[str, JsonValue], most: int = _NESTED) -> list[dict[str, JsonValue]]:
    """The objects within an object that says nothing itself, as `{"answers": [...]}`: programs wrap them so.

    The mark of the sheet and a situation that stand beside them are theirs. What is unclear may stand there too.
    """
    said = [key for key in KINDS if value.get(key) not in EMPTY]
    is_wrapper = most and said in ([], ["unclear"])
    inner = [one for found in value.values() for one in _in(found)] if is_wrapper else []
    beside: dict[str, JsonValue] = {key: value[key] for key in ("sheet", "when") if key in value}
    unwrapped = [found for one in inner for found in _unwrapped({**beside, **one}, most - 1)]
    return [*unwrapped, *({key: value[key]} for key in said)] if unwrapped else [value]


def _in(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
