"""Which commands judge work, and which throw it away."""

import pytest

from alma_cli.hooks.checks import is_check, passed, takes_back

CHECKS = [
    "pytest -q",
    "pytest tests/unit/test_status.py::test_one -q 2>&1 | tail -5",
    "python3 -m pytest",
    "python -m unittest discover",
    "cd api && ./venv/bin/pytest tests",
    "CI=1 GITHUB_ACTIONS=true pytest tests/cli -q",
    "DATABASE_URL='x y' poetry run pytest",
    "uv run pytest",
    "time make test",
    "make -j4 lint test-integration",
    "make test-integration ARGS='-k pickup'",
    "npm test",
    "npm run test:unit -- --watch=false",
    "pnpm lint",
    "yarn build",
    "npx tsc --noEmit",
    "npx vitest run",
    "eslint src",
    "ruff check . && ruff format --check .",
    "mypy --strict src",
    "go test ./...",
    "go vet ./...",
    "cargo test --all",
    "cargo clippy",
    "./gradlew test",
    "gradle :app:check",
    "mvn -q verify",
    "dbt test --select orders",
    "terraform validate",
    "tofu plan",
    "tox -e py311",
    "nox -s tests",
    "docker build -t shop:dev .",
    "pre-commit run --all-files",
    "gh pr checks 61 --watch",
    "gh run watch 90412 --exit-status",
    "bash scripts/e2e.sh",
    "./scripts/run-tests.sh",
    "for i in 1 2 3; do pytest -q; done",
    "dotnet test",
    "bundle exec rspec",
    "docker compose exec api pytest -q",
    "timeout 60 pytest",
    "python manage.py test shop",
    "alembic revision --autogenerate -m x && make test",
]
NO_CHECKS = [
    "ls tests",
    "cat pytest.ini",
    "grep -rn pytest .",
    "git commit -m 'Run pytest in CI'",
    "pip install pytest",
    "npm install",
    "echo make test",
    "rg 'def test_' tests",
    "git diff --stat",
    "python scripts/load.py",
    "make run",
    "vim test_x.py",
    "terraform apply",
    "docker compose up -d",
    "cargo add serde",
    "go get example.test/x",
    "",
]


@pytest.mark.parametrize("command", CHECKS)
def test_checks_are_known_by_their_program_and_arguments(command):
    assert is_check(command)


@pytest.mark.parametrize("command", NO_CHECKS)
def test_other_commands_are_no_checks(command):
    assert not is_check(command)


def test_a_project_names_its_own_checks():
    assert is_check("python tools/prove.py --all", ("tools/prove.py",))
    assert not is_check("python tools/other.py", ("tools/prove.py",))


def test_where_a_pipe_hides_the_end_the_output_says_it():
    assert passed("pytest -q", "3 passed, 1 warning")
    assert passed("pytest -q", "deselected; see 2 errors of last time")
    assert not passed("pytest -q 2>&1 | tail -3", "FAILED tests/test_x.py::test_y\n1 failed, 2 passed")
    assert not passed("pytest -q || true", "2 failed")
    assert passed("pytest -q | tail -1", "0 failed, 7 passed")


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
