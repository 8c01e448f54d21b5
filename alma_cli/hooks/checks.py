"""Recognises checks: commands that judge work (tests, lint, type checks, builds), by their program and arguments.

A check says how a turn went, never how to do it. So do commands that throw work away: what is green after them proves
nothing.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from alma_cli.hooks.shell import LONGEST, VALUED, operands, programs, simple_commands

_CHECKERS = frozenset(
    (
        *("pytest", "py.test", "tox", "nox", "jest", "vitest", "mocha", "ava", "tap", "karma", "tsc", "vue-tsc"),
        *("svelte-check", "eslint", "oxlint", "xo", "standard", "stylelint", "htmlhint", "markdownlint", "cspell"),
        *("markdownlint-cli2", "mypy", "pyright", "basedpyright", "pyre", "flake8", "pylint", "bandit", "vulture"),
        *("unittest", "doctest", "phpunit", "pest", "phpstan", "psalm", "phpcs", "rspec", "rubocop", "cucumber"),
        *("golangci-lint", "staticcheck", "gotestsum", "ginkgo", "shellcheck", "bats", "hadolint", "tflint", "checkov"),
        *("yamllint", "actionlint", "ansible-lint", "kubeconform", "ctest", "swiftlint", "ktlint"),
        *("detekt", "clj-kondo"),
        *("cargo-nextest", "clippy-driver", "knip", "publint", "webpack", "tsup", "import-linter", "lint-imports"),
        *("gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "javac", "kotlinc", "ghc"),
        *("py_compile", "compileall"),
    )
)
"""Programs that do nothing but judge."""
_TOOLS = frozenset(
    (
        *("npm", "pnpm", "yarn", "bun", "deno", "go", "cargo", "swift", "dotnet", "mix", "zig", "dart", "flutter"),
        *("bazel", "bazelisk", "buck2", "pants", "lein", "stack", "cabal", "terraform", "tofu", "helm", "dbt", "nix"),
        *("hatch", "poetry", "uv", "pdm", "rye", "pixi", "pipenv", "composer", "artisan", "rails", "manage.py", "ruff"),
        *("biome", "sqlfluff", "buf", "alembic", "next", "nuxt", "astro", "vite", "ng", "react-scripts", "playwright"),
        *("vue-cli-service", "nx", "turbo", "lerna", "moon", "mise", "packer", "forge", "hardhat", "sam"),
        *("prisma", "promtool", "setup.py"),
    )
)
"""Programs whose first operand says what they do."""
_BUILDERS = frozenset(
    (
        *("make", "gmake", "ninja", "rake", "just", "task", "invoke", "inv", "gradle", "gradlew", "mvn", "mvnw"),
        *("ant", "sbt", "meson", "xcodebuild", "grunt", "gulp"),
    )
)
"""Programs whose every operand is something to do."""
_BARE = frozenset(("make", "gmake", "ninja", "rake"))
"""Programs that build or test where they are told nothing."""
_FORMATTERS = frozenset(
    ("black", "isort", "prettier", "rustfmt", "gofmt", "clang-format", "shfmt", "swiftformat", "yapf", "dprint")
)
_ON_THE_WAY = frozenset(("run", "run-script", "task", "affected", "run-many", "watch", "miri", "flake"))
"""Operands after which the one that says it stands."""
_WHOLE = re.compile(
    r"(?:docker|docker-compose|podman)(?: compose| buildx)?(?: -\S+(?: [^-\s]\S*)?)*"
    r" (?:build|bake|run (?:-\S+ )*(?:tests?|e2e)|up .*--exit-code-from)\b"
    r"|gh (?:pr checks|run watch)\b|pre-commit (?:-\S+ )*run\b|cypress run\b|(?:terraform|tofu) (?:-\S+ )*plan\b"
    r"|cmake --build\b|(?:node|tsx) (?:-\S+ )*--test\b|nginx -t\b|php -l\b|cargo [bc]\b|(?:clj|clojure) -\S*:test"
    r"|ansible-playbook .*--(?:syntax-)?check\b"
)
_JUDGES = frozenset(
    (
        *("test", "tests", "tst", "t", "check", "checks", "lint", "build", "verify", "validate", "vet", "typecheck"),
        *("types", "b", "c", "tsc", "spec", "specs", "e2e", "ci", "bench", "clippy", "nextest", "analyze"),
        *("analyse", "credo"),
        *("dialyzer", "compile", "package", "assemble", "pytest", "jest", "vitest", "mypy", "eslint", "coverage"),
    )
)
_PREPARES = frozenset(
    (
        *("clean", "install", "deploy", "publish", "dev", "serve", "start", "stop", "up", "down", "setup", "push"),
        *("reset", "db", "migrate", "seed", "prepare", "create", "release", "logs", "shell", "fix", "fmt", "format"),
    )
)
_SCRIPT = re.compile(r"\.(?:sh|bash|zsh|py|[mc]?js|ts|rb|php|pl|ps1)$")
_SCRIPT_JUDGES = frozenset(
    ("test", "tests", "check", "checks", "lint", "e2e", "verify", "validate", "smoke", "spec", "ci")
)
_LOOKS_ONLY = frozenset(
    (
        *("--version", "--help", "-h", "--collect-only", "--co", "--listTests", "--list-tests", "--init", "init"),
        *("--install-types", "--showConfig", "--print-config", "--fixtures", "--markers", "--clearCache"),
    )
)
_DRY = re.compile(r"--?(?:check|diff|verify|list-different|lint|dry-run|set-exit-if-changed|fail)\b|-[lcd]$")
_PART = re.compile(r"[A-Z]?[a-z\d]+|[A-Z]+")

_TAKEN_BACK = re.compile(
    r"\bgit\s+(?:-\S+\s+\S+\s+)?(?:checkout\s+(?:\S+\s+)?--?(?:\s|$)|checkout\s+(?:HEAD\b|\.)|restore\b|reset\s+--hard|revert\b"
    r"|stash\b(?!\s+(?:pop|apply|list|show))|clean\s+-\w*[fdx]|rm\b)"
    r"|(?:^|[;&|(\n])\s*rm\s+(?:-\w+\s+)*[^\s;&|]*\.(?:py|[jt]sx?|go|rs|java|kt|rb|php|cs|cpp|c|h|swift|sql|tf|ya?ml)\b"
)


def is_check(command: str, more: Sequence[str] = ()) -> bool:
    """True when a shell's command runs a check; `more` are parts of the project's own such commands."""
    return any(part in command[:LONGEST] for part in more) or any(map(starts_check, simple_commands(command)))


def takes_back(command: str) -> bool:
    """True for a command that throws away what was done, as `git reset --hard` does."""
    return bool(_TAKEN_BACK.search(command[:LONGEST]))


def starts_check(words: Sequence[str]) -> bool:
    """True when one simple command, given as its words, runs a check."""
    return any(map(_judges, programs(words)))


def _judges(words: Sequence[str]) -> bool:
    """True when a program with these arguments judges work."""
    name, arguments = words[0].rpartition("/")[2], words[1:]
    if not _LOOKS_ONLY.isdisjoint(arguments) or (name, *arguments[:1]) == ("npm", "ci"):
        return False
    if name in _CHECKERS or _WHOLE.match(" ".join([name, *arguments])):
        return True
    is_dry = any(map(_DRY.match, arguments))
    if name in _FORMATTERS:
        return is_dry
    if name in _TOOLS:
        done = _first_operands(arguments)
        return any(map(_is_judging, done)) or (is_dry and not {"fmt", "format"}.isdisjoint(done))
    if name in _BUILDERS:
        done = _all_operands(arguments)
        return any(map(_is_judging, done)) or (name in _BARE and not done)
    return ("/" in words[0] or _has_ending(name)) and _is_judging_script(words[0])


def _first_operands(words: Sequence[str]) -> list[str]:
    """What may be the operand that says what a tool does."""
    found = [word.partition("=")[2] for word in words if word.startswith("--target")]
    for place, word in operands(words):
        if word in _ON_THE_WAY:
            found += _first_operands(words[place + 1 :])
        elif word == "workspace":
            found += _first_operands(words[place + 2 :])
        elif "/" not in word and not _has_ending(word):
            found.append(word)
    return found


def _all_operands(words: Sequence[str]) -> list[str]:
    return [
        word
        for before, word in pairwise(["", *words])
        if not word.startswith("-") and "=" not in word and before not in VALUED
    ]


def _is_judging(done: str) -> bool:
    """True when what a tool or a script of a project is asked to do, such as `test:unit`, judges work."""
    parts = {part.lower() for part in _PART.findall(done)}
    return not parts.isdisjoint(_JUDGES) and parts.isdisjoint(_PREPARES)


def _is_judging_script(path: str) -> bool:
    stem = _SCRIPT.sub("", path.rpartition("/")[2])
    parts = {part.lower() for part in _PART.findall(stem)}
    return stem == "build" or (not parts.isdisjoint(_SCRIPT_JUDGES) and parts.isdisjoint(_PREPARES))


def _has_ending(word: str) -> bool:
    return bool(_SCRIPT.search(word))
