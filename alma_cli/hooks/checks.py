"""Recognises checks: commands that judge work (tests, lint, type checks, builds), by their program and arguments.

A check says how a turn went, never how to do it. So do commands that throw work away: what is green after them proves
nothing.
"""

import re
from collections.abc import Sequence

_WORDS = r"(?:\s+[^\s;&|]+)*?\s+"
_PROGRAMS = (
    *("pytest", "py.test", "tox", "nox", "jest", "vitest", "mocha", "tsc", "eslint", "biome", "ruff", "mypy"),
    *("pyright", "flake8", "pylint", "phpunit", "rspec", "rubocop", "golangci-lint", "shellcheck", "tflint", "ctest"),
    *("tap", "ava", "playwright", "cypress", "hadolint", "stylelint", "checkov"),
)
_ARGUMENTS = (
    r"python[\d.]*\s+-m\s+(?:pytest|unittest|mypy|tox|nox|ruff|flake8|pylint|doctest)",
    r"(?:python[\d.]*\s+)?\S*manage\.py\s+test",
    rf"(?:npm|pnpm|yarn|bun|deno)(?:{_WORDS}|\s+)(?:run\s+)?(?:t|tst|test|lint|build|check|typecheck|type-check|ci)\b",
    rf"(?:make|just|task|rake|nx|turbo|invoke)(?:{_WORDS}|\s+)[\w:./-]*(?:test|check|lint|build|bench|e2e|verify|types?)",
    rf"(?:go|cargo|swift|dotnet|mix|zig|dart|flutter|bazel|sbt|lein)(?:{_WORDS}|\s+)(?:test|vet|build|check|clippy|lint)\b",
    rf"(?:gradle|gradlew|\./gradlew|mvn|mvnw|\./mvnw|ant){_WORDS}?\s*[\w:-]*(?:test|check|build|verify|package|install)\b",
    r"dbt\s+(?:test|build)\b",
    r"(?:terraform|tofu)\s+(?:validate|plan)\b",
    r"docker\s+(?:buildx\s+)?build\b|docker[ -]compose\s+(?:[^;&|]*\s)?build\b",
    r"pre-commit\s+run\b",
    r"helm\s+lint\b|kubeconform\b|alembic\s+check\b",
    r"gh\s+(?:pr\s+checks|run\s+watch)\b",
    r"(?:ba|z)?sh\s+[\w./-]*(?:test|check|lint|e2e)[\w./-]*|\./[\w./-]*(?:test|check|lint|e2e)[\w./-]*",
)
_BEFORE = r"(?:^|[;&|(\n]|\bdo\b|\bthen\b)\s*(?:\w+=(?:'[^']*'|\"[^\"]*\"|\S*)\s+)*"
_RUNNERS = (
    r"(?:(?:time|env|sudo|npx|bunx|uvx|nice|xvfb-run|bundle\s+exec|(?:poetry|uv|pipenv|hatch|pdm|rye)\s+run|pnpm\s+exec|"
    r"timeout\s+\S+|docker[ -]compose\s+(?:run|exec)(?:\s+-\S+)*\s+\S+)\s+)*(?:\S*/)?"
)
_CHECK = re.compile(
    rf"{_BEFORE}{_RUNNERS}(?:(?:{'|'.join(map(re.escape, _PROGRAMS))})(?![\w-])|{'|'.join(_ARGUMENTS)})"
)
_LONGEST = 4000

_TAKEN_BACK = re.compile(
    r"\bgit\s+(?:-\S+\s+\S+\s+)?(?:checkout\s+(?:\S+\s+)?--?(?:\s|$)|checkout\s+(?:HEAD\b|\.)|restore\b|reset\s+--hard|revert\b"
    r"|stash\b(?!\s+(?:pop|apply|list|show))|clean\s+-\w*[fdx]|rm\b)"
    r"|(?:^|[;&|(\n])\s*rm\s+(?:-\w+\s+)*[^\s;&|]*\.(?:py|[jt]sx?|go|rs|java|kt|rb|php|cs|cpp|c|h|swift|sql|tf|ya?ml)\b"
)
_FAILED = re.compile(
    r"\b[1-9]\d*\s+(?:failed|failing|failures?|errors?)\b|^(?:FAILED|FAIL)\b|\bBUILD FAILED\b", re.MULTILINE
)
_HIDES_RESULT = re.compile(r"(?<!\|)\|(?!\|)|\|\|\s*(?:true|:|echo)|;\s*(?:true|echo|:)")


def is_check(command: str, more: Sequence[str] = ()) -> bool:
    """True when a shell's command runs a check; `more` are parts of the project's own such commands."""
    shown = command[:_LONGEST]
    return bool(_CHECK.search(shown)) or any(part in shown for part in more)


def passed(command: str, output: str) -> bool:
    """True when a check that ended well passed: where a pipe or `|| true` hides its end, its output says it."""
    return not (_HIDES_RESULT.search(command[:_LONGEST]) and _FAILED.search(output))


def takes_back(command: str) -> bool:
    """True for a command that throws away what was done, as `git reset --hard` does."""
    return bool(_TAKEN_BACK.search(command[:_LONGEST]))
