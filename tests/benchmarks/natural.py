"""What ALMA learns from outcomes in natural words: rules found, advice given, and what reflecting costs.

    python -m tests.benchmarks.natural [--set NAME] [--examples] [--missed] [--two-agents]

The 227 outcomes of data/natural are learned in four ways: bare; with the general words that were written for each alone;
these then merged in a review; and bare, then reflected, by an agent that can read and is consistent (answerer.py answers
from the labels, which ALMA never sees). Then the 48 queries are asked, and the 16 that nothing fits. One agent learns everything and asks; with
--two-agents each outcome is its own agent's, both share, and the queries are helena's.

- A *true rule* is a strategy that is good (to be found as a heuristic) or bad (as an anti-pattern): 16 and 16. It is *found*
  by a derived rule of the right kind with at least 80% of its evidence from that strategy and at least half of that
  strategy's outcomes.
- A rule is *false* with less than 80% of its evidence from one strategy, or of the wrong kind. A pure rule about a mixed
  strategy is neither; nor is a right one with too little evidence, which is *small*.
- *Advice* is the share of queries where the first approach that a shown rule recommends is the best one: a heuristic's,
  or what an anti-pattern names instead. *Warned*: an anti-pattern of the worst strategy is shown.
- *Proposals*: where an outcome's general words are new and its strategy isn't, how often one of the proposals that `learn`
  answers with is of that strategy, and how often of that kind of task.
- *Kind*: the share of right kinds of task among the five most similar memories, sure or not, and the mean of the
  reciprocal rank of the first right one. *Something sure*: the queries that something fits and that get anything sure;
  *nothing sure*: those that nothing fits and that get nothing sure.
"""

import argparse
import json
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.core.learning.sheets import Item, KnownApproach, KnownSituation, Sheet
from alma_cli.core.records import Record
from alma_cli.core.retrieval.slices import Hit, MemorySlice
from alma_cli.core.text import SHORT_ID
from alma_cli.embedding import count_tokens
from alma_cli.project import make_project
from tests.benchmarks import answerer
from tests.benchmarks.natural_words import (
    ASKERS,
    CENTRAL,
    SETS,
    WORDINGS,
    Labelled,
    Query,
    meanings,
    outcomes,
    queries,
    truths,
    use,
    words_of_kinds,
)

AGENT = "dev"
ONE_AGENT = "alma:\n  project_id: natural\n"
TWO_AGENTS = (
    'alma:\n  project_id: natural\n  agents:\n    helena: {share_with: ["*"]}\n    victor: {share_with: ["*"]}\n'
)
BUDGETS = (150, 300)
PURE = 0.8
ENOUGH = 0.5
FIRST = 5
RULES = ("heuristic", "anti_pattern")
RIGHT_KIND = {"good": "heuristic", "bad": "anti_pattern"}


class Rule(NamedTuple):
    """A derived rule, and the ids (of data/natural) of its evidence."""

    id: str
    kind: str
    evidence: Sequence[str]


@dataclass(kw_only=True)
class Judged:
    """What rules are worth against the labels: strategies that were found, and rules that were not right."""

    found: dict[str, Rule] = field(default_factory=dict)
    false: list[Rule] = field(default_factory=list)
    small: list[Rule] = field(default_factory=list)
    mixed: list[Rule] = field(default_factory=list)


def prompt_of(sheet: Mapping[str, Any]) -> str:
    """A sheet as `alma reflect` prints it for an agent, without ids."""
    known = [
        KnownSituation(one["code"], one["when"], tuple(KnownApproach(**each) for each in one["approaches"]))
        for one in sheet["known"]
    ]
    items = tuple(Item(**item) for item in sheet["outcomes"])
    plain = {name: sheet[name] for name in ("agent", "domain", "left")}
    return Sheet(**plain, outcomes=items, known=tuple(known), mark=sheet.get("sheet", "")).to_prompt()


def judged(rules: Sequence[Rule], strategies: Mapping[str, str], truth: Mapping[str, str]) -> Judged:
    """Each rule against the strategy of its evidence; `strategies` by outcome, `truth` by strategy."""
    sizes = Counter(strategies.values())
    result = Judged()
    for rule in rules:
        strategy = pure_strategy(rule.evidence, strategies)
        if strategy and truth[strategy] == "mixed":
            result.mixed.append(rule)
        elif not strategy or RIGHT_KIND[truth[strategy]] != rule.kind:
            result.false.append(rule)
        elif sum(strategies[id] == strategy for id in rule.evidence) < ENOUGH * sizes[strategy]:
            result.small.append(rule)
        else:
            result.found[strategy] = rule
    return result


def pure_strategy(evidence: Sequence[str], strategies: Mapping[str, str]) -> str:
    """The strategy that nearly all evidence is of; empty if there is none."""
    strategy, count = Counter(strategies[id] for id in evidence).most_common(1)[0] if evidence else ("", 0)
    return strategy if count >= PURE * len(evidence) else ""


@dataclass(kw_only=True)
class Answered:
    """What the queries were told within one budget; counts of queries, or of those that nothing fits."""

    advised: int = 0
    offered: int = 0
    warned: int = 0
    sure: int = 0
    false_alarms: int = 0
    nothing_sure: int = 0
    right_kinds: list[float] = field(default_factory=list)
    reciprocal_ranks: list[float] = field(default_factory=list)
    missed: list[tuple[Query, str]] = field(default_factory=list)
    examples: list[tuple[Query, str]] = field(default_factory=list)


@dataclass(kw_only=True)
class Measured:
    """Everything that one way of learning came to."""

    judged: Judged
    answered: Mapping[int, Answered]
    cost: str = ""
    note: str = ""


class Learner:
    """A project that learns the outcomes, and knows which record of ALMA's came from which."""

    def __init__(self, folder: str, *, two_agents: bool) -> None:
        self.home = Path(folder)
        self.two_agents = two_agents
        project = make_project(folder, TWO_AGENTS if two_agents else ONE_AGENT)
        self.alma = ALMA(project, load_config(project.config_path))
        self.labelled: dict[str, Labelled] = {}

    def agent_of(self, outcome: Labelled) -> str:
        return outcome.agent if self.two_agents else AGENT

    def learn(self, outcome: Labelled, **words: str) -> Any:
        learned = self.alma.learn(agent=self.agent_of(outcome), **outcome.told(), **words)
        self.labelled[learned.id] = outcome
        return learned

    def reflect(self, wording: str) -> str:
        """Reflect through `--with` until nothing is left; what sheets and answers cost, in tokens."""
        told, log = self.home / "labels.json", self.home / "log.ndjson"
        labels = {id: (outcome.task_kind, outcome.strategy_kind) for id, outcome in self.labelled.items()}
        told.write_text(json.dumps({"labels": labels, "words": words_of_kinds(wording), "log": str(log)}), "utf-8")
        command = shlex.join([sys.executable, answerer.__file__, str(told)])
        for agent in dict.fromkeys(map(self.agent_of, self.labelled.values())):
            self._run("reflect", "--agent", agent, "--format", "json", "--with", command, "--json")
        pairs = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        read = sum(count_tokens(prompt_of(json.loads(pair["sheet"]))) for pair in pairs)
        wrote = sum(count_tokens(pair["answer"]) for pair in pairs)
        return f"{len(pairs)} sheets, {read:,} read, {wrote:,} written"

    def review(self) -> None:
        """Merge words that say the same, until none do."""
        for agent in dict.fromkeys(map(self.agent_of, self.labelled.values())):
            while lines := answerer.merges(self.alma.review_words(agent).to_json(), meanings()):
                done = self.alma.apply_reflection(agent, answerer.written(lines))
                if done.refused:
                    raise SystemExit(f"a merge was refused: {done.refused}")

    def rules(self) -> list[Rule]:
        return [self.rule(record) for kind in RULES for record in self.alma.memories(kinds=[kind])]

    def rule(self, record: Record) -> Rule:
        return Rule(record.id, record.kind, [self.labelled[each.id].id for each in self.alma.evidence(record.id)])

    def _run(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "alma_cli", *arguments, "--dir", str(self.home / ".alma")],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"alma {arguments[0]} failed: {done.stdout}\n{done.stderr}")
        return json.loads(done.stdout)["data"]


@contextmanager
def learner(*, two_agents: bool):
    with tempfile.TemporaryDirectory(prefix="alma-natural-") as folder:
        yield Learner(folder, two_agents=two_agents)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", action="store_true", help="ten queries with the first rule that each is shown")
    parser.add_argument(
        "--missed", action="store_true", help="what was not found, what is false, and who was ill advised"
    )
    parser.add_argument("--two-agents", action="store_true", help="outcomes of helena and victor, who share")
    parser.add_argument(
        "--wordings", nargs="*", choices=WORDINGS, default=[CENTRAL], help="whose words reflecting takes"
    )
    parser.add_argument("--set", choices=SETS, default=SETS[0], help="the outcomes and queries: %(default)s")
    options = parser.parse_args()
    use(options.set)

    measured: dict[str, Measured] = {}
    with learner(two_agents=options.two_agents) as bare:
        for outcome in outcomes():
            bare.learn(outcome)
        measured["bare outcomes"] = measure(bare)
    with learner(two_agents=options.two_agents) as worded:
        note = learn_with_words(worded)
        measured["with general words, each alone"] = measure(worded, note=note)
        worded.review()
        measured["the same, then reviewed"] = measure(worded)
        measured |= asked_with_situations("reviewed", worded)
    for wording in options.wordings:
        with learner(two_agents=options.two_agents) as reflected:
            for outcome in outcomes():
                reflected.learn(outcome)
            cost = reflected.reflect(wording)
            name = "bare, then reflected" + ("" if wording == CENTRAL else f", words of writer {wording}")
            measured[name] = measure(reflected, cost=cost)
            measured |= asked_with_situations(name, reflected)
    print(table(measured))
    for name, result in measured.items():
        if result.note:
            print(f"\n{name}: {result.note}")
    last = list(measured.values())[-1]
    if options.missed:
        print_missed(last)
    if options.examples:
        print_examples(last)


def learn_with_words(worded: Learner) -> str:
    """Learn each outcome with its own general words; how good the proposals were, in words."""
    said: set[tuple[str, str]] = set()
    seen: set[str] = set()
    asked = of_strategy = of_kind = none = 0
    for outcome in outcomes():
        form = outcome.when.casefold(), outcome.do.casefold()
        is_asked = form not in said and outcome.strategy_kind in seen
        learned = worded.learn(outcome, **outcome.general_words())
        if is_asked:
            proposed = [proposed_of(worded, proposal.id) for proposal in learned.similar]
            asked += 1
            none += not proposed
            of_strategy += any(outcome.strategy_kind == strategy for _, strategy in proposed)
            of_kind += any(outcome.task_kind == kind for kind, _ in proposed)
        said.add(form)
        seen |= {outcome.strategy_kind} - {""}
    share = f"{of_strategy} of {asked} ({of_strategy / asked:.0%})" if asked else "none"
    return f"a proposal was of the same strategy in {share}, of the same kind of task in {of_kind}; none in {none}"


def asked_with_situations(name: str, learned: Learner) -> dict[str, Measured]:
    """The same memory, asked with the situation as each of those words it who ask."""
    return {f"{name}, asked with `--when` {asker + 1}": measure(learned, asker=asker) for asker in range(ASKERS)}


def proposed_of(worded: Learner, id: str) -> tuple[str, str]:
    """The kind of task and the strategy that a proposal is of: an outcome's, or those of most of a rule's evidence."""
    if id in worded.labelled:
        return worded.labelled[id].task_kind, worded.labelled[id].strategy_kind
    return most_of(worded, worded.rule(worded.alma.memory(id)))


def most_of(learned: Learner, rule: Rule) -> tuple[str, str]:
    """The kind of task and the strategy of most of a rule's evidence."""
    by_id = {outcome.id: outcome for outcome in learned.labelled.values()}
    counted = Counter((by_id[id].task_kind, by_id[id].strategy_kind) for id in rule.evidence)
    return counted.most_common(1)[0][0]


def measure(learned: Learner, *, cost: str = "", note: str = "", asker: int | None = None) -> Measured:
    rules = learned.rules()
    strategies = {outcome.id: outcome.strategy_kind for outcome in outcomes()}
    return Measured(
        judged=judged(rules, strategies, truths()),
        answered={budget: answered(learned, rules, strategies, budget, asker) for budget in BUDGETS},
        cost=cost,
        note=note,
    )


def answered(
    learned: Learner, rules: Sequence[Rule], strategies: Mapping[str, str], budget: int, asker: int | None
) -> Answered:
    """What each query is told within a budget of tokens, asked with the situation in the words of an asker, if any."""
    about = {rule.id: pure_strategy(rule.evidence, strategies) for rule in rules}
    by_words: dict[tuple[str, str], str] = defaultdict(str)
    for record in learned.alma.memories(kinds=["heuristic"]):
        by_words[record.task_key, record.strategy] = about[record.id]
    kinds = {id: outcome.task_kind for id, outcome in learned.labelled.items()}
    kinds |= {rule.id: most_of(learned, rule)[0] for rule in rules}
    result = Answered()
    for query in queries():
        when = "" if asker is None else query.whens[asker]
        whole = shown(learned, query.query, when, budget)
        hits = [hit for hit in whole if hit.kind in RULES]
        if not query.task_kind:
            result.false_alarms += any(hit.sure for hit in hits)
            result.nothing_sure += not any(hit.sure for hit in whole)
            continue
        if budget == BUDGETS[-1]:  # they are the same in any
            is_right = [kinds[hit.id] == query.task_kind for hit in most_similar(learned, query.query, when)]
            result.right_kinds.append(sum(is_right[:FIRST]) / FIRST)
            result.reciprocal_ranks.append(1 / (is_right.index(True) + 1) if True in is_right else 0)
        recommended = [
            about[hit.id] if hit.kind == "heuristic" else by_words[hit.task_key, hit.better_alternative]
            for hit in hits
            if hit.kind == "heuristic" or hit.better_alternative
        ]
        result.advised += recommended[:1] == [query.best]
        result.offered += query.best in recommended
        result.sure += any(hit.sure for hit in whole)
        result.warned += any(about[hit.id] == query.worst for hit in hits if hit.kind == "anti_pattern")
        first = hits[0].text if hits else "nothing"
        result.examples.append((query, first))
        if recommended[:1] != [query.best]:
            result.missed.append((query, f"{recommended[:1] or 'no rule'}; shown: {first}"))
    return result


def shown(learned: Learner, query: str, when: str, budget: int) -> list[Hit]:
    """The memories that a prompt of so many tokens shows for a query, in its order."""
    asking = "helena" if learned.two_agents else AGENT
    return shown_hits(learned.alma.retrieve(query, asking, when=when, max_tokens=budget), budget)


def most_similar(learned: Learner, query: str, when: str) -> list[Hit]:
    """The memories that are found for a query, most similar first."""
    asking = "helena" if learned.two_agents else AGENT
    found = learned.alma.retrieve(query, asking, 10, when=when, max_tokens=100_000)
    return sorted(found, key=lambda hit: (-hit.similarity, -hit.score))


def shown_hits(memories: MemorySlice, budget: int) -> list[Hit]:
    """The memories whose ids stand in the prompt, in its order."""
    by_id = {hit.id[:SHORT_ID]: hit for hit in memories}
    return [
        by_id[id] for id in re.findall(r"^ *- \[([0-9a-f]+)\]", memories.to_prompt(max_tokens=budget), re.MULTILINE)
    ]


def table(measured: Mapping[str, Measured]) -> str:
    """In Markdown, for docs/benchmarks.md."""
    fitting = sum(bool(query.task_kind) for query in queries())
    true_rules = sum(truth != "mixed" for truth in truths().values())
    heads = ["", f"rules found of {true_rules}", "false", "small", "of mixed strategies"]
    heads += [f"{what} within {budget} tokens" for budget in BUDGETS for what in ("advice", "best shown", "warned")]
    heads += ["something sure", "right kind in the first five", "MRR of the kind"]
    heads += [
        f"{what}, of {len(queries()) - fitting}" for what in ("nothing sure where nothing fits", "sure rules there")
    ]
    heads += ["tokens of reflecting"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for name, result in measured.items():
        rules = result.judged
        cells = [name, *(str(len(each)) for each in (rules.found, rules.false, rules.small, rules.mixed))]
        for budget in BUDGETS:
            told = result.answered[budget]
            cells += [f"{count / fitting:.0%}" for count in (told.advised, told.offered, told.warned)]
        told = result.answered[BUDGETS[-1]]
        cells += [f"{told.sure / fitting:.0%}"]
        cells += [f"{statistics.fmean(each):.2f}" for each in (told.right_kinds, told.reciprocal_ranks)]
        cells += [str(told.nothing_sure), str(told.false_alarms), result.cost or "0"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def print_missed(result: Measured) -> None:
    """What the last way did not find, what it derived falsely, and which queries it advised badly."""
    truth = truths()
    wanted = [strategy for strategy, value in truth.items() if value != "mixed"]
    strategies = {outcome.id: outcome.strategy_kind for outcome in outcomes()}
    results = defaultdict(Counter)
    for outcome in outcomes():
        results[outcome.strategy_kind][outcome.outcome] += 1
    print("\nnot found:")
    for strategy in wanted:
        if strategy not in result.judged.found:
            print(f"  {strategy} ({truth[strategy]}): {dict(results[strategy])}")
    print("\nfalse:")
    for rule in result.judged.false:
        print(f"  {rule.kind} {rule.id[:8]}: {dict(Counter(strategies[id] or 'unclear' for id in rule.evidence))}")
    print(f"\nqueries without the best advice within {BUDGETS[0]} tokens:")
    for query, told in result.answered[BUDGETS[0]].missed:
        print(f"  {query.query}\n    wanted {query.best}, got {told}")


def print_examples(result: Measured) -> None:
    """Ten queries, evenly chosen, with the first rule that each was shown."""
    examples = result.answered[BUDGETS[0]].examples
    for query, first in examples[:: len(examples) // 10][:10]:
        print(f"\n> {query.query}\n  {first}")


if __name__ == "__main__":
    main()
