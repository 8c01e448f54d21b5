"""Runs the examples in the documentation, each page's in a temporary project of its own, in the order they stand.

    python docs/examples.py PAGE...            say what doesn't do what the page says; exit 1 if anything doesn't
    python docs/examples.py --write PAGE...    also put the real output in the place of what is there

What a fenced block is, by the words after its fence:

    yaml                the project's configuration from here on, if it starts with `alma:`
    json NAME           a file of that name in the project
    sh                  commands that must succeed, without their output
    console             commands after `$ ` with their real output; `(exit code N)` ends the output of one that fails
    python              a program that must succeed
    sql                 a query of the store that must succeed
    ... norun           only to be read

Ids, times and paths differ from run to run, so outputs are compared without them.
"""

# ruff: noqa: INP001  # a script, not a package

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PAGES = (DOCS.parent / "README.md", *sorted(DOCS.glob("**/*.md")))
"""Every page that may have examples."""

LONGEST_S = 120
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_PROJECT = "web-shop"
_QUERY = """
import sys, _duckdb
connection = _duckdb.connect(":memory:")
connection.execute("ATTACH '.alma/memory.duckdb' AS store (READ_ONLY)").execute("USE store")
for statement in sys.stdin.read().split(";"):
    if statement.strip():
        print(connection.execute(statement).fetchall())
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: the word that says what it is, the words after that, its text, and where that stands."""

    language: str
    words: tuple[str, ...]
    text: str
    start: int
    end: int


@dataclass
class Command:
    """One command of a console block, what the page says it prints, and the exit code it says."""

    text: str
    says: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Result:
    """What a page has examples for: how many ran, what is wrong, and the page as it should be."""

    count: int
    problems: list[str]
    text: str


@dataclass
class Project:
    """A temporary project, and the environment in which commands run there."""

    folder: Path
    root: Path = field(init=False)
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.root = self.folder / _PROJECT
        self.root.mkdir()
        programs = self.folder / "bin"
        programs.mkdir()
        for name, words in (("alma", '-m alma_cli "$@"'), ("python", '"$@"')):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}\n')
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALMA_", "COV_"))}
        self.environment = kept | {
            "HOME": str(self.folder),
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUTF8": "1",
            "USER": "ana",
            "NO_COLOR": "1",
        }

    def run(self, words: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program in the project."""
        return subprocess.run(
            words,
            cwd=self.root,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LONGEST_S,
            check=False,
        )

    def tidy(self, output: str) -> str:
        """Output without the temporary folder's name."""
        return output.replace(f"{os.path.realpath(self.folder)}/", "~/").replace(f"{self.folder}/", "~/")


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for found in _FENCE.finditer(text):
        words = found["info"].split()
        yield Block(words[0] if words else "", tuple(words[1:]), found["body"], found.start("body"), found.end("body"))


def examine(page: Path) -> Result:
    """Run a page's examples."""
    text = page.read_text(encoding="utf-8")
    problems: list[str] = []
    replaced: list[tuple[Block, str]] = []
    count = 0
    with tempfile.TemporaryDirectory(prefix="alma-docs-") as folder:
        project = Project(Path(folder).resolve())
        for block in blocks(text):
            if "norun" in block.words or ("jq " in block.text and not shutil.which("jq")):
                continue
            where = f"{page.name}:{text.count(chr(10), 0, block.start)}"
            failed, new_text, ran = _run(project, block)
            problems += [f"{where}: {problem}" for problem in failed]
            count += ran
            if new_text != block.text:
                replaced.append((block, new_text))
    for block, new_text in reversed(replaced):
        text = text[: block.start] + new_text + text[block.end :]
    return Result(count, problems, text)


def _run(project: Project, block: Block) -> tuple[list[str], str, int]:
    """Do what a block says: what went wrong, the text it should have, and how many examples it had."""
    match block.language:
        case "yaml" if block.text.startswith("alma:"):
            (project.root / ".alma").mkdir(exist_ok=True)
            (project.root / ".alma" / "config.yaml").write_text(block.text, encoding="utf-8")
            return _failures(project.run(["alma", "config", "check"])), block.text, 1
        case "json" if block.words:
            (project.root / block.words[0]).write_text(block.text, encoding="utf-8")
            return [], block.text, 0
        case "sh":
            return _failures(project.run(["bash", "-euo", "pipefail", "-c", block.text])), block.text, 1
        case "python":
            program = ["python", "-W", "error", "-c", block.text]
            return _failures(project.run(program)), block.text, 1
        case "sql":
            return _failures(project.run(["python", "-c", _QUERY], block.text)), block.text, 1
        case "console":
            return _run_session(project, block.text)
        case _:
            return [], block.text, 0


def _failures(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [f"ended with {done.returncode}: {done.stdout}{done.stderr}"] if done.returncode else []


def _run_session(project: Project, text: str) -> tuple[list[str], str, int]:
    commands = _commands(text)
    printed = project.folder / "printed"
    shutil.rmtree(printed, ignore_errors=True)
    printed.mkdir()
    script = "".join(
        f"{{ {command.text}\n}} >{printed}/{n}.out 2>{printed}/{n}.err; echo $? >{printed}/{n}.code\n"
        for n, command in enumerate(commands)
    )
    project.run(["bash", "-c", script])
    problems = []
    lines = []
    for n, command in enumerate(commands):
        out, err, code = ((printed / f"{n}.{what}").read_text("utf-8") for what in ("out", "err", "code"))
        output = project.tidy(out + err)
        says, exit_code = command.says, int(code)
        if exit_code != command.exit_code:
            problems.append(f"`{command.text}` ended with {exit_code}, not {command.exit_code}: {output}")
        if _comparable(output) != _comparable(says):
            problems.append(f"`{command.text}` printed\n{output}and not\n{says}")
            says = output
        lines.append("$ " + command.text + "\n" + says + (f"(exit code {exit_code})\n" if exit_code else ""))
    return problems, "".join(lines), len(commands)


def _commands(text: str) -> list[Command]:
    commands: list[Command] = []
    continued = False
    for line in text.splitlines():
        if continued:
            commands[-1].text += "\n" + line
        elif line.startswith("$ "):
            commands.append(Command(line[2:]))
        elif found := re.fullmatch(r"\(exit code (\d+)\)", line):
            commands[-1].exit_code = int(found[1])
            continue
        else:
            commands[-1].says += line + "\n"
            continue
        continued = line.endswith("\\")
    return commands


def _comparable(output: str) -> list[str]:
    """Output without what differs from run to run."""
    output = re.sub(r"\b[0-9a-f]{32}\b", "ID", output)
    output = re.sub(r"\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8}\b|\b[0-9]{8}\b|\b[a-f]{8}\b", "ID", output)
    output = re.sub(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?", "TIME", output)
    output = re.sub(r'("(?:duration|retrieval)_ms": )[\d.]+', r"\1N", output)
    output = re.sub(r"[\d,.]+ (MB|MiB)", r"N \1", output)
    output = re.sub(r"(?<![\w.])-?\d+\.\d+(?![\w.])|\d+\.\d+(?=x)", "N", output)
    output = re.sub(r"(~|/tmp|/home/\w+)/" + _PROJECT, "PROJECT", output)
    return [line.rstrip() for line in output.strip("\n").splitlines()]


def main() -> int:
    """Examine pages, all by default; 1 if something doesn't do what its page says."""
    parser = argparse.ArgumentParser(description="Run the examples in the documentation.")
    parser.add_argument("--write", action="store_true", help="put the real output into the pages")
    parser.add_argument("pages", nargs="*", type=Path)
    arguments = parser.parse_args()
    failed = False
    for page in arguments.pages or PAGES:
        result = examine(page)
        failed = failed or bool(result.problems)
        for problem in result.problems:
            print(problem)
        if arguments.write and result.text != page.read_text(encoding="utf-8"):
            page.write_text(result.text, encoding="utf-8")
            print(f"wrote {page}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
