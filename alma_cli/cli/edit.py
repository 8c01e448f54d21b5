"""`alma edit`: change a memory in an editor."""

import os
import shlex
import subprocess
from collections.abc import Collection

from alma_cli.api import ALMA
from alma_cli.api.author import Corrected
from alma_cli.api.editing import as_yaml, changes_in
from alma_cli.api.session import utc_now
from alma_cli.cli.correct import reply_of
from alma_cli.cli.inputs import MemoryToChange
from alma_cli.cli.options import Id
from alma_cli.cli.output import Reply, tell
from alma_cli.core.learning.corrections import changed_fields
from alma_cli.core.records import Record
from alma_cli.core.text import SHORT_ID, one_line
from alma_cli.errors import AlmaError, InvalidInput, InvalidUsage, NotFound
from alma_cli.files import remove_if_there, write_whole
from alma_cli.project import make_home
from alma_cli.tracked import lasting_environ


def edit(
    alma: MemoryToChange,
    id: Id,
) -> Reply:
    """Change a memory in your editor ($VISUAL, else $EDITOR): all that may be changed of it, as YAML.

    Nothing is written where nothing changes. What can't be read is told with its line, and your text is kept: edit the
    memory again to go on with it. An editor may be a script; without one, use `alma correct`.

    \b
    Examples:
      alma edit 3fa9c2d1
      EDITOR=nano alma edit 3fa9c2d1
    """
    return reply_of(edited(alma, alma.memory(id)))


def edited(alma: ALMA, record: Record) -> Corrected:
    """The memory as its user left it in the editor. Raises `InvalidUsage` without one, and `InvalidInput`."""
    editor = _editor(record)
    if record.kind == "credit":
        raise InvalidInput("a credit has no text to correct", hint="`alma forget` removes it")
    make_home(alma.project)
    before = as_yaml(record)
    path = os.path.join(alma.project.home, f"edit-{record.id[:SHORT_ID]}.yaml")
    if os.path.exists(path):
        tell(f"this is what was kept in {path}")
    else:
        write_whole(path, before.encode())
    try:
        shown_on = None if os.isatty(1) else 2  # stdout is for the reply
        status = subprocess.run([*editor, path], check=False, stdout=shown_on, env=lasting_environ()).returncode
    except OSError as error:
        remove_if_there(path)
        raise AlmaError(f"{editor[0]} can't be started: {error.strerror}", hint="is $EDITOR right?") from error
    text = _left_in(path, record)
    if status and text == before:
        remove_if_there(path)
    if status:
        hint = _without_editor(record) if text == before else f"your text is kept in {path}"
        raise AlmaError(f"{editor[0]} ended with {status}; nothing was changed", hint=hint)
    try:
        changes = changes_in(record, text, path, now=utc_now())
        _check_unchanged(alma, record, changes, path)
        corrected = alma.correct(record.id, None, **changes) if changes else Corrected(record=record)
    except NotFound:
        raise
    except AlmaError as error:
        hint = f"your text is kept: mend it with `alma edit {record.id[:SHORT_ID]}`"
        error.hint = f"{error.hint}; {hint}" if error.hint else hint
        raise
    remove_if_there(path)
    return corrected


def _left_in(path: str, record: Record) -> str:
    """The text that the editor left. Raises `AlmaError` where the file is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        raise AlmaError(
            f"{path} is gone: another `alma edit` of this memory has ended meanwhile; nothing was changed by this one",
            hint=f"`alma show {record.id[:SHORT_ID]}` shows it as it is",
        ) from None


def _check_unchanged(alma: ALMA, record: Record, changes: Collection[str], path: str) -> None:
    """Raise `InvalidInput` where others changed the same meanwhile, and `NotFound` where they forgot the memory."""
    if not changes:
        return
    try:
        present = alma.memory(record.id)
    except NotFound:
        raise NotFound(f"{record.id[:SHORT_ID]} was forgotten meanwhile", hint=f"{path} has your text") from None
    both = [name for name in changes if name in changed_fields(record, present)]
    if both:
        raise InvalidInput(f"others changed {' and '.join(both)} meanwhile, to: {one_line(present.text, 80)}")


def _editor(record: Record) -> list[str]:
    """The words of the command that edits a file. Raises `InvalidUsage`."""
    words = os.environ.get("VISUAL", "").strip() or os.environ.get("EDITOR", "").strip()
    if not words:
        raise InvalidUsage("no editor is named", hint=f"{_without_editor(record)}; or export EDITOR=nano, or such")
    try:
        return shlex.split(words)
    except ValueError as error:
        raise InvalidUsage(f"$EDITOR can't be read: {error}", hint=_without_editor(record)) from error


def _without_editor(record: Record) -> str:
    return f"`alma correct {record.id[:SHORT_ID]} --help` has an option for each field"
