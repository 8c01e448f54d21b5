"""The line of a command's output that tells most of why it failed.

A table says which lines tell, best first. Stack frames, rulers and progress are never taken.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile

from alma_cli.core.text import one_line

_LONGEST = 300
_READ = 64 * 1024
"""Characters of an output that are read: its end."""
_LONGEST_READ = 500
"""Characters of a line that are read: patterns take up to the square of them."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """A kind of line that tells: of several the first or the last, and with so many of the lines below it."""

    pattern: re.Pattern[str]
    last: bool = False
    more: int = 0


def _sign(*alternatives: str, last: bool = False, more: int = 0) -> _Sign:
    return _Sign(_any_of(*alternatives), last, more)


def _any_of(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


def _words(*words: str) -> str:
    return rf".*\b(?i:{'|'.join(words)})\b"


_FILE = r"(?:[A-Z]:)?[^\s:()]*[./][^\s:()]*"
_LINE = r"(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\))"
_ERROR = (  # its name
    r"(?:(?:\w+[.:]+)+[A-Z]\w*|(?:[A-Z]\w*)?(?:Error|Exception|Exit|Interrupt|Failure|NotFound))(?: \[\w+\])?"
)
_RAISED = r"(?:Exception in thread \S+ |Caused by: |Uncaught |Unhandled exception\. )?"
_SIGNS = (
    # Git names the file or the branch here, and says only "failed" below.
    _sign(r"CONFLICT \(", r"! \["),
    # Compilers, type checkers and linters: the first error, for others often follow from it.
    _sign(rf"[^\s:()]+{_LINE} ?[:-] ?(?i:fatal error|error|\*\*\*)[ :]"),
    _sign(rf"{_FILE}:\d+:\d+:? (?!(?i:warning|note|info|remark|in function))\S", rf"{_FILE}:\d+: [A-Z]+\d+:? "),
    _sign(r"\[ERROR\] \S+:\[\d+,\d+\] ", r"error\[\w+\]: ", r"[A-Z]{1,4}\d{3,4} (?:\[\*\] )?\S"),
    # ESLint names the file elsewhere, but here the rule and what is wrong.
    _sign(r"\d+:\d+\s+error\s"),
    # The linker names the symbol.
    _sign(r".*undefined reference to", r"Undefined symbols? "),
    # The last exception is the outermost one or the root cause, and says it in words. An assertion says only values.
    _sign(rf"(?!AssertionError|SystemExit|\w+Warning){_RAISED}{_ERROR}: \S", last=True),
    # A test and what it found, as pytest sums it up.
    _sign(r"(?:FAILED|ERROR) \S.* - \S"),
    # Go and Rust tell the place, and beside or below it what went wrong.
    _sign(r"\S+_test\.go:\d+: \S", r"panic: ", r"fatal error: "),
    _sign(r"thread '.*' (?:\(\d+\) )?panicked at ", more=3),
    # Jest and RSpec tell the test or the expectation, and the values below it; CMake a place, and the reason below it.
    _sign(r"\u25cf (?!Console)\S", r"Failure/Error: ", r"CMake Error ", more=3),
    # An assertion, where no line names its test.
    _sign(r"AssertionError(?: \[\w+\])?: \S"),
    _sign(r"assert ", r"Assert\w*\.", r"[Aa]ssertion\b", r".*\bAssertion .* failed", more=2),
    _sign(r"expect\(", r"[Ee]xpected: ", r"Failed asserting ", more=2),
    # npm's first line in words: its codes, and where its log is, say less.
    _sign(r"npm (?:ERR!|error) (?!(?:code|errno|path|syscall|command|workspace) |\S+@)\S"),
    # What a program calls its error.
    _sign(r"(?!ERROR \S+\.py|ERROR: usage)(?:[\w./@+-]+: )*(?i:fatal|error)\b[: ] ?\S"),
    _sign(r"\[(?i:error|fatal)\] \S", r"##\[error\]", r"::error"),
    # A log's line of that level: the last, for the program went on after the others.
    _sign(r"(?!ERROR \S+\.py).*\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b.*\w", last=True),
    # The shell and the system.
    _sign(r".*(?:not found|No such file or directory|Permission denied|No space left on device)$", last=True),
    _sign(r".*\(core dumped\)$", r"curl: \(\d+\) ", r".*\*\*\* (?!\[)\S", last=True),
    # The names of tests that failed.
    _sign(r"--- FAIL: \S", r"ERROR \S+\.py", r"(?:FAIL(?:ED)?:?|not ok|\u2717|\u2715|\u00d7) +[^\s(]", r"\w.* FAILED$"),
    # An exception without words.
    _sign(rf"(?!SystemExit|\w+Warning){_RAISED}{_ERROR}:?$", last=True),
    # How many failed.
    _sign(r"(?:.*[ (])?[1-9]\d* (?:\w+ )?(?:failed|failing|failures?|errors?|problems?)\b", last=True),
    _sign(_words("failed", "failures", "errors") + r" ?[(:=]", last=True),
    # Any words of failing.
    _sign(
        _words("failed", "cannot", "can't", "could ?n[o']t", "unable to", "must", "denied", "refused", "not exist"),
        _words("unhealthy", "timed out", "invalid", "missing"),
        last=True,
    ),
)

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|#x1B\[[0-9;]*m")
_PREFIX = re.compile(r"E {2,}|[\u2502\u2503\u2577\u2575|] +|#\d+ (?:\d+\.\d+ )?|[\w-]+-\d+ +\| +")
"""Marks that stand before a line of pytest, of a box that is drawn, of a step of Docker's, of a container."""
_NAMED_IN_JSON = re.compile(
    r'"(?:type|name|class|exc_type)" ?: ?"(\w*(?:Error|Exception))".{0,40}?"(?:message|msg)" ?: ?"((?:[^"\\]|\\.)+)'
)
_LEVEL_IN_JSON = re.compile(r'"(?:level|severity|levelname|log\.level)" ?: ?"?(?i:error|fatal|critical|50\b|60\b)')
_MESSAGE_IN_JSON = re.compile(r'"(?:message|msg|error)" ?: ?"((?:[^"\\]|\\.)+)')
_NOISE = _any_of(
    # frames of Python, JavaScript and Java, Ruby, C and PHP, Rust, Go
    r' *File ".*", line \d',
    r"\s+at \S|\s+\.{3} \d+ more",
    r"\s+from \S+:\d+:in ",
    r"\s*#\d+ +(?:0x|/|\S+\()",
    r"\s+\d+: +\S+::",
    r"goroutine \d+ \[|\t\S+:\d+(?: \+0x\w+)?$|[\w./]+\((?:\{?0x\w|\.{3}\)$)|exit status \d+$",
    # a place alone, or with nothing but a name
    rf"{_FILE}:\d+(?::\d+)?(?::(?: in \S.*| [\w.]+)?)?$",
    # what stands around frames, and source that is quoted
    r"Traceback|stack backtrace:|note: run with|The above exception was|During handling of the above|Node\.js v\d",
    r"\s*> |\s*\d+ \|",
    # pytest's dots, percents, tests that begin or pass
    r"(?:\S+ )?[.FEsxXP]+\s*\[ *\d{1,3}%\]$|[.FEsxXP]+$",
    r"\W*\d{1,3}(?:\.\d+)?%|.*[\d>#=\u2588 ]\d{1,3}%\s*(?:[|(]|$)|.*\b\w+ing\b.*\bdone\.?$",
    r"=== (?:RUN|PAUSE|CONT|NAME) |(?:INFO|DEBUG|info|PASS(?:ED)?|ok|\u2713)\b",
)
_ASIDE = _any_of(
    r".*\*\*\* \[.*\] (?:Error|[A-Z])|make(?:\[\d+\])?: (?:Entering|Leaving|Target)",
    r"(?:WARN(?:ING)?|HINT|hint|help|note|warning|=)\b|.*Warning: ",
    r".*(?<!\.)\.{5,}(?:Failed|Passed|Skipped)$|- (?:hook id|exit code|duration): ",
    r"npm (?:ERR!|error)(?:$| A complete log| \s| Test failed| Lifecycle| Exit status)|.*_logs/",
    r".*(?i:exit(?:ed)?(?: with)? (?:code|status)|returned non-zero|ld returned|could not compile)",
    r".*(?i:build (?:stopped|failed)|aborting due to|did not complete successfully|not recoverable)",
    r".*(?i:ELIFECYCLE|failed to execute goal|\[Help 1\]|to see the full stack trace|re-run maven)",
    r".*(?i:for help visit|check the log|see above|more information|for more details)",
)
"""Lines that say only that something failed, or come beside it: taken where nothing else is there."""
_RULES = frozenset("=_-~+*!#.\u2500")
_RULED_SUMMARY = re.compile(r"\d+ \w+.* in \d")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W_]")
_CUT_WORD = re.compile(r"[ :]*[\w./+=~-]*$")


@lru_cache(maxsize=8)
def telling_line(output: str, reason: str = "") -> str:
    """The line of an output that tells most of a failure, after the reason (such as "exit status 1").

    At most 300 characters, control characters made visible; the reason alone where no line tells anything.
    """
    return _shortened(": ".join(filter(None, (reason, next(_picked(output), "")))))


def telling_lines(output: str, most: int) -> list[str]:
    """The lines of an output that tell of its failures, at most one of each kind, the one that tells most first."""
    return [_shortened(line) for line in islice(dict.fromkeys(_picked(output)), most)]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without what surrounds it (empty for noise); `aside` if it comes beside a failure and says little."""

    text: str
    aside: bool = False

    @property
    def tells(self) -> bool:
        """True for words of a failure."""
        return not self.aside and bool(_LETTER.search(self.text))


def _lines(output: str) -> Iterator[_Line]:
    """The lines that aren't blank; of what was written over itself, the last."""
    for raw in _ESCAPE.sub("", output).split("\n"):
        if line := raw.rstrip().rpartition("\r")[2]:
            text = _without_noise(line[:_LONGEST_READ])
            yield _Line(text, aside=bool(_ASIDE.match(text)))


def _without_noise(line: str) -> str:
    shown = _said_in_json(line) if '{"' in line else _PREFIX.sub("", line, count=1)
    if _NOISE.match(shown):
        return ""
    shown = shown.strip()
    if shown[:1] in _RULES and shown[:3] == shown[-3:] == shown[:1] * 3:
        title = shown.strip(shown[0]).strip()
        return title if _RULED_SUMMARY.match(title) else ""
    return shown if _WORD.search(shown) else ""


def _said_in_json(line: str) -> str:
    """The error that a line of a log in JSON tells of, as a log in words would; another line as it is."""
    if named := _NAMED_IN_JSON.search(line):
        return f"{named[1]}: {_unescaped(named[2])}"
    message = _MESSAGE_IN_JSON.search(line) if _LEVEL_IN_JSON.search(line) else None
    return f"ERROR {_unescaped(message[1])}" if message else line


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nrt" else found[1], text)


def _picked(output: str) -> Iterator[str]:
    """For each sign its line; else the last line that may tell."""
    lines = list(_lines(output[-_READ:]))
    telling = [number for number, line in enumerate(lines) if line.tells]
    found = False
    for sign in _SIGNS:
        for number in reversed(telling) if sign.last else telling:
            if sign.pattern.match(lines[number].text):
                yield _with_more(lines, number, sign.more)
                found = True
                break
    if not found:
        asides = (line.text for line in reversed(lines) if line.aside)
        yield from [lines[telling[-1]].text] if telling else islice(asides, 1)


def _with_more(lines: list[_Line], number: int, more: int) -> str:
    """A line and those below that belong to it: so many, or one that it announces by a colon or that is its place."""
    text = lines[number].text
    below = [line.text for line in takewhile(lambda line: line.text and not line.aside, lines[number + 1 :])]
    if below and not more and (text.endswith(":") or below[0].startswith("-->")):
        more = 1
    return " ".join((text, *below[:more]))


def _shortened(text: str) -> str:
    """The text on one line, not cut within a word: half a credential would not be recognised as one."""
    line = one_line(text)
    return line if len(line) <= _LONGEST else f"{_CUT_WORD.sub('', line[: _LONGEST - 1])}\u2026"
