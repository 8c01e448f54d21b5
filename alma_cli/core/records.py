"""The memories themselves, as frozen values, and the one table of their fields.

Five kinds are remembered and retrieved; a sixth, `Credit`, says whether a retrieved one helped. All share the fields
of `Record`. Times are aware datetimes in UTC; ids are 32 hex digits. What came from a newer version and is not
understood here travels along in `extra`.

The type that a class declares for a field says everything about it: `FIELDS` is read from these types, and JSON, the
store, searching, redaction and reports go by `FIELDS`. A new field is one line here, and a migration of the store.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias, get_args, get_origin

from alma_cli.core.asking import topic
from alma_cli.core.keys import key_of

if TYPE_CHECKING:
    from array import array

Kind: TypeAlias = Literal["anti_pattern", "heuristic", "preference", "knowledge", "outcome", "credit"]
Origin: TypeAlias = Literal["observed", "authored", "derived"]
Result: TypeAlias = Literal["success", "failure", "partial"]
JsonValue: TypeAlias = "str | int | float | bool | None | list[JsonValue] | dict[str, JsonValue]"

Vector: TypeAlias = "array[float]"  # subscriptable only from Python 3.12
"""The meaning of a text: an array of typecode "f" and unit length, with as many numbers as the model has dimensions."""

PROJECT_AGENT = "_project"
"""The agent of project-wide memories."""

GENERAL_DOMAIN = "general"
"""The domain of what was not recognised as any other."""

UNCLEAR_LABEL = "reflect"
"""The label of an outcome for which nobody could tell the general words, so that nobody is asked again."""

RESULT_VALUES: Mapping[Result, float] = {"success": 1.0, "partial": 0.5, "failure": 0.0}
"""The share of a success that each result counts for."""

WHEN = " (when: "
"""It stands between the approach and the situation of a derived anti-pattern."""

BESIDE_COMPARED = 400
"""The characters of a strategy, reason or general words by which a memory is compared with a task, beside its topic."""

GENERAL_WORDS = 200
"""The most characters of the general words for a situation, or for an approach: one line."""

MAX_NUMBER = 2**53
"""The largest number in a record: up to it, every reader of JSON counts exactly."""


class Mark(NamedTuple):
    """The facts about a field that its plain type doesn't say.

    `is_searched`: its words find the memory. `is_name`: it names a thing and is checked where it is set, so no
    credential stands there. `column`: its name in SQL, where its own is a word of SQL. `most`: the largest number.
    `line`: the most characters of a text that has to be one line.
    """

    is_searched: bool = False
    is_name: bool = False
    column: str = ""
    most: int = MAX_NUMBER
    line: int = 0


Text: TypeAlias = Annotated[str, Mark(is_searched=True)]
"""Words that somebody wrote, by which the memory is found. A plain `str` is kept and redacted, but not searched."""

Name: TypeAlias = Annotated[str, Mark(is_name=True)]
Share: TypeAlias = Annotated[float, Mark(most=1)]
Labels: TypeAlias = Mapping[str, str]
Unknown: TypeAlias = Mapping[str, JsonValue]
Situation: TypeAlias = Annotated[str, Mark(is_searched=True, column="situation", line=GENERAL_WORDS)]
Approach: TypeAlias = Annotated[str, Mark(is_searched=True, column="approach", line=GENERAL_WORDS)]
EarlierWords: TypeAlias = Annotated[str, Mark(is_searched=True, line=2 * GENERAL_WORDS + 2)]
HappenedAt: TypeAlias = Annotated[datetime, Mark(column="happened_at")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The fields that every memory has: who learned it, about which domain, and where it came from."""

    kind: ClassVar[Kind]

    id: Name
    project_id: Name
    agent: Name
    domain: Name
    origin: Origin
    created_at: datetime
    updated_at: datetime
    labels: Labels = field(default_factory=dict)
    archived: bool = False
    extra: Unknown = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The memory in one readable text."""
        raise NotImplementedError

    @property
    def topics(self) -> tuple[str, ...]:
        """The parts that are compared with a task by meaning: the memory's vector is the mean of theirs."""
        return (self.text,)


def _compared(topic: str, beside: str) -> tuple[str, ...]:
    return (topic, beside[:BESIDE_COMPARED]) if beside else (topic,)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class OutcomeFields:
    """The account of one thing that happened: fields of a report, and of the outcome that it becomes.

    `when` and `do` are the situation and the approach in general words, which another agent could use again.
    """

    __slots__ = ()  # who has these fields makes their slots: Python can't join two classes that each have some

    task: Text
    outcome: str
    strategy: Text = ""
    when: Situation = ""
    do: Approach = ""
    feedback: Text = ""
    error: Text = ""
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(OutcomeFields, Record):
    """One thing that happened: a task, the strategy tried, and how it ended.

    `earlier_words` are the general words that it had before it was joined with what others say in other words: it is
    found by these, and counted by those that it has.
    """

    kind: ClassVar[Kind] = "outcome"

    outcome: Result
    at: HappenedAt
    earlier_words: EarlierWords = ""

    @property
    def task_key(self) -> str:
        """The key of the situation: of its general words, else of the task."""
        return key_of(self.when) or key_of(self.task)

    @property
    def strategy_key(self) -> str:
        """The key of the approach: of its general words, else of the strategy; without either it is empty."""
        return key_of(self.do) or key_of(self.strategy)

    @property
    def text(self) -> str:
        """Task, result and strategy, with the error or feedback and the general words when there are any."""
        general = ": ".join(word for word in (self.when and f"when {self.when}", self.do) if word)
        parts = [f"{self.task} [{self.outcome}]", self.strategy, self.error, self.feedback, general]
        return " - ".join(part for part in parts if part)

    def general_words(self) -> str:
        """The situation and the approach in general words, in one text; empty without any."""
        return ", ".join(filter(None, (self.when, self.do)))

    @property
    def topics(self) -> tuple[str, ...]:
        """The part of the task that asks, and its own general words or, without any, the start of the strategy."""
        return _compared(topic(self.task), self.earlier_words or self.general_words() or self.strategy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heuristic(Record):
    """When `condition`, `strategy` works: derived from outcomes, or authored by a person."""

    kind: ClassVar[Kind] = "heuristic"

    condition: Text
    strategy: Text
    occurrences: int = 0
    successes: float = 0.0
    confidence: Share = 0.5
    last_validated_at: datetime | None = None
    task_key: str = ""
    strategy_key: str = ""

    @property
    def success_rate(self) -> float | None:
        """Successes over occurrences, a partial success being half; None without occurrences."""
        return self.successes / self.occurrences if self.occurrences else None

    @property
    def text(self) -> str:
        """Condition and strategy."""
        return f"When {self.condition}: {self.strategy}" if self.strategy else self.condition

    @property
    def topics(self) -> tuple[str, ...]:
        """The condition, and the start of the strategy."""
        return _compared(self.condition, self.strategy)


@dataclass(frozen=True, slots=True, kw_only=True)
class AntiPattern(Record):
    """A strategy to avoid, the reason, and what works better instead."""

    kind: ClassVar[Kind] = "anti_pattern"

    pattern: Text
    why_bad: Text = ""
    better_alternative: Text = ""
    occurrences: int = 0
    successes: float = 0.0
    last_seen_at: datetime | None = None
    task_key: str = ""
    strategy_key: str = ""

    @property
    def text(self) -> str:
        """Pattern, reason and alternative."""
        why = f" - {self.why_bad}" if self.why_bad else ""
        instead = f" - instead: {self.better_alternative}" if self.better_alternative else ""
        return f"Avoid: {self.pattern}{why}{instead}"

    def approach(self) -> str:
        """What is to be avoided: of a derived one, whose pattern says when it was, without the situation."""
        return self.pattern.rpartition(WHEN)[0] if self.task_key and WHEN in self.pattern else self.pattern

    @property
    def topics(self) -> tuple[str, ...]:
        """The pattern, and the start of the reason."""
        return _compared(self.pattern, self.why_bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference(Record):
    """A user's constraint or style; with an empty `user_id`, everybody's."""

    kind: ClassVar[Kind] = "preference"

    preference: Text
    user_id: str = ""
    category: Text = ""
    source: Text = ""
    confidence: Share = 1.0

    @property
    def text(self) -> str:
        """The preference, under its category."""
        return f"{self.category}: {self.preference}" if self.category else self.preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge(Record):
    """A fact in a domain."""

    kind: ClassVar[Kind] = "knowledge"

    fact: Text
    source: Text = ""
    confidence: Share = 1.0
    last_verified_at: datetime | None = None

    @property
    def text(self) -> str:
        """The fact."""
        return self.fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit(Record):
    """That a retrieved memory (`target`) helped (+1) or misled (-1), perhaps in a certain outcome."""

    kind: ClassVar[Kind] = "credit"

    target: Name
    value: int
    at: HappenedAt
    outcome_id: Name = ""

    @property
    def text(self) -> str:
        """The verdict, and the memory that it is about."""
        return f"{'helped' if self.value > 0 else 'misled'}: {self.target}"


RECORD_TYPES: Mapping[Kind, type[Record]] = {
    cls.kind: cls for cls in (AntiPattern, Heuristic, Preference, Knowledge, Outcome, Credit)
}
"""Each kind's class; memories in the order in which `retrieve` shows them."""

PLURALS: Mapping[Kind, str] = {kind: kind if kind == "knowledge" else f"{kind}s" for kind in RECORD_TYPES}
"""The name of several of a kind: in a slice, and as a view of the store."""

FIELD_NAMES: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(each.name for each in fields(cls)) for kind, cls in RECORD_TYPES.items()
}
"""The fields that the records of each kind have, in their order."""

REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(each.name for each in fields(cls) if each.default is each.default_factory is MISSING)
    for kind, cls in RECORD_TYPES.items()
}
"""Those of them that have no default."""

COMPUTED: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(name for name, value in vars(cls).items() if isinstance(value, property) and name not in vars(Record))
    for kind, cls in RECORD_TYPES.items()
}
"""The values computed from the fields of each kind, and shown with them: ignored where a record is read."""

RETRIEVED_KINDS: tuple[Kind, ...] = tuple(kind for kind in RECORD_TYPES if kind != "credit")
"""The kinds that `retrieve` gives, in its order."""

MAIN_FIELDS: Mapping[Kind, str] = {
    "anti_pattern": "pattern",
    "heuristic": "condition",
    "preference": "preference",
    "knowledge": "fact",
    "outcome": "task",
    "credit": "target",
}
"""The field of each kind that can't be empty, which `correct` replaces."""


class Field(NamedTuple):
    """One field, as all kinds that have it know it; `choices` are the texts that it may be, if not any."""

    name: str
    type: Any
    column: str
    sql_type: str
    is_searched: bool
    is_text: bool
    choices: tuple[str, ...]
    most: int
    line: int


_SQL_TYPES: Mapping[Any, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP",
    Labels: "MAP(VARCHAR, VARCHAR)",
    Unknown: "VARCHAR",  # as JSON
}


def _field(name: str, declared: Any) -> Field:
    """The field that a declared type describes."""
    parts = get_args(declared)
    if NoneType in parts:
        return _field(name, parts[0])
    is_marked, is_choice = get_origin(declared) is Annotated, get_origin(declared) is Literal
    mark: Mark = parts[1] if is_marked else Mark()
    type_ = parts[0] if is_marked else str if is_choice else declared
    return Field(
        name=name,
        type=type_,
        column=mark.column or name,
        sql_type=_SQL_TYPES[type_],
        is_searched=mark.is_searched,
        is_text=type_ in (str, Labels, Unknown) and not is_choice and not mark.is_name,
        choices=parts if is_choice else (),
        most=mark.most,
        line=mark.line,
    )


FIELDS: Mapping[str, Field] = {
    each.name: _field(each.name, each.type) for cls in RECORD_TYPES.values() for each in fields(cls)
}
"""The fields that any record has, each once: what several kinds have means the same in all of them."""

_CHANGED_BESIDE_TEXTS = frozenset({"outcome", "confidence", "duration_ms", "at"})
_MADE_HERE = frozenset({"extra", "task_key", "strategy_key", "earlier_words"})

EDITABLE: Mapping[Kind, tuple[str, ...]] = {
    kind: (
        MAIN_FIELDS[kind],
        *(
            name
            for name in FIELD_NAMES[kind]
            if name in _CHANGED_BESIDE_TEXTS or (FIELDS[name].is_text and name not in _MADE_HERE)
            if name not in (MAIN_FIELDS[kind], "labels")
        ),
        "domain",
        "labels",
    )
    for kind in RETRIEVED_KINDS
}
"""The fields of each kind that a person may change, its main one first."""

SEARCHED_FIELDS: tuple[str, ...] = tuple(name for name, each in FIELDS.items() if each.is_searched)
"""The fields whose words find a memory."""

TIME_FIELDS: tuple[str, ...] = tuple(name for name, each in FIELDS.items() if each.type is datetime)
"""The times that any record has."""

RECENCY_FIELDS = ("at", "last_validated_at", "last_seen_at", "last_verified_at", "updated_at")
"""The times from which a memory's recency counts: the first of these that it has."""


def relevant_at(record: Record) -> datetime:
    """The time from which a memory's recency counts."""
    times: list[datetime | None] = [getattr(record, name, None) for name in RECENCY_FIELDS]
    return next(time for time in times if time is not None)
