"""Text from agents is data: kept as it came where that is possible, harmless where it is shown."""

import re
import unicodedata

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, the escape that starts terminal sequences among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of what follows
    "\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"  # invisible tags
)


def clean(text: str) -> str:
    """The text with what can't be encoded (lone surrogates) replaced by U+FFFD."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def harmless(text: str) -> str:
    """The text with control and direction characters made visible (`\\x1b`); line breaks and tabs stay."""
    return _UNSAFE.sub(_escaped, text)


def one_line(text: str, limit: int | None = None) -> str:
    """The harmless text on one line, with runs of white space folded, cut to `limit` characters with an ellipsis."""
    if limit is not None and len(text) > 4 * limit + 100:
        text = text[: 4 * limit + 100]
    line = harmless(" ".join(text.split()))
    if limit is not None and len(line) > limit:
        return line[: limit - 1].rstrip() + "\u2026"
    return line


def alike_form(text: str) -> str:
    """What two texts share that differ only in case, punctuation, spacing or Unicode form."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded)) or folded


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
