"""Which commands judge work, and which throw it away."""

import pytest

from alma_cli.hooks.checks import is_check, takes_back
from tests.hooks.commands import CHECKS, NO_CHECKS


@pytest.mark.parametrize("command", CHECKS)
def test_checks_are_known_by_their_program_and_arguments(command):
    assert is_check(command)


@pytest.mark.parametrize("command", NO_CHECKS)
def test_other_commands_are_no_checks(command):
    assert not is_check(command)


def test_a_project_names_its_own_checks():
    assert is_check("python tools/prove.py --all", ("tools/prove.py",))
    assert not is_check("python tools/other.py", ("tools/prove.py",))


@pytest.mark.parametrize(
    "command", ["", "cat > tests/test_a.py <<'PY'\nimport pytest\npytest.main()\nPY", "# pytest", "'"]
)
def test_what_is_only_text_is_no_check(command):
    assert not is_check(command)


def test_what_follows_text_is_read_all_the_same():
    assert is_check("# it's slow\npytest -q")
    assert is_check("cat > a.txt <<EOF\nmake test\nEOF\npytest -q")
    assert is_check("pytest -q \\\n  tests")
    assert is_check("pytest -k 'not closed")
    assert is_check("bash -c \"sh -c 'cd api && pytest'\"")


@pytest.mark.parametrize(
    "command",
    [
        "git checkout -- .",
        "git checkout HEAD src/app.py",
        "git checkout . && pytest -q",
        "git restore src",
        "git reset --hard origin/main",
        "git -C api reset --hard",
        "git stash",
        "git stash push -u",
        "git clean -fd migrations",
        "git revert --no-edit HEAD",
        "git rm -f --cached tests/test_sla.py; make test",
        "rm migrations/versions/41d7_add.py && pytest",
        "pytest; rm -f src/app.ts",
    ],
)
def test_work_is_taken_back(command):
    assert takes_back(command)


@pytest.mark.parametrize(
    "command",
    [
        "git checkout main",
        "git checkout -b x",
        "git reset HEAD~1",
        "git stash pop",
        "git status",
        "rm -rf build",
        "rm x.log",
    ],
)
def test_other_commands_take_nothing_back(command):
    assert not takes_back(command)
