"""Draws inputs: what a door takes, with a few things wrong in it."""

import json

NAMES = [
    "helena",
    "victor",
    "_project",
    "*",
    "me",
    "HELENA",
    "hel\u0065\u0301na",
    "a/b",
    "../x",
    "_meta",
    " helena",
    "",
    "x" * 129,
]
DOMAINS = ["testing", "ui", "secrets", "api", "general", "Testing", "a/b", "", " ui", "se\u200bcrets", "*", "nope"]
TIMES = [
    "2026-01-31T09:30:00Z", "2026-01-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2999-01-01", "1969-12-31T23:59:59.999999Z", "20260131T093000Z", "soon", "2026-02-30", "2026-W05-6", "+010000-01-01",
]  # fmt: skip
PATHS = [
    ".", "..", "/", "/dev/null", "../outside", "a/../../b", ".alma", "file.ndjson", "x" * 300, "~", "~root/x",
    "/proc/self/mem", "a\nb", "-", "sub", "sub/link", "lonely.json", "/dev/full", "con:1", "?*", "C:\\x",
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 2, 3.5, 1e308, -1e308, 5e-324, 2**31, 2**53, 2**63, 2**64, 10**400, -0.0, float("nan"), float("inf"), float("-inf"), True,
]  # fmt: skip
TEXTS = [
    "", " ", "\t\n", "Test the login form", "Tested empty fields", "a\0b", "\ud800", "x\udcffy", "\U0010ffff", "e\u0301", "\u00e9",
    "\u202egnirts\u202c", "\x1b[2J\x1b]0;t\x07", "\x9b31m", "[red]x[/red] [/] [link=x]y[/link]", "<b>&amp;</b>", "'; DROP TABLE memories; --",
    '"}]}', "null", "NaN", "1e309", "%s %n {0} {x.__class__} ${HOME} $(id) `id`", "--json", "--", "-", "-x", "=", "a=b", "@file", "ﷺ" * 50,
    "Ünïcödé 登录 \U0001f600", "Alma-Outcome: success; when a; do b; why c", "Alma-Outcome: failure", "/etc/passwd", "one\ntwo\r\nthree\u2028four",
    "9" * 400, "secrets", "<task-notification>x</task-notification>", "/compact", "!ls", "continue", "\ufeff", "a" * 199, "b" * 201, "\v\f\x85",
    "AccountKey=abcdefghij", "password=hunter2hunter2", "I\u0307", "\u0130", "ß", "\u1e9e", "\ufb03", "()[]{}", "C" * 5000, "(" * 300, "*" * 200, "ab " * 4000,
]  # fmt: skip
RARE_TEXTS = ["x" * 300_000, "é" * 200_000, "\n" * 100_000, "a b " * 70_000, "<" * 100_000, "-" * 100_000, "`" * 50_000]
IDS = ["0" * 32, "f" * 32, "F" * 32, "abc", "0", "", "zz", "0" * 33, "ABCDEF01", "%", "_", "0\0", "*"]


def text(chance):
    """A text that something may stumble over."""
    if chance.random() < 0.01:
        return chance.choice(RARE_TEXTS)
    words = [chance.choice(TEXTS) for _ in range(1 if chance.random() < 0.7 else chance.randint(2, 4))]
    return chance.choice(["", " ", "\n", "; "]).join(words)


def leaf(chance):
    """A value that isn't a list or an object."""
    return chance.choice([text, number, name, lambda _: None, lambda _: chance.random() < 0.5, time, id])(chance)


def number(chance):
    return chance.choice(NUMBERS)


def name(chance):
    return chance.choice([*NAMES, *DOMAINS])


def time(chance):
    return chance.choice(TIMES)


def id(chance):
    return chance.choice(IDS) if chance.random() < 0.5 else f"{chance.getrandbits(128):032x}"


def value(chance, depth=0):
    """Any JSON value, now and then a very deep one."""
    kind = chance.random()
    if kind < 0.75 or depth > 3:
        return leaf(chance)
    if kind < 0.87:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    if kind < 0.98:
        return {text(chance): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}
    deep = leaf(chance)
    for _ in range(chance.choice([20, 70, 200])):
        deep = [deep] if chance.random() < 0.5 else {"x": deep}
    return deep


def broken(chance, given, often=0.7):
    """A copy of an object with up to three parts replaced, removed, added, renamed or nested."""
    given = dict(given)
    while chance.random() < often:
        often /= 2
        key = chance.choice(list(given)) if given else "x"
        match chance.randrange(7):
            case 0 | 1 | 2:
                given[key] = value(chance)
            case 3:
                given.pop(key, None)
            case 4:
                given[text(chance)] = value(chance)
            case 5:
                given[chance.choice([str.upper, str.title, lambda text: text + " ", lambda text: text[:-1]])(key)] = (
                    given.pop(key, None)
                )
            case 6 if isinstance(given.get(key), dict):
                given[key] = broken(chance, given[key])
            case _:
                given[key] = [given.get(key)]
    return given


def written(chance, given):
    """The JSON text of a value, in bytes, now and then with keys that stand there twice."""
    content = json.dumps(given, ensure_ascii=chance.random() < 0.5)
    if isinstance(given, dict) and given and chance.random() < 0.05:
        key = chance.choice(list(given))
        content = content[:-1] + f", {json.dumps(key)}: {json.dumps(value(chance))}}}"
    if isinstance(given, dict) and chance.random() < 0.02:
        start, end = chance.choice([("[", "]"), ('{"a":', "}")])
        depth = chance.choice([500, 900, 950, 970, 985, 2000, 100_000])  # Python reads and writes about 990 levels
        key = chance.choice([*given, "x"])
        content = f"{content[:-1]}{', ' if given else ''}{json.dumps(key)}: {start * depth}1{end * depth}}}"
    return content.encode("utf-8", "surrogatepass")


def damaged(chance, content, often=0.3):
    """Bytes, perhaps cut, with bytes that were changed, or in another encoding."""
    while content and chance.random() < often:
        often /= 3
        at = chance.randrange(len(content))
        match chance.randrange(10):
            case 0:
                content = content[:at]
            case 1:
                content = content[at:]
            case 2:
                content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
            case 3:
                content = (
                    content[:at]
                    + chance.choice([b"\0", b"\xff", b"\xed\xa0\x80", b"\xc3", b"\n", b"\r", b'"', b"{", b"]"])
                    + content[at:]
                )
            case 4:
                content = b"\xef\xbb\xbf" + content
            case 5:
                content = content.decode("utf-8", "replace").encode("utf-16")
            case 6:
                content = content.replace(b"\n", b"\r\n")
            case 7:
                content += content
            case 8:
                content = chance.choice(
                    [b"[" * 5000, b'{"a":' * 5000, b"", b"\0" * 100, b"\xff" * 50, b"null", b"[]", b"{}", b'""', b"1"]
                )
            case _:
                content = bytes(chance.randrange(256) for _ in range(chance.randint(1, 40)))
    return content
