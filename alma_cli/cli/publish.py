"""`alma publish`: the rules as a file that agents and people read without ALMA."""

import os
from typing import Annotated

from alma_cli.api.arguments import agent_of
from alma_cli.cli.filters import unknown_agents
from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.install import change_word, shown_change
from alma_cli.cli.options import Agent, option
from alma_cli.cli.output import Reply
from alma_cli.core.learning.lessons import Lessons
from alma_cli.core.text import counted
from alma_cli.errors import AlmaError
from alma_cli.hooks.install.changes import applied, difference
from alma_cli.hooks.install.lessons import plan_section, plan_skill
from alma_cli.project import make_home


def publish(
    alma: MemoryToChange,
    out: Annotated[
        str | None, option("--out DIR", "The folder to write into [.agents/skills, or the project].")
    ] = None,
    agents_md: Annotated[bool, option("--agents-md", "A block of AGENTS.md, in the place of a skill.")] = False,
    check: Annotated[
        bool, option("--check", "Change nothing; print what would change; exit code 1 if anything would.")
    ] = False,
    agent: Agent = None,
) -> Reply:
    """Write the rules where agents and people read them without ALMA, so that they are reviewed like code.

    An Agent Skill in .agents/skills (and in .claude/skills where there is .claude), or a block of AGENTS.md: the surest
    50 rules that the agent sees, by domain, each with its evidence. The same rules give the same bytes. Preferences,
    facts and outcomes are never written.

    \b
    Examples:
      alma publish
      alma publish --agents-md --agent helena
      alma publish --check
    """
    found = alma.lessons(agent_of(alma.config, agent))
    plan = (plan_section if agents_md else plan_skill)(
        alma.project, found, None if out is None else os.path.abspath(out)
    )
    lines = difference(plan.changes) if check else []
    made = bool(plan.changes) and not check
    if made:
        make_home(alma.project)
        applied(plan.changes, alma.project.backup_dir)
    return Reply(
        data={
            "name": found.name,
            "rules": [rule.id for rule in found.rules],
            "left_out": found.left_out,
            "changes": [{"path": change.path, "change": change_word(change)} for change in plan.changes],
            "changed": made,
        },
        lines=lines,
        told=[
            *(f"{'' if made else 'would '}{shown_change(change)}" for change in plan.changes),
            _summary(found, current=not plan.changes),
        ],
        warnings=[] if found.rules or agent is None else unknown_agents(alma, [agent]),
        error=AlmaError("what is published is not current", hint="alma publish") if check and plan.changes else None,
    )


def _summary(found: Lessons, *, current: bool) -> str:
    if not found.rules:
        return "there are no rules yet; outcomes with general words become some (`alma reflect`)"
    rules = counted(len(found.rules), "rule", "rules")
    surest = f"the surest {rules} of {len(found.rules) + found.left_out:,}" if found.left_out else rules
    return f"{surest}; nothing to change" if current else surest
