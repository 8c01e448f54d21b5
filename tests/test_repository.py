"""What the repository promises to those who work on it: workflows, templates, pages."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from alma_cli import __version__
from tests.conftest import needs_sources

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "AGENTS.md", ".github/PULL_REQUEST_TEMPLATE.md")]
FORMS = ROOT / ".github/ISSUE_TEMPLATE"
ACTIONS = [*WORKFLOWS, ROOT / "action.yml"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_hash_and_says_its_version(path):
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))

    unpinned = [one for one in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+(\.\d+)*", one)]

    assert uses
    assert [] == unpinned


@pytest.mark.parametrize("path", [*ACTIONS, *(ROOT / ".github").rglob("*.yml")], ids=lambda path: path.name)
def test_what_github_reads_is_valid_yaml(path):
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_unless_a_job_needs_more(path):
    assert {"contents": "read"} == yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"]


def test_the_wheel_is_tested_on_all_that_the_classifiers_promise():
    matrix = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["tests"][
        "strategy"
    ]["matrix"]
    promised = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if "Python :: 3." in name]

    assert promised == matrix["python"]
    assert ["ubuntu-latest", "macos-latest"] == matrix["os"]


@pytest.mark.parametrize("path", [*WORKFLOWS, *PAGES], ids=lambda path: path.name)
def test_each_target_that_is_told_of_is_there(path):
    targets = re.findall(r"^\w[\w-]*(?=:.*##)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    told = re.findall(r"(?:run: |`|^    )make ([a-z][a-z-]*)", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert [] == [name for name in told if name not in targets]


@needs_sources
@pytest.mark.parametrize("page", [*ROOT.glob("*.md")], ids=lambda path: path.name)
def test_each_file_that_is_told_of_is_there(page):
    told = re.findall(r"`((?:alma_cli|docs|tests)/[\w./-]+)`", page.read_text(encoding="utf-8"))

    assert [] == [name for name in told if not (ROOT / name).exists()]


def test_who_reports_a_mistake_is_asked_for_what_a_maintainer_needs():
    fields = yaml.safe_load((FORMS / "bug.yml").read_text(encoding="utf-8"))["body"]
    required = [field["id"] for field in fields if field.get("validations", {}).get("required")]

    assert ["what", "report"] == required
    assert "`alma doctor --report`" in fields[1]["attributes"]["label"]


@pytest.mark.parametrize("form", ["bug.yml", "idea.yml"])
def test_a_form_for_issues_has_what_github_wants_of_one(form):
    read = yaml.safe_load((FORMS / form).read_text(encoding="utf-8"))
    ids = [field["id"] for field in read["body"]]

    assert {"name", "description", "body"} == set(read)
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in read["body"])


def test_the_version_stands_in_one_place():
    assert ["version"] == PROJECT["dynamic"]
    assert __version__ == metadata.version(PROJECT["name"])


def test_nothing_is_released_until_somebody_says_so_and_the_name_is_ours():
    release = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")

    assert "on" == yaml.safe_load(release)["jobs"]["build"]["if"].split("'")[1]
    assert 'assert project["name"] != "alma-memory"' in release
