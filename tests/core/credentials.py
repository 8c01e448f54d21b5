"""Credentials of every kind, made up at run time from a seed: none of them opens anything, and none stands in a file."""

import base64
import json
import random
import string

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
ALNUM = UPPER + LOWER + DIGITS
HEX = "0123456789abcdef"


def drawn(rng, alphabet, length):
    return "".join(rng.choice(alphabet) for _ in range(length))


def password(rng):
    """A password as a person or a generator makes one."""
    core = rng.choice(["winter", "Otter", "blue", "Maple", "kite"]) + drawn(rng, ALNUM + "!#%^*", rng.randint(5, 14))
    return core + rng.choice(DIGITS) + rng.choice("!%^*" + ALNUM)


def _json_part(rng, names):
    claims = json.dumps({name: drawn(rng, ALNUM, 12) for name in names}).encode()
    return base64.urlsafe_b64encode(claims).decode().rstrip("=")


def _pem(rng, name):
    lines = "\n".join(drawn(rng, ALNUM + "+/", 64) for _ in range(6))
    return f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----"


MAKERS = {
    "private key": lambda r: _pem(r, r.choice(["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""]) + "PRIVATE" + " KEY"),
    "aws access key": lambda r: r.choice(["AK" + "IA", "AS" + "IA"]) + drawn(r, UPPER + "234567", 16),
    "aws secret key": lambda r: (
        r.choice(["aws_secret_access_key = ", 'SecretAccessKey": "', "AWS_SECRET_ACCESS_KEY="])
        + drawn(r, ALNUM + "/+", 40)
    ),
    "github token": lambda r: r.choice(
        ["gh" + r.choice("pousr") + "_" + drawn(r, ALNUM, 36), "github" + "_pat_" + drawn(r, ALNUM + "_", 82)]
    ),
    "gitlab token": lambda r: "gl" + "pat-" + drawn(r, ALNUM + "_-", 20),
    "slack token": lambda r: r.choice(
        [
            f"xo{'xb'}-{drawn(r, DIGITS, 12)}-{drawn(r, DIGITS, 12)}-{drawn(r, ALNUM, 24)}",
            f"https://hooks.{'slack'}.com/services/T{drawn(r, UPPER, 8)}/B{drawn(r, UPPER, 8)}/{drawn(r, ALNUM, 24)}",
        ]
    ),
    "stripe key": lambda r: r.choice("sr") + "k_" + r.choice(["live", "test"]) + "_" + drawn(r, ALNUM, 24),
    "google api key": lambda r: "AI" + "za" + drawn(r, ALNUM + "-_", 35),
    "google oauth secret": lambda r: "GOC" + "SPX-" + drawn(r, ALNUM + "-_", 28),
    "azure key": lambda r: (
        r.choice(["DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=", "the key "])
        + base64.b64encode(r.randbytes(64)).decode()
    ),
    "azure signature": lambda r: (
        "https://shop.blob.core.windows.net/c/b?sv=2022-11-02&sp=r&sig="
        + base64.b64encode(r.randbytes(32)).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    ),
    "jwt": lambda r: (
        f"{_json_part(r, ['alg', 'typ'])}.{_json_part(r, ['sub', 'iss', 'exp'])}.{drawn(r, ALNUM + '-_', 43)}"
    ),
    "npm token": lambda r: "np" + "m_" + drawn(r, ALNUM, 36),
    "pypi token": lambda r: "py" + "pi-AgEIcHlwaS5vcmc" + drawn(r, ALNUM + "-_", 120),
    "openai key": lambda r: r.choice(
        ["s" + "k-proj-" + drawn(r, ALNUM + "-_", 64), "s" + "k-a1" + drawn(r, ALNUM, 46)]
    ),
    "anthropic key": lambda r: "s" + "k-ant-api03-" + drawn(r, ALNUM + "-_", 80),
    "password in a url": lambda r: (
        f"{r.choice(['postgresql', 'https', 'mongodb+srv', 'redis', 'amqp'])}://{drawn(r, LOWER, 6)}:"
        f"{drawn(r, ALNUM, 14)}@db.example.com/shop"
    ),
    "authorization header": lambda r: r.choice(
        ["Authorization: Bearer 7" + drawn(r, ALNUM, 40), "Authorization: Basic " + drawn(r, ALNUM, 24) + "=="]
    ),
    "password": lambda r: r.choice(
        [
            f"DB_PASSWORD={password(r)}",
            f'"password": "{password(r)}"',
            f"--password {password(r)}",
            f"client_secret: '{drawn(r, ALNUM, 32)}'",
            f'API_KEY="{drawn(r, ALNUM, 24)}"',
            f"passwd: {password(r)}",
        ]
    ),
    "sendgrid key": lambda r: f"S{'G'}.{drawn(r, ALNUM + '-_', 22)}.{drawn(r, ALNUM + '-_', 43)}",
    "twilio key": lambda r: "S" + "K" + drawn(r, HEX, 32),
    "discord token": lambda r: (
        base64.b64encode(("1" + drawn(r, DIGITS, 17)).encode()).decode()
        + f".{drawn(r, ALNUM, 6)}.{drawn(r, ALNUM + '-_', 38)}"
    ),
    "telegram token": lambda r: f"{r.choice('123456789')}{drawn(r, DIGITS, 8)}:A{'A'}{drawn(r, ALNUM + '-_', 33)}",
    "hugging face token": lambda r: "h" + "f_" + drawn(r, UPPER + LOWER, 34),
    "service token": lambda r: r.choice(
        ["dop" + "_v1_" + drawn(r, HEX, 64), "shp" + "at_" + drawn(r, HEX, 32), "hv" + "s." + drawn(r, ALNUM, 24)]
    ),
}
"""For each kind, a credential (with what stands around it where that is what tells) from a random generator."""

AROUND = (
    "Deployed with {} and the smoke test passed",
    "The request failed: {}",
    "{}",
    "1. export it\n2. {}\n3. restart the worker",
    "tried again (with {}), same error",
)


def planted(count, seed):
    """So many texts with a credential each, of all kinds in turn: the kind, the credential, the text."""
    rng = random.Random(seed)
    kinds = list(MAKERS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        credential = MAKERS[kind](rng)
        yield kind, credential, rng.choice(AROUND).format(credential)
