"""Parses one value of the configuration, or says why it can't be used."""

import math
import os
import re

from alma_cli.config.model import KEY_REFERENCE, Key
from alma_cli.core.scopes.scope import validate_name
from alma_cli.core.text import did_you_mean, one_line
from alma_cli.errors import InvalidInput

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_URL = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:]+\]|[0-9A-Za-z.-]+)(?::(?P<port>[0-9]{1,5}))?/?")
_FOREIGN_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\|\.{1,2}\\|%\w+%|[A-Za-z][A-Za-z0-9+.-]+://")
"""Paths of Windows, and addresses."""

_LAST_PORT = 65_535
_SECRET = re.compile(
    "//[^/@\\s]*:[^/@\\s]+@|"  # a password in an address
    "AccountKey\\s*=\\s*[0-9A-Za-z+/]"  # a connection string
    "|(?<![0-9A-Za-z+/=])[0-9A-Za-z+/]{86}=="  # 64 bytes in base64: an account key
    "|[?&;]sig=[0-9A-Za-z%+/]{20}",  # a shared access signature
    re.IGNORECASE,
)

KEEP_KEYS_OUT = (
    "put the key in the environment variable ALMA_COSMOS_KEY and write `key: ${ALMA_COSMOS_KEY}`; "
    "if anyone else could read the file, make a new key"
)


_LONGEST_WORD = 24


class BadValue(InvalidInput):
    """A value can't be used: the message is the rest of a sentence that starts with the key."""


def parse_value(key: Key, text: str, *, quoted: bool = False) -> object:
    """The value that the text stands for. Raises `BadValue`."""
    if key.kind == "secret":
        return _reference(text)
    if not text.isprintable():
        raise BadValue(f"is {_briefly(text)}, which has a control character", hint="remove it")
    if "${" in text:
        raise BadValue(f"is {shown(text)}, which isn't replaced here", hint=f"write the value, or set {key.variable}")
    match key.kind:
        case "whole" | "number":
            return _number(key, text, quoted=quoted)
        case "flag":
            if text.lower() not in _FLAGS:
                raise BadValue(f"is {_briefly(text)}; it takes {key.takes}")
            return _FLAGS[text.lower()]
        case "choice":
            return _choice(key, text)
        case "url":
            return _url(text)
        case "name":
            return _name(key, text)
        case "path":
            return _path(text)
        case _:
            return text


def looks_secret(text: str) -> bool:
    """True when the text has something like an account key, a connection string or a signature in it."""
    return _SECRET.search(text) is not None


def shown(text: str) -> str:
    """The text, short and printable, for a message that never shows a secret."""
    return "a secret" if looks_secret(text) else f"'{one_line(text, 40)}'"


def _briefly(text: str) -> str:
    """The text for a message about a short word or a number: a long one is none, and may be a secret of any form."""
    is_short = len(text) <= _LONGEST_WORD or text.isdecimal()
    return shown(text) if is_short or looks_secret(text) else "a long text"


def _reference(text: str) -> str:
    if not KEY_REFERENCE.fullmatch(text):
        if text.startswith("${"):
            raise BadValue(f"is {shown(text)}", hint="it takes ${VARIABLE} or ${KEYVAULT:name-of-the-secret}")
        raise BadValue("must say where the key is, not hold it", hint=KEEP_KEYS_OUT)
    return text


def _number(key: Key, text: str, *, quoted: bool) -> int | float:
    wrong = BadValue(f"is {_briefly(text)}; it takes {key.takes}")
    if key.kind == "whole" and not _WHOLE.fullmatch(text):
        raise wrong
    try:
        number = int(text) if key.kind == "whole" else float(text)
    except ValueError:
        raise wrong from None
    if not math.isfinite(number):
        raise wrong
    if (key.low is not None and number < key.low) or (key.high is not None and number > key.high):
        raise wrong
    if quoted:
        raise BadValue(f"is text; it takes {key.takes}", hint=f"remove the quotes: {text}")
    return number


def _choice(key: Key, text: str) -> str:
    word = key.synonyms.get(text, text)
    if word not in key.choices:
        raise BadValue(f"is {_briefly(text)}; it takes {key.takes}", hint=did_you_mean(text, key.choices))
    return word


def _url(text: str) -> str:
    if not text:
        return text
    match = _URL.fullmatch(text)
    if match is None or int(match["port"] or 0) > _LAST_PORT:
        said = shown(text) if text.startswith(("https://", "http://")) else _briefly(text)
        raise BadValue(f"is {said}; it takes an https:// address", hint="without a user, path or query")
    host = match["host"]
    local = "." not in host or host.startswith("127.") or host.endswith((".localhost", ".internal"))
    if match["scheme"] == "http" and not local:
        raise BadValue(f"is {shown(text)}, which isn't encrypted", hint=f"write https://{host}")
    return text


def _path(text: str) -> str:
    if text.split("/", maxsplit=1)[0] == "~" == os.path.expanduser("~"):
        raise BadValue("starts with ~, and there is no home folder", hint="set HOME, or write the path in full")
    if _FOREIGN_PATH.match(text):  # a folder of that very name would be made here
        raise BadValue(
            f"is {shown(text)}, which names no folder of this machine",
            hint="write it with /; in WSL C:\\x is /mnt/c/x, and a share has to be mounted",
        )
    return text


def _name(key: Key, text: str) -> str:
    try:
        return validate_name(key.name.removesuffix("_id"), text)
    except InvalidInput as error:
        raise BadValue(f"can't be used: {error.message}", hint=error.hint) from error
