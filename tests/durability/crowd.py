"""Many processes use one project through the command line; some are killed at a step drawn from a seed.

    python -m tests.durability.crowd PROJECT SEED LEARNERS LEARNS KILLED READERS

Each learner learns LEARNS outcomes; the first KILLED of them are stopped somewhere on the way (with `steps.so`
preloaded). Prints what the learners were told was learned, and each exit code that was not 0.
"""

import json
import os
import random
import sys
from pathlib import Path

from alma_cli.cli import main

STEPS_OF_A_LEARN = 14
WAIT_S = "120"  # a busy machine is not what these tests are about


def learn(project, name, learns, told):
    for number in range(learns):
        task = f"{name} does task {number}"
        code = main(
            ["learn", "--agent", "a", "--task", task, "--outcome", "success", "--strategy", "s", "--json"]
        )  # fmt: skip
        os.write(told, (json.dumps([task, code]) + "\n").encode())


def retrieve_until(ended, told):
    """Retrieve until the learners have closed the pipe."""
    os.set_blocking(ended, False)
    while True:
        code = main(["retrieve", "a task", "--agent", "a", "--wait", WAIT_S, "--json"])
        os.write(told, (json.dumps(["retrieve", code]) + "\n").encode())
        try:
            if os.read(ended, 1) == b"":
                return
        except BlockingIOError:
            continue


def child(doing, *arguments):
    """A process of its own, silent; its exit code says only whether it crashed."""
    pid = os.fork()
    if not pid:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        try:
            doing(*arguments)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid


def crowd(project, seed, *, learners, learns, killed, readers):
    """Run them all and return what they were told, and how the processes ended."""
    import _duckdb  # noqa: F401 (each child then has it)

    drawn = random.Random(seed)
    os.environ["ALMA_DIR"] = project
    told = os.open(Path(project, "told"), os.O_CREAT | os.O_RDWR | os.O_APPEND)
    ended, running = os.pipe()
    pids = []
    for number in range(learners):
        if number < killed:
            os.environ["STEPS_DO"] = drawn.choice(["kill", "tear"])
            os.environ["STEPS_AT"] = str(drawn.randint(1, learns * STEPS_OF_A_LEARN))
        else:
            os.environ["STEPS_DO"] = ""
        pids.append(child(learn, project, f"{seed}/{number}", learns, told))
    os.environ["STEPS_DO"] = ""
    os.close(running)
    del running
    readers_pids = [child(retrieve_until, ended, told) for _ in range(readers)]
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in [*pids, *readers_pids]]


if __name__ == "__main__":
    project, *numbers = sys.argv[1:]
    names = ("seed", "learners", "learns", "killed", "readers")
    print(json.dumps(crowd(project, **dict(zip(names, map(int, numbers), strict=True)))))
