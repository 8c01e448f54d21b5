"""Reads files of XML as text that XML allows, in the encoding that they have.

Tools write colours of terminals and half characters into them, and name another encoding than they use.
"""

import codecs
import io
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO

_COLOUR = re.compile(r"(?:\x1b|&#(?:27|x0*1b);)\[[0-9;?]*[a-z]", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,9})|(\d{1,9}));", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([^"'>]+)""")


def xml_lines(file: BinaryIO) -> Iterator[str]:
    """The lines of a file, which is closed after the last. Raises `LookupError` for an encoding that isn't known."""
    with io.TextIOWrapper(file, encoding=_encoding(file), errors="replace", newline="\n") as lines:
        for line in lines:
            yield _REFERENCE.sub(_referred, _FORBIDDEN.sub("", _COLOUR.sub("", line)))


def _encoding(file: BinaryIO) -> str:
    """The encoding of a file: what its first bytes are beats what it says, which its writer may have got wrong."""
    start = file.read(512)
    file.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start[:4]:
        return "utf-16-be" if start.startswith(b"\0") else "utf-16-le"
    said = _ENCODING.match(start)
    name = said[1].decode("ascii", "replace").lower() if said else "utf-8"
    return "utf-8-sig" if name.startswith(("utf", "unicode", "us-ascii")) else name


def _referred(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return "" if number > sys.maxunicode or _FORBIDDEN.match(chr(number)) else found[0]
