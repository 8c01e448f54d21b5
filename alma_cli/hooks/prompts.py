"""Tells a prompt that is a task from one that isn't: notices of the host, slash commands, shell lines, "go on"."""

import re

_ENVELOPE = re.compile(r"\s*<([a-z][\w-]*)(?:\s[^>]*)?>.*?</\1>\s*", re.DOTALL)
_COMMAND = re.compile(r"\s*(?:/[\w:.-]+(?:\s+[^\n]*)?|![^\n]*)\s*$")
_WORD = re.compile(r"[^\W_]+")
_LONGEST_GO_ON = 60
_GO_ON = frozenset(
    (
        *("yes", "yep", "yeah", "y", "no", "n", "ok", "okay", "k", "sure", "next", "proceed", "continue", "please"),
        *("pls", "go", "on", "ahead", "do", "it", "that", "keep", "going", "thanks", "thank", "you", "great", "good"),
        *("perfect", "nice", "fine", "right", "and", "now", "then", "again", "try", "retry", "commit", "push", "so"),
        "cool",
        *("ja", "nein", "weiter", "mach", "bitte", "danke", "gut", "oui", "non", "continuez", "merci", "si", "sigue"),
        *("gracias", "adelante", "sim", "continua", "obrigado", "да", "нет", "дальше", "продолжай", "спасибо", "ок"),
        *("好", "好的", "是", "继续", "可以", "谢谢", "はい", "続けて", "お願いします", "ありがとう", "네", "계속"),
    )
)
"""Words that, with nothing else, say only to go on."""


def is_task(prompt: str) -> bool:
    """True when a prompt asks for work of its own; else it belongs to the task before."""
    text = prompt
    while (envelope := _ENVELOPE.match(text)) is not None:
        text = text[envelope.end() :]
    text = text.strip()
    if not text or _COMMAND.match(text):
        return False
    words = _WORD.findall(text.casefold())
    return bool(words) and not (len(text) <= _LONGEST_GO_ON and _GO_ON.issuperset(words))
