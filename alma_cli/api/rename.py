"""Giving a project another id: in its configuration, its memories, and its shared copy."""

import json
import os
import shlex
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from alma_cli.api.session import Session
from alma_cli.config import Config, load_config, with_value, write_text
from alma_cli.core.redaction import check_names
from alma_cli.core.scopes.scope import validate_name
from alma_cli.errors import InvalidConfig
from alma_cli.flock import holding
from alma_cli.project import make_home


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """The name that a project had (empty when it had none), its name now, and how many memories were renamed."""

    before: str
    project_id: str
    memories: int


def rename(session: Session, project_id: str) -> Renamed:
    """Call the project so in its configuration and its store, and leave word in the shared copy under the old name.

    It can be run again when it was cut off, and where others have renamed the project already (see `ALMA.rename`).
    """
    check_names({"project": validate_name("project", project_id)})
    make_home(session.project)
    with session.store().alone("sync"):
        with session.store().writing() as writer:
            others = writer.remote.other_projects(project_id)
            membership = writer.remote.sync_state().membership
        before = others[0] if others else session.config.project_id
        if membership.project_uid and before != project_id:
            _leave_word(session, before, project_id, membership.project_uid)
        session.config = _configured(session, project_id)
        with session.store().writing() as writer:
            count = writer.rename()
    return Renamed(before=before, project_id=project_id, memories=count)


def keep_name(session: Session) -> None:
    """Give a new configuration the id that the project's memory has, where that has one and only one."""
    if not session.store().file.exists():
        return
    with session.store().reading() as reader:
        names = list(reader.project_ids())
    if len(names) == 1:
        session.config = _configured(session, names[0])


def _leave_word(session: Session, before: str, project_id: str, project_uid: str) -> None:
    from alma_cli.api.sync import PATIENCE_S
    from alma_cli.remote import open_remote
    from alma_cli.sync.moving import leave_word

    if session.config.storage == "local":
        return
    root = session.project.root
    names = (replace(session.config, project_id=name) for name in (before, project_id))
    with ExitStack() as opened:
        old, new = (opened.enter_context(closing(open_remote(one, root, patience_s=PATIENCE_S))) for one in names)
        leave_word(old, new, project_id=project_id, project_uid=project_uid)


def _configured(session: Session, project_id: str) -> Config:
    """The configuration with this id, written if it wasn't so yet."""
    path = os.path.realpath(session.project.config_path)
    with holding(os.path.dirname(path)):
        return _renamed(path, project_id)


def _renamed(path: str, project_id: str) -> Config:
    config = load_config(path)
    if config.project_id == project_id:
        return config
    changed = with_value(Path(path).read_bytes().decode(), ["project_id"], json.dumps(project_id, ensure_ascii=False))
    if changed is not None:
        renamed = load_config(path, text=changed)
        if renamed.project_id == project_id:
            write_text(path, changed)
            return renamed
    origin = next((setting.origin for setting in config.explain() if setting.key == "project_id"), str(path))
    raise InvalidConfig(
        f"project_id can't be changed here: {origin} has it",
        hint=f"write {project_id!r} there yourself, then run `alma config rename {shlex.quote(project_id)}` again",
    )
