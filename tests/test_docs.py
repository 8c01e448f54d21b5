"""The documentation says what is: every command, option and key is in it, its examples run, its links lead somewhere."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import alma_cli.demo
from alma_cli import ALMA, __version__, errors
from alma_cli.cli import main
from alma_cli.cli.commands import COMMANDS
from alma_cli.config import AGENT_KEYS, KEYS, OTHER_VARIABLES
from alma_cli.core.codec import to_json
from tests.conftest import needs_sources
from tests.core.record_examples import EXAMPLES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture" / "architecture.md"
OUTCOMES = Path(alma_cli.demo.__file__).with_name("outcomes.ndjson")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("**/*.md"))]


def load(path):
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


examples = load(DOCS / "examples.py")
generate = load(DOCS / "generate.py")


def name_of(page):
    return str(page.relative_to(ROOT))


def words_of_every_command():
    for command in COMMANDS.values():
        yield (command.name,)
        for subcommand in command.subcommands:
            yield command.name, subcommand


def headings(text):
    """The anchors that a page's headings make."""
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#+ (.+)$", without_code, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


# What is documented


@pytest.mark.parametrize("words", list(words_of_every_command()), ids=" ".join)
def test_every_option_of_a_command_is_documented(words, capsys):
    assert main(["help", *words]) == 0
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", capsys.readouterr().out))
    page = (DOCS / "cli" / f"{words[0]}.md").read_text("utf-8")
    assert f"# alma {' '.join(words)}\n" in page
    assert options
    assert options <= set(re.findall(r"--[a-z][a-z-]*", page))


def test_the_index_names_every_command_and_option_of_alma_itself(capsys):
    page = (DOCS / "cli" / "README.md").read_text("utf-8")
    assert main(["--help"]) == 0
    options = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    assert options <= set(re.findall(r"--[a-z][a-z-]*", page))
    assert set(COMMANDS) == set(re.findall(r"\]\((\w+)\.md\) \|", page))


def test_every_key_and_variable_of_the_configuration_is_documented():
    page = (DOCS / "configuration.md").read_text("utf-8")
    missing = [key.path for key in (*KEYS, *AGENT_KEYS) if f"| `{key.path}` |" not in page]
    missing += [key.variable for key in KEYS if f"`{key.variable}`" not in page]
    missing += [variable for variable in OTHER_VARIABLES if f"| `{variable}` |" not in page]
    assert missing == []


def test_every_public_method_is_documented():
    page = (DOCS / "api" / "python.md").read_text("utf-8")
    methods = [name for name, value in vars(ALMA).items() if not name.startswith("_") and callable(getattr(ALMA, name))]
    assert [name for name in methods if f"### `{name}(" not in page] == []


def test_every_error_code_and_exit_code_is_explained():
    kinds = [errors.AlmaError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = [kind for kind in kinds if kind.__module__ == errors.__name__]
    troubleshooting = (DOCS / "guides" / "troubleshooting.md").read_text("utf-8")
    codes = (DOCS / "cli" / "README.md").read_text("utf-8")
    assert [kind.code for kind in ours if f"`{kind.code}`" not in troubleshooting] == []
    assert [kind.code for kind in ours if f"`{kind.code}`" not in codes] == []
    assert [kind.exit_code for kind in ours if f"## Exit {kind.exit_code}:" not in troubleshooting] == []
    assert [kind.exit_code for kind in ours if f"\n| {kind.exit_code} | " not in (ROOT / "README.md").read_text()] == []


@needs_sources
def test_the_generated_pages_are_current():
    assert "".join(generate.differences(generate.generated_files())) == ""


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_schema_of_a_record_describes_those_of_every_kind(kind):
    schema = Draft202012Validator(json.loads(generate.record_schema()))
    record = to_json(EXAMPLES[kind])
    schema.validate(record)
    for key in record:
        assert not schema.is_valid({name: value for name, value in record.items() if name != key}), key
        assert key == "labels" or not schema.is_valid({**record, key: {}}), key


@needs_sources
def test_the_architecture_names_every_module_in_the_table_of_its_room():
    named = {}
    for folder, section in re.findall(
        r"^### `([\w/]+)`$(.*?)(?=^###? |\Z)", ARCHITECTURE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        named[folder] = re.findall(r"^\| `(\w+)` \| \S", section, re.MULTILINE)
    there = {}
    for module in sorted((ROOT / "alma_cli").rglob("*.py")):
        names = there.setdefault(f"{module.parent.relative_to(ROOT)}/", [])
        if module.name != "__init__.py":
            names.append(module.stem)
    assert there == named


@needs_sources
def test_no_room_of_the_store_has_more_than_nine_modules():
    rooms = [init.parent for init in (ROOT / "alma_cli" / "store").rglob("__init__.py")]
    assert len(rooms) > 4
    assert [name_of(room) for room in rooms if len(list(room.glob("[!_]*.py"))) > 9] == []


@needs_sources
def test_the_architecture_tells_of_no_file_that_is_not_there():
    told = set(re.findall(r"`([\w/]+/\w+\.py)`", ARCHITECTURE.read_text("utf-8")))
    assert len(told) > 3
    assert sorted(path for path in told if not (ROOT / "alma_cli" / path).exists()) == []


def test_a_page_that_is_not_current_is_noticed():
    page = DOCS / "cli" / "learn.md"
    assert generate.differences({page: page.read_text("utf-8") + "more\n"})


def test_the_changelog_has_an_entry_for_this_version():
    assert f"\n## [{__version__}] - " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_tests_that_the_requirements_name_exist():
    rows = re.findall(
        r"^\| \d+\.\d+ \|.*\| ([^|]*) \|$", (DOCS / "architecture" / "PRD.md").read_text("utf-8"), re.MULTILINE
    )
    named = {path for cell in rows for path in re.findall(r"`([^`]+)`", cell)}
    assert len(rows) > 30
    assert sorted(path for path in named if not (ROOT / "tests" / path).exists()) == []


STATUSES = dict(
    re.findall(
        r"^\| (\d+\.\d+) \|[^|]*\| ([^|]*) \|", (DOCS / "architecture" / "PRD.md").read_text("utf-8"), re.MULTILINE
    )
)
"""Each requirement's status, by its number."""

UNDONE = {number for number, status in STATUSES.items() if not status.startswith("done")}

SAYS_UNDONE = re.compile(
    r"\bnot yet\b(?= (?:derived|implemented|supported|available|done|tested|possible))"
    r"|\b(?:isn't|aren't|not) (?:\w+ )?(?:derived|implemented|supported|done|tested|possible|there) yet\b"
    r"|\bno effect yet\b|\bin a later version\b|\bcoming soon\b|\bTODO\b|\bworks in part\b"
    r"|\buntried\b|\bnever (?:\w+ )?(?:on|with) a real account\b|\bnothing\b[^.|]*\btried\b",
    re.IGNORECASE,
)
"""What pages say of a feature that isn't whole."""


def statements(page):
    """The paragraphs, items and rows of a page, each in one line, without code and what is generated."""
    text = re.sub(
        r"^<!-- generated.*?^<!-- end|^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=\s*[-|] ?)", text)]


def numbers_in(statement):
    """The numbers of requirements that a statement names."""
    return set(re.findall(r"\b(\d+\.\d+)(?= of the \[requirements\]|\))", statement)) & STATUSES.keys()


def test_a_requirement_is_done_or_says_what_is_missing():
    assert [] == [number for number in UNDONE if not re.match(r"part: \w", STATUSES[number])]
    assert sorted(STATUSES, key=lambda number: [int(part) for part in number.split(".")]) == list(STATUSES)


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in ("PRD", "CHANGELOG")], ids=name_of)
def test_what_a_page_says_of_the_state_of_a_feature_is_what_the_requirements_say(page):
    wrong = [one for one in statements(page) if bool(SAYS_UNDONE.search(one)) != bool(numbers_in(one) & UNDONE)]
    assert [] == wrong, "it says that something isn't whole, and names no such requirement; or the other way round"


def test_the_readme_tells_of_each_requirement_that_is_not_done():
    part = (ROOT / "README.md").read_text("utf-8").partition("\n## How far it is\n")[2].partition("\n## ")[0]
    assert UNDONE == {number for line in part.splitlines() for number in numbers_in(line)}
    words = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
    assert f"All are done but {words[len(UNDONE)]}:" in part


@pytest.mark.parametrize(
    "said",
    [
        "Heuristics are not derived yet.",
        "`learning.z` has no effect yet",
        "`alma sync` is not yet implemented.",
        "It was never tried with a real account (6.1).",
    ],
)
def test_a_page_that_says_otherwise_is_noticed(said, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n- Fine.\n- {said}\n")
    assert [f"- {said}"] == [
        one for one in statements(page) if SAYS_UNDONE.search(one) and not numbers_in(one) & UNDONE
    ]


def test_nothing_tells_anyone_to_install_another_project_by_our_name():
    texts = [*PAGES, *(ROOT / "alma_cli").rglob("*.py")]
    told = re.compile(r"(?:install|upgrade)[^\n]*alma-memory|alma-memory\[")
    assert [name_of(path) for path in texts if told.search(path.read_text("utf-8"))] == []


# Links


@needs_sources
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    text = page.read_text("utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = page if not path else page.parent / path
        if not there.exists() or (anchor and anchor not in headings(there.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.is_relative_to(ROOT):
            continue
        reached.add(page)
        targets = re.findall(r"\]\(([^)\s#:]+\.md)(?:#[^)]*)?\)", page.read_text("utf-8"))
        waiting += [(page.parent / target).resolve() for target in targets]
    assert [name_of(page) for page in PAGES if page not in reached] == []


# The site


def build_site(source, into):
    """Build the site of a folder as `make site` does, and give what Sphinx says of it."""
    pytest.importorskip("sphinx", reason="the site needs the extra `docs`")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", DOCS, "-d", into / "doctrees"]
    return subprocess.run([*command, source, into / "site"], capture_output=True, encoding="utf-8")


def test_the_site_has_every_page_and_asks_nobody_for_anything(tmp_path):
    built = build_site(ROOT, tmp_path)
    assert (0, "") == (built.returncode, built.stderr)
    site = tmp_path / "site"
    pages = [site / page.relative_to(ROOT).with_suffix(".html") for page in PAGES]
    assert [
        page for page in (*pages, site / "index.html", site / "docs" / "cli" / "index.html") if not page.exists()
    ] == []
    loaded = r"""<(?:script|img|iframe)[^>]* src=["']?(?:https?:)?//|<link[^>]* href=["']?(?:https?:)?//"""
    assert [page for page in site.rglob("*.html") if re.search(loaded, page.read_text("utf-8"))] == []
    assert [css for css in site.rglob("*.css") if re.search(r"(?:@import|url\()[^;)]*//", css.read_text("utf-8"))] == []


def test_a_site_with_a_dead_link_a_dead_anchor_or_a_hidden_page_is_not_built(tmp_path):
    pages = tmp_path / "pages"
    (pages / "docs").mkdir(parents=True)
    (pages / "README.md").write_text("# Front\n\n[gone](docs/gone.md), [there](docs/hidden.md#nowhere)\n")
    (pages / "docs" / "hidden.md").write_text("# Hidden\n")
    built = build_site(pages, tmp_path)
    assert 1 == built.returncode
    assert "README.md:3: WARNING: 'myst' cross-reference target not found: 'docs/gone.md'" in built.stderr
    assert "README.md:3: WARNING: local id not found in doc 'docs/hidden': 'nowhere'" in built.stderr
    assert "hidden.md: WARNING: document isn't included in any toctree" in built.stderr


# Examples


@pytest.mark.parametrize("page", [page for page in PAGES if "```" in page.read_text("utf-8")], ids=name_of)
def test_the_examples_of_a_page_do_what_it_says(page):
    assert examples.examine(page).problems == []


def test_there_are_examples_in_the_readme_and_every_guide():
    for page in (ROOT / "README.md", *DOCS.glob("guides/*.md")):
        if page.stem != "troubleshooting":
            assert any(block.language in ("console", "sh") for block in examples.blocks(page.read_text("utf-8"))), page


def test_an_example_that_does_something_else_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console\n$ alma --version\nalma 0.0.0\n$ alma nonsense\n```\n\n```sh\nfalse\n```\n")
    result = examples.examine(page)
    assert len(result.problems) == 4
    assert "$ alma nonsense\nerror: there is no command 'nonsense'" in result.text
    assert "(exit code 2)" in result.text


# The demonstration


def test_the_demonstration_runs(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    left = tmp_path / "tmp"
    left.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALMA_")}
    environment |= {"HOME": str(home), "TMPDIR": str(left), "ALMA_AGENT": "nobody", "ALMA_STORAGE": "nonsense"}
    done = subprocess.run(
        [sys.executable, "-m", "alma_cli", "demo"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "(exit code 6)" in done.stdout
    assert "No two of them say the same in the same words" in done.stdout
    for grown in ("new heuristic", "new anti-pattern", "known to be bad", "### What works"):
        assert grown in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 90
    assert os.listdir(left) == os.listdir(home) == []


@pytest.mark.slow
def test_the_first_and_the_last_line_of_the_demonstration_fit_a_narrow_terminal(run_on_terminal):
    seen = run_on_terminal("demo", columns=40, NO_COLOR="1")
    lines = seen.out.splitlines()
    assert (0, "ALMA in a temporary project: what you") == (seen.code, lines[0])
    assert "again." == lines[-1].split()[-1]
    assert max(map(len, (*lines[:2], *lines[-3:]))) <= 40


def test_all_outcomes_of_the_demonstration_are_accepted(tmp_path, monkeypatch, capsys):
    lines = [json.loads(line) for line in OUTCOMES.read_text("utf-8").splitlines()]
    assert {"success", "failure", "partial"} == {line["outcome"] for line in lines}
    assert len(lines) == len({line["strategy"] for line in lines}), "each is worded afresh"
    (tmp_path / ".alma").mkdir()
    (tmp_path / ".alma" / "config.yaml").write_text(alma_cli.demo.CONFIG, "utf-8")
    for name in [name for name in os.environ if name.startswith("ALMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ALMA_DIR", str(tmp_path))
    assert main(["learn", "--batch", str(OUTCOMES), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert (len(lines), []) == (data["learned"], data["refused"])
    assert main(["stats", "--json"]) == 0
    tallies = json.loads(capsys.readouterr().out)["data"]["tallies"]
    assert "general" not in {tally["domain"] for tally in tallies}
