"""A value is changed in the text of a configuration, and nothing else."""

import errno
import os

import pytest
import yaml

from alma_cli.config import load_config, set_value, with_value
from alma_cli.config.tree import yaml_loader
from alma_cli.errors import InvalidConfig, InvalidInput
from tests.config.test_bad_configurations import KEY

COMMENTED = """\
# ours
alma:
  project_id: shop   # a name

  retrieval:
    top_k: 3         # few

  agents:
    "*": {}

  # azure:
  #   auth: default
"""


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("wait_s", "alma:\n  project_id: shop\n", "alma:\n  project_id: shop\n  wait_s: 5\n"),
        ("wait_s", "alma:\n  project_id: shop", "alma:\n  project_id: shop\n  wait_s: 5\n"),
        ("wait_s", "alma:\r\n  wait_s: 1 # s\r\n  index: exact\r\n", "alma:\r\n  wait_s: 5 # s\r\n  index: exact\r\n"),
        ("wait_s", "alma:\r\n  index: exact\r\n", "alma:\r\n  index: exact\r\n  wait_s: 5\r\n"),
        ("wait_s", "alma:\n  wait_s: 'it''s' # ours\n", "alma:\n  wait_s: 5 # ours\n"),
        ("wait_s", 'alma:\n    wait_s:  "a \\" # b"', "alma:\n    wait_s:  5"),
        ("wait_s", "alma:\n  wait_s:\n  index: exact\n", "alma:\n  wait_s: 5\n  index: exact\n"),
        ("wait_s", "alma:\n  wait_s:   # none\n", "alma:\n  wait_s: 5   # none\n"),
        ("wait_s", "alma:\n  index:\texact\n  wait_s:\t1\t# s\n", "alma:\n  index:\texact\n  wait_s:\t5\t# s\n"),
        ("wait_s", "alma: {wait_s: 1}\n", "alma: {wait_s: 5}\n"),
        ("wait_s", "alma: {}\n", "alma: {wait_s: 5}\n"),
        ("wait_s", "alma: {index: exact }\n", "alma: {index: exact, wait_s: 5 }\n"),
        ("wait_s", "alma:\n", "alma:\n  wait_s: 5\n"),
        ("wait_s", "# only\nalma: # all\n# end\n", "# only\nalma: # all\n  wait_s: 5\n# end\n"),
        ("wait_s", "alma:\n  index: >\n    exact\n# end\n", "alma:\n  index: >\n    exact\n  wait_s: 5\n# end\n"),
        ("azure.auth", "alma:\n    index: exact\n", "alma:\n    index: exact\n    azure:\n      auth: 5\n"),
        ("azure.auth", "alma:\n  azure:\n  index: exact\n", "alma:\n  azure:\n    auth: 5\n  index: exact\n"),
        ("azure.auth", "alma: {index: exact}\n", "alma: {index: exact, azure: {auth: 5}}\n"),
        ("retrieval.weights.credit", "alma:\n  retrieval:\n    top_k: 3\n  index: exact\n",
         "alma:\n  retrieval:\n    top_k: 3\n    weights:\n      credit: 5\n  index: exact\n"),
        ("wait_s", "alma:\n  agents:\n    a:\n      can_learn:\n        - x\n        - y # last\n\n# end\n",
         "alma:\n  agents:\n    a:\n      can_learn:\n        - x\n        - y # last\n  wait_s: 5\n\n# end\n"),
        ("wait_s", "alma:\n  wait_s: |\n    1\n", None),
        ("wait_s", "alma:\n  wait_s: [1]\n", None),
        ("azure.auth", "alma:\n  azure: none\n", None),
        ("wait_s", "alma: none\n", None),
        ("wait_s", "5\n", None),
    ],
)  # fmt: skip
def test_only_the_value_is_changed(path, before, after):
    assert after == with_value(before, path.split("."), "5")
    if after is not None:
        value = yaml.load(after, Loader=yaml_loader())["alma"]  # as safe, and it takes tabs
        for part in path.split("."):
            value = value[part]
        assert 5 == value


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(COMMENTED)
    path.chmod(0o640)
    return path


def test_comments_order_and_layout_stay(file):
    before, now = set_value(file, "retrieval.top_k", ["7"])
    assert ("3", "7", f"{file}:6") == (before.value, now.value, now.origin)
    assert COMMENTED.replace("3         #", "7         #") == file.read_text()
    set_value(file, "azure.endpoint", ["https://x.documents.azure.com:443/"])
    added = '    "*": {}\n  azure:\n    endpoint: "https://x.documents.azure.com:443/"\n'
    assert COMMENTED.replace("3         #", "7         #").replace('    "*": {}\n', added) == file.read_text()
    assert 0o640 == file.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("storage", "sqlite"),
        ("secrets.redact", "No"),
        ("reflect.command", "claude -p # not a comment: {x} 'y' \"z\" \\ é"),
        ("hooks.checks", "yes"),
        ("embedding.cache_dir", "~/models"),
        ("retrieval.min_score", "1e-3"),
        ("azure.key", "${KEYVAULT:cosmos}"),
        ("azure.key_vault", "https://v.vault.azure.net"),
    ],
)
def test_what_is_set_is_what_the_loader_reads(file, name, value):
    if name == "azure.key":
        set_value(file, "azure.key_vault", ["https://v.vault.azure.net"])
    now = set_value(file, name, [value]).now
    assert now in load_config(file, {}).explain()
    assert now.origin.startswith(f"{file}:")


def test_a_file_with_a_mistake_can_be_mended_but_not_kept(file):
    file.write_text(COMMENTED.replace("top_k: 3", "top_k: many"))
    with pytest.raises(InvalidConfig, match=r"retrieval.top_k is 'many'"):
        set_value(file, "wait_s", ["5"])
    assert None is set_value(file, "retrieval.top_k", ["5"]).before
    assert 5 == load_config(file, {}).retrieval.top_k


def test_an_override_is_the_value_that_holds(file):
    now = set_value(file, "wait_s", ["5"], {"ALMA_WAIT_S": "7"}).now
    assert ("7", "ALMA_WAIT_S") == (now.value, now.origin)
    assert 5 == load_config(file, {}).wait_s


AGENTS = """\
alma:
  project_id: shop
  agents:
    helena:
      can_learn:   # ours
        - testing
        - ui

      cannot_learn: [backend]   # never
    victor: {}
"""
AGENT_NAMES = (
    "can_learn", "cannot_learn", "inherit_from", "share_with", "min_occurrences_for_heuristic"
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "change", "value"),
    [
        ("agents.helena.cannot_learn", ["a", "b c"], ("[backend]", '[a, "b c"]'), "a, b c"),
        ("agents.helena.cannot_learn", ["a,b"], ("[backend]", "[a, b]"), "a, b"),
        ("agents.helena.cannot_learn", ["[]"], ("[backend]", "[]"), ""),
        ("agents.helena.cannot_learn", ["[{name: a, keywords: [x, y]}]"],
         ("[backend]", '[{"name": "a", "keywords": ["x", "y"]}]'), "a"),
        ("agents.helena.min_occurrences_for_heuristic", ["5"],
         ("# never\n", "# never\n      min_occurrences_for_heuristic: 5\n"), "5"),
        ("agents.victor.share_with", ["*"], ("victor: {}", 'victor: {share_with: ["*"]}'), "*"),
        ("agents.dr. no.can_learn", ["a"],
         ("victor: {}\n", 'victor: {}\n    "dr. no":\n      can_learn: [a]\n'), "a"),
    ],
)  # fmt: skip
def test_a_list_is_set_by_its_values_or_as_yaml(file, name, values, change, value):
    file.write_text(AGENTS)
    now = set_value(file, name, values, {}).now
    assert AGENTS.replace(*change) == file.read_text()
    assert (name, value) == (now.key, now.value)


def test_a_list_of_several_lines_becomes_one_unless_a_comment_would_go(file):
    file.write_text(AGENTS)
    with pytest.raises(InvalidConfig, match="can't be changed where it stands"):
        set_value(file, "agents.helena.can_learn", ["a"], {})
    plain = AGENTS.replace("   # ours", "")
    file.write_text(plain)
    assert ("testing, ui", "a") == tuple(one.value for one in set_value(file, "agents.helena.can_learn", ["a"], {}))
    assert plain.replace("\n        - testing\n        - ui", " [a]") == file.read_text()


@pytest.mark.parametrize("written", ["can_learn : [x]", "can_learn :\n        - x", "? can_learn\n      : [x]"])
def test_a_list_is_replaced_behind_its_colon_wherever_that_stands(file, written):
    before = f"alma:\n  project_id: shop\n  agents:\n    a:\n      {written}\n"
    file.write_text(before)
    assert "a, b" == set_value(file, "agents.a.can_learn", ["a", "b"], {}).now.value
    assert before.replace("[x]", "[a, b]").replace(":\n        - x", ": [a, b]") == file.read_text()


def test_a_list_within_lists_without_an_end_is_none(file):
    with pytest.raises(InvalidInput, match="is no list"):
        set_value(file, "agents.a.can_learn", ["[" * 5000], {})


def test_a_key_of_one_value_takes_one(file):
    with pytest.raises(InvalidInput, match="wait_s takes one value, got 2"):
        set_value(file, "wait_s", ["1", "2"], {})


REFUSED = {
    "unknown": ("retrival.topk", "3", "there is no key retrival.topk", "did you mean retrieval.top_k?"),
    "last part": ("top_k", "3", "there is no key top_k", "did you mean retrieval.top_k?"),
    "last part misspelt": ("topk", "3", "there is no key topk", "did you mean retrieval.top_k?"),
    "two of that name": (
        "half_life_days.knowledge",
        "3",
        "there is no key half_life_days.knowledge",
        "did you mean retrieval.half_life_days.knowledge?",
    ),
    "like nothing": ("zzz\x1b[2J", "3", "there is no key zzz\\x1b[2J", "`alma config show` lists the keys"),
    "empty": ("", "3", "there is no key ", "`alma config show` lists the keys"),
    "a group": (
        "file",
        "3",
        "file is a group of keys",
        "there are file.path",
    ),
    "agents": ("agents", "x", "there is no key agents", f"agents.NAME has {', '.join(AGENT_NAMES)}"),
    "an agent": ("agents.helena", "x", "there is no key agents.helena", f"agents.NAME has {', '.join(AGENT_NAMES)}"),
    "an agent's key": (
        "agents.helena.can_lern", "x", "there is no key agents.helena.can_lern",
        "did you mean agents.helena.can_learn?",
    ),
    "another agent": (
        "agents.helna.can_learn", "x", "there is no agent 'helna'", "did you mean helena?"
    ),
    "an agent that nobody is": (
        "agents.helena.share_with", "viktor", "agents.helena.share_with: there is no agent 'viktor'",
        "did you mean victor?",
    ),
    "a domain that can't be": (
        "agents.helena.cannot_learn", "a/b", "agents.helena.cannot_learn: 'a/b' can't name a domain: it has /",
        "a name has 1 to 128 characters, none of / \\ ? # and no control characters",
    ),
    "half a list": (
        "agents.helena.can_learn", "[a", "agents.helena.can_learn: '[a' is no list",
        "such as: a b, or '[a, b]', or '[]' for none",
    ),
    "nothing in a list": (
        "agents.helena.can_learn", "", "agents.helena.can_learn: '' is no list",
        "such as: a b, or '[a, b]', or '[]' for none",
    ),
    "project_id": (
        "project_id",
        "x",
        "the project's id isn't only in its configuration",
        "`alma config rename NAME`",
    ),
    "not a number": ("wait_s", "soon", "wait_s is 'soon'; it takes a number from 0 to 3,600", ""),
    "not a choice": (
        "storage", "azur", "storage is 'azur'; it takes one of local, azure, file", "did you mean azure?"
    ),
    "plain http": (
        "azure.endpoint", "http://x.documents.azure.com",
        "azure.endpoint is 'http://x.documents.azure.com', which isn't encrypted", "write https://x.documents.azure.com",
    ),
    "control character": ("hooks.checks", "a\nb", "hooks.checks is 'a b', which has a control character", "remove it"),
    "a variable": (
        "hooks.checks", "${X}", "hooks.checks is '${X}', which isn't replaced here",
        "write the value, or set ALMA_HOOKS_CHECKS",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_set_is_refused_with_what_is_meant(file, case):
    name, value, message, hint = REFUSED[case]
    before = AGENTS if name.startswith("agents") else COMMENTED
    file.write_text(before)
    with pytest.raises(InvalidInput) as caught:
        set_value(file, name, [value], {})
    assert (message, hint) == (caught.value.message, caught.value.hint)
    assert before == file.read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("azure.key", KEY),
        ("reflect.command", f"curl -H {KEY}"),
        ("reflect.command", "OPENAI_API_KEY=sk-proj-" + "aB3dE6gH9j" * 4 + " llm"),
        ("hooks.checks", "ghp_" + "aB3dE6gH9j" * 3 + "aB3dE6"),
    ],
)
def test_a_secret_is_refused_and_not_shown(file, name, value):
    with pytest.raises(InvalidInput) as caught:
        set_value(file, name, [value], {})
    assert value[-20:] not in str(caught.value.message) + caught.value.hint
    assert COMMENTED == file.read_text()


def test_a_value_that_is_no_single_one_is_left_to_the_reader(file):
    file.write_text("alma:\n  project_id: shop\n  reflect:\n    command: |\n      claude -p\n")
    with pytest.raises(InvalidConfig, match="can't be changed where it stands"):
        set_value(file, "reflect.command", ["llm"], {})


def test_a_full_disk_is_no_fault_of_the_configuration(project, run_alma, monkeypatch):
    def full(_, path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(os, "replace", full)
    finished = run_alma("config", "set", "retrieval.top_k", "3")
    assert (1, "") == (finished.code, finished.out)
    assert finished.err.endswith("No space left on device\nhint: free some space there\n")
