"""`alma demo`: what ALMA does, shown by its own commands in a temporary project.

Every command is printed as one would type it, then run, and its real output follows. Each must end with the exit code
that is expected of it; the first that doesn't ends the demonstration with 1. Nothing outside the temporary folder is
written, and that is gone at the end. Needs the standard library and the `alma_cli` of this Python; no network.
"""

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

FOLDER = Path(__file__).parent
FILES = ("outcomes.ndjson", "answerer.py")
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
    Step(
        "alma learn --batch outcomes.ndjson",
        "2. helena learns from 13 outcomes, each told in words of its own.",
    ),
    Step("alma list --kind heuristic", "No two of them say the same in the same words, so there is no rule yet."),
    Step(
        'alma reflect --agent helena --format json --with "python answerer.py"',
        "3. She reflects once: whoever reads the outcomes says which are about the same. In "
        'life that is an agent, as in --with "claude -p"; here a script answers, which knows '
        "these 13 outcomes by heart.",
    ),
    Step("alma list --kind heuristic"),
    Step("alma list --kind anti-pattern"),
    Step(
        "alma retrieve --agent helena --format prompt --max-tokens 200 \\\n"
        '    "PlannerSpec breaks for our colleagues in Sydney" \\\n'
        '    --when "a test goes by the current time"',
        "4. Before the next task, in words that were never used: what is known? Its situation, "
        "in general words, finds it.",
    ),
    Step(
        'alma learn --agent helena --task "Fix season_ticket_test" --outcome failure \\\n'
        '    --strategy "set the end of the season to 2027" \\\n'
        '    --when "a test depends on today\'s date" \\\n'
        '    --do "move the expected date forward"',
        "5. An agent that tries what is known to be bad is told so. With --when and --do it "
        "gives the general words itself.",
    ),
    Step(
        'alma learn --agent helena --task "Speed up the order report" \\\n'
        '    --domain backend_logic --outcome success --strategy "Cached the totals"',
        "6. What is outside an agent's scope is refused, with exit code 6, and audited.",
        exit_code=6,
    ),
    Step(
        'alma retrieve "Choose a recipe for rye bread" --agent victor',
        "7. victor sees none of helena's memories. Where nothing is near, nothing is shown.",
    ),
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
        for name in FILES:
            shutil.copy(FOLDER / name, self.project / name)

    def show(self, step: Step) -> None:
        """Print a step, run it, and print what it answers. Raises `UnexpectedExitError`."""
        if step.say:
            print("\n" + "\n".join(map(self.bold, self.folded(step.say).split("\n"))))
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
        words = [word.replace("python ", f"{shlex.quote(sys.executable)} ") for word in _words(command)]
        program = [sys.executable, "-P", "-m", "alma_cli", *words[1:]] if words[0] == "alma" else words
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


def _words(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", " "))


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
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that nobody writes there any more
            part = b""
        if not part:
            return b"".join(parts).decode("utf-8", "replace").replace("\r\n", "\n")
        parts.append(part)


def demonstrate() -> int:
    """Show every step; return 0, or 1 when one did not end as it should."""
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="alma-demo-") as folder:
        demonstration = Demonstration(Path(folder).resolve())
        try:
            demonstration.prepare()
            print(demonstration.folded("ALMA in a temporary project: what you would type, and what it answers."))
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
    took = f"{len(STEPS)} commands in {perf_counter() - started:.1f} s; the temporary project is gone again."
    print(f"\n{demonstration.folded(took)}")
    return 0
