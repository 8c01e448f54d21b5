"""Gathers what a maintainer asks for: versions, settings, checks, sizes and the ends of logs, and no memories.

What may name somebody's work is left out: addresses, the project's id, quoted words, messages of unexpected errors.
"""

import os
import platform
import re
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

from alma_cli import __version__
from alma_cli.api.alma import ALMA
from alma_cli.core.records import JsonValue
from alma_cli.core.redaction import redact
from alma_cli.errors import AlmaError
from alma_cli.project import Project, find_project

_PACKAGES = ("duckdb", "numpy", "onnxruntime", "fastembed", "typer", "rich", "PyYAML", "azure-cosmos", "mcp")
_LEFT_OUT = "(left out)"
_PRIVATE_KEYS = frozenset(("project_id", "azure.endpoint", "azure.key_vault"))
_LOG_LINES, _CRASHES = 20, 3
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_KNOWN_BAD = re.compile(r"(known to be bad \(\w+\): ).*")
"""The one warning of `learn` that says what a memory says."""


def bug_report(
    directory: str | None = None, *, wait_s: float | None = None, environ: Mapping[str, str] = os.environ
) -> dict[str, JsonValue]:
    """The report, part by part. Where something can't be had, the error says why."""
    report: dict[str, JsonValue] = {
        "versions": _versions(),
        "variables": [name for name in sorted(environ) if name.startswith("ALMA_")],
    }
    names = {os.path.expanduser("~"): "~"}
    try:
        project = find_project(directory=directory, environ=environ)
        names = {str(project.root): "(project)", **names}
        report["logs"] = _logs(project)
        alma = ALMA.find(directory=directory, environ=environ, wait_s=wait_s)
        report["settings"] = _settings(alma)
        report["checks"] = _or_error(lambda: _checks(alma))
        report["store"] = _or_error(lambda: _store(alma))
    except AlmaError as error:
        report["error"] = _without_quotes(error.message)
    return {key: _cleaned(value, names) for key, value in report.items()}


def _or_error(part: Callable[[], JsonValue]) -> JsonValue:
    try:
        return part()
    except AlmaError as error:
        return _without_quotes(error.message)
    except Exception as error:  # the bug to report may be in here
        return type(error).__name__


def _versions() -> JsonValue:
    found: dict[str, JsonValue] = {
        "alma": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": f"{platform.platform()}, {os.cpu_count()} cores",
    }
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _settings(alma: ALMA) -> JsonValue:
    """The values that aren't defaults."""
    return {
        setting.key: _LEFT_OUT if setting.key in _PRIVATE_KEYS else setting.value
        for setting in alma.config.explain()
        if setting.origin != "default"
    }


def _checks(alma: ALMA) -> JsonValue:
    return {check.name: f"{'ok' if check.ok else 'FAILED'}: {_without_quotes(check.found)}" for check in alma.examine()}


def _store(alma: ALMA) -> JsonValue:
    stats = alma.stats()
    counts: Counter[str] = Counter()
    for tally in stats.tallies:
        counts[tally.kind] += tally.count
    return {
        "records": dict(counts),
        "archived": sum(tally.archived for tally in stats.tallies),
        "forgotten": stats.forgotten,
        "waiting": stats.waiting,
        "agents": len({tally.agent for tally in stats.tallies}),
        "domains": len({tally.domain for tally in stats.tallies}),
        "models": dict(stats.models),
        "bytes": stats.store_bytes,
    }


def _logs(project: Project) -> JsonValue:
    """The last lines of the log of hooks, and where the newest crashes were."""
    found: dict[str, JsonValue] = {}
    if lines := _lines(project.log_dir / "hooks.log"):
        found["hooks.log"] = [_without_quotes(line) for line in lines[-_LOG_LINES:]]
    for path in sorted(project.log_dir.glob("crash-*.log"))[-_CRASHES:]:
        lines = _lines(path)
        places = lines.index("") if "" in lines else 1  # what follows has the error's message
        found[path.name] = list(lines[:places])
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _without_quotes(text: str) -> str:
    """The text without what is quoted in it, or may be a memory's."""
    return _QUOTED.sub("'\u2026'", _KNOWN_BAD.sub(rf"\1{_LEFT_OUT}", text))


def _cleaned(value: JsonValue, names: Mapping[str, str]) -> JsonValue:
    """The value without credentials, and with other names for what says whose it is."""
    if isinstance(value, dict):
        return {_text(key, names): _cleaned(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each, names) for each in value]
    return _text(value, names) if isinstance(value, str) else value


def _text(text: str, names: Mapping[str, str]) -> str:
    text = redact(text)[0]
    for name, other in names.items():
        text = text.replace(name, other)
    return text
