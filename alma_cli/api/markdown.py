"""Facts of Markdown pages, as the lines of an import: each once, by an id of its heading and words."""

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator

from alma_cli.api.session import named_id
from alma_cli.core.learning.markdown import Fact, facts_in
from alma_cli.core.records import JsonValue
from alma_cli.core.text import one_line
from alma_cli.errors import InvalidInput
from alma_cli.files import open_file

_ENDINGS = (".md", ".markdown", ".mdc")
"""The last is that of Cursor's rules."""
_MOST_BYTES = 4 * 1024 * 1024
_NOT_NOTES = frozenset({"node_modules", "vendor", "dist", "build", "target"})


def is_markdown(path: str) -> bool:
    """True for a page of Markdown, or a folder, which may have some."""
    return path.lower().endswith(_ENDINGS) or os.path.isdir(path)


def facts_of(path: str, root: str) -> list[tuple[str, Fact]]:
    """The facts of a page, or of all pages of a folder, with each page's path (from the project's folder).

    Raises `InvalidInput` for what can't be read, for a folder without pages, and for one that the project is in.
    """
    if _is_around(path, root):
        raise InvalidInput(
            f"{one_line(path, 200)} has the whole project in it, and what is beside that",
            hint="name the folder of the notes, or a page",
        )
    pages = sorted(_pages(path)) if os.path.isdir(path) else [path]
    if not pages:
        raise InvalidInput(
            f"there is no Markdown in {one_line(path, 200)}", hint="name a file, or a folder of .md files"
        )
    return [(os.path.relpath(page, root), fact) for page in pages for fact in facts_in(_text(page))]


def as_records(facts: list[tuple[str, Fact]], project_id: str, agent: str) -> Iterator[tuple[int, JsonValue]]:
    """The facts as numbered records to import."""
    for page, fact in facts:
        source = f"{page}: {fact.heading}" if fact.heading else page
        id = named_id(project_id, agent, fact.heading, fact.text)  # pages are renamed and moved
        yield fact.line, {"kind": "knowledge", "id": id, "agent": agent, "fact": fact.text, "source": source}


def _is_around(folder: str, root: str) -> bool:
    """True when the project is somewhere below this folder: its pages are those of others, or of the whole machine."""
    around, inside = os.path.realpath(folder), os.path.realpath(root)
    return around != inside and os.path.commonpath([around, inside]) == around


def _pages(folder: str) -> Iterator[str]:
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_NOTES]
        pages = (os.path.join(at, name) for name in names if name.lower().endswith(_ENDINGS))
        yield from filter(os.path.isfile, pages)


def _text(page: str) -> str:
    try:
        with open_file(page) as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(f"cannot read {one_line(page, 200)}: {reason}", hint="is the path right?") from error
    if len(content) > _MOST_BYTES:
        raise InvalidInput(f"{one_line(page, 200)} has more than 4 MiB", hint="import parts of it")
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    try:
        if encoding == "utf-8" and b"\0" in content:
            raise ValueError("it has zero bytes")
        return content.decode(encoding).removeprefix("\ufeff")
    except ValueError as error:
        raise InvalidInput(f"{one_line(page, 200)} is no text in UTF-8", hint="save it as UTF-8") from error
