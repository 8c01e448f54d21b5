"""Every way to get the configuration wrong says where, which key, and what to do."""

import pytest

from alma_cli.config import check_config, load_config
from alma_cli.errors import InvalidConfig, ProjectNotFound

START = "alma:\n  project_id: p\n"
KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="  # the emulator's
KEEP_OUT = (
    "put the key in the environment variable ALMA_COSMOS_KEY and write `key: ${ALMA_COSMOS_KEY}`; "
    "if anyone else could read the file, make a new key"
)
NAMES = "a name has 1 to 128 characters, none of / \\ ? # and no control characters"
SYNTAX = "check the indentation, quotes and brackets on this line and the one before"
INDENT = "write them below it, indented"

# what is in the file, the message after the file's name, the hint
BAD = {
    # the file as a whole
    "empty": ("", " is empty", "write `alma:` and below it `  project_id: my-project`"),
    "only comments": ("# hello\n", " is empty", "write `alma:` and below it `  project_id: my-project`"),
    "null": ("null", " is empty", "write `alma:` and below it `  project_id: my-project`"),
    "huge": ("x" * 300_000, " is over 256 KiB", "a configuration has a few dozen lines"),
    "not UTF-8": (b"alma:\n  project_id: \xff", ":2: this isn't UTF-8", "save the file as UTF-8"),
    "control character": ("alma:\n  project_id: \x07", ":2: there is a control character", "remove it"),
    "a word": ("hello", ":1: there are no keys", "the first is `alma:`"),
    "a list": ("- alma", ":1: there are no keys", "the first is `alma:`"),
    "no alma:": (
        "storage: local\nproject_id: p\n",
        ":1: storage stands outside `alma:`",
        "move it below `alma:`, indented by two spaces",
    ),
    "other spelling": ("Alma:\n  project_id: p", ":1: there is no key Alma", "did you mean alma?"),
    "beside alma:": (START + "other: 1", ":3: there is no key other", "everything stands below `alma:`"),
    "two documents": (
        START + "---\nalma: {}",
        ":3: a second document starts",
        "keep one; `---` separates documents",
    ),
    # YAML
    "tab": ("alma:\n\tproject_id: p", ":2: the line is indented with a tab", "indent with spaces"),
    "open quote": (START + "  storage: 'local", ":3: this isn't YAML: found unexpected end of stream", SYNTAX),
    "open bracket": (
        START + "  azure: {auth: key\n  storage: local\n",
        ":4: this isn't YAML: did not find expected ',' or '}' (while parsing a flow mapping that starts on line 3)",
        SYNTAX,
    ),
    "bad indentation": (
        START + "   storage: local",
        ":3: this isn't YAML: mapping values are not allowed in this context",
        SYNTAX,
    ),
    "plain star as a key": (START + "  agents:\n    *: {}", ":4: a plain * can't be used", 'quote it: "*"'),
    "plain star in a list": (
        START + "  agents: {a: {share_with: [*]}}",
        ":3: a plain * can't be used",
        'quote it: "*"',
    ),
    "plain at sign": (
        START + "  agents:\n    a: {share_with: [@b]}",
        ":4: a value can't start with a plain @",
        "put it in quotes",
    ),
    "alias bomb": (
        START + "  a: &a [x, x]\n  b: &b [*a, *a]\n  c: [*b, *b]",
        ":3: anchors and aliases (& and *) can't be used",
        'write the value out; quote "*"',
    ),
    "unknown alias": (START + "  a: *b", ":3: anchors and aliases (& and *) can't be used", None),
    "deep nesting": (START + "  a: " + "[" * 100, ":3: the nesting is too deep", "16 levels are allowed"),
    "nesting bomb in blocks": (
        START + "  a:\n    " + "- " * 50_000,
        ":4: the nesting is too deep",
        "16 levels are allowed",
    ),
    "tag": (
        START + "  storage: !!python/name:os.system x",
        ":3: tags (!) can't be used",
        "remove it, or quote the value",
    ),
    "list as a key": (START + "  ? [a]\n  : b", ":3: a key must be a plain word", "remove the brackets"),
    "directive": ("%YAML 3.0\n---\nalma: {}", ":1: this isn't YAML: found incompatible YAML document", SYNTAX),
    # keys
    "unknown key": (START + "  storge: local", ":3: there is no key storge", "did you mean storage?"),
    "unknown key, like none": (
        START + "  file: {qqq: 1}",
        ":3: there is no key file.qqq",
        "there are path",
    ),
    "key of another section": (START + "  top_k: 5", ":3: there is no key top_k", "did you mean retrieval.top_k?"),
    "key of an agent": (
        START + "  can_learn: [a]",
        ":3: there is no key can_learn",
        "did you mean agents.NAME.can_learn?",
    ),
    "unknown key in a section": (
        START + "  azure:\n    endpont: x",
        ":4: there is no key azure.endpont",
        "did you mean endpoint?",
    ),
    "unprintable key": (START + '  "a\\x1b[0m": 1', ":3: there is no key a\\x1b[0m", None),
    "twice": (
        START + "  storage: local\n  storage: azure",
        ":4: storage is there twice, first on line 3",
        "remove one",
    ),
    "twice in a section": (
        START + "  azure:\n    auth: key\n    auth: key",
        ":5: azure.auth is there twice, first on line 4",
        "remove one",
    ),
    "missing": (
        "alma:\n  storage: local",
        ":2: project_id is missing",
        "write `project_id: my-project` below `alma:`",
    ),
    "nothing below alma:": ("alma:\n", ":1: project_id is missing", None),
    "section as a value": (START + "  retrieval: 5", ":3: retrieval is '5'; it takes keys", INDENT),
    "section as a list": (START + "  azure: [a]", ":3: azure is a list; it takes keys", INDENT),
    "alma: as a value": ("alma: 5", ":1: alma is '5'; it takes keys", INDENT),
    # values
    "list for a value": (
        START + "  storage: [local]",
        ":3: storage is a list; it takes one of local, azure, file",
        "write one value",
    ),
    "keys for a value": (
        START + "  wait_s: {a: 1}",
        ":3: wait_s is a group of keys; it takes a number from 0 to 3,600",
        "write one value",
    ),
    "choice": (
        START + "  storage: Azure",
        ":3: storage is 'Azure'; it takes one of local, azure, file",
        "did you mean azure?",
    ),
    "out of range": (
        START + "  retrieval:\n    top_k: 0",
        ":4: retrieval.top_k is '0'; it takes a whole number from 1 to 100",
        "",
    ),
    "too large": (
        START + "  retrieval: {top_k: 1" + "0" * 30 + "}",
        f":3: retrieval.top_k is '1{'0' * 30}'; it takes a whole number from 1 to 100",
        "",
    ),
    "fraction": (
        START + "  retrieval: {top_k: 1.5}",
        ":3: retrieval.top_k is '1.5'; it takes a whole number from 1 to 100",
        "",
    ),
    "not a number": (
        START + "  retrieval: {min_score: high}",
        ":3: retrieval.min_score is 'high'; it takes a number from 0 to 1",
        "",
    ),
    "infinite": (START + "  learning: {z: inf}", ":3: learning.z is 'inf'; it takes a number from 0 to 5", ""),
    "quoted number": (
        START + "  retrieval: {top_k: '5'}",
        ":3: retrieval.top_k is text; it takes a whole number from 1 to 100",
        "remove the quotes: 5",
    ),
    "flag": (
        START + "  embedding: {allow_download: maybe}",
        ":3: embedding.allow_download is 'maybe'; it takes true or false",
        "",
    ),
    "escape in a value": (
        START + '  embedding: {model: "a\\x1bb"}',
        ":3: embedding.model is 'a\\x1bb', which has a control character",
        "remove it",
    ),
    "variable": (
        START + "  azure: {endpoint: '${ENDPOINT}'}",
        ":3: azure.endpoint is '${ENDPOINT}', which isn't replaced here",
        "write the value, or set ALMA_AZURE_ENDPOINT",
    ),
    "name": (
        "alma:\n  project_id: a/b",
        ":2: project_id can't be used: 'a/b' can't name a project: it has /",
        NAMES,
    ),
    "address with a password": (
        START + "  azure: {endpoint: 'https://me:let-me-in@x.example/'}",
        ":3: there is a secret in this line",
        KEEP_OUT,
    ),
    **{
        f"path of another system, {number}": (
            START + f"  storage: file\n  file: {{path: '{path}'}}",
            f":4: file.path is '{path}', which names no folder of this machine",
            "write it with /; in WSL C:\\x is /mnt/c/x, and a share has to be mounted",
        )
        for number, path in enumerate(
            ["C:\\Users\\x", "c:/Users/x", "\\\\server\\share", "..\\shared", "%APPDATA%/x", "s3://bucket/x"]
        )
    },
    "port": (
        START + "  azure: {endpoint: 'https://x.example:99999/'}",
        ":3: azure.endpoint is 'https://x.example:99999/'; it takes an https:// address",
        "without a user, path or query",
    ),
    "address": (
        START + "  azure: {endpoint: myaccount}",
        ":3: azure.endpoint is 'myaccount'; it takes an https:// address",
        "without a user, path or query",
    ),
    "clear text": (
        START + "  azure: {endpoint: 'http://a.documents.azure.com:443'}",
        ":3: azure.endpoint is 'http://a.documents.azure.com:443', which isn't encrypted",
        "write https://a.documents.azure.com",
    ),
    "no weight": (
        START + "  retrieval: {weights: {similarity: 0, recency: 0, success: 0, confidence: 0, credit: 0}}",
        ":3: retrieval.weights are all 0",
        "give one of them some weight",
    ),
    # secrets
    "key in the file": (
        START + "  azure: {key: hunter2}",
        ":3: azure.key must say where the key is, not hold it",
        KEEP_OUT,
    ),
    "bad reference": (
        START + "  azure: {key: '${KEYVAULT:a b}'}",
        ":3: azure.key is '${KEYVAULT:a b}'",
        "it takes ${VARIABLE} or ${KEYVAULT:name-of-the-secret}",
    ),
    "vault without an address": (
        START + "  azure:\n    auth: key\n    key: ${KEYVAULT:cosmos}",
        ":5: azure.key reads from a vault, and azure.key_vault is missing",
        "write `key_vault: https://NAME.vault.azure.net` beside it",
    ),
    "account key anywhere": (START + f"  embedding: {{model: {KEY}}}", ":3: there is a secret in this line", KEEP_OUT),
    "connection string": (
        START + "  azure:\n    connection: AccountEndpoint=https://a/;AccountKey=c2VjcmV0",
        ":4: there is a secret in this line",
        KEEP_OUT,
    ),
    "secret in a comment": (f"# {KEY}\n" + START, ":1: there is a secret in this line", KEEP_OUT),
    "secret in broken YAML": (f"alma: [\n{KEY}", ":2: there is a secret in this line", KEEP_OUT),
    # agents
    "agents as a list": (START + "  agents: [helena]", ":3: agents is a list; it takes keys", INDENT),
    "agent as a value": (
        START + "  agents:\n    helena: yes",
        ":4: agents.helena is 'yes'; it takes keys",
        INDENT,
    ),
    "agent's name": (
        START + "  agents:\n    a/b: {}",
        ":4: agents.a/b: 'a/b' can't name an agent: it has /",
        NAMES,
    ),
    "unknown key of an agent": (
        START + "  agents:\n    helena:\n      can_lern: [a]",
        ":5: there is no key agents.helena.can_lern",
        "did you mean can_learn?",
    ),
    "agent twice": (
        START + "  agents:\n    a: {}\n    a: {}",
        ":5: agents.a is there twice, first on line 4",
        "remove one",
    ),
    "one domain": (
        START + "  agents:\n    helena: {can_learn: testing}",
        ":4: agents.helena.can_learn is 'testing'; it takes a list of domains",
        "write [testing]",
    ),
    "domains as keys": (
        START + "  agents: {a: {can_learn: {x: y}}}",
        ":3: agents.a.can_learn is a group of keys; it takes a list of domains",
        "start each with `- `",
    ),
    "domain's name": (
        START + "  agents: {a: {can_learn: [_x]}}",
        ":3: agents.a.can_learn: '_x' can't name a domain: it starts with _, which is reserved",
        NAMES,
    ),
    "list in a list": (
        START + "  agents: {a: {can_learn: [[x]]}}",
        ":3: a domain in agents.a.can_learn is a list",
        "write names only",
    ),
    "empty domain": (
        START + "  agents:\n    a:\n      can_learn:\n        - x\n        -",
        ":7: a domain in agents.a.can_learn is empty",
        "write names only",
    ),
    "domain without a name": (
        START + "  agents: {a: {can_learn: [{description: x}]}}",
        ":3: agents.a.can_learn: a domain has no name",
        "write {name: testing_strategies, keywords: [...]}",
    ),
    "unknown key of a domain": (
        START + "  agents: {a: {can_learn: [{name: x, keyword: [y]}]}}",
        ":3: there is no key agents.a.can_learn: keyword",
        "did you mean keywords?",
    ),
    "one keyword": (
        START + "  agents: {a: {can_learn: [{name: x, keywords: y}]}}",
        ":3: agents.a.can_learn: keywords is 'y'; it takes a list of words or phrases",
        "write [y]",
    ),
    "list as a keyword": (
        START + "  agents: {a: {can_learn: [{name: x, keywords: [[y]]}]}}",
        ":3: a word in agents.a.can_learn: keywords is a list",
        "write words and phrases only",
    ),
    "list as a description": (
        START + "  agents: {a: {can_learn: [{name: x, description: [y]}]}}",
        ":3: agents.a.can_learn: description is a list; it takes text",
        "write one value",
    ),
    "threshold": (
        START + "  agents: {a: {min_occurrences_for_heuristic: 0}}",
        ":3: agents.a.min_occurrences_for_heuristic is '0'; it takes a whole number from 1 to 1,000",
        "",
    ),
    "threshold as a list": (
        START + "  agents: {a: {min_occurrences_for_heuristic: [3]}}",
        ":3: agents.a.min_occurrences_for_heuristic is a list; it takes a whole number from 1 to 1,000",
        "write one value",
    ),
    "unknown agent": (
        START + "  agents:\n    helena: {}\n    victor: {share_with: [helna]}",
        ":5: agents.victor.share_with: there is no agent 'helna'",
        "did you mean helena?",
    ),
    "unknown agent, like none": (
        START + "  agents:\n    helena: {inherit_from: [bob]}",
        ":4: agents.helena.inherit_from: there is no agent 'bob'",
        "name it under agents",
    ),
    "agent in a list": (
        START + "  agents: {a: {share_with: [[b]]}}",
        ":3: an agent in agents.a.share_with is a list",
        "write names only",
    ),
    "bad agent in a list": (
        START + "  agents: {a: {share_with: [b?]}}",
        ":3: agents.a.share_with: 'b?' can't name an agent: it has ?",
        NAMES,
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_configuration_says_where_and_what_to_do(tmp_path, case):
    content, message, hint = BAD[case]
    path = tmp_path / "config.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidConfig) as caught:
        load_config(path, {})
    assert f"{path}{message}" == caught.value.message
    if hint is not None:
        assert hint == caught.value.hint
    assert KEY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("ALMA_RETRIEVAL_TOP_K", "many", "ALMA_RETRIEVAL_TOP_K is 'many'; it takes a whole number from 1 to 100"),
        ("ALMA_STORAGE", "cloud", "ALMA_STORAGE is 'cloud'; it takes one of local, azure, file"),
        ("ALMA_AZURE_KEY", KEY, "ALMA_AZURE_KEY must say where the key is, not hold it"),
        ("ALMA_AZURE_ENDPOINT", f"AccountKey={KEY}", "ALMA_AZURE_ENDPOINT is a secret; it takes an https:// address"),
        (
            "ALMA_AZURE_ENDPOINT",
            f"AcountKey={KEY[:35]}",
            "ALMA_AZURE_ENDPOINT is a long text; it takes an https:// address",
        ),
        ("ALMA_AZURE_ENDPOINT", "account", "ALMA_AZURE_ENDPOINT is 'account'; it takes an https:// address"),
        (
            "ALMA_AZURE_ENDPOINT",
            f"Key {KEY[:30]}\x7f",
            "ALMA_AZURE_ENDPOINT is a long text, which has a control character",
        ),
        (
            "ALMA_RETRIEVAL_MIN_SCORE",
            KEY[:35],
            "ALMA_RETRIEVAL_MIN_SCORE is a long text; it takes a number from 0 to 1",
        ),
        ("ALMA_SECRETS_REDACT", KEY[:35], "ALMA_SECRETS_REDACT is a long text; it takes true or false"),
        ("ALMA_PROJECT_ID", "a/b", "ALMA_PROJECT_ID can't be used: 'a/b' can't name a project: it has /"),
    ],
)
def test_a_bad_variable_is_named_and_no_secret_shown(tmp_path, variable, text, message):
    path = tmp_path / "config.yaml"
    path.write_text(START)
    with pytest.raises(InvalidConfig) as caught:
        load_config(path, {variable: text})
    assert message == caught.value.message
    assert KEY not in caught.value.hint


def test_every_problem_is_found_at_once(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("alma:\n  storge: local\n  retrieval: {top_k: 0}\n  agents: {a: {can_lern: []}}\n")
    lines = [problem.message.split(" ")[0] for problem in check_config(path, {"ALMA_WAIT_S": "x"})]
    assert [f"{path}:2:", f"{path}:3:", "ALMA_WAIT_S", f"{path}:4:", f"{path}:2:"] == lines


def test_what_cannot_be_parsed_is_one_problem(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("alma: [")
    assert len(check_config(path, {})) == 1


def test_nothing_wrong_is_no_problem(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(START)
    assert check_config(path, {}) == []


def test_a_missing_file_is_a_missing_project(tmp_path):
    with pytest.raises(ProjectNotFound, match=r"there is no .*config\.yaml"):
        load_config(tmp_path / "config.yaml", {})


def test_a_folder_of_that_name_cannot_be_read(tmp_path):
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(InvalidConfig, match=r"config\.yaml can't be read: Is a directory"):
        load_config(tmp_path / "config.yaml", {})


def test_a_nesting_bomb_is_refused_by_us_or_by_the_parser(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(START + "  a: " + "[" * 100_000)
    with pytest.raises(InvalidConfig, match=r":3: .* nesting"):
        load_config(path, {})
