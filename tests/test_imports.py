"""What a cold start may load, and that the public names are where they are promised."""

import json
import subprocess
import sys

import pytest

HEAVY = "typer rich duckdb _duckdb numpy yaml fastembed onnxruntime tokenizers pydantic azure jinja2"
PROBE = """
import json, sys
from alma_cli.cli import main
code = main(sys.argv[1:])
sys.stdout.flush()
print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)
sys.exit(code)
"""


def loaded(*argv):
    """The top-level modules that a command loaded in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-c", PROBE, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert 0 == finished.returncode, finished.stderr
    return set(json.loads(finished.stderr.splitlines()[-1]))


@pytest.mark.parametrize("argv", [["--help"], ["--version"]])
def test_the_overview_loads_nothing_heavy(project, argv):
    assert set() == loaded(*argv) & set(HEAVY.split())


def test_alma_alone_loads_nothing_heavy_where_no_project_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert set() == loaded() & set(HEAVY.split())


@pytest.mark.parametrize(
    "argv",
    [
        ["learn", "--agent", "a", "--task", "Test the login form", "--outcome", "success"],
        ["retrieve", "Test the login form", "--agent", "a"],
        ["retrieve", "Test the login form", "--agent", "a", "--json"],
        ["list"],
        ["add", "knowledge", "CI has two cores", "--project-wide"],
    ],
)
def test_a_piped_command_loads_no_rich_and_no_heavy_model(project, learn, argv):
    learn("Test the login form")
    assert set() == loaded(*argv) & {
        "rich",
        "fastembed",
        "onnxruntime",
        "tokenizers",
        "pydantic",
        "azure",
        "duckdb",
        "jinja2",
    }


def test_completing_a_value_loads_nothing_heavy(project, learn):
    learn("Test the login form")
    loaded("completion", "--values", "ids")  # writes what the next key reads
    assert set() == loaded("completion", "--values", "ids") & set(HEAVY.split())


@pytest.mark.parametrize("argv", [["stats"], [], ["log"], ["config", "show"], ["export"]])
def test_what_compares_no_meaning_loads_no_numpy(project, learn, argv):
    learn("Test the login form")
    assert "numpy" not in loaded(*argv)


@pytest.mark.parametrize(
    "argv", [["learn", "--agent", "a", "--task", "Test", "--outcome", "success"], ["retrieve", "Test", "--agent", "a"]]
)
def test_where_pandas_is_installed_no_command_loads_it(project, tmp_path, argv):
    (tmp_path / "pandas.py").write_text("print('pandas was loaded')", encoding="utf-8")
    code = "import sys; sys.path.append(sys.argv.pop(1)); from alma_cli.__main__ import run; run()"
    command = [sys.executable, "-c", code, str(tmp_path), *argv]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pandas" not in finished.stdout + finished.stderr


def test_retrieving_loads_nothing_that_only_a_sync_or_deriving_needs(project, learn):
    learn("Test the login form")
    code = "import sys; from alma_cli.cli import main; main(['retrieve', 'login', '--agent', 'a', '--json']); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    needless = ("alma_cli.core.replication.documents", "alma_cli.core.learning.derive", "alma_cli.store.replication")
    assert [] == [name for name in shown.splitlines()[-1].split() if name.startswith(needless)]


def test_only_the_command_that_runs_is_loaded(project):
    code = "import sys; from alma_cli.cli import main; main(['stats']); print([m for m in sys.modules if 'alma_cli.cli.' in m])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    modules = {name.rpartition(".")[2].strip("'") for name in shown.splitlines()[-1].strip("[]").split(", ")}
    assert {
        "commands",
        "app",
        "typer_insides",
        "output",
        "options",
        "inputs",
        "signatures",
        "stats",
        "terminal",
    } == modules


@pytest.mark.parametrize("module", ["alma_cli", "alma"])
def test_public_names_are_there(module):
    from importlib import import_module

    found = import_module(module)
    assert ["ALMA", "AlmaError", "Domain", "Hit", "MemoryScope", "MemorySlice", "__version__"] == sorted(found.__all__)
    for name in found.__all__:
        assert getattr(found, name) is not None


def test_alma_is_a_door_to_the_same_names():
    import alma

    import alma_cli

    assert alma_cli.__all__ == alma.__all__
    assert all(getattr(alma_cli, name) is getattr(alma, name) for name in alma.__all__)


def test_importing_alma_cli_loads_only_what_is_used():
    code = "import sys, alma_cli; dir(alma_cli); print('alma_cli.api' in sys.modules)"
    assert "False\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout


def test_a_name_that_is_not_there_is_an_attribute_error():
    import alma_cli

    with pytest.raises(AttributeError, match="module 'alma_cli' has no attribute 'Manager'"):
        _ = alma_cli.Manager
    assert sorted(alma_cli.__all__) == dir(alma_cli)
