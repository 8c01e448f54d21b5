"""Reads where a prompt says that the work before it didn't hold.

Only plain words of four languages are known, and only those that speak of the work before: "the login doesn't work" is
a task, "that didn't work" is not.
"""

import re

from alma_cli.core.asking import split_task

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n")
_SENTENCES_READ = 3
_REFUTES = re.compile(
    r"^\W*nope\b"
    r"|\bstill (?:\w+ )?(?:fail\w*|red|broken|hang\w*|there|happen\w*|crash\w*|flak\w*|times? out|wrong|the same"
    r"|not (?:work\w*|fixed|there|gone|right)|doesn't|does not)\b"
    r"|\b(?:that|it|this|your (?:fix|change|patch)) (?:did|does|has|is|was)(?:n't| not) (?:\w+ )?"
    r"(?:work(?:ed|ing)?|help(?:ed)?|fix(?:ed)?|solved?|gone|hold|held|enough)\b"
    r"|^\W*(?:did|does)(?:n't| not) (?:work|help|fix|change|do)\b|\b(?:did|does)(?:n't| not) like (?:it|that|this)\b"
    r"|^\W*(?:the )?same (?:error|problem|thing|issue|result|failure|story|as before)\b"
    r"|^\W*no (?:change|luck|difference|improvement|effect)\b(?! (?:of|to|in))"
    r"|\b(?:it|that|the (?:bug|error|problem|issue))(?:'s| is| came) back\b"
    r"|\b(?:geht|klappt|funktioniert|hilft|l\u00e4uft) (?:immer noch|noch immer|trotzdem|leider|weiterhin) nicht\b"
    r"|\b(?:immer noch|weiterhin) (?:rot|kaputt|da|derselbe|dasselbe)\b"
    r"|\bhat nicht (?:geholfen|geklappt|funktioniert)\b|\b\u00e7a ne (?:marche|fonctionne) (?:toujours )?pas\b"
    r"|\btoujours (?:rouge|pareil|la m\u00eame)|\bn'a pas (?:march\u00e9|aid\u00e9)"
    r"|\bsiguen? (?:fallando|igual|sin funcionar|roj[oa]s?)\b"
    r"|\bno (?:funcion\u00f3|ayud\u00f3|sirvi\u00f3|ha funcionado)",
    re.IGNORECASE,
)


def refutation(prompt: str) -> str:
    """The sentence of a prompt that says that the work before it didn't hold, with the next; empty without one."""
    sentences = _sentences(split_task(prompt).asks)
    for number, sentence in enumerate(sentences[:_SENTENCES_READ]):
        if _REFUTES.search(sentence):
            return " ".join(sentences[number : number + 2])
    return ""


def only_refutes(prompt: str) -> bool:
    """True when a prompt says that the work before it didn't hold, and neither asks nor quotes anything else."""
    return refutation(prompt) == " ".join(_sentences(prompt)) != ""


def _sentences(text: str) -> list[str]:
    return [*filter(None, _SENTENCE_END.split(text.replace("\u2019", "'").strip()))]
