"""What ALMA's hooks add to a commit: two repositories alike but for the hooks, committed to in turn.

    python -m tests.benchmarks.commit_overhead [--commits 20]

The chain of hooks that both have is a shell script. Quoted are medians, and the median of the pairs' differences; the
work in the background is awaited between commits, and not counted.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.benchmarks.processes import COMMAND, compile_modules

LIMIT_MS = 100
IDENTITY = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=20)
    commits = parser.parse_args().commits
    compile_modules()
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        environment = {**os.environ, **IDENTITY, "HOME": folder}
        bare, hooked = (prepare(Path(folder, name), environment) for name in ("bare", "hooked"))
        subprocess.run([COMMAND, "install", "git"], cwd=hooked, env=environment, check=True, capture_output=True)
        pairs = [(commit(bare, environment, n), commit(hooked, environment, n)) for n in range(commits + 1)][1:]
    added = statistics.median(after - before for before, after in pairs)
    without, within = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{commits} commits each, in turn: {without:.1f} ms without ALMA's hooks, {within:.1f} ms with them")
    print(f"added: {added:.1f} ms (median of the pairs' differences; limit {LIMIT_MS} ms), {within / without:.2f}x")


def prepare(folder: Path, environment: dict[str, str]) -> Path:
    """A repository with a project and a hook of somebody else's."""
    for command in (["git", "init", "-q", folder], [COMMAND, "init", "--dir", folder]):
        if command[1] == "init" and command[0] == COMMAND:
            folder.mkdir(exist_ok=True)
        subprocess.run(command, env=environment, check=True, capture_output=True)
    hook = folder / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\ntrue\n")
    hook.chmod(0o755)
    return folder


def commit(folder: Path, environment: dict[str, str], number: int) -> float:
    """Milliseconds until `git commit` is back; what it left in the background is awaited after that."""
    ours, theirs = os.pipe()
    command = ["git", "commit", "-q", "--allow-empty", "-m", f"Change {number}\n\nAlma-Outcome: success"]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, pass_fds=[theirs], stdin=subprocess.DEVNULL)
    taken_ms = (time.perf_counter() - started) * 1000
    os.close(theirs)
    os.read(ours, 1)
    os.close(ours)
    return taken_ms


if __name__ == "__main__":
    main()
