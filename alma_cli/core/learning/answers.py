"""Answers to worksheets: texts with JSON objects in them, which give outcomes their general words.

Each object is checked by itself, and what is wrong with one doesn't touch the others. What an answer isn't given, it
can't touch.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from alma_cli.core.codec import parse_field, parse_text
from alma_cli.core.keys import key_of
from alma_cli.core.learning.answer_lines import EMPTY, AnswerLine, kind_of
from alma_cli.core.learning.reports import Words, as_situation, says_nothing
from alma_cli.core.learning.sheets import Codes, letters, quoted
from alma_cli.core.learning.written_codes import (
    CodeAndWords,
    bare,
    is_code,
    is_letter,
    is_range,
    listed,
    place_of,
    without_situation,
)
from alma_cli.core.records import JsonValue, Outcome
from alma_cli.core.text import one_line, shown
from alma_cli.core.words import query_terms
from alma_cli.errors import AlmaError, InvalidInput

_ALIKE = 0.6
"""The share of their terms that two texts have in common to look alike."""

_SHORTEST_ID = 6
"""Digits from which the start of an id is one: "3", written for o3, is the start of some outcome's."""

_ASKED = ("new words", "better words")
"""The words that stand for any in what is asked."""

_KEYS = {
    "outcomes": {"when", "do", "outcomes"},
    "move": {"when", "do", "move"},
    "same": {"same", "outcomes"},
    "rename": {"rename", "when", "do"},
    "merge": {"merge", "into"},
    "unclear": {"unclear"},
}


class Named(NamedTuple):
    """An approach in a situation, by its words, with the ids of its outcomes."""

    domain: str
    task_key: str
    strategy_key: str
    when: str
    do: str
    members: tuple[str, ...]


@dataclass(slots=True)
class Asked:
    """The wish of an answer: the words of each outcome by id, what was joined, and what is wrong with its lines."""

    words: dict[str, Words] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    refused: list[tuple[int, InvalidInput]] = field(default_factory=list)


def of_sheet(lines: Sequence[AnswerLine], mark: str) -> list[AnswerLine]:
    """The lines without the mark of their sheet. Raises `InvalidInput` when it isn't that of these codes."""
    rest = []
    for line in lines:
        if not isinstance(line.value, dict) or "sheet" not in line.value:
            rest.append(line)
            continue
        if str(line.value["sheet"]).strip().lower() not in (mark, "none"):
            raise InvalidInput(
                f"this answers the sheet {shown(line.value['sheet'])}, whose codes stand for other outcomes here",
                hint="it is of another machine, or its codes were lost: answer a new one (`alma reflect`), or give ids",
            )
        if value := {key: item for key, item in line.value.items() if key != "sheet"}:
            rest.append(line._replace(value=value))
    return rest


def references(lines: Sequence[AnswerLine], codes: Codes) -> list[str]:
    """The ids (or starts of ids) of the outcomes and rules that an answer names."""
    found: dict[str, None] = {}
    for line in lines:
        if isinstance(line.value, dict):
            for key in ("outcomes", "move", "unclear", "same"):
                for reference in listed(line.value.get(key), codes):
                    if isinstance(reference, str) and len(id := _resolved(reference, codes)) >= _SHORTEST_ID:
                        found[id] = None
    return list(found)


def plan(
    lines: Sequence[AnswerLine],
    *,
    codes: Codes,
    named: Sequence[Named],
    outcomes: Mapping[str, Outcome],
    same: Mapping[str, Words],
    agent: str,
) -> Asked:
    """The plan that the lines of an answer ask for.

    `named` are all general words of the agent, `outcomes` the outcomes by each reference to them, and `same` the words
    of the memories that may be said to be the same, by reference. Whatever isn't in these can't be touched.
    """
    reader = _Reader(codes, named, outcomes, same, agent)
    for line in lines:
        try:
            reader.read(line.value, line.number)
        except AlmaError as error:
            reader.plan.refused.append((line.number, InvalidInput(error.message, hint=error.hint)))
    return reader.plan


def alike(words: Sequence[str], others: Sequence[str], *, most: int = 10) -> list[tuple[str, str]]:
    """Pairs of different words that share most of their terms, for whoever reads them to say whether they are one."""
    taken = {text: frozenset(query_terms(text)) for text in {*words, *others}}
    pairs = {
        (min(one, other), max(one, other))
        for one in words
        for other in others
        if key_of(one) != key_of(other) and _overlap(taken[one], taken[other]) >= _ALIKE
    }
    return sorted(pairs)[:most]


def _resolved(reference: str, codes: Codes) -> str:
    """The id of a code, or what may be the start of an id."""
    return codes.outcomes.get(reference.lower(), reference.lower())


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


@dataclass(slots=True, eq=False)
class _Situation:
    """A situation, with its approaches, as the lines so far leave it."""

    when: str
    domain: str
    approaches: "list[_Approach]" = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Approach:
    """An approach in the situation where the lines so far put it; `given` are outcomes that these gave it."""

    situation: _Situation
    do: str
    members: tuple[str, ...] = ()
    given: list[str] = field(default_factory=list)


class _Reader:
    """Reads an answer line by line: a later line sees what an earlier one renamed or merged."""

    def __init__(
        self,
        codes: Codes,
        named: Sequence[Named],
        outcomes: Mapping[str, Outcome],
        same: Mapping[str, Words],
        agent: str,
    ) -> None:
        self.plan = Asked()
        self._codes = codes
        self._outcomes = outcomes
        self._same = same
        self._agent = agent
        self._given_in: dict[str, int] = {}
        self._situation = ""  # of the lines so far, the last
        self._stored_in = {outcome.id: outcome.domain for outcome in outcomes.values()}
        self._stored_in |= {id: one.domain for one in named for id in one.members}
        self._situations: dict[str, _Situation] = {}
        self._approaches: dict[tuple[str, str], _Approach] = {}
        for one in named:
            code = codes.of_situation(one.domain, one.task_key)
            situation = self._situations.setdefault(code, _Situation(one.when, one.domain))
            approach = _added(situation, one.do, one.members)
            keys = codes.approaches.get(code, [])
            if one.strategy_key in keys:
                self._approaches[code, letters(keys.index(one.strategy_key))] = approach

    def read(self, value: "Mapping[str, JsonValue] | InvalidInput", number: int) -> None:
        """Take in one object. Where it says of no situation that can be told, the next line has to name one."""
        before, self._situation = self._situation, ""
        if isinstance(value, InvalidInput):
            raise value
        what = kind_of(value)
        for key in value:
            if key not in _KEYS[what] and value[key] not in EMPTY:
                raise InvalidInput(f"{one_line(key, 40)}: not a key of a line with {json.dumps(what)}")
        if what == "rename":
            self._rename(value)
        elif what == "merge":
            self._merge(value)
        elif what == "unclear":
            self._situation = before
            if value[what] not in (*EMPTY, ["none"], "none"):
                self._give(value[what], Words("", "", replaces=False), number)
        elif what == "same":
            self._give(value.get("outcomes"), self._words_of_same(value[what]), number)
        else:
            approach = self._said_approach(value, before)
            is_moved = what == "move"
            situation = approach.situation
            domain = situation.domain if is_moved else ""
            words = Words(situation.when, approach.do, is_moved, domain, is_moved)
            self._give(value[what], words, number, approach)

    def _give(self, references: JsonValue, words: Words, number: int, approach: _Approach | None = None) -> None:
        wrong: list[str] = []
        found = listed(references, self._codes)
        if not found:
            raise InvalidInput('expected codes, such as "o1 o2"')
        for reference in found:
            try:
                self._give_one(reference, words, number, approach)
            except InvalidInput as error:
                wrong.append(error.message)
        if wrong:
            more = f" (and {len(wrong) - 5} more)" if len(wrong) > 5 else ""
            raise InvalidInput("; ".join(wrong[:5]) + more)

    def _give_one(self, reference: JsonValue, words: Words, number: int, approach: _Approach | None) -> None:
        outcome = self._outcomes.get(_resolved(reference, self._codes)) if isinstance(reference, str) else None
        if outcome is None and isinstance(reference, str) and is_range(reference):
            raise InvalidInput(f"{shown(reference)} is no range of the last sheet's codes; name each")
        if outcome is None or outcome.agent != self._agent:
            raise InvalidInput(f"{shown(reference)} is no outcome of agent {one_line(self._agent, 40)}")
        if outcome.id in self._given_in:
            raise InvalidInput(f"{shown(reference)} was given words in line {self._given_in[outcome.id]}")
        is_said = (key_of(words.when), key_of(words.do)) == (key_of(outcome.when), key_of(outcome.do))
        if not words.replaces and outcome.when and outcome.do and not is_said:
            raise InvalidInput(f'{shown(reference)} has general words; {{"move": ...}} replaces them')
        if words.do and not (outcome.strategy.strip() or outcome.do):
            raise InvalidInput(f"{shown(reference)} has no strategy, so it can't be said what was done")
        self._given_in[outcome.id] = number
        # A rule across situations says what was done, and nothing of the situation.
        when = words.when or (outcome.when if words.do else "")
        words = words._replace(when=when, domain=words.domain or outcome.domain)
        self._put(outcome.id, words)
        if approach is None or approach.situation.domain != words.domain:
            approach = self._of_words(words)
        if approach is not None:
            approach.given.append(outcome.id)

    def _when(self, value: Mapping[str, JsonValue], before: str) -> str:
        """The situation, a code or words; of a line that names none, that of the line before."""
        when = self._known_situation(_said(value, "when")) if "when" in value else before
        if not when:
            raise InvalidInput("when: missing, and the line before has none that is known")
        self._situation = when
        return when

    def _known_situation(self, said: str) -> str:
        """The code of a known situation, also where its words stand beside it, or else new words."""
        beside = CodeAndWords.of(said)
        code = beside.code.upper()
        known = self._situations.get(code)
        if known is not None and beside.is_of(known.when):
            return code
        if beside.is_situation():
            raise InvalidInput(f"when: {shown(said)} is no known situation")
        return _line("when", said)

    def _said_approach(self, value: Mapping[str, JsonValue], before: str) -> _Approach:
        """The approach of a line: a known one, a new one of a known situation, or one in new words."""
        when, do = self._when(value, before), _said(value, "do")
        situation = self._situations.get(when)
        if situation is not None:
            do, said = without_situation(do, when), do
        if situation is None:
            if is_letter(do):
                raise InvalidInput(f"do: {shown(do)} stands for an approach of a known situation; give words")
            return _Approach(_Situation(when, ""), _line("do", do))
        beside = CodeAndWords.of(do)
        known = self._approaches.get((when, beside.code.lower()))
        if known is not None and beside.is_of(known.do):
            return known
        if (beside.is_surely_one and (known or is_letter(beside.code))) or said.startswith(f"{when}."):
            raise InvalidInput(f"do: {shown(said)} is no known approach of {when}")
        words = _line("do", do)
        alike = _alike(situation, words)
        return alike[0] if alike else _added(situation, words)  # without a letter, but renamed with the others

    def _words_of_same(self, reference: JsonValue) -> Words:
        text = next((one for one in listed(reference)[:1] if isinstance(one, str)), "")
        words = self._same.get(_resolved(text, self._codes))
        if words is None:
            raise InvalidInput(f"same: {shown(reference)} is no outcome or rule of {one_line(self._agent, 40)}'s")
        return words

    def _rename(self, value: Mapping[str, JsonValue]) -> None:
        code = _said(value, "rename")
        situation, letter = self._split(code)
        if letter:
            known = self._approaches.get((situation, letter))
            if known is None or "do" not in value or "when" in value:
                raise InvalidInput(f'rename: {shown(code)} needs "do", and has to be a known approach')
            self._reword(_alike(known.situation, known.do), known.situation, do=_line("do", _said(value, "do")))
        else:
            if "when" not in value or "do" in value:
                raise InvalidInput(f'rename: the situation {shown(code)} needs "when"')
            found = self._situations[situation]
            found.when = _line("when", _said(value, "when"))
            self._reword(found.approaches, found)

    def _merge(self, value: Mapping[str, JsonValue]) -> None:
        into = _said(value, "into")
        target, target_letter = self._split(into)
        codes = listed(value["merge"])
        if not codes:
            raise InvalidInput('merge: expected codes, such as "S9"')
        for code in codes:
            situation, letter = self._split(code if isinstance(code, str) else "")
            joined, goal = self._situations[situation], self._situations[target]
            if code == into or bool(letter) != bool(target_letter) or (joined is goal and not letter):
                raise InvalidInput(f"merge: {shown(code)} can't be merged into {shown(into)}")
            if letter:
                known = self._approaches.get((situation, letter))
                other = self._approaches.get((target, target_letter))
                if known is None or other is None:
                    raise InvalidInput(f"merge: {shown(code if known is None else into)} is no known approach")
                self.plan.joined.append(f"{quoted(known.do)} into {quoted(other.do)}")
                self._reword(_alike(known.situation, known.do), other.situation, do=other.do)
            else:
                self.plan.joined.append(f"{quoted(joined.when)} into {quoted(goal.when)}")
                self._reword(joined.approaches, goal)
                self._situations |= {code: goal for code, known in self._situations.items() if known is joined}

    def _reword(self, approaches: Sequence[_Approach], situation: _Situation, *, do: str = "") -> None:
        """Put these approaches into a situation, maybe in other words, and plan the words of their outcomes."""
        for one in list(approaches):
            one.do = do or one.do
            if one.situation is not situation:
                one.situation.approaches.remove(one)
                situation.approaches.append(one)
                one.situation = situation
            for id in one.given:
                said = self.plan.words[id]
                self._put(id, said._replace(when=situation.when, do=one.do, domain=situation.domain))
            for id in one.members:
                if id not in self._given_in:  # what a line says of an outcome itself holds
                    self._put(id, Words(situation.when, one.do, True, situation.domain))

    def _put(self, id: str, words: Words) -> None:
        """Plan the words of an outcome, which name the domain where it ends."""
        self.plan.words[id] = words._replace(domain="") if words.domain == self._stored_in[id] else words

    def _of_words(self, words: Words) -> _Approach | None:
        """The approach that has these words by now, whose outcomes those are that get them."""
        key = key_of(words.when)
        places = (one for one in self._situations.values() if one.domain == words.domain and key_of(one.when) == key)
        return next((found for place in places for found in _alike(place, words.do)), None)

    def _split(self, code: str) -> tuple[str, str]:
        """A situation's code and, behind a dot, an approach's letter."""
        place = place_of(code)
        if place is None or place[0] not in self._situations:
            raise InvalidInput(f"{shown(code)} is no known situation")
        return place


def _added(situation: _Situation, do: str, members: tuple[str, ...] = ()) -> _Approach:
    """A new approach of a situation."""
    situation.approaches.append(_Approach(situation, do, members))
    return situation.approaches[-1]


def _alike(situation: _Situation, do: str) -> list[_Approach]:
    """An approach as all situations have it that are this one by now."""
    key = key_of(do)
    return [one for one in situation.approaches if key_of(one.do) == key]


def _said(value: Mapping[str, JsonValue], key: str) -> str:
    if key not in value:
        raise InvalidInput(f"{key}: missing")
    return parse_text(key, value[key]).strip()


def _line(key: str, text: str) -> str:
    said = as_situation(text) if key == "when" else text
    words = parse_field(key, one_line(said) if len(said.splitlines()) == 1 else said)
    if not key_of(str(words)):
        raise InvalidInput(f"{key}: empty")
    if says_nothing(str(words)) or bare(str(words)) in _ASKED:
        raise InvalidInput(f'{key}: {shown(words)} says nothing; of what can\'t be told say {{"unclear": "o1 o2"}}')
    if is_code(key, str(words)):
        raise InvalidInput(f"{key}: {shown(words)} is a code, and no words")
    return str(words)
