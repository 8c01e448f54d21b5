"""`alma init`: make the project's folder."""

import os
from typing import Annotated

from alma_cli.api import ALMA
from alma_cli.cli.options import Dir, Yes, option
from alma_cli.cli.output import Reply
from alma_cli.config import default_project_id, load_config, template
from alma_cli.core.redaction import check_names
from alma_cli.core.scopes.scope import validate_name
from alma_cli.errors import AlmaError, ProjectUntrusted
from alma_cli.project import CONFIG, FOLDER, Project, find_project, make_project
from alma_cli.tracked import ignored_by, name_at_remote
from alma_cli.worktrees import naming_folder

_OF_MANY = frozenset({"app", "code", "repo", "src", "work", "workdir", "workspace", "workspaces"})
"""Names of folders to which containers mount whatever project they are for."""


def init(
    project_id: Annotated[
        str | None, option("--project-id ID", "Its name in the cloud [else its memory's, or its folder's].")
    ] = None,
    directory: Dir = None,
    yes: Yes = False,
) -> Reply:
    """Make .alma/ with a configuration in this folder.

    Safe to run again: what is there is kept. Only config.yaml and .gitignore are for git; the memory itself stays out.

    \b
    Examples:
      alma init
      alma init --project-id web-shop
    """
    root = os.path.abspath(directory or os.environ.get("ALMA_DIR") or ".")
    if os.path.basename(root) == ".alma":
        root = os.path.dirname(root)
    name = _name_of(os.path.realpath(root)) if project_id is None else validate_name("project", project_id)
    check_names({"project": name})
    path = os.path.join(root, FOLDER, CONFIG)
    is_new = not os.path.exists(path)
    if is_new:
        load_config(path, text=template(name))  # raises before anything is made that can't be used
    around = _project_around(root) if is_new else None
    project = make_project(root, template(name))
    alma = ALMA.find(directory=root)
    if is_new and project_id is None:
        alma.keep_name()
    next_commands = _next_commands(alma)
    told = f"made {project.config_path}" if is_new else f"{project.config_path} was there already and is kept"
    return Reply(
        data={
            "project_id": alma.config.project_id,
            "config": str(project.config_path),
            "created": is_new,
            "next": list(next_commands),
        },
        told=[
            f"{told} (project {alma.config.project_id})",
            *_notes(
                root, project, around, is_of_many=is_new and project_id is None and alma.config.project_id in _OF_MANY
            ),
            "next:",
            *(f"  {command}" for command in next_commands),
        ],
    )


def _name_of(root: str) -> str:
    """The name for the project of a folder, or for its repository where the folder's is that of many, in containers."""
    name = default_project_id(naming_folder(root))
    known = name_at_remote(root) if name in _OF_MANY else ""
    return default_project_id(f"{os.sep}{known}") if known else name


def _next_commands(alma: ALMA) -> list[str]:
    commands = [
        'alma learn "Test the login form" --ok "Tried empty fields first"',
        'alma retrieve "check that login works"',
    ]
    if alma.config.only_agent or "*" not in alma.config.agents:
        first = next(iter(alma.config.agents))
        commands = [f"{command} --agent {first}" for command in commands]
    return commands


def _notes(root: str, project: Project, around: Project | None, *, is_of_many: bool) -> list[str]:
    """Lines on a project around this one, and on one that its owner has to trust."""
    notes = []
    if around and around.home != project.home:
        notes = [f"{around.root} has a project too: from now on this folder has a memory of its own"]
    try:
        find_project(root, environ={})
    except ProjectUntrusted as error:  # root made it in somebody's folder, who owns it now
        notes.append(f"{error.message}: {error.hint}")
    if is_of_many:
        notes.append("that name is of its folder, and of many: `alma config rename NAME` gives it another")
    if rule := ignored_by(project.config_path):
        notes.append(f"git ignores {FOLDER}/{CONFIG} by {rule}: a clone won't have this project")
    return notes


def _project_around(folder: str) -> Project | None:
    """The project that a folder without one of its own is in."""
    try:
        return find_project(folder, environ={})
    except (AlmaError, OSError):
        return None
