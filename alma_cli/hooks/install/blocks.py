"""A marked block in somebody's Markdown, such as AGENTS.md: what stands around it stays as it is."""

import re

from alma_cli.errors import AlmaError


def is_whole(text: str, name: str) -> bool:
    """False where the marks of this name in a text aren't one whole block, nor none."""
    return _marks(text, name) in ([], [*first_and_last(name)])


def with_block(path: str, text: str, name: str, body: str) -> str:
    """The text of the file at `path` with this body in its block of this name, at the end if there is none yet.

    An empty body takes the block out. Raises `AlmaError` where the marks aren't one whole block.
    """
    first, last = first_and_last(name)
    if not is_whole(text, name):
        raise AlmaError(
            f"{path} has marks of a block that isn't whole", hint=f"leave one line `{first}` and one `{last}` below it"
        )
    newline = "\r\n" if "\r\n" in text else "\n"
    block = f"{first}\n{body}{last}\n".replace("\n", newline) if body else ""
    if _marks(text, name):
        place = rf"(?:^\r?\n)?^{re.escape(first)}\r?\n.*?^{re.escape(last)}(?:\r?\n|\Z)"
        if block:
            place = place.removeprefix(r"(?:^\r?\n)?")
        return re.sub(place, lambda _: block, text, count=1, flags=re.MULTILINE | re.DOTALL)
    if not block:
        return text
    between = "" if not text else newline if text.endswith("\n") else newline * 2
    return text + between + block


def first_and_last(name: str) -> tuple[str, str]:
    """The first and the last line of a block."""
    return f"<!-- >>> {name} >>> -->", f"<!-- <<< {name} <<< -->"


def _marks(text: str, name: str) -> list[str]:
    """The marks of this name, as they follow each other."""
    return re.findall(rf"^(?:{'|'.join(map(re.escape, first_and_last(name)))})(?=\r?$)", text, re.MULTILINE)
