"""What ALMA's hooks add to commits and to a rebase: two repositories alike but for the hooks, worked in in turn.

    python -m tests.benchmarks.commit_overhead [--commits 20] [--rebases 5] [--rebased 60]

The chain of hooks that both have is a shell script. Quoted are medians, and the median of the pairs' differences or
ratios; the work in the background is awaited in between, and not counted.
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
LIMIT_REBASE = 1.3
IDENTITY = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=20)
    parser.add_argument("--rebases", type=int, default=5)
    parser.add_argument("--rebased", type=int, default=60)
    options = parser.parse_args()
    compile_modules()
    with tempfile.TemporaryDirectory(prefix="alma-bench-") as folder:
        environment = {**os.environ, **IDENTITY, "HOME": folder, "STARTS": str(Path(folder, "starts"))}
        bare, hooked = (prepare(Path(folder, name), environment) for name in ("bare", "hooked"))
        subprocess.run([COMMAND, "install", "git"], cwd=hooked, env=environment, check=True, capture_output=True)
        for trailer in ("", "\n\nAlma-Outcome: success"):
            pairs = [
                (commit(bare, environment, f"Change {n}{trailer}"), commit(hooked, environment, f"Change {n}{trailer}"))
                for n in range(options.commits + 1)
            ][1:]
            added = statistics.median(after - before for before, after in pairs)
            without, within = (statistics.median(times) for times in zip(*pairs, strict=True))
            kind = "an outcome" if trailer else "nothing to teach"
            print(f"{len(pairs)} commits with {kind}: {without:.1f} ms without hooks, {within:.1f} ms with; ", end="")
            print(f"added {added:.1f} ms (median of the differences; limit {LIMIT_MS} ms)")
        for at in (bare, hooked):
            make_branches(at, environment, options.rebased)
        count_starts(hooked, environment)
        pairs = [(rebase(bare, environment), rebase(hooked, environment)) for _ in range(options.rebases + 1)][1:]
        ratio = statistics.median(after / before for before, after in pairs)
        without, within = (statistics.median(times) for times in zip(*pairs, strict=True))
        starts = len(Path(environment["STARTS"]).read_text().splitlines()) / (options.rebases + 1)
        print(
            f"{len(pairs)} rebases of {options.rebased} commits with outcomes: {without:.0f} ms without hooks, ", end=""
        )
        print(f"{within:.0f} ms with; {ratio:.2f}x (limit {LIMIT_REBASE}x); alma started {starts:g} times in each")


def prepare(folder: Path, environment: dict[str, str]) -> Path:
    """A repository with a project and a hook of somebody else's."""
    for command in (["git", "init", "-q", "-b", "main", folder], [COMMAND, "init", "--dir", folder]):
        if command[1] == "init" and command[0] == COMMAND:
            folder.mkdir(exist_ok=True)
        subprocess.run(command, env=environment, check=True, capture_output=True)
    hook = folder / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\ntrue\n")
    hook.chmod(0o755)
    return folder


def make_branches(folder: Path, environment: dict[str, str], commits: int) -> None:
    """A branch of so many commits with outcomes, made without hooks, and another one to rebase it to."""
    script = f"""
        git commit -q --allow-empty -m Start; git branch other
        for n in $(seq {commits}); do
          echo $n >file-$n; git add file-$n; git commit -q -m "Change $n" -m "Alma-Outcome: success"
        done
        git branch start; git switch -q other; git commit -q --allow-empty -m Other; git switch -q main
    """
    without_hooks = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/dev/null"}
    subprocess.run(["sh", "-ec", script], cwd=folder, env={**environment, **without_hooks}, check=True)


def count_starts(folder: Path, environment: dict[str, str]) -> None:
    """Have the hooks call the command by a script that counts."""
    counting = folder.parent / "counting"
    counting.write_text(f'#!/bin/sh\necho "$@" >>"$STARTS"\nexec {COMMAND} "$@"\n')
    counting.chmod(0o755)
    for hook in (folder / ".git/hooks").iterdir():
        hook.write_text(hook.read_text().replace(str(COMMAND), str(counting)))


def commit(folder: Path, environment: dict[str, str], message: str) -> float:
    """Milliseconds until `git commit` is back."""
    return timed(["git", "commit", "-q", "--allow-empty", "-m", message], folder, environment)


def rebase(folder: Path, environment: dict[str, str]) -> float:
    """Milliseconds until `git rebase` is back."""
    subprocess.run(["git", "reset", "-q", "--hard", "start"], cwd=folder, env=environment, check=True)
    return timed(["git", "rebase", "-q", "other"], folder, environment)


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Milliseconds until a command is back; what it left in the background is awaited after that."""
    ours, theirs = os.pipe()
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, pass_fds=[theirs], stdin=subprocess.DEVNULL)
    taken_ms = (time.perf_counter() - started) * 1000
    os.close(theirs)
    os.read(ours, 1)
    os.close(ours)
    return taken_ms


if __name__ == "__main__":
    main()
