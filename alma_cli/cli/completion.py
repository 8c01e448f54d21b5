"""`alma completion`: what makes a shell complete the words of `alma`."""

import os
import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from alma_cli.cli.options import Dir, Yes, argument, option
from alma_cli.cli.output import Reply
from alma_cli.core.records import JsonValue
from alma_cli.errors import AlmaError, InvalidUsage
from alma_cli.files import home_folder, to_write_it, write_whole

SCRIPTS = Path(__file__).with_name("scripts")
_FIRST, _LAST = "# >>> alma completion >>>\n", "# <<< alma completion <<<\n"
_BLOCK = re.compile(rf"\n?^{_FIRST}.*?^{_LAST}", re.MULTILINE | re.DOTALL)


class Shell(StrEnum):
    """A shell that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell | None, argument("[SHELL]", "bash, zsh or fish [else $SHELL].")] = None,
    install: Annotated[bool, option("--install", "Have new shells read it.")] = False,
    remove: Annotated[bool, option("--remove", "Take that out again.")] = False,
    directory: Dir = None,
    yes: Yes = False,
) -> Reply:
    """Print what makes a shell complete commands, options and values, or install it.

    It completes ids too, with what they say, and the names of agents, domains, labels and users. New shells read it
    from .bashrc, .zshrc, or a file of fish's own.

    \b
    Examples:
      alma completion --install
      alma completion zsh > _alma
      alma completion bash --remove
    """
    if install and remove:
        raise InvalidUsage("--install and --remove exclude each other")
    chosen = shell or _shell_here()
    script = SCRIPTS / f"alma.{chosen}"
    path = _read_by(chosen)
    data: dict[str, JsonValue] = {"shell": str(chosen), "script": str(script), "path": str(path)}
    if not install and not remove:
        return Reply(data=data, text=script.read_text(encoding="utf-8"))
    changed = _put(path, _block(chosen, script) if install else "")
    said = f"installed completion for {chosen} in {path}; new shells have it" if install else f"removed from {path}"
    return Reply(data={**data, "changed": changed}, told=[said if changed else f"nothing to change in {path}"])


def _shell_here() -> Shell:
    """The user's shell. Raises `InvalidUsage` for one that can't complete."""
    name = os.path.basename(os.environ.get("SHELL", ""))
    if name not in [*Shell]:
        raise InvalidUsage("can't tell your shell", hint=f"alma completion {'|'.join(Shell)}")
    return Shell(name)


def _read_by(shell: Shell) -> Path:
    """The file that new shells read."""
    home = Path(home_folder())
    if shell is Shell.FISH:
        return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "fish/completions/alma.fish"
    return home / ".bashrc" if shell is Shell.BASH else Path(os.environ.get("ZDOTDIR") or home) / ".zshrc"


def _block(shell: Shell, script: Path) -> str:
    """The lines that read the script, where it is still there."""
    quoted = shlex.quote(str(script))
    if shell is Shell.FISH:
        return f"{_FIRST}if test -r {quoted}\n    source {quoted}\nend\n{_LAST}"
    return f"{_FIRST}if [ -r {quoted} ]; then . {quoted}; fi\n{_LAST}"


def _put(path: Path, block: str) -> bool:
    """Put the block into the file in place of the one there, or take that out; return whether it changed."""
    path = path.resolve()  # what a link leads to is changed, not the link
    if path.exists() and not path.is_file():
        raise AlmaError(f"{path} is no file to change", hint="`alma completion` prints what your shell is to read")
    try:
        before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
        without = _BLOCK.sub("", before)
        if block in before if block else without == before:
            return False
        after = without + ("\n" if without and block else "") + block
        if not after:
            path.unlink()
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        write_whole(path, after.encode("utf-8", "surrogateescape"), mode=mode)
    except OSError as error:
        raise AlmaError(f"cannot change {path}: {error.strerror}", hint=to_write_it(error)) from error
    return True
