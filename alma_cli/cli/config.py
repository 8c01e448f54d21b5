"""`alma config`: the configuration, and where each value comes from; and another name for the project."""

from typing import Annotated

from alma_cli.cli.inputs import Memory, open_alma
from alma_cli.cli.options import Dir, Yes, argument
from alma_cli.cli.output import Reply, Table, confirmed, error_json
from alma_cli.config import KEYS, check_config, set_value
from alma_cli.core.text import counted
from alma_cli.project import find_project


def show(directory: Dir = None) -> Reply:
    """Show every key, its value, and where that came from: the file and line, a variable, or the default.

    \b
    Examples:
      alma config show
      ALMA_RETRIEVAL_TOP_K=3 alma config show --json
    """
    settings = open_alma(directory).config.explain()
    return Reply(
        data={"settings": [setting._asdict() for setting in settings]},
        tables=[
            Table(
                headings=("key", "value", "from"),
                rows=[tuple(setting) for setting in settings],
                flexible=[1, 2],
                widest=44,
            )
        ],
    )


def check(directory: Dir = None) -> Reply:
    """List everything that is wrong with the configuration, with file, line and key; exit 3 if anything is.

    \b
    Examples:
      alma config check
    """
    project = find_project(directory=directory)
    problems = check_config(project.config_path)
    told = [f"error: {problem.message}" for problem in problems[1:]]
    return Reply(
        data={"path": str(project.config_path), "problems": [error_json(problem) for problem in problems]},
        told=told if problems else [f"{project.config_path} is valid"],
        error=problems[0] if problems else None,
    )


def set(
    key: Annotated[str, argument("KEY", "The key, as `alma config show` names it.")],
    value: Annotated[list[str], argument("VALUE...", "What it is to be; of a list, each.")],
    directory: Dir = None,
    yes: Yes = False,
) -> Reply:
    """Write a value into config.yaml, whose comments and layout stay; nothing is written unless all of it is right.

    \b
    Examples:
      alma config set retrieval.top_k 3
      alma config set reflect.command "claude -p"
      alma config set agents.helena.can_learn ui_patterns testing_strategies
    """
    path = find_project(directory=directory).config_path
    before, now = set_value(path, key, value)
    told = [f"{now.key} is {now.value or 'empty'} ({now.origin})"]
    if before is not None and before.value != now.value:
        told = [f"{told[0]}; it was {before.value or 'empty'} ({before.origin})"]
    is_overridden = now.origin in {one.variable for one in KEYS}
    return Reply(
        data={"key": now.key, "value": now.value, "origin": now.origin, "before": before and before.value},
        told=told,
        warnings=[f"{now.origin} in the environment overrides what was written"] if is_overridden else [],
    )


def rename(
    alma: Memory,
    project_id: Annotated[str, argument("PROJECT_ID", "What the project is called from now on.")],
    yes: Yes = False,
) -> Reply:
    """Give the project another id: in config.yaml, in its memories, and in its shared copy.

    The next `alma sync` fills the shared copy under the new name. On each other machine run the same command.

    \b
    Examples:
      alma config rename web-shop
    """
    if not confirmed(f"rename the project {alma.config.project_id!r} to {project_id!r}?", yes=yes):
        return Reply(data={"cancelled": True}, told=["nothing was done"])
    renamed = alma.rename(project_id)
    count = counted(renamed.memories, "memory was", "memories were")
    return Reply(
        data={"before": renamed.before, "project_id": renamed.project_id, "memories": renamed.memories},
        told=[f"the project is called {renamed.project_id}; {count} renamed"],
    )
