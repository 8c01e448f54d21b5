"""Reads a shell's command: the programs that it starts, with their arguments, seen through those that start others.

Only so far as tells a program from text: quotes, comments and here-documents are known, expansions stay as they are.
"""

import re
import shlex
from collections.abc import Iterator, Sequence

LONGEST = 4000
"""Characters of a command that are read."""
_DEEPEST = 5

_UNREAD = re.compile(r"^\s*#.*$|\\\n", re.MULTILINE)
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?(?:^\s*\2\s*$|\Z)", re.DOTALL | re.MULTILINE)
_BETWEEN = re.compile(r"[;&|()\n]+")
_ASSIGNMENT = re.compile(r"\w+=")
_KEYWORDS = frozenset(("if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"))

_STARTERS = frozenset(
    (
        *("env", "nice", "nohup", "stdbuf", "sudo", "doas", "command", "exec", "xargs", "watch", "xvfb-run"),
        *("npx", "bunx", "uvx", "pipx", "npm", "pnpm", "yarn", "bun", "bundle", "mise", "asdf", "uv", "poetry", "pdm"),
        *("hatch", "pipenv", "rye", "pixi", "conda", "micromamba", "coverage", "php", "node", "tsx", "ruby", "perl"),
        *("sh", "bash", "zsh", "dash"),
    )
)
"""Programs that start another one, whose name is their first operand, or the first one after such a word as `run`."""
_STARTERS_AFTER_ONE = frozenset(("timeout", "gtimeout", "ssh"))
"""The same, with an operand of their own before it."""
_BOXES = frozenset(("docker", "docker-compose", "podman", "kubectl"))
"""The same: after `run` or `exec` stands the name of an image or a container."""
_PYTHON = re.compile(r"python[\d.]*|py")

VALUED = frozenset(
    (
        *("-w", "--workspace", "-F", "--filter", "--prefix", "-C", "--cwd", "--dir", "--directory", "--scope", "-p"),
        *("--project", "--package", "--with", "--extra", "--group", "--python", "-f", "--file", "-u", "--user", "-n"),
        *("-e", "--env", "--env-file", "-v", "--volume", "--name", "--network", "--workdir", "-pl"),
    )
)
"""Options whose value is the next word."""


def simple_commands(command: str) -> Iterator[list[str]]:
    """The words of each command between `;`, `&&`, pipes and the like, without redirections."""
    text = _UNREAD.sub(" ", _HERE_DOCUMENT.sub(r"\3\n", command[:LONGEST]))
    reader = shlex.shlex(text, posix=True, punctuation_chars=";&|()\n<>")
    reader.whitespace, reader.whitespace_split, reader.commenters = " \t\r", True, ""
    words: list[str] = []
    is_target = False
    try:
        for word in reader:
            if is_target:
                is_target = False
            elif _BETWEEN.fullmatch(word):
                yield words
                words = []
            elif set(word) <= set("<>&|") and word:
                is_target = True
            else:
                words.append(word)
    except ValueError:  # a quote that isn't closed
        pass
    yield words


def programs(words: Sequence[str], depth: int = 0) -> Iterator[list[str]]:
    """The program of a simple command, and each that it starts, with their arguments; names without their folders."""
    while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
        words = words[1:]
    if not words or depth > _DEEPEST:
        return
    yield [*words]
    name, rest = words[0].rpartition("/")[2], words[1:]
    is_box = name in _BOXES
    if is_box or name in _STARTERS or name in _STARTERS_AFTER_ONE or _PYTHON.fullmatch(name):
        yield from _started(rest, int(name in _STARTERS_AFTER_ONE), depth, is_box=is_box)


def _started(words: Sequence[str], others: int, depth: int, *, is_box: bool) -> Iterator[list[str]]:
    for place, word in operands(words, others):
        rest = words[place + 1 :]
        if word in ("run", "exec", "dlx", "x"):
            yield from _started(rest, int(is_box), depth, is_box=False)
        elif word in ("compose", "tool"):
            yield from _started(rest, 0, depth, is_box=is_box)
        elif not is_box and re.search(r"\s", word):
            for inner in simple_commands(word):
                yield from programs(inner, depth + 1)
        elif not is_box:
            yield from programs([word, *rest], depth + 1)


def operands(words: Sequence[str], others: int = 0) -> Iterator[tuple[int, str]]:
    """The places and words of what may be the first operand after so many others, up to the one that surely is.

    A word after an option may be its value, so that it counts as either.
    """
    sure = maybe = 0
    before = ""
    for place, word in enumerate(words):
        if word == "--":
            yield from enumerate(words[place + 1 : place + 2], place + 1)
            return
        is_value = before in VALUED
        if not word.startswith(("-", "+")) and not is_value:
            if sure + maybe >= others:
                yield place, word
            if before.startswith("-") and "=" not in before:
                maybe += 1
            elif sure == others:
                return
            else:
                sure += 1
        before = "" if is_value else word
