"""`alma doctor --report`: what a maintainer asks for, and nothing of what is remembered."""

import pytest

SECRET = "zebra quagga okapi"
TOKEN = "gh" + "p_" + "a1" * 18
CONFIG = """\
alma:
  project_id: wholly-secret
  storage: azure
  azure: {endpoint: "https://acme-bank.documents.azure.com:443/", key_vault: "https://acme-bank.vault.azure.net"}
  retrieval: {top_k: 7}
  agents:
    helena:
      can_learn: [{name: testing, description: "words of our own", keywords: [wombat]}]
"""


@pytest.fixture
def crashed(run_alma, project, monkeypatch):
    """The project, with a home of its own and the log of a crash whose message quotes a memory."""
    monkeypatch.setenv("HOME", str(project.parent))
    monkeypatch.setenv("ALMA_COSMOS_KEY", "the key itself")

    class Broken:
        def isatty(self):
            raise ZeroDivisionError(f"not with {SECRET}")

    assert 1 == run_alma("retrieve", "--agent", "helena", stdin=Broken()).code
    return project


def test_it_says_what_runs_where_and_how_much_there_is(run_alma, run_json, learn, configure):
    configure(CONFIG)
    learn("Test the login form")
    finished = run_alma("doctor", "--report")
    assert (0, "read it before you send it\n") == (finished.code, finished.err)
    for line in (
        "versions:",
        "  alma: 0.1.0",
        "settings:",
        "  retrieval.top_k: 7",
        "  round trip: ok: what was learned in a temporary store came back",
        "  records:",
        "    outcome: 1",
    ):
        assert f"{line}\n" in finished.out, line
    data = run_json("doctor", "--report", "--wait", "5")["data"]
    assert ["versions", "variables", "logs", "settings", "checks", "store"] == list(data)
    assert {"outcome": 1} == data["store"]["records"]


def test_it_leaves_out_what_is_remembered_and_whose_it_is(run_alma, learn, configure, crashed):
    configure(CONFIG)
    learn(SECRET, outcome="failure", strategy=SECRET)
    log = crashed / ".alma/log/hooks.log"
    log.write_text(
        f"2026-11-27T03:47:00Z stop: warning: known to be bad (3fa9c2d1): {SECRET}; better: {SECRET}\n"
        f"2026-11-27T03:47:01Z stop: error: task: expected text, got '{SECRET}'\n"
        f"2026-11-27T03:47:02Z stop: error: {TOKEN} in {crashed}/x\n"
    )
    shown = run_alma("doctor", "--report").out
    for word in (*SECRET.split(), TOKEN, "wholly-secret", "acme-bank", "words of our own", "wombat", "the key itself"):
        assert word not in shown, word
    assert str(crashed) not in shown
    assert "stop: warning: known to be bad (3fa9c2d1): (left out)\n" in shown
    assert "stop: error: task: expected text, got '\u2026'\n" in shown
    assert "stop: error: [redacted: github token] in (project)/x\n" in shown
    assert "  ALMA_COSMOS_KEY\n" in shown
    assert "    ZeroDivisionError\n" in shown
    assert "/alma_cli/cli/inputs.py:" in shown


@pytest.mark.parametrize(
    ("broken", "part", "told"),
    [
        ("config.yaml", "error", "(project)/.alma/config.yaml:1: "),
        ("memory.duckdb", "store", "can't be read as a store"),
    ],
)
def test_what_is_broken_is_a_part_of_it(run_json, project, broken, part, told):
    (project / ".alma" / broken).write_text("alma: [" * 1000)
    data = run_json("doctor", "--report")["data"]
    assert told in data[part]
    assert "alma" in data["versions"]


def test_without_a_project_it_says_so(run_json, project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = run_json("doctor", "--report")["data"]
    assert ["versions", "variables", "error"] == list(data)
    assert data["error"].startswith("no .alma/ in ")


def test_it_leaves_out_the_names_that_the_project_had(run_alma, learn, configure, crashed):
    configure("alma:\n  project_id: wholly-secret\n")
    learn("Ship")
    configure("alma:\n  project_id: other-secret\n")
    shown = run_alma("doctor", "--report").out
    assert "FAILED: records of another project_id: 1 of '\u2026'" in shown
    assert "-secret" not in shown
