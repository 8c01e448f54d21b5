"""What a configuration means: values, defaults, overrides, and where each came from."""

import os
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.config import (
    AGENT_KEYS,
    KEYS,
    OTHER_VARIABLES,
    Azure,
    Config,
    KeyFromEnvironment,
    KeyFromVault,
    Setting,
    check_config,
    default_project_id,
    load_config,
    template,
    unknown_variables,
)
from alma_cli.core.scopes.scope import Domain, MemoryScope
from alma_cli.errors import InvalidConfig, InvalidInput

EXAMPLE = """\
alma:
  project_id: "my-project"
  storage: azure            # or "local" for development (the default)
  agents:
    helena:
      can_learn: [testing_strategies, selector_patterns, ui_patterns]
      cannot_learn: [backend_logic]
      min_occurrences_for_heuristic: 3
    victor:
      can_learn: [api_testing, database_validation]
      cannot_learn: [frontend_logic]
      min_occurrences_for_heuristic: 3
"""
START = "alma:\n  project_id: p\n"


@pytest.fixture
def load(tmp_path):
    """Load a configuration from its text and environment."""

    def load(text, **environ):
        path = tmp_path / ".alma/config.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path, environ)

    return load


def origin_of(config, key):
    return next(setting.origin for setting in config.explain() if setting.key == key)


def value_of(config, key):
    return next(setting.value for setting in config.explain() if setting.key == key)


# Values


def test_the_example_works_as_it_stands(load):
    config = load(EXAMPLE)
    assert (config.project_id, config.storage) == ("my-project", "azure")
    assert list(config.agents) == ["helena", "victor"]
    assert MemoryScope(
        agent="helena",
        can_learn=["testing_strategies", "selector_patterns", "ui_patterns"],
        cannot_learn=["backend_logic"],
        min_occurrences_for_heuristic=3,
    ) == config.scope_for("helena")
    with pytest.raises(InvalidInput, match="there is no agent helna"):
        config.scope_for("helna")


def test_everything_has_a_default_but_the_project(load):
    config = load(START)
    assert Config(project_id="p") == config
    assert {"*": MemoryScope("*")} == dict(config.agents)
    assert MemoryScope("anyone") == config.scope_for("anyone")
    assert all(setting.origin == "default" for setting in config.explain() if setting.key != "project_id")


@pytest.mark.parametrize(
    "agents", ["", "  agents:\n", "  agents: {}\n", '  agents: {"*": {}}\n', '  agents:\n    "*":\n']
)
def test_without_named_agents_any_agent_may_learn(load, agents):
    assert Config(project_id="p") == load(START + agents)


def test_a_configuration_cannot_be_changed(load):
    config = load(START)
    with pytest.raises(FrozenInstanceError):
        config.storage = "azure"
    with pytest.raises(TypeError):
        config.agents["a"] = MemoryScope("a")


def test_every_key_can_be_set(load):
    config = load("""\
alma:
  project_id: p
  storage: file
  index: hnsw
  wait_s: 2.5
  azure:
    endpoint: https://a.documents.azure.com:443/
    database: d
    container: c
    auth: key
    key: ${KEYVAULT:cosmos-key}
    key_vault: https://a.vault.azure.net
  file: {path: ../shared}
  embedding: {model: BAAI/bge-small-en-v1.5, allow_download: yes, cache_dir: /models}
  retrieval:
    top_k: 7
    max_tokens: 100
    min_score: 1e-1
    keyword_weight: .7
    min_similarity: .3
    candidates: 10
    holdout: 0.1
    weights: {similarity: 1, recency: 0, success: 0, confidence: 0, credit: 0}
    half_life_days: {outcome: 1, heuristic: 2, anti_pattern: 3, preference: 4, knowledge: 5}
  learning:
    min_occurrences_for_heuristic: 5
    half_life_days: 10
    z: 2
    anti_pattern_below: 0.3
  reflect: {command: "claude -p", timeout_s: 60}
  secrets: {redact: false, keep: "jwt, password"}
  hooks: {learn_from_stop: false, checks: "prove.sh"}
""")
    origins = {setting.key: setting.origin for setting in config.explain()}
    assert [key.path for key in KEYS if origins[key.path] == "default"] == []
    assert (config.embedding.allow_download, config.retrieval.min_score, config.retrieval.top_k) == (True, 0.1, 7)
    assert (config.retrieval.weights.similarity, config.retrieval.half_life_days.knowledge) == (1.0, 5.0)
    assert config.scope_for("anyone").min_occurrences_for_heuristic == 5
    assert value_of(config, "retrieval.keyword_weight") == "0.7"


def test_sqlite_is_another_word_for_local(load):
    assert load(START + "  storage: sqlite").storage == "local"


def test_a_key_without_a_value_is_not_given(load):
    config = load(START + "  storage:\n  azure:\n    endpoint:\n    auth: ~\n  agents:\n    a:\n      can_learn:\n")
    assert (config.storage, config.azure.endpoint, config.azure.auth) == ("local", "", "default")
    assert MemoryScope("a") == config.agents["a"]


def test_text_is_taken_as_written(load):
    assert [load(f"alma: {{project_id: {text}}}").project_id for text in ("no", "2024", "007")] == ["no", "2024", "007"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(load):
    assert load(b"\xef\xbb\xbfalma:\r\n  project_id: p\r\n").project_id == "p"


def test_paths_start_at_the_projects_folder_or_home(load, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    config = load(START + "  file: {path: shared/memories}\n  embedding: {cache_dir: ~/models}")
    assert str(tmp_path / "shared/memories") == config.file.path
    assert config.embedding.cache_dir == "/home/someone/models"
    assert str(tmp_path / "x") == load(START, ALMA_FILE_PATH="x").file.path


@pytest.mark.parametrize(
    ("written", "expected"), [("../shared", "main/../shared"), ("./a", "far/linked/a"), ("/b", "/b")]
)
def test_a_path_out_of_a_linked_worktree_is_the_same_place_in_all(tmp_path, written, expected):
    main, linked = tmp_path / "main", tmp_path / "far/linked"
    (main / ".git/worktrees/linked").mkdir(parents=True)
    (main / ".git/worktrees/linked/commondir").write_text("../..")
    linked.mkdir(parents=True)
    (linked / ".git").write_text(f"gitdir: {main}/.git/worktrees/linked")
    (linked / ".alma").mkdir()
    path = linked / ".alma/config.yaml"
    path.write_text(START + f"  file: {{path: {written}}}")
    assert os.path.normpath(tmp_path / expected) == load_config(path, {}).file.path


def test_a_configuration_elsewhere_has_its_own_folder(tmp_path):
    path = tmp_path / "alma.yaml"
    path.write_text(START + "  file: {path: shared}")
    assert str(tmp_path / "shared") == load_config(path, {}).file.path


def test_a_domain_may_carry_help_for_recognising_it(load):
    config = load(
        START
        + """\
  agents:
    helena:
      can_learn:
        - {name: testing_strategies, description: "How we test", keywords: [playwright, end to end]}
        - {name: ui, description: , keywords: }
        - selector_patterns
      share_with: ["*"]
"""
    )
    assert (
        Domain("testing_strategies", "How we test", ("playwright", "end to end")),
        Domain("ui"),
        Domain("selector_patterns"),
    ) == config.agents["helena"].can_learn
    assert value_of(config, "agents.helena.can_learn") == "testing_strategies, ui, selector_patterns"
    assert config.agents["helena"].share_with == ("*",)


def test_agents_may_be_unknown_to_each_other_where_any_agent_is_allowed(load):
    config = load(START + '  agents: {"*": {}, helena: {inherit_from: [bob]}}')
    assert config.scope_for("helena").inherit_from == ("bob",)


def test_an_agents_threshold_is_that_of_learning_unless_it_says(load):
    config = load(
        START
        + "  agents: {a: {}, b: {min_occurrences_for_heuristic: 2}}\n  learning: {min_occurrences_for_heuristic: 9}"
    )
    assert [config.agents[name].min_occurrences_for_heuristic for name in "ab"] == [9, 2]


def test_the_only_agent_is_known(load):
    assert load(START + "  agents: {helena: {}}").only_agent == "helena"
    assert load(START).only_agent is None
    assert load(EXAMPLE).only_agent is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "https://a.documents.azure.com:443/",
        "http://localhost:8081",
        "http://127.0.0.1:8081/",
        "http://[::1]:8081/",
        "http://cosmos:8081",
        "http://host.docker.internal:8081",
    ],
)
def test_an_address_is_encrypted_or_near(load, endpoint):
    assert endpoint == load(START + f'  azure: {{endpoint: "{endpoint}"}}').azure.endpoint


# Secrets


def test_the_key_is_named_and_never_read(load):
    config = load(START + "  azure: {key: '${ALMA_COSMOS_KEY}'}", ALMA_COSMOS_KEY="hunter2")
    assert KeyFromEnvironment("ALMA_COSMOS_KEY") == config.azure.key_reference
    assert value_of(config, "azure.key") == "${ALMA_COSMOS_KEY}"
    assert "hunter2" not in repr(config) + repr(config.explain())


def test_the_key_may_be_in_a_vault(load):
    assert KeyFromVault("cosmos-key") == load(START + "  azure: {key: '${KEYVAULT:cosmos-key}'}").azure.key_reference


def test_a_literal_key_is_no_reference_in_python_either():
    with pytest.raises(ValueError, match=r"azure\.key is not a reference"):
        _ = Azure(key="hunter2").key_reference


# The environment


def test_the_environment_overrides_the_file(load):
    config = load(
        START + "  storage: local",
        ALMA_STORAGE="azure",
        ALMA_AZURE_ENDPOINT="https://b.documents.azure.com",
        ALMA_RETRIEVAL_WEIGHTS_SIMILARITY="2",
        ALMA_EMBEDDING_ALLOW_DOWNLOAD="1",
    )
    assert (config.storage, config.azure.endpoint) == ("azure", "https://b.documents.azure.com")
    assert (config.retrieval.weights.similarity, config.embedding.allow_download) == (2.0, True)
    assert origin_of(config, "storage") == "ALMA_STORAGE"


def test_the_environment_may_name_the_project(load):
    assert load("alma:\n  storage: local", ALMA_PROJECT_ID="ci").project_id == "ci"


def test_an_empty_variable_is_unset(load):
    assert load(START, ALMA_STORAGE="", ALMA_WAIT_S=" ").storage == "local"


def test_variables_that_mean_nothing_are_ignored_and_listed(load):
    environ = {"ALMA_DIR": "x", "ALMA_STORAGE": "local", "ALMA_STORGE": "x", "ALMA_AZURE": "x", "HOME": "/"}
    assert load(START, **environ).storage == "local"
    assert unknown_variables(environ) == ("ALMA_AZURE", "ALMA_STORGE")


def test_the_variable_that_holds_the_key_is_known(load):
    config = load(START + "  azure: {key: '${ALMA_PROD_KEY}'}")
    assert unknown_variables({"ALMA_PROD_KEY": "x"}) == ("ALMA_PROD_KEY",)
    assert unknown_variables({"ALMA_PROD_KEY": "x"}, config) == ()
    in_vault = replace(config, azure=Azure(key="${KEYVAULT:a}"))
    assert unknown_variables({"ALMA_PROD_KEY": "x"}, in_vault) == ("ALMA_PROD_KEY",)


def test_the_process_environment_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("ALMA_STORAGE", "file")
    path = tmp_path / "config.yaml"
    path.write_text(START)
    assert load_config(path).storage == "file"


# Origins


def test_every_value_says_where_it_came_from(load, tmp_path):
    config = load(EXAMPLE, ALMA_WAIT_S="3")
    file = tmp_path / ".alma/config.yaml"
    assert Setting("storage", "azure", f"{file}:3") in config.explain()
    assert Setting("wait_s", "3", "ALMA_WAIT_S") in config.explain()
    assert Setting("retrieval.top_k", "5", "default") in config.explain()
    assert Setting("embedding.allow_download", "false", "default") in config.explain()
    assert Setting("agents.victor.cannot_learn", "frontend_logic", f"{file}:11") in config.explain()


def test_any_agent_is_listed_where_it_came_from(load, tmp_path):
    assert Setting("agents.*", "{}", "default") == load(START).explain()[-1]
    file = tmp_path / ".alma/config.yaml"
    assert Setting("agents.*", "{}", f"{file}:4") == load(START + '  agents:\n    "*": {}').explain()[-1]


# The table of keys


def test_no_two_keys_have_the_same_variable():
    variables = [key.variable for key in KEYS]
    assert len(variables) == len(set(variables))
    assert not set(variables) & OTHER_VARIABLES.keys()


def test_every_default_is_a_value_the_key_takes(load):
    lines = [f"{key.variable}={key.default}" for key in KEYS if key.default not in (None, "") and not _loads(load, key)]
    assert lines == []


def _loads(load, key):
    try:
        load(START, **{key.variable: str(key.default).lower() if key.kind == "flag" else str(key.default)})
    except InvalidConfig:
        return False
    return True


def test_every_key_is_documented():
    page = (Path(__file__).parents[2] / "docs/configuration.md").read_text()
    keys = page.partition("<!-- generated: keys -->")[2].partition("<!-- end: keys -->")[0].strip()
    rows = keys.splitlines()[2:]
    assert len(KEYS) + len(AGENT_KEYS) == len(rows)
    assert all(key.meaning and f"`{key.path}`" in row for key, row in zip((*KEYS, *AGENT_KEYS), rows, strict=True))
    assert "| `project_id` | a name | required | `ALMA_PROJECT_ID` |" in keys
    assert "| `retrieval.top_k` | a whole number from 1 to 100 | `5` | `ALMA_RETRIEVAL_TOP_K` |" in keys


# The template


@pytest.mark.parametrize("project_id", ["my-project", 'a "quoted" one', "100", "日本"])
def test_the_template_is_a_configuration_with_defaults_only(load, project_id):
    assert Config(project_id=project_id) == load(template(project_id))


def test_the_template_teaches_what_works(load):
    lines = template("p").splitlines()
    agents = [line.replace("  # ", "", 1) for line in lines if line.startswith("  #   ") and "https" not in line]
    assert any("helena:" in line for line in agents)
    shown = "\n".join(line.replace("  # ", "  ", 1) if line.startswith("  # azure") else line for line in lines)
    uncommented = shown.replace("  #   endpoint", "    endpoint").replace("  #   auth", "    auth")
    assert load(uncommented).azure.endpoint == "https://NAME.documents.azure.com:443/"


@pytest.mark.parametrize(
    ("folder", "project_id"), [("My Project", "my-project"), ("a.b_c-d", "a.b_c-d"), ("---", "my-project"), ("ä", "ä")]
)
def test_a_project_is_called_like_its_folder(tmp_path, folder, project_id):
    assert project_id == default_project_id(tmp_path / folder)


@given(st.text(max_size=30).filter(lambda name: "\0" not in name and not any(0xD800 <= ord(c) < 0xE000 for c in name)))
def test_a_default_project_id_is_one_that_can_be_used(tmp_path_factory, name):
    path = tmp_path_factory.getbasetemp() / "default.yaml"
    path.write_text(template(default_project_id(os.path.join("/", name))), encoding="utf-8")
    assert check_config(path, {}) == []


@given(st.binary(max_size=60) | st.text(alphabet="alma:project_id \n-[]{}'\"&*!|>#%@\t0x", max_size=60).map(str.encode))
def test_no_file_crashes_it(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    assert all(problem.message.startswith(str(path)) for problem in check_config(path, {}))
