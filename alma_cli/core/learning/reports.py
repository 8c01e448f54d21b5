"""Turns an agent's report into the records that are kept.

A report is checked and becomes an outcome, with credits for the memories that guided the work.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from alma_cli.core.codec import as_utc, parse_field, parse_labels, parse_text
from alma_cli.core.records import FIELDS, GENERAL_WORDS, Credit, JsonValue, Outcome, OutcomeFields
from alma_cli.core.text import composed, did_you_mean, listed, one_line, shown
from alma_cli.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(OutcomeFields):
    """How a task went, as an agent tells it. Without `at` it happened now; without `domain` the domain is recognised.

    `key` makes a repeated report of the same outcome count once. `used` are ids (or prefixes) of memories that guided
    the work, `retrieval` the id of the retrieve that gave them, `followed` that of the memory whose advice was taken.
    Where the report gives no general words, the outcome has those of that memory, else the situation of the retrieve.
    """

    agent: str
    domain: str | None = None
    at: datetime | None = None
    labels: Mapping[str, str] | None = None
    key: str = ""
    used: Sequence[str] = ()
    retrieval: str = ""
    followed: str = ""

    def __post_init__(self) -> None:
        """Names are compared in NFC, and kept so. Raises `InvalidInput` for what a caller in Python may mistake."""
        for name in ("agent", "task", "key", "retrieval", "followed"):
            if not isinstance(getattr(self, name), str):
                raise InvalidInput(f"{name}: expected text, got {shown(getattr(self, name))}")
        if not isinstance(self.at, datetime | None):
            raise InvalidInput(f"at: expected a datetime, got {shown(self.at)}")
        if not isinstance(self.labels, Mapping | None):
            raise InvalidInput(f"labels: expected names and values, got {shown(self.labels)}")
        listed("used", self.used)
        for name in ("agent", "domain"):
            given = getattr(self, name)
            if isinstance(given, str):
                object.__setattr__(self, name, composed(given))


class ReportOptions(TypedDict, total=False):
    """The options of a report besides agent, task, outcome and strategy: see `Report`."""

    feedback: str
    error: str
    domain: str | None
    duration_ms: int | None
    at: datetime | None
    labels: Mapping[str, str] | None
    key: str
    when: str
    do: str
    followed: str
    used: Sequence[str]
    retrieval: str


class Words(NamedTuple):
    """General words for an outcome; without any its words are unclear. `replaces` those that it has.

    With a `domain` it goes into that one. What `is_moved` had words that were wrong, which don't help to find it.
    """

    when: str
    do: str
    replaces: bool
    domain: str = ""
    is_moved: bool = False

    def earlier_words(self, outcome: Outcome) -> str:
        """The earlier words of an outcome once it has these: the first that it had."""
        is_other = self.replaces and not self.is_moved and (self.when, self.do) != (outcome.when, outcome.do)
        return outcome.earlier_words or (outcome.general_words() if is_other else "")


class Said(NamedTuple):
    """The parts of an `Alma-Outcome:` line after the result."""

    when: str
    do: str
    why: str

    @classmethod
    def of(cls, text: str) -> "Said":
        """The parts of `...; when SITUATION; do APPROACH; why REASON`; what has no name is the reason too.

        General words are cut at their limit, since nobody is there to shorten them.
        """
        parts = {name.lower(): said.strip() for name, said in _SAID.findall(text)}
        reasons = [_SAID.sub("", text).strip(" ;"), parts.get("why", "")]
        when, do = (one_line(_out_of_marks(parts.get(name, "")), GENERAL_WORDS) for name in ("when", "do"))
        return cls(when, do, "; ".join(reason for reason in reasons if reason))


RESULT_WORD = r"(success(?:ful(?:ly)?)?|succeeded|fail(?:ure|ed)?|partial(?:ly)?)\b"
"""The words that an `Alma-Outcome:` line may have for a result; `result_of` tells which result it is."""


def result_of(word: str) -> str:
    """The result that one of those words names."""
    return {"s": "success", "f": "failure", "p": "partial"}[word[0].lower()]


_SAID = re.compile(r"(?:^|;)\s*(when|do|why)\b[\s:=]\s*(.*?)\s*(?=;\s*(?:when|do|why)\b|$)", re.IGNORECASE | re.DOTALL)

_IN_MARKS = r'"([^"]+)"|\u201c([^\u201d]+)\u201d|<([^<>]+)>|\[([^\[\]]+)\]|`([^`]+)`?|\*\*([^*]+)(?:\*\*)?'
"""Words as a whole in the marks of a quotation, a placeholder or Markdown, whose end may be that of their line."""

_CODE = r"[osOS]\d+(?:\.[a-zA-Z]{1,2})?"
"""A code of a sheet of `alma reflect`, which says nothing to who doesn't see that sheet."""

_WHEN = re.compile(r"\Awhen\b[\s:]+", re.IGNORECASE)

FOLLOWED: Mapping[str, str] = {"by": "followed"}
"""The label of a credit that says whose words the outcome took over."""

_NOTHING = frozenset({"", "none", "null", "nil", "undefined", "n/a", "n.a", "tbd", "unknown"})
_ONLY_THAT = """
i we just simply successfully and then the a an this that it all thing same as above before previous earlier last
see ditto idem situation approach strategy bug bugs issue issues problem problems error errors failure failures
task tasks change changes feature features work fix fixes fixed solve solved resolve resolved correct corrected address
addressed repair repaired debug debugged investigate investigated implement implemented complete completed finish
finished apply applied do did done make made got working works worked ok okay success
"""
_SAYING_NOTHING = frozenset(_ONLY_THAT.split())
"""Words that say only that something was done about something: alone they advise nobody, and would join strangers."""

_MARKS = " .,:;!?-_\u2013\u2014\u2026*()[]'\"`"

_REPORT_FIELDS = tuple(each.name for each in fields(Report))
_OUTCOME_FIELDS = tuple(each.name for each in fields(OutcomeFields))
_KEYS = f"the keys are {', '.join(_REPORT_FIELDS)}; other facts belong in labels"

_EXPORTED = "`alma import` reads memories, as `alma export` writes them"


def report_from_json(value: JsonValue, *, default_agent: str | None = None) -> Report:
    """The report in a line of a batch. Raises `InvalidInput`, naming the key."""
    if not isinstance(value, dict):
        raise InvalidInput(f"expected a JSON object, got {shown(value)}")
    for key in value:
        if key not in _REPORT_FIELDS:
            hint = _EXPORTED if key == "kind" else did_you_mean(key, _REPORT_FIELDS) or _KEYS
            raise InvalidInput(f"{one_line(key, 60)}: not a key of an outcome", hint=hint)
    given: dict[str, Any] = {key: _field(key, item) for key, item in value.items() if item is not None}
    if default_agent is not None:
        given.setdefault("agent", default_agent)
    for required in ("agent", "task", "outcome"):
        if required not in given:
            raise InvalidInput(f"{required}: missing")
    return Report(**given)


def outcome_record(report: Report, *, domain: str, project_id: str, id: str, now: datetime) -> Outcome:
    """The outcome to remember. Raises `InvalidInput` for an empty task, an unknown result, or a time to come."""
    if not report.task.strip():
        raise InvalidInput("task: empty", hint="say in a few words what the agent was to do")
    told = {name: unless_nothing(name, getattr(report, name)) for name in _OUTCOME_FIELDS}
    at = now if report.at is None else past(report.at, now=now)
    # Every value is checked as one in JSON is, so the constructor gets what it declares.
    return Outcome(
        id=id,
        project_id=project_id,
        agent=report.agent,
        domain=domain,
        origin="observed",
        created_at=now,
        updated_at=now,
        labels=parse_labels(dict(report.labels or {})),
        at=at,
        **{name: parse_field(name, value) for name, value in told.items() if value is not None},  # type: ignore[arg-type]
    )


def credits(outcome: Outcome, used: Sequence[str], *, followed: str = "", id_of: Callable[[str], str]) -> list[Credit]:
    """The credits of the memories that guided an outcome: a success helped, a failure misled, a partial did neither.

    The one that was `followed` is credited though the outcome is of its group. `id_of` gives the credit's id for a
    memory's.
    """
    value = {"success": 1, "failure": -1}.get(outcome.outcome)
    if value is None:
        return []
    return [
        Credit(
            id=id_of(target),
            project_id=outcome.project_id,
            agent=outcome.agent,
            domain=outcome.domain,
            origin="observed",
            created_at=outcome.created_at,
            updated_at=outcome.updated_at,
            target=target,
            value=value,
            outcome_id=outcome.id,
            at=outcome.at,
            labels=FOLLOWED if target == followed else {},
        )
        for target in dict.fromkeys([*used, followed])
        if target
    ]


def unless_nothing(name: str, value: Any) -> Any:
    """The value of an outcome's field; None for what stands for nothing, or for a code: it would join strangers."""
    if not isinstance(value, str):
        return value
    if name in ("feedback", "error"):
        return None if _bare(value) in _NOTHING else value
    if name in ("when", "do") and re.fullmatch(_CODE, value.strip()):
        return None
    if name in ("strategy", "when", "do"):
        return None if says_nothing(value) else as_situation(value) if name == "when" else value
    return value


def left_out(report: Report, outcome: Outcome) -> list[str]:
    """The names of the fields whose words were left out of the outcome: they say nothing, and more than "none"."""
    given = ((name, getattr(report, name)) for name in ("strategy", "when", "do"))
    return [name for name, said in given if said and _bare(said) not in _NOTHING and not getattr(outcome, name)]


def says_nothing(text: str) -> bool:
    """True for what agents write where they have to say what they did, or when, and that advises nobody."""
    bare = _bare(text)
    return bare in _NOTHING or _SAYING_NOTHING.issuperset(bare.replace(",", " ").split())


def as_situation(when: str) -> str:
    """The words of a situation without the "when" that is put before them wherever they are shown."""
    return _WHEN.sub("", when.strip()).rstrip(" :") or when


def _out_of_marks(text: str) -> str:
    found = re.fullmatch(_IN_MARKS, text)  # compiled where a line is read: a report by command has none
    return found[found.lastindex or 0] if found else text


def _bare(text: str) -> str:
    return text.strip(_MARKS).casefold()


def past(at: datetime, *, now: datetime) -> datetime:
    """The time in UTC. Raises `InvalidInput` for one that is still to come, or in no calendar."""
    try:
        happened_at = as_utc(at)
    except OverflowError:
        raise InvalidInput(f"at: {at.isoformat()} is outside the years 1 to 9999") from None
    if happened_at > now:
        raise InvalidInput(
            f"at: {at.isoformat()} is in the future", hint="give the time when it happened, or leave --at out for now"
        )
    return happened_at


def _field(key: str, value: JsonValue) -> object:
    if key == "used":
        if not isinstance(value, list):
            raise InvalidInput("used: expected a list of ids")
        return tuple(parse_text("used", item) for item in value)
    return parse_field(key, value) if key in FIELDS else parse_text(key, value)
