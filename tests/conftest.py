"""What every test may rely on: no network, a HOME and an environment of its own, and a project to work in."""

import io
import os
import socket
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from alma_cli.cli import main
from alma_cli.project import make_project

CONFIG = """\
alma:
  project_id: shop
"""

SCOPED_CONFIG = """\
alma:
  project_id: shop
  agents:
    helena:
      can_learn: [testing_strategies, selector_patterns, ui_patterns]
      cannot_learn: [backend_logic]
    victor:
      can_learn: [api_testing, database_validation]
      cannot_learn: [frontend_logic]
"""


class Finished(NamedTuple):
    """How a command ended: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory):
    """A HOME that is nobody's, and no variable that ALMA or its libraries would read."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("ALMA_", "_ALMA_", "AZURE_", "GIT_", "XDG_")) or name in ("NO_COLOR", "COLUMNS"):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("USER", "tester")
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Connecting anywhere but to a socket file of this machine fails."""

    def connect(self, address):
        if self.family == socket.AF_UNIX:
            return real(self, address)
        raise OSError(f"tests have no network: {address}")

    real = socket.socket.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a new project where any agent may learn anything; it is the current folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    make_project(folder, CONFIG)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def scoped_project(project):
    """The same with helena and victor, each with a scope."""
    configure(project, SCOPED_CONFIG)
    return project


def configure(folder: Path, text: str) -> None:
    """Replace the project's configuration."""
    (folder / ".alma/config.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def run_alma(project, monkeypatch):
    """Run one command line in the project, as `alma` does: `stdin` is what is piped in, None a closed stdin."""

    def run(*argv: str, stdin: str | bytes | None = b"") -> Finished:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", None if given is None else io.TextIOWrapper(io.BytesIO(given), "utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", write_through=True))
            code = main(argv)
        return Finished(code, out.getvalue().decode(), err.getvalue().decode())

    return run
