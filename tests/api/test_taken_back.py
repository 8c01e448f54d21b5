"""Answers to sheets in random order: taken back, each leaves the memory as it was before."""

import json
import os
import random

import pytest

from alma_cli.api import ALMA

SEEDS = range(int(os.environ.get("ALMA_SEEDS", "1")))
ANSWERS = 3
TEXTS = ["a page is slow", "a build breaks", "cache it", "split it"]


def exported(alma):
    """All memories but the time of their last change, which is later after an undo, so that others take it over."""
    return sorted(
        json.dumps({key: value for key, value in json.loads(line).items() if key != "updated_at"})
        for line in alma.export()
    )


def line(chance, codes, approaches, waiting, ids):
    """A line of an answer, of any kind; some are refused."""
    when, do = chance.choice([*TEXTS, *codes]), chance.choice(TEXTS)
    match chance.randrange(8):
        case 0 | 1 if waiting:
            return {"when": when, "do": do, "outcomes": chance.sample(waiting, min(3, len(waiting)))}
        case 2 if waiting:
            return {"unclear": chance.choice(waiting)}
        case 3 if codes:
            return {"rename": chance.choice(codes), "when": chance.choice(TEXTS)}
        case 4 if approaches:
            return {"rename": chance.choice(approaches), "do": do}
        case 5 if codes:
            return {"merge": [chance.choice(codes)], "into": chance.choice(codes)}
        case 6 if approaches:
            return {"merge": [chance.choice(approaches)], "into": chance.choice(approaches)}
        case 7:
            return {"same": chance.choice(ids), "outcomes": chance.choice(ids)}
    return {"move": chance.choice(ids), "when": when, "do": do}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_an_answer_that_is_taken_back_leaves_all_as_it_was(project, seed):
    chance = random.Random(seed)
    alma = ALMA.from_config()
    ids = [
        alma.learn(
            agent="helena",
            task=f"Job {number} of {number % 3}",
            outcome=chance.choice(["success", "failure"]),
            strategy_used=f"way {number % 4}",
            domain=chance.choice(["general", "ui"]),
        ).id
        for number in range(9)
    ]
    for _ in range(ANSWERS):
        known, sheet = alma.review_words("helena").known, alma.reflect("helena")
        approaches = [f"{one.code}.{approach.code}" for one in known for approach in one.approaches]
        parts = [one.code for one in known], approaches, [one.code for one in sheet.outcomes], ids
        answer = "\n".join(json.dumps(line(chance, *parts)) for _ in range(5))
        before = exported(alma)
        done = alma.apply_reflection("helena", answer)
        after = exported(alma)
        if done.worded + done.unclear:
            for take_back in (lambda: alma.undo_reflection("helena"), alma.undo):
                take_back()
                assert before == exported(alma), answer
                alma.apply_reflection("helena", answer)
                assert after == exported(alma), answer
