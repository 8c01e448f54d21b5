"""Tells how a check ended: by its end, and where a pipe or a later command hides that, by what it printed."""

import re

from alma_cli.hooks.checks import starts_check
from alma_cli.hooks.shell import LONGEST, simple_commands

_HIDES_RESULT = re.compile(r"\||;|\n|(?<![&>])&(?![&>\d])")
_COUNTED = re.compile(
    r"(?<![\w.])[1-9]\d*[ \t]+(?:[\w()]+[ \t]+)?(?:failed|failing|failures?|errors?|fails?|offenses?)\b"
    r"(?! \(\d+ fixed, 0 remaining)|\b(?:fail(?:ed|ures?|ing)?|errors?|issues)[ \t]*[:=][ \t]*[1-9]"
    r"|^\W*fail[ \t]+[1-9]|^[1-9]\d* issues?:",
    re.IGNORECASE | re.MULTILINE,
)
"""A number of failures."""
_NOT_RUN = re.compile(
    r"command not found|No rule to make target|[Mm]issing script|Failed to spawn|can't cd to"
    r"|\bcd: .*(?:No such|[Nn]ot a dir)|No module named (?:pytest|unittest|mypy|ruff|tox|nox)\b"
    r"|executable file not found|service \S+ is not running|Cannot connect to the Docker daemon|no tests ran"
    r"|No tests? found|^collected 0 items|^\d+ deselected in|file or directory not found: |could not find `Cargo.toml`",
    re.MULTILINE,
)
"""The check itself couldn't run, or had nothing to look at."""
_BANNER = re.compile(
    r"^\W*(?:FAILED|FAILURES?|FAIL)\b|\b(?:BUILD|TESTS?) FAIL(?:ED|URE)\b|\bBuild FAILED|[Ss]ome tests failed"
    r"|^make(?:\[\d+\])?: \*\*\*|build stopped: |\bFAIL code \d|\.{3,}Failed$|^npm (?:ERR!|error) |ERR_PNPM_|ELIFECYCLE"
    r"|[Cc]ode style issues found|[Ww]ould (?:be )?reformat|Failed tests:|^\s*(?:Failed:\s+[^\s\d]|not ok\b)"
    r"|\b[Ss]ession \S+ failed|^Failed to compile|[Cc]ommand failed with exit code",
    re.MULTILINE,
)
"""A line by which a program says that it failed."""
_WELL = re.compile(
    r"\b[1-9]\d*[ \t]+(?:\w+[ \t]+)?pass(?:ed|es|ing)?\b|\bpass(?:ed)?[ \t]*[:=][ \t]*[1-9]"
    r"|^OK\b|\bAll (?:checks|tests|specs) passed|no issues found|BUILD SUCCESS|Build succeeded|test result: ok",
    re.IGNORECASE | re.MULTILINE,
)
"""A line by which a program says that all went well."""
_TOLD = re.compile(
    r"^\S+\(\d+,\d+\): error\b|^[^\s:]+:\d+(?::\d+)?:? (?!warning)\S|^In \S+ line \d+:$|^error(?:\[\w+\])?: |^ERROR\b"
    r"|^E {2,}\S|^(?:\w+\.)*\w+(?:Error|Exception)(?:: | while )",
    re.MULTILINE,
)
"""An error; a check that passes may print some too."""
_EXIT_CODE = re.compile(r"\s*Exit code \d+\s*")


def verdict(command: str, output: str, *, ended_well: bool) -> str:
    """How a check ended: "green", "red", or empty where it couldn't run or nothing tells.

    Where a pipe, or what comes after the check, hides how it ended, its output says it.
    """
    if ended_well and not _HIDES_RESULT.search(command[:LONGEST]):
        return "" if _NOT_RUN.search(output) and not _COUNTED.search(output) else "green"
    if _COUNTED.search(output):
        return "red"
    if _NOT_RUN.search(output):
        return ""
    if _BANNER.search(output):
        return "red"
    *_, last = simple_commands(command)
    if ended_well or not starts_check(last):
        if _WELL.search(output):
            return "green"
        if _TOLD.search(output):
            return "red"
    if ended_well:
        return "green"
    return "" if last[:1] in (["grep"], ["rg"]) and _EXIT_CODE.fullmatch(output) else "red"
