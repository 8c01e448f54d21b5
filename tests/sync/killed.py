"""One machine of a project that works and synchronises until it is killed: `python -m tests.sync.killed HOME SEED`.

It says what it has recorded and forgotten, a line each, once that is done, and what it is going to forget.
"""

import random
import sys

from alma_cli.api import ALMA
from alma_cli.errors import AlmaError
from tests.sync.replicas import Letters


def work(home, seed):
    """Record, correct, forget and synchronise, forever."""
    choices = random.Random(seed)
    alma = ALMA.from_config(f"{home}/.alma/config.yaml", wait_s=60)
    alma._session._embedder = Letters("letters")
    while True:
        known = [record.id for record in alma.memories() if record.kind == "knowledge"]
        match choices.choice(["learn", "learn", "know", "know", "correct", "forget", "sync", "sync", "sync"]):
            case "learn":
                outcome = choices.choice(["success", "failure"])
                print("has", alma.learn("helena", "Test the login form", outcome, "Tested empty fields").id, flush=True)
            case "know":
                fact = f"fact {choices.random()}"
                print("has", alma.add_knowledge(fact, agent=choices.choice(["helena", "victor"])).id, flush=True)
            case "correct" if known:
                _quietly(alma.correct, choices.choice(known), f"corrected {choices.random()}")
            case "forget" if known:
                gone = choices.choice(known)
                print("forgets", gone, flush=True)
                if _quietly(alma.forget, [gone]):
                    print("forgot", gone, flush=True)
            case "sync":
                alma.sync()


def _quietly(call, *arguments):
    """Do it, unless the memory was forgotten meanwhile; whether it was done."""
    try:
        call(*arguments)
    except AlmaError:
        return False
    return True


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
