"""Tells a text in another language of Latin script than English, of which the model sees little but the language.

Any two German sentences are more similar to it than two English ones. So there, meaning alone is no sure sign; a word
that two texts share is, or the beginning of one, since endings change: "Datenbank" and "Datenbankmigrationen".
"""

import re
import unicodedata
from collections.abc import Set as AbstractSet

from alma_cli.core.words import FUNCTION_WORDS

_BEGINNING = 5
"""Letters of a word that are compared, and the fewest that a word has to have."""

_MOST_WORDS = 60
_FOREIGN_WORDS = frozenset(
    re.findall(
        r"\w+",
        "der das und ist nicht ein eine einen einem einer mit für auf von zu im wird wie wo wenn beim zum zur nach bei "
        "den dem sich ich auch aus vom "
        "el los las del que una por con para se cómo dónde cuando al está su y en la de un lo qué mi "
        "le les du une est pour dans avec sur pas qui et au aux par où ce cette quand je ne sans "
        "os um uma em não da dos das na nos nas ao onde é "
        "il gli di che nel sono dove è "
        "het een van voor niet met zijn wordt als naar",
    )
)
"""Small words of German, Spanish, French, Portuguese, Italian and Dutch that English doesn't have."""

_ENGLISH_WORDS = FUNCTION_WORDS - _FOREIGN_WORDS - {"a", "an", "as", "do", "in", "me", "no", "on", "so", "was"}
"""Without those that are words of the others too."""

_ACCENTED = re.compile(r"[ßà-öø-ÿāăąćčďđēęěğīıłńňőœřśşšťūůűźżž]")


def is_foreign(text: str) -> bool:
    """True of a text in Latin script whose small words and accents say that it isn't English."""
    words = re.findall(r"[^\W\d_]+", text.casefold())[:_MOST_WORDS]
    foreign = sum(word in _FOREIGN_WORDS or _ACCENTED.search(word) is not None for word in words)
    return foreign > sum(word in _ENGLISH_WORDS for word in words)


def beginnings(text: str) -> AbstractSet[str]:
    """The first letters of each longer word of a text, without accents."""
    plain = unicodedata.normalize("NFD", text.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return {word[:_BEGINNING] for word in re.findall(r"[^\W\d_]+", letters) if len(word) >= _BEGINNING}
