"""`alma doctor`: check that everything works."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated

from alma_cli.api.bug_report import bug_report
from alma_cli.api.examine import Check
from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Dir, Wait, option
from alma_cli.cli.output import Reply, Table
from alma_cli.core.records import JsonValue
from alma_cli.core.text import counted, harmless, one_line
from alma_cli.errors import AlmaError
from alma_cli.hooks.hook_log import lately
from alma_cli.hooks.install.states import host_states
from alma_cli.project import Project

_LATELY = 7
"""The days in which a hook's trouble is told."""


def doctor(
    report: Annotated[
        bool, option("--report", "Gather what a bug report needs, without memories, and print it.")
    ] = False,
    wait: Wait = None,
    directory: Dir = None,
) -> Reply:
    """Check the configuration, the store, the embedding model and, in a store of its own, that memories come back.

    Nothing in the project is changed. The exit code is 1 when something is wrong.

    \b
    Examples:
      alma doctor
      alma doctor --json
      alma doctor --report
    """
    if report:
        gathered = bug_report(directory, wait_s=wait)
        return Reply(data=gathered, lines=_outline(gathered), told=["read it before you send it"])
    alma = open_alma(directory, wait)
    checks = [*alma.examine(), *_installed(alma.project), *_troubles(alma.project)]
    failed = [check for check in checks if not check.ok]
    rows = [("ok" if check.ok else "FAILED", check.name, check.found) for check in checks]
    return Reply(
        data={"checks": [asdict(check) for check in checks]},
        tables=[Table(headings=("", "check", "found"), rows=rows, flexible=[2])],
        told=[f"{check.name}: {check.hint}" for check in checks if check.hint],
        error=AlmaError(f"{counted(len(failed), 'check', 'checks')} failed", hint=failed[0].hint) if failed else None,
    )


def _installed(project: Project) -> Iterator[Check]:
    """The check of each host that is, or was, connected."""
    for host in host_states(project):
        if host.state != "not connected":
            ok = host.state == "connected"
            yield Check(name=f"host {host.target}", ok=ok, found="connected" if ok else host.why, hint=host.remedy)


def _troubles(project: Project) -> Iterator[Check]:
    """The trouble that hooks lately had; nothing where they had none."""
    if lines := lately(project, days=_LATELY):
        yield Check(
            name="hooks",
            ok=False,
            found=f"{counted(len(lines), 'time', 'times')} in {_LATELY} days a hook didn't do all of its work: "
            f"{one_line(lines[-1], 160)}",
            hint=f"{project.log_dir / 'hooks.log'} says more; what was noted is made up for by the next hook",
        )


def _outline(report: Mapping[str, JsonValue], indent: str = "") -> Iterator[str]:
    """The lines of the report; what stands under a key is indented."""
    for key, value in report.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _outline(value, f"{indent}  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:"
            yield from (f"{indent}  {harmless(str(each))}" for each in value)
        else:
            yield f"{indent}{key}: {harmless(str(value))}"
