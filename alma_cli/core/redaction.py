"""Takes credentials out of texts, by the forms that issuers give them, never by entropy.

Each kind has a few fixed words, one of which must be in the text (a plain search, which costs next to nothing), and a
pattern that is compiled only then. Every pattern takes linear time, whatever the text. The group `secret` of a match,
else the whole match, is replaced by `[redacted: KIND]`. Redacting a text twice gives the same as redacting it once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from alma_cli.errors import InvalidInput

if TYPE_CHECKING:
    from alma_cli.core.records import Record

_Record = TypeVar("_Record", bound="Record")


class CredentialKind(NamedTuple):
    """A kind of credential: words, one of which must be there in any case or (`exact`) as written, and the pattern.

    `spare` recognises a match that is no credential after all; `run` is the least number of characters without white
    space.
    """

    name: str
    words: tuple[str, ...]
    pattern: str
    spare: Callable[[str], bool] | None = None
    run: int = 0
    exact: tuple[str, ...] = ()


def redact(text: str, *, keep: Collection[str] = ()) -> tuple[str, tuple[str, ...]]:
    """The text with each credential replaced, and the kinds found; credentials of the kinds in `keep` stay."""
    if not text:
        return text, ()
    lower = text.lower()
    longest = max(map(len, text.split()), default=0)
    found: list[str] = []
    for kind in KINDS:
        if kind.name in keep or longest < kind.run or not _has_word(kind, text, lower):
            continue
        changed = _compiled(kind.pattern).sub(partial(_replacement, kind), text)
        if changed != text:
            text = changed
            found.append(kind.name)
    return text, tuple(dict.fromkeys(found))


def check_names(names: Mapping[str, str], *, keep: Collection[str] = ()) -> None:
    """Raise `InvalidInput` if one of these names, by what they name, looks like a credential: names aren't redacted."""
    for what, name in names.items():
        if kinds := _kinds_in(name, frozenset(keep)):
            raise InvalidInput(
                f"the name of the {what} looks like a credential ({', '.join(kinds)})",
                hint="it would be stored and shared as it is: give another name",
            )


@lru_cache(maxsize=256)
def _kinds_in(name: str, keep: frozenset[str]) -> tuple[str, ...]:
    """The kinds of credentials in a name, looked for once: all lines of a batch have the same few names."""
    return redact(name, keep=keep)[1]


def absent_kinds(records: Iterable[Record]) -> frozenset[str]:
    """The kinds of credentials that none of these records holds, by one search through all their texts together."""
    together = "\n".join(text for record in records for value in _said(record).values() for text in _texts_in(value))
    lower = together.lower()
    return frozenset(KIND_NAMES) - {kind.name for kind in KINDS if _has_word(kind, together, lower)}


def redact_record(record: _Record, *, keep: Collection[str] = ()) -> tuple[_Record, tuple[str, ...]]:
    """The record without credentials in its texts, and the kinds found; the very same record if it has none."""
    found: list[str] = []

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            text, kinds = redact(value, keep=keep)
            found.extend(kinds)
            return text
        if isinstance(value, Mapping):
            return {cleaned(key): cleaned(item) for key, item in value.items()}
        if isinstance(value, list):
            return [cleaned(item) for item in value]
        return value

    changed = {name: cleaned(value) for name, value in _said(record).items()}
    return (replace(record, **changed), tuple(dict.fromkeys(found))) if found else (record, ())


def _has_word(kind: CredentialKind, text: str, lower: str) -> bool:
    return any(map(lower.__contains__, kind.words)) or any(map(text.__contains__, kind.exact))


def _said(record: Record) -> dict[str, Any]:
    """The fields that may hold text."""
    from alma_cli.core.records import FIELD_NAMES, FIELDS  # a hook that notes an event needs no records

    return {name: getattr(record, name) for name in FIELD_NAMES[record.kind] if FIELDS[name].is_text}


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)


def _replacement(kind: CredentialKind, match: re.Match[str]) -> str:
    whole = match.group()
    secret = match.groupdict().get("secret")
    if secret is None:
        return f"[redacted: {kind.name}]"
    if kind.spare is not None and kind.spare(secret):
        return whole
    start = match.start("secret") - match.start()
    return f"{whole[:start]}[redacted: {kind.name}]{whole[start + len(secret) :]}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# What is no credential where one could stand

_PLACEHOLDER = (
    r"(?i)(?:(?:my|your|the|a|an|some|test|example|new|old|user|db|api|access|client|root|admin|auth|super|top)[-_ ]?)*"
    r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret|token|key|value|string|here|none|null|nil|true|false|undefined|"
    r"required|optional|redacted|hidden|masked|changeme|change[-_]me|placeholder|example|dummy|fake|foo|bar|baz|todo)"
    r"(?:[-_ ]?(?:here|goes[-_ ]here|value|key|token|secret|string))*[0-9]{0,3}"
    r"|(.)\1*|[*.x#_-]+|%[sdr]|\.\.\.+"
)
"""Words that stand for a credential in documentation."""

_REFERENCE = re.compile(r"[${<(\[]|%(?![0-9A-Fa-f]{2})|\.\.\.|[A-Za-z_][\w.]*\(")
"""How a variable, a template or a call begins."""

_PATH = re.compile(r"[.~]{0,2}/[\w.-]+/|[A-Za-z]:/")


def _stands_for(value: str) -> bool:
    """True when a quoted value only stands for a credential."""
    return bool(_REFERENCE.match(value) or _compiled(_PLACEHOLDER).fullmatch(value))


def _is_no_password(value: str) -> bool:
    """True when what follows `password=` bare is a name, a number or a word rather than a password."""
    has_letter = any(char.isalpha() for char in value)
    has_digit = any(char.isdigit() for char in value)
    has_sign = any(char in "!@#%^&*~+?" for char in value)
    if not (has_letter and (has_digit or has_sign)):
        return True
    return _stands_for(value) or "://" in value or bool(_PATH.match(value))


# The kinds, the particular before the general

_NAME_OF_ONE = (
    r"(?:passwo?r?d|passwd|passphrase|(?<![A-Za-z])pwd|secret(?:[-_]?(?:access[-_]?)?key)?|api[-_]?(?:key|secret|token)"
    r"|(?:access|auth|refresh|session|security|private|account|shared[-_]?access|signing|encryption|master)[-_]?"
    r"(?:key|token)|client[-_]?secret|token|credentials?)"
)
_NAMED = (
    *("passw", "passphrase", "pwd", "secret", "token", "credential", "_key", "-key", "apikey", "accesskey"),
    *("authkey", "accountkey", "privatekey", "securitykey", "signingkey", "encryptionkey", "masterkey"),
)
_NAMED_ELSEWHERE = (
    "passwort|kennwort|contraseña|mot de passe|senha|wachtwoord|hasło|parola|lösenord"
    "|пароль|パスワード|密码|密碼|비밀번호|पासवर्ड|كلمة المرور"
)
"""What a password is called in other languages, as a pattern says it."""

_BEFORE_PEM = r"(?:[\s\"'+,]|\\[nr])"

KINDS: tuple[CredentialKind, ...] = (
    CredentialKind(
        "private key",
        ("-----begin",),
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?>(?:[^-]|-(?!----))*)-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        rf"|-----BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----{_BEFORE_PEM}*+[A-Za-z0-9+/=]{{16,}}+"
        rf"(?:{_BEFORE_PEM}++[A-Za-z0-9+/=]{{4,}}+)*+",
    ),
    CredentialKind(
        "private key",
        ("ls0tls1crudjtib",),
        r"LS0tLS1CRUdJTiB(?:[A-Za-z0-9+/]{0,28}(?:UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW))[A-Za-z0-9+/=]{16,}",
        run=60,
    ),
    CredentialKind(
        "private key",
        ("private-lines:",),
        r"\bPrivate-Lines:\s{1,3}[0-9]{1,3}\s{1,3}"
        r"(?P<secret>[A-Za-z0-9+/=]{16,}+(?:\s{1,3}[A-Za-z0-9+/=]{4,}+(?![\w-]))*+)",
    ),
    CredentialKind("private key", ("age-secret-key-1",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b"),
    CredentialKind("aws access key", ("akia", "asia", "abia", "acca"), r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    CredentialKind(
        "aws secret key",
        ("secret", "aws"),
        r"(?i)(?:aws[-_.]?secret(?:[-_.]?access)?[-_.]?key|secret[-_.]?access[-_.]?key|aws[-_.]?secret)"
        r"[\"']?\s{0,5}(?:=>|:=|[=:]|\s)\s{0,5}[\"']?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        run=40,
    ),
    CredentialKind(
        "aws session token",
        ("session",),
        r"(?i)session[-_.]?token[\"']?\s{0,5}(?:=>|:=|[=:])\s{0,5}[\"']?(?P<secret>[A-Za-z0-9/+]{100,}={0,2})",
        run=100,
    ),
    CredentialKind(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9_]{30,255}|github_pat_[A-Za-z0-9_]{40,255})\b",
    ),
    CredentialKind(
        "gitlab token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-"),
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[A-Za-z0-9_.=-]{20,300}",
    ),
    CredentialKind(
        "slack token",
        ("xox", "xapp-", "hooks.slack"),
        r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,300}|\bxapp-[0-9]-[A-Za-z0-9-]{10,300}"
        r"|https://hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9+/]{30,})",
    ),
    CredentialKind(
        "stripe key",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"),
        r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}\b|whsec_[A-Za-z0-9+/=]{24,})",
    ),
    CredentialKind("google api key", ("aiza",), r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    CredentialKind(
        "google oauth secret",
        ("gocspx-", "ya29.", "1//0"),
        r"\b(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,}|1//0[A-Za-z0-9_-]{30,})",
    ),
    CredentialKind(
        "azure key",
        ("accountkey", "sharedaccesskey", "=="),
        r"(?:AccountKey|SharedAccessKey)\s?=\s?(?P<secret>[A-Za-z0-9+/]{32,}={0,2})"
        r"|(?<![A-Za-z0-9+/=-])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])",
        run=43,
    ),
    CredentialKind("azure signature", ("sig=",), r"(?i)(?:[?&;]|\b)sig=(?P<secret>[A-Za-z0-9%+/]{32,}={0,2})"),
    CredentialKind(
        "azure client secret", ("q~",), r"(?<![\w~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![\w~-])"
    ),
    CredentialKind("azure devops token", ("azdo",), r"\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b"),
    CredentialKind(
        "jwt",
        ("eyj",),
        r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}+\.(?:eyJ[A-Za-z0-9_-]{8,}+|[A-Za-z0-9_-]*+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+)"
        r"\.[A-Za-z0-9_-]{8,}+",
    ),
    CredentialKind("npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    CredentialKind("pypi token", ("pypi-",), r"\bpypi-[A-Za-z0-9_-]{60,}"),
    CredentialKind("rubygems token", ("rubygems_",), r"\brubygems_[a-f0-9]{48}\b"),
    CredentialKind("docker token", ("dckr_pat_", "dckr_oat_"), r"\bdckr_[po]at_[A-Za-z0-9_-]{20,}"),
    CredentialKind("anthropic key", ("sk-ant-",), r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    CredentialKind(
        "openai key",
        ("sk-",),
        r"(?<![\w-])sk-(?:(?:proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,}|(?=[a-zA-Z]*[0-9])[A-Za-z0-9]{32,64}\b)",
    ),
    CredentialKind("hugging face token", ("hf_", "api_org_"), r"\b(?:hf|api_org)_[A-Za-z0-9]{34,40}\b"),
    CredentialKind(
        "model provider key",
        ("gsk_", "r8_", "pplx-", "xai-", "tvly-"),
        r"(?<![\w-])(?:gsk_[A-Za-z0-9]{40,60}|r8_[A-Za-z0-9]{37}|pplx-[A-Za-z0-9]{40,60}|xai-[A-Za-z0-9]{60,100}"
        r"|tvly-(?:dev-|prod-)?[A-Za-z0-9]{30,40})\b",
    ),
    CredentialKind("sendgrid key", ("sg.",), r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}(?![A-Za-z0-9_-])"),
    CredentialKind(
        "twilio key",
        ("twilio",),
        r"\bSK[0-9a-f]{32}\b|(?i:twilio)[\w \"'.:=-]{0,40}\b(?P<secret>[0-9a-f]{32})\b",
        exact=("SK",),
    ),
    CredentialKind("mailgun key", ("key-",), r"(?<![\w-])key-[0-9a-f]{32}\b"),
    CredentialKind("mailchimp key", ("-us",), r"\b[0-9a-f]{32}-us[0-9]{1,2}\b"),
    CredentialKind(
        "discord token",
        (".",),
        r"(?<![\w.-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![\w-])"
        r"|https://(?:\w{1,10}\.)?discord(?:app)?\.com/api/webhooks/[0-9]{5,25}/(?P<secret>[A-Za-z0-9_-]{50,})",
        run=56,
    ),
    CredentialKind("telegram token", (":aa",), r"(?<![\w:])[0-9]{8,10}:AA[A-Za-z0-9_-]{32,33}(?![A-Za-z0-9_-])"),
    CredentialKind(
        "service token",
        (
            *("dop_v1_", "doo_v1_", "dor_v1_", "shpat_", "shpca_", "shppa_", "shpss_", "dapi", "hvs.", "atlasv1"),
            *("nrak-", "glsa_", "glc_", "lin_api_", "ntn_", "secret_", "sntrys_", "sntryu_", "pmak-", "atatt3"),
            *("sq0atp-", "sq0csp-", "hrku-", "sbp_", "pscale_", "figd_", "cfpat-"),
        ),
        r"(?<![\w-])(?:do[por]_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|dapi[a-f0-9]{32}(?:-[0-9])?"
        r"|hvs\.[A-Za-z0-9_-]{24,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}|NRAK-[A-Z0-9]{27}"
        r"|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/=]{32,}|lin_api_[A-Za-z0-9]{40}|ntn_[A-Za-z0-9]{40,50}"
        r"|secret_[A-Za-z0-9]{43}|sntry[su]_[A-Za-z0-9+/=_]{40,}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"
        r"|ATATT3[A-Za-z0-9_=-]{60,}|sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|HRKU-[A-Za-z0-9_-]{36,}|sbp_[a-f0-9]{40}"
        r"|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}|figd_[A-Za-z0-9_-]{40,}|CFPAT-[A-Za-z0-9_-]{43})(?![\w-])",
    ),
    CredentialKind(
        "service token",
        (
            *("tskey-", "nvapi-", "pul-", "sb_secret_", "dp.pt.", "dp.st.", "dp.sa.", "dp.ct.", "xkeysib-", "fm2_"),
            *("rnd_", "atctt3", "sk-lf-", "phx_", "lsv2_", "pcsk_", "nfp_", "hvb.", "ccipat_", "cciprj_", "bkua_"),
            *("flwseck", "vercel_blob_rw_", "npg_", "napi_", "tfp_", "shippo_live_", "squ_", "sqp_", "lin_oauth_"),
        ),
        r"(?<![\w-])(?:tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{16,})?|nvapi-[A-Za-z0-9_-]{60,}"
        r"|pul-[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,}|dp\.(?:pt|st|sa|ct)\.[A-Za-z0-9_.-]{40,}"
        r"|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}|fm2_[A-Za-z0-9+/=_-]{60,}|rnd_[A-Za-z0-9]{28,}"
        r"|ATCTT3[A-Za-z0-9_=-]{60,}|sk-lf-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}|phx_[A-Za-z0-9]{40,}"
        r"|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,}|nfp_[A-Za-z0-9]{36,}"
        r"|hvb\.[A-Za-z0-9_-]{40,}|CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-f0-9]{40}|bkua_[a-f0-9]{40}"
        r"|FLWSECK(?:_TEST)?-[a-f0-9]{32}-X|vercel_blob_rw_[A-Za-z0-9]{16}_[A-Za-z0-9]{30}|npg_[A-Za-z0-9]{12,}"
        r"|napi_[A-Za-z0-9]{60,}|tfp_[A-Za-z0-9]{40,}_[A-Za-z0-9]{10,}|shippo_live_[a-f0-9]{40}|sq[up]_[a-f0-9]{40}"
        r"|lin_oauth_[a-f0-9]{64})(?![\w-])",
    ),
    CredentialKind(
        "service token",
        (
            *("csk-", "fc-", "apify_api_", "bb_live_", "e2b_", "jina_", "wandb_v1_", "access-production-", "sdk-"),
            *("access-sandbox-", "api-", "pat-", "mdb_sa_sk_", "dbtc_", "dbtu_", "pnu_", "pnb_", "oy2", "clojars_"),
            *("dt0c01.", "dt0s16.", "nrii-", "fio-u-", "duffel_", "rdme_", "glffct-", "glwt-", "sgp_", "snyk_uat."),
            *("s-s4t2ud-", "cmvmdgtu", "sl.", "access_token$production$", "vcp_", "essu_", "re_", "sk_"),
        ),
        r"(?<![\w.$-])(?:csk-[a-z0-9]{48}|fc-[a-f0-9]{32}|apify_api_[A-Za-z0-9]{30,}|bb_live_[A-Za-z0-9_-]{20,}"
        r"|e2b_[a-f0-9]{40}|jina_[a-f0-9]{32}[A-Za-z0-9_-]{20,}|wandb_v1_[A-Za-z0-9_]{40,}|sk_[a-f0-9]{48}"
        r"|(?:access-(?:production|sandbox)|sdk|api|pat-(?:na|eu|ap)[0-9])-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}"
        r"|mdb_sa_sk_[A-Za-z0-9_-]{30,}|dbt[cu]_[A-Za-z0-9_=-]{36,}|pn[ub]_[A-Za-z0-9]{36}|oy2[a-z0-9]{43}"
        r"|CLOJARS_[a-z0-9]{60}|dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}|NRII-[A-Za-z0-9_-]{32}"
        r"|fio-u-[A-Za-z0-9_=-]{60,}|duffel_(?:live|test)_[A-Za-z0-9_=-]{40,}|rdme_[a-z0-9]{70}"
        r"|gl(?:ffct|wt)-[A-Za-z0-9_-]{20,}|sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}|snyk_uat\.[a-f0-9]{8}\.[A-Za-z0-9_.-]{40,}"
        r"|s-s4t2(?:ud|af)-[a-f0-9]{64}|cmVmdGtu[A-Za-z0-9]{56}|sl\.(?:u\.)?[A-Za-z0-9_-]{120,}"
        r"|access_token\$production\$[a-z0-9]{16}\$[a-f0-9]{32}|vcp_[A-Za-z0-9]{50,}|essu_[A-Za-z0-9+/=_-]{60,}"
        r"|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,})(?![\w-])",
    ),
    CredentialKind(
        "service token",
        (),
        r"(?<![\w-])(?:ATBB[A-Za-z0-9]{32,40}|AKCp[A-Za-z0-9]{69}|AQVN[A-Za-z0-9_-]{35,38}|EAAA[A-Za-z0-9_-]{60}"
        r"|EZ[AT]K[A-Za-z0-9]{54}|AKID[A-Za-z0-9]{32})(?![\w-])",
        exact=("ATBB", "AKCp", "AQVN", "EAAA", "EZAK", "EZTK", "AKID"),
    ),
    CredentialKind("service token", (":apa91b",), r"(?<![\w-])[A-Za-z0-9_-]{11}:APA91b[A-Za-z0-9_-]{100,}(?![\w-])"),
    CredentialKind(
        "service token",
        ("webhook.office.com", "hooks.zapier.com"),
        r"https://(?:[\w-]{1,60}\.webhook\.office\.com/webhookb2|hooks\.zapier\.com/hooks/catch)/"
        r"(?P<secret>[\w@-]{5,80}/[\w/-]{5,160})",
    ),
    CredentialKind("service token", ("ops_eyj",), r"\bops_eyJ[A-Za-z0-9_=-]{100,}"),
    CredentialKind("service token", ("sk.eyj",), r"\bsk\.eyJ[A-Za-z0-9_-]{20,}+\.[A-Za-z0-9_-]{20,}+"),
    CredentialKind("service token", ("pat",), r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b", run=82),
    CredentialKind("service token", (), r"\bLTAI5t[A-Za-z0-9]{18}\b", exact=("LTAI5t",)),
    CredentialKind("service token", (), r"\bGOOG1E[A-Z0-9]{55}\b", exact=("GOOG1E",)),
    CredentialKind(
        "password in a url",
        ("://",),
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/?#@\"'<>\[\]]{0,100}:(?P<secret>[^\s/?#@\"'<>\[\]]{1,256})@",
        _stands_for,
    ),
    CredentialKind(
        "authorization header",
        ("authorization", "bearer "),
        r"(?i)\bauthorization[\"']?\s{0,5}[:=]\s{0,5}[\"']?(?:basic|bearer|token|negotiate|apikey)\s{1,5}"
        r"(?P<secret>[A-Za-z0-9._~+/=-]{8,})"
        r"|(?-i:\b[Bb]earer|\bBEARER)\s{1,5}(?=[A-Za-z._~+/=-]{0,200}[0-9])[A-Za-z0-9._~+/=-]{20,}",
        _stands_for,
    ),
    CredentialKind(
        "curl password",
        ("curl ",),
        r"\bcurl [^\n\"']{0,200}?(?:-u|--user)[ =]?[\"']?[^\s:\"'$<{]{1,100}:(?P<secret>[^\s\"'$<{\[]{3,256})",
        _stands_for,
    ),
    CredentialKind(
        "password",
        ("sshpass", "docker login", "podman login", "buildah login", "skopeo login", "oras login"),
        r"\b(?:sshpass|(?:docker|podman|buildah|skopeo|oras) login\b[^\n]{0,200}?)\s-p[ =]?[\"']?"
        r"(?P<secret>[^\s\"'$<{\[]{3,256})",
        _stands_for,
    ),
    CredentialKind(
        "password",
        ("mysql", "mariadb"),
        r"\b(?:mysql|mariadb)(?:-?[a-z]{1,10})?\s[^\n|;&]{0,200}?(?<=\s)-p[\"']?(?P<secret>[^\s\"'$<{\[]{3,256})",
        _stands_for,
    ),
    CredentialKind(
        "password",
        ("redis-cli",),
        r"\bredis-cli\s[^\n|;&]{0,200}?(?<=\s)-a\s{1,3}[\"']?(?P<secret>[^\s\"'$<{\[]{3,256})",
        _stands_for,
    ),
    CredentialKind(
        "password",
        ("machine ",),
        r"\bmachine\s{1,5}\S{1,200}\s{1,5}login\s{1,5}\S{1,200}\s{1,5}password\s{1,5}(?P<secret>\S{3,256})",
        _stands_for,
    ),
    CredentialKind(
        "password",
        _NAMED,
        rf"(?i){_NAME_OF_ONE}\\{{0,2}}[\"']?\]?\s{{0,5}}(?:=>|:=|=|:)\s{{0,5}}[bru]?"
        r"(?P<quote>\\{0,2}[\"'])(?P<secret>[^\"'\s\\\[]{6,512})(?P=quote)",
        _stands_for,
    ),
    CredentialKind(
        "password",
        _NAMED,
        rf"(?i){_NAME_OF_ONE}\s?(?:=>|:=|=|:)\s{{0,3}}"
        r"(?P<secret>[^\s\"'`,;()<>\[\]{}|\\]{8,512}+)(?![(\[{<])",
        _is_no_password,
    ),
    CredentialKind(
        "password",
        _NAMED,
        rf"(?i){_NAME_OF_ONE}\s?[=:]\s{{0,3}}[\"']?(?P<secret>[a-z]{{4}}(?:-[a-z]{{4}}){{3}})(?![\w-])",
    ),
    CredentialKind(
        "password",
        ("auth", "app_key"),
        r"(?:\"auth\"\s{0,5}:\s{0,5}\"|(?<=:)_auth\s?=\s?\"?|\bAPP_KEY=base64:)(?P<secret>[A-Za-z0-9+/]{16,}={0,2})",
    ),
    CredentialKind(
        "password",
        tuple(_NAMED_ELSEWHERE.split("|")),
        rf"(?i)(?:{_NAMED_ELSEWHERE})\s{{0,3}}[=:\uff1a]\s{{0,3}}[\"']?"
        r"(?P<secret>[^\s\"'`,;()<>\[\]{}|\\\u3001\u3002\uff0c]{6,512}+)",
        _is_no_password,
    ),
    CredentialKind(
        "password",
        ("--pass", "--pwd", "--secret", "--token", "--api", "--client", "--access", "--auth"),
        rf"(?i)--[a-z-]{{0,20}}{_NAME_OF_ONE}[ =][\"']?(?P<secret>[^\s\"'`,;()<>\[\]{{}}|\\]{{6,512}}+)",
        _is_no_password,
    ),
)
"""Every kind; several patterns may share a name."""

KIND_NAMES: tuple[str, ...] = tuple(dict.fromkeys(kind.name for kind in KINDS))
"""The names of the kinds, as a text that was redacted and the configuration's `secrets.keep` write them."""
