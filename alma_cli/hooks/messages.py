"""Reads an agent's last message of a turn: its `Alma-Outcome:` line and, without one, what speaks against the check.

Words never decide a result. But a green check says nothing where its author says that the work was given up or put off,
nor a red one where it asks first or says that it was red before. Only plain words of four languages are known: what
they miss is recorded by the check, what they find wrongly is not recorded.
"""

import re
from typing import NamedTuple

from alma_cli.core.learning.reports import RESULT_WORD, Said, result_of

_NAME = r"^[\s>*_`#-]*(?:\d+[.)][ \t]*)?Alma[- ]Outcome[*_`]*[ \t]*"
_REST = r"[^\n]*(?:(?<=;)[ \t]*\n[^\n]*|\n[ \t>*_`-]*(?:when|do|why)[*_`]*:[^\n]*)*"
"""The rest of the line, with those that go on with it: after a semicolon, or with a part's name and a colon."""
_LINE = re.compile(
    rf"{_NAME}:[\s*_`]*(?:[^\w\s|<\[{{(]+[ \t]*)?{RESULT_WORD}(?![ \t]*\|)[ \t:;,.*_`\"'-]*({_REST})$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_LINE = re.compile(r";?[ \t]*\n[ \t>*_`-]*")

_FULL_WIDTH = {0xFF1A: ":", 0xFF1B: ";", 0xFF0C: ","}
"""The signs that Chinese and Japanese have for ours."""
_ANY_LINE = re.compile(rf"{_NAME}[:\uff1a]{_REST}$", re.IGNORECASE | re.MULTILINE)
_OTHER_MARK = re.compile(r"(?:,|\s[-\u2013\u2014])\s+(?=(?:do|why)\b)", re.IGNORECASE)

_GIVEN_UP = re.compile(
    r"\b(?:revert(?:ed|ing)|roll(?:ed|ing) (?:\w+ )?back|un(?:did|done)|(?:g[ai]ve|giving|given) up|dead end|stuck"
    r"|(?:took|taken?|put|backed|pulled|changed) (?:\w+ ){0,6}(?:back|out again)|back (?:as|to what|to where) it was"
    r"|(?:could|can|did|does|do|was|were|is|are)(?:n't| not) (?:able to|(?:\w+ )?(?:done|finish(?:ed)?|fix(?:ed)?"
    r"|sol(?:ve|ved)|get|work(?:ing)?|help|find out|manage|make it|resolved?|there|complete))|unable to"
    r"|not (?:yet )?(?:done|finished|fixed|solved|resolved|working)|unsolved|no (?:result|luck|success|more luck)"
    r"|still (?:\w+ )?(?:fail\w*|red|broken|hang\w*|there|happens?|crash\w*|flak\w*|missing|open|unknown|times? out)"
    r"|remains? (?:\w+ )?(?:open|unsolved|unknown|red|failing)|xfail|(?:skipped|disabled|muted|commented out) the"
    r"|\.skip\b|half[- ]done|partly|partially|only (?:in )?part"
    r"|nicht (?:geschafft|gel\u00f6st|gelungen|fertig|hinbekommen)|zur\u00fcck(?:gesetzt|genommen)|weiterhin"
    r"|(?:immer )?noch (?:rot|offen|nicht)|(?:n'ai|n'a) pas (?:r\u00e9ussi|pu)|annul\u00e9"
    r"|toujours (?:rouge|en \u00e9chec)|no (?:consegu\u00ed|pude|se pudo|funciona)|revertid[oa]s?"
    r"|sigue (?:fallando|roj[oa])|he deshecho)\b",
    re.IGNORECASE,
)
_RED_BEFORE = re.compile(
    r"\b(?:(?:on|in) (?:main|master|trunk|develop)\b.{0,20}\b(?:too|as well|also)|same on (?:main|master)"
    r"|fails? on (?:main|master)|pre-?existing|before my changes?|already (?:red|fail\w+|broken)|unrelated"
    r"|nothing to do with (?:this|my)|known (?:flake|failure)|flaky)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?\uff1f][\s\"'*_)]*$")


class Told(NamedTuple):
    """The last `Alma-Outcome:` line of a message: the result, and its general words."""

    result: str
    said: Said


def told(message: str) -> Told | None:
    """What the agent's line says; None without one. A line that lists the results is an example."""
    lines = [*_LINE.finditer(message.translate(_FULL_WIDTH))]
    if not lines:
        return None
    said = _NEXT_LINE.sub("; ", lines[-1][2]).strip("*_` ")
    return Told(result_of(lines[-1][1]), Said.of(said if ";" in said else _OTHER_MARK.sub("; ", said)))


def without_line(message: str) -> str:
    """The message as one line, without its `Alma-Outcome:` lines."""
    text = " ".join(_ANY_LINE.sub("", message).split())
    return text if text.strip("` ") else ""


def speaks_against(check: str, message: str) -> bool:
    """True when the message speaks against taking this end of a check, green or red, for the result of the turn."""
    if check == "green":
        return bool(_GIVEN_UP.search(message))
    return bool(_ASKS.search(message) or _RED_BEFORE.search(message))
