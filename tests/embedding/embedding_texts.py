"""Texts to embed: a fixed set with stored vectors, and as many varied ones as wanted, always the same."""

import random

REFERENCE = [
    "",
    "Test the login form validation",
    "Test login form",
    "Tested empty fields, invalid email, valid submission",
    "Check that the sign-in page rejects wrong passwords",
    "Use a longer timeout",
    "Use a shorter timeout",
    "enable the cache",
    "disable the cache",
    "Retry the request with exponential backoff when the server answers 429",
    "Wait for the selector to be visible before clicking it",
    "Prefer data-testid attributes over CSS classes in selectors",
    "The database migration failed because a column was renamed twice",
    "Roll the schema back, then run the migration again in one transaction",
    "User prefers short answers without emojis",
    "Always run the linter before committing",
    "The API returns 403 instead of 401 for expired tokens",
    "Mock the payment gateway in integration tests",
    "Do not mock the database; use a temporary one",
    "pytest -n 2 fails on tests that share a port",
    "def add(a, b):\n    return a + b",
    "SELECT agent, count(*) FROM outcomes GROUP BY agent ORDER BY 2 DESC",
    "TypeError: 'NoneType' object is not subscriptable",
    "https://example.com/path?query=value&other=1#fragment",
    "git rebase --interactive HEAD~3",
    "The quick brown fox jumps over the lazy dog",
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The girl is carrying a baby.",
    "Someone is riding a white horse on an enclosed ground.",
    "A cheetah is running behind its prey.",
    "It rained all day in Lisbon",
    "Lisbon had rain from morning to night",
    "Der schnelle braune Fuchs springt über den faulen Hund",
    "Où est la bibliothèque ?",
    "El niño comió una manzana en la cocina",
    "Быстрая коричневая лиса",
    "机器学习模型需要大量数据",
    "東京は日本の首都です",
    "한국어 문장 하나",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "Deploy 🚀 on Friday? 😱 No!",
    "naïve café façade coöperate Ångström",
    "x",
    "42",
    "internationalisation antidisestablishmentarianism",
    "[CLS] and [SEP] are not words [MASK]",
    "A sentence that goes on. " * 20,
    "token " * 400,
]

_ALPHABETS = [
    (0x20, 0x7E),
    (0x20, 0x7E),
    (0x20, 0x7E),
    (0xA0, 0x24F),  # accents
    (0x300, 0x36F),  # combining marks
    (0x370, 0x52F),  # Greek, Cyrillic
    (0x590, 0x6FF),  # Hebrew, Arabic
    (0x900, 0xDFF),  # Indian scripts
    (0xE00, 0xEFF),
    (0x1E00, 0x1FFF),
    (0x2000, 0x2BFF),  # punctuation and symbols
    (0x3000, 0x30FF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xD800, 0xDFFF),  # lone surrogates
    (0xE000, 0xFFFF),
    (0x1D400, 0x1D7FF),
    (0x1F300, 0x1FAFF),  # emoji
    (0x0, 0x1F),
    (0x7F, 0x9F),
    (0x10FF00, 0x10FFFF),
]
_WORDS = [
    "test",
    "the",
    "Login",
    "form.",
    "retry",
    "timeout",
    "CACHE",
    "don't",
    "user_id",
    "cafés",
    "naïve,",
    "tokenise",
    "3.14",
    "--flag",
    "[SEP]",
    "[MASK]",
    "東京",
    "ok",
]


def varied(count: int, *, longest_words: int = 40) -> list[str]:
    """Sentences with words of any script, symbols, controls and lone surrogates mixed in."""
    rng = random.Random(7)
    return [_text(rng, rng.randint(1, longest_words)) for _ in range(count)]


def _text(rng: random.Random, words: int) -> str:
    strange = rng.choice([0.0, 0.2, 0.6])
    return "".join(
        (_strange_word(rng) if rng.random() < strange else rng.choice(_WORDS))
        + rng.choice([" ", " ", " ", "\n", "", "-"])
        for _ in range(words)
    )


def _strange_word(rng: random.Random) -> str:
    first, last = rng.choice(_ALPHABETS)
    return "".join(chr(rng.randint(first, last)) for _ in range(rng.choice([1, 2, 3, 8])))
