"""Files of the folder that is worked in, named like modules, are never run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ["typer", "json", "yaml", "sitecustomize", "typing", "gc", "duckdb", "numpy", "rich", "logging", "mcp"]
pytestmark = pytest.mark.slow


@pytest.fixture
def planted(project):
    """The folder with a file for each of these names, which says when it is run; what was said."""
    said = project.parent / "said"
    for name in NAMES:
        (project / f"{name}.py").write_text(f"open({str(said)!r}, 'a').write({name!r} + ' ')\n")
    return lambda: said.read_text() if said.exists() else ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["learn", "--agent", "me", "--task", "Ship", "--outcome", "success"],
        ["retrieve", "Ship", "--agent", "me"],
        ["config", "show"],
        ["list", "--json"],
        ["mcp"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_of_python_m_runs_no_file_of_the_current_folder(planted, alma_process, arguments):
    finished = alma_process(*arguments)
    assert (0, "") == (finished.returncode, planted()), finished


@pytest.mark.parametrize("python_path", [":/nowhere", "/nowhere:", ".", "./:/nowhere", "lib", "{}", "{}/lib:{}"])
def test_a_path_of_python_that_names_the_folder_worked_in_leads_to_none_of_its_files(planted, project, python_path):
    (project / "sitecustomize.py").unlink()  # Python itself runs that
    (project / "lib").mkdir()
    (project / "lib/typer.py").write_text((project / "typer.py").read_text())
    program = str(Path(sys.executable).with_name("alma"))
    environ = {**os.environ, "PYTHONPATH": python_path.replace("{}", str(project))}
    for arguments in (["list"], ["learn", "--agent", "me", "--task", "Ship", "--outcome", "success"]):
        finished = subprocess.run([program, *arguments], capture_output=True, env=environ)
        assert (0, "") == (finished.returncode, planted()), finished


def test_what_the_path_of_python_alone_has_is_found_there(project):
    (project / "mine.py").write_text("found = 'found'")
    code = "import sys; sys.argv = ['alma']; import alma_cli, mine; print(mine.found)"
    environ = {**os.environ, "PYTHONPATH": str(project)}
    finished = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environ)
    assert "found\n" == finished.stdout, finished


def test_a_sync_runs_no_file_of_the_current_folder(planted, project, configure, learn, alma_process):
    configure("alma:\n  project_id: shop\n  storage: file\n  file: {path: ../shared}\n")
    learn("Ship")
    assert 0 == alma_process("sync").returncode
    assert ("", True) == (planted(), (project.parent / "shared").is_dir())


def test_the_demo_runs_no_file_of_the_current_folder(planted):
    finished = subprocess.run([sys.executable, "-m", "alma_cli", "demo"], capture_output=True, env=dict(os.environ))
    assert (0, "") == (finished.returncode, planted()), finished


def test_a_program_that_imports_it_keeps_its_own_folder_on_the_path(project):
    (project / "mine.py").write_text("import alma_cli, sys; print(sys.path[0])")
    for arguments in (["-m", "mine"], ["mine.py"]):
        finished = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
        assert str(project) == finished.stdout.strip()


@pytest.mark.parametrize("path", [".:{}", ":{}", "."])
@pytest.mark.parametrize("argv", [["report", "--open"], ["edit", "ID"], ["reflect", "--agent", "me", "--with", "pick"]])
def test_a_program_that_is_named_is_not_looked_for_in_the_folder(argv, path, project, alma_process, learn):
    id = learn("Ship it", agent="me", strategy="By the script")
    (project / "pick").write_text("#!/bin/sh\ntouch ran\n")
    (project / "pick").chmod(0o755)
    environ = {"PATH": path.format(os.environ["PATH"]), "EDITOR": "pick", "BROWSER": "pick %s"}
    alma_process(*[id if word == "ID" else word for word in argv], environ=environ)
    assert not (project / "ran").exists()
