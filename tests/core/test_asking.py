"""The part of a task that asks, and the part that is quoted."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.asking import parts_of, split_task, topic

LOG = """\
worker-1  | [2031-03-04 10:12:07,214: INFO/MainProcess] Task labels.render received
worker-1  | [2031-03-04 10:12:07,239: ERROR/ForkPoolWorker-2] Task labels.render raised unexpected
Traceback (most recent call last):
  File "/app/labels/render.py", line 12, in render
    row = session.get_one(Label, id)
sqlalchemy.exc.NoResultFound: No row was found when one was required"""
QUESTION = "Why does the worker not find the row that was just stored?"


def test_a_single_line_asks_as_it_stands() -> None:
    assert split_task("  ERROR 42: fix it ") == ("ERROR 42: fix it", "")


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_question_is_found_before_between_and_after_logs(gap: str, place: int) -> None:
    pieces = [LOG, LOG]
    pieces.insert(place, QUESTION)
    asks, quotes = split_task(gap.join(pieces))
    assert asks == QUESTION
    assert "render.py" in quotes and QUESTION not in quotes


def test_fenced_code_and_quoted_mail_are_quoted() -> None:
    task = "Please translate this:\n```\nGood morning everybody\n\nall is well\n```\n\n> we lost a parcel again\n> on monday\n\nand answer him"
    asks, quotes = split_task(task)
    assert asks == "Please translate this:\n\nand answer him"
    assert "all is well" in quotes and "we lost a parcel" in quotes


def test_a_fence_that_never_closes_was_cut_off_with_its_log() -> None:
    task = f"```\n{LOG}\n```\n\n```\n{LOG}\n\n{QUESTION}"
    assert split_task(task).asks == QUESTION


def test_of_a_huge_task_the_start_and_the_end_are_read() -> None:
    log = f"{LOG}\n" * 200
    assert topic(f"{QUESTION}\n\n{log}") == topic(f"{log}\n\n{QUESTION}") == QUESTION


def test_what_a_program_says_in_words_asks_nothing() -> None:
    said = "hint: Waiting for your editor to close the file.\n  make sure that your modules have valid names."
    chained = "The above exception was the direct cause of the following exception:"
    assert split_task(f"{LOG}\n{said}\n\n{chained}\n\n{LOG}\n\n{QUESTION}").asks == QUESTION


def test_prose_in_any_script_asks() -> None:
    assert split_task("修复登录页面的测试。\n请检查") == ("修复登录页面的测试。\n请检查", "")
    assert split_task("Обнови магазин\nдо Next") == ("Обнови магазин\nдо Next", "")


def test_the_topic_of_a_mere_log_is_its_telling_line() -> None:
    assert topic(LOG) == "sqlalchemy.exc.NoResultFound: No row was found when one was required"
    assert split_task(QUESTION).telling == ""


def test_the_topic_of_noise_is_its_start() -> None:
    assert topic("--\n==") == "--\n=="


def test_a_task_is_compared_by_its_sentences_too() -> None:
    task = "The export is slow. Please load the rows in batches, as elsewhere. OK?"
    assert parts_of(task) == [task, "The export is slow.", "Please load the rows in batches, as elsewhere."]
    assert parts_of("Fix the export") == ["Fix the export"]
    assert len(parts_of("\n\n".join(f"please fix the export number {'i' * n}" for n in range(1, 40)))) == 12


@given(st.text(max_size=400))
def test_any_text_is_split_and_nothing_is_invented(text: str) -> None:
    asks, quotes = split_task(text)
    assert len(asks) <= 1000
    assert all(line in text for line in asks.split("\n"))
    assert all(line.removeprefix("> ") in text for line in quotes.split("\n"))
    assert len(parts_of(text)) <= 12


@pytest.mark.parametrize("piece", ["a", "a-", "'", "a: ", "(", "a\n", "\n", "- ", "=", "\u3002"])
def test_a_huge_task_costs_little(piece: str) -> None:
    begun = process_time()
    parts_of(piece * (1_000_000 // len(piece)))
    assert process_time() - begun < 5
