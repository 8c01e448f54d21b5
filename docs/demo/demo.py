"""`make demo`: what ALMA does, shown by its own commands in a temporary project.

Every command is printed as one would type it, then run, and its real output follows. Each must end with the exit code
that is expected of it; the first that doesn't ends the demonstration with 1. Nothing outside the temporary folder is
written, and that is gone at the end. Needs the standard library and the `alma_cli` of this Python; no network.
"""

# ruff: noqa: INP001  # a script, not a package

import fcntl
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import textwrap
import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

OUTCOMES = Path(__file__).with_name("outcomes.ndjson")
LONGEST_S = 60

CONFIG = """\
alma:
  project_id: "web-shop"
  storage: local
  agents:
    helena:
      can_learn: [testing_strategies, selector_patterns, ui_patterns]
      cannot_learn: [backend_logic]
      min_occurrences_for_heuristic: 3
    victor:
      can_learn: [api_testing, database_validation]
      cannot_learn: [frontend_logic]
      min_occurrences_for_heuristic: 3
"""


@dataclass(frozen=True)
class Step:
    """A command as one would type it, what to say before it, and the exit code it must have."""

    command: str
    say: str = ""
    exit_code: int = 0


STEPS = (
    Step("cat .alma/config.yaml", "1. A project with two agents. Each may learn some domains and not others."),
    Step("alma init"),
    Step("alma learn --batch outcomes.ndjson", "2. They learn from earlier work: outcomes, one JSON object a line."),
    Step("alma stats"),
    Step(
        'alma learn --agent helena --task "Test login form" --outcome success \\\n'
        '    --strategy "Tested empty fields, invalid email, valid submission" \\\n'
        '    --feedback "User confirmed tests were thorough"',
        "3. One more outcome, as an agent records it when a task is done.",
    ),
    Step(
        'alma retrieve "Test the login form validation" --agent helena --top-k 3 \\\n    --format table',
        "4. Before the next task: what does helena know about it?",
    ),
    Step('alma retrieve "The checkout test is flaky on CI" --agent helena --top-k 3 \\\n    --format prompt'),
    Step(
        'alma retrieve "Call the staging API without hitting the rate limit" \\\n'
        "    --agent victor --top-k 3 --format table",
        "5. victor sees his own outcomes, and none of helena's.",
    ),
    Step(
        'alma retrieve "Validate the migration of the invoices table" --agent victor \\\n    --top-k 3 --format prompt'
    ),
    Step(
        'alma retrieve "Choose a recipe for rye bread" --agent victor',
        "6. When nothing is relevant, nothing is shown.",
    ),
    Step(
        'alma learn --agent helena --task "Speed up the order report" \\\n'
        '    --domain backend_logic --outcome success --strategy "Cached the totals"',
        "7. What is outside an agent's scope is refused, with exit code 6, and audited.",
        exit_code=6,
    ),
    Step("alma log --limit 2"),
)


class UnexpectedExitError(Exception):
    """A command ended as it must not."""


class Demonstration:
    """Runs commands in one folder and prints them with their output, `width` columns wide."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.project = folder / "web-shop"
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.width = min(shutil.get_terminal_size().columns, 100) if sys.stdout.isatty() else 80

    def prepare(self) -> None:
        """Make the project that the steps find."""
        (self.project / ".alma").mkdir(parents=True)
        (self.project / ".alma" / "config.yaml").write_text(CONFIG, encoding="utf-8")
        shutil.copy(OUTCOMES, self.project / OUTCOMES.name)

    def show(self, step: Step) -> None:
        """Print a step, run it, and print what it answers. Raises `UnexpectedExitError`."""
        if step.say:
            print(f"\n{self.bold(step.say)}")
        print(f"\n{self.bold('$ ' + step.command)}", flush=True)
        exit_code, output, narration = self.run(step.command)
        for line in [*_without_blank_ends(output), *narration.splitlines()]:
            print(self.folded(line))
        if exit_code != step.exit_code:
            raise UnexpectedExitError(f"`{step.command}` ended with {exit_code}, expected {step.exit_code}")
        if exit_code:
            print(f"(exit code {exit_code})")
        sys.stdout.flush()

    def run(self, command: str) -> tuple[int, str, str]:
        """Run a command on a terminal of our width: its exit code, stdout and stderr."""
        words = shlex.split(command.replace("\\\n", " "))
        program = [sys.executable, "-m", "alma_cli", *words[1:]] if words[0] == "alma" else words
        ours, theirs = _terminal(self.width)
        with tempfile.TemporaryFile() as narration:
            try:
                running = subprocess.Popen(
                    program,
                    cwd=self.project,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=theirs,
                    stderr=narration,
                )
            finally:
                os.close(theirs)
            too_late = threading.Timer(LONGEST_S, running.kill)
            too_late.start()
            try:
                output = _read_all(ours)
                exit_code = running.wait()
            finally:
                too_late.cancel()
                os.close(ours)
            narration.seek(0)
            return exit_code, output, narration.read().decode("utf-8", "replace")

    def environment(self) -> dict[str, str]:
        """Ours, without what would change what ALMA does, and with a home of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ALMA_")}
        kept |= {"HOME": str(self.home), "COLUMNS": str(self.width), "PYTHONUTF8": "1", "USER": "demo"}
        return kept if self.colour else {**kept, "NO_COLOR": "1", "TERM": "dumb"}

    def folded(self, line: str) -> str:
        """The line with our temporary home as `~`, in several where it is too long; tables are never too long."""
        line = line.replace(f"{self.home}/", "~/")
        if len(line) <= self.width or "\x1b" in line:
            return line.rstrip()
        return textwrap.fill(line, self.width, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)

    def bold(self, text: str) -> str:
        """The text in bold where that can be seen."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text


def _without_blank_ends(output: str) -> list[str]:
    """The lines without blank ones before and after, which tables have."""
    lines = output.splitlines()
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return lines


def _terminal(width: int) -> tuple[int, int]:
    """The two ends of a terminal of this width or, where the system has none to give, of a pipe."""
    try:
        ours, theirs = os.openpty()
    except OSError:
        return os.pipe()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    return ours, theirs


def _read_all(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that nobody writes there any more
            part = b""
        if not part:
            return b"".join(parts).decode("utf-8", "replace").replace("\r\n", "\n")
        parts.append(part)


def main() -> int:
    """Show every step; 0, or 1 when one did not end as it should."""
    started = perf_counter()
    sys.stdout.reconfigure(errors="replace")
    with tempfile.TemporaryDirectory(prefix="alma-demo-") as folder:
        demonstration = Demonstration(Path(folder).resolve())
        try:
            demonstration.prepare()
            print("ALMA in a temporary project: what you would type, and what it answers.")
            for step in STEPS:
                demonstration.show(step)
        except BrokenPipeError:  # whoever reads us has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except (UnexpectedExitError, OSError) as error:
            sys.stdout.flush()
            sys.stderr.write(f"\ndemo failed: {error}\n")
            return 1
        except KeyboardInterrupt:
            return 130
    print(f"\n{len(STEPS)} commands in {perf_counter() - started:.1f} s; the temporary project is gone again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
