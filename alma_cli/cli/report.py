"""`alma report`: one HTML page, for people who would rather look."""

import os
import webbrowser
from typing import Annotated

from alma_cli.cli.filters import unknown
from alma_cli.cli.inputs import Memory, writing
from alma_cli.cli.options import Json, option
from alma_cli.cli.output import Reply
from alma_cli.core.text import harmless, one_line
from alma_cli.errors import InvalidInput
from alma_cli.project import is_own, make_home
from alma_cli.tracked import lasting_path


def report(
    alma: Memory,
    open_it: Annotated[bool, option("--open", "Show it in the browser.")] = False,
    out: Annotated[str | None, option("--out FILE", "Where to write it, - for stdout [.alma/report.html].")] = None,
    agent: Annotated[str | None, option("--agent -a NAME", "Only what this agent learned [else all].")] = None,
    json: Json = False,
) -> Reply:
    """Write one HTML page of what was learned, and what it changed.

    It has the rules with their evidence, success over time, what memories helped, agents and scopes, and what waits.
    The page needs no network and sends nothing. It has texts of memories: share it as you would share them.

    \b
    Examples:
      alma report --open
      alma report --agent helena --out helena.html
      alma report --json | jq .data.results.rate
    """
    from alma_cli.report import page

    reported = alma.report(agent)
    content = page(reported)
    is_bare = not any(reported.account.counts.values()) and not reported.retrievals.retrieves
    warnings = [*reported.warnings, *(unknown(alma, {"agent": agent}) if is_bare else ())]
    if out == "-" and not (json or open_it):
        return Reply(text=content, warnings=warnings)
    if out is None:
        make_home(alma.project)
    path = os.path.abspath(alma.project.report_path if out is None else out)
    if out == "-" or (os.path.isdir(path) and not is_own(alma.project, path)):
        raise InvalidInput(
            f"--out: {one_line(out or path, 200)} is no file to write", hint="name a file, such as report.html"
        )
    own = str(alma.project.report_path)
    with writing(alma, path, InvalidInput, hint="name another file with --out", own=own) as file:
        file.write(content.encode())
    if open_it:
        os.environ["PATH"] = lasting_path()
    opened = open_it and webbrowser.open("file://" + path)
    return Reply(
        data={"path": path, **reported.to_json()},
        text=harmless(path),
        told=["no browser could be opened; open the file yourself"] if open_it and not opened else [],
        warnings=warnings,
    )
