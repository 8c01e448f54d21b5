"""Chains of lines in one answer, against a model in which outcomes sit at approaches that point to others."""

import json

from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.keys import key_of
from alma_cli.core.learning.answer_lines import lines_of
from alma_cli.core.learning.answers import Named, plan, references
from alma_cli.core.learning.sheets import Codes
from tests.core.record_examples import outcome

CODES = [f"{situation}.{letter}" for situation in ("S1", "S2", "S3", "S4") for letter in "ab"]
DOMAINS = {"S1": "general", "S2": "general", "S3": "ui", "S4": "general"}
DOS = {code: "freeze the clock" if code.endswith("a") else f"approach of {code}" for code in CODES}
IDS = {code: f"{number:032x}" for number, code in enumerate(CODES, 1)}
"""The outcome that has each approach."""
WAITING = [f"{number:032x}" for number in (11, 12, 13)]


class Model:
    """Approaches and situations that point to the ones into which they were merged, and where each outcome sits."""

    def __init__(self):
        self.when = {code: f"situation {code}" for code in DOMAINS}
        self.do = dict(DOS)
        self.situation = {code: code[:2] for code in CODES}
        self.into = {}
        self.seats = {id: code for code, id in IDS.items()}

    def end(self, code):
        while code in self.into:
            code = self.into[code]
        return code

    def place(self, approach):
        return self.end(self.situation[self.end(approach)])

    def alike(self, code):
        return [
            one
            for one in self.do
            if one not in self.into and (self.place(one), self.do[one]) == (self.place(code), self.do[self.end(code)])
        ]

    def take(self, line):
        match line:
            case {"rename": code, "when": when}:
                self.when[self.end(code)] = when
            case {"rename": code, "do": do}:
                for one in self.alike(code):
                    self.do[one] = do
            case {"merge": code, "into": goal} if "." in code:
                for one in self.alike(code):
                    if one != self.end(goal):
                        self.into[one] = self.end(goal)
            case {"merge": code, "into": goal} if self.end(code) != self.end(goal):
                self.into[self.end(code)] = self.end(goal)
            case {"when": code, "do": do, "move": id} | {"when": code, "do": do, "outcomes": id}:
                there = [one for one in self.do if (self.place(one), self.do[self.end(one)]) == (self.end(code), do)]
                approach = f"{code}.{do}" if do in "ab" else next(iter(there), f"{code}.{len(self.do)}")
                self.do.setdefault(approach, do)
                self.situation.setdefault(approach, code)
                fits = "move" in line or DOMAINS[self.place(approach)] == "general"
                self.seats[id] = approach if fits else self.words(approach)

    def words(self, approach):
        return self.when[self.place(approach)], self.do[self.end(approach)], "general"

    def of(self, id):
        seat = self.seats[id]
        return (*self.words(seat)[:2], DOMAINS[self.place(seat)]) if isinstance(seat, str) else seat


situations = st.sampled_from(list(DOMAINS))
approaches = st.sampled_from(CODES)
dos = st.sampled_from(["freeze the clock", "bump the date", "wait longer"])
line = st.one_of(
    st.builds(
        lambda code, when: {"rename": code, "when": f"{when} of {code}"}, situations, st.sampled_from(["a", "b"])
    ),
    st.builds(lambda code, do: {"rename": code, "do": do}, approaches, dos),
    st.builds(lambda code, into: {"merge": code, "into": into}, situations, situations),
    st.builds(lambda code, into: {"merge": code, "into": into}, approaches, approaches),
    st.builds(lambda id, when, do: {"when": when, "do": do, "outcomes": id}, st.sampled_from(WAITING), situations, dos),
    st.builds(
        lambda id, when, do: {"when": when, "do": do, "move": id},
        st.sampled_from(list(IDS.values())),
        situations,
        st.sampled_from("ab") | dos,
    ),
)


def planned(lines):
    """The words and the domain of each outcome after an answer with these lines."""
    stored = {
        id: outcome(id=id, strategy="x", domain=DOMAINS[code[:2]], when=f"situation {code[:2]}", do=DOS[code])
        for code, id in IDS.items()
    } | {id: outcome(id=id, strategy="x") for id in WAITING}
    named = [
        Named(DOMAINS[code[:2]], key_of(f"situation {code[:2]}"), key_of(DOS[code]), stored[id].when, DOS[code], (id,))
        for code, id in IDS.items()
    ]
    codes = Codes()
    for one in named:
        codes.of_approach(codes.of_situation(one.domain, one.task_key), one.strategy_key)
    read = lines_of("\n".join(map(json.dumps, lines)))
    outcomes = {id: stored[id] for id in references(read, codes)}
    done = plan(read, codes=codes, named=named, outcomes=outcomes, same={}, agent="helena")
    words = {
        id: (said.when, said.do, said.domain or one.domain) if said else (one.when, one.do, one.domain)
        for id, one in stored.items()
        for said in [done.words.get(id)]
    }
    return words, {number for number, _ in done.refused}


@given(st.lists(line, max_size=8))
def test_outcomes_end_where_the_approaches_at_which_they_sit_were_merged_and_renamed(lines):
    found, refused = planned(lines)
    model = Model()
    for number, one in enumerate(lines, 1):
        if number not in refused:
            model.take(one)
    assert {id: model.of(id) for id in model.seats} == {id: found[id] for id in model.seats}


def test_an_approach_that_was_merged_into_another_situation_is_not_in_its_old_one_for_the_lines_to_come():
    found, refused = planned([{"merge": "S1.a", "into": "S2.b"}, {"merge": "S1", "into": "S4"}])
    assert (set(), ("situation S2", "approach of S2.b", "general")) == (refused, found[IDS["S1.a"]])
    assert ("situation S4", "approach of S1.b", "general") == found[IDS["S1.b"]]
    found, _ = planned([{"merge": "S1.a", "into": "S2.b"}, {"when": "S1", "do": "wait longer", "outcomes": WAITING[0]}])
    assert ("situation S1", "wait longer", "general") == found[WAITING[0]]
    found, _ = planned([{"merge": "S1.a", "into": "S2.b"}, {"rename": "S2.b", "do": "wait longer"}])
    assert "wait longer" == found[IDS["S1.a"]][1]
