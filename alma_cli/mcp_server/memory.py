"""The memory that a server serves: that of one project, by the configuration as it is when a call comes."""

import os

import alma_cli
from alma_cli.api import ALMA
from alma_cli.errors import AlmaError, ProjectNotFound


class ServedMemory:
    """The memory of a project whose configuration may change, or vanish, while the server runs."""

    def __init__(self, alma: ALMA) -> None:
        self._alma = alma
        self._version: tuple[int, ...] = ()
        self._program = _installed()

    def now(self) -> ALMA:
        """The memory by the configuration of this moment. Raises `ProjectNotFound` or `InvalidConfig`.

        Raises `AlmaError` once ALMA itself was replaced: what is loaded from now on is of another version.
        """
        if _installed() != self._program:
            raise AlmaError("ALMA was upgraded or removed since this server started", hint="restart the server")
        path = self._alma.project.config_path
        try:
            seen = os.stat(path)
        except FileNotFoundError as error:
            raise ProjectNotFound(f"{path} is gone: the project was moved or removed") from error
        version = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        if version != self._version:
            self._alma = self._alma.reread()
            self._version = version
        return self._alma


def _installed() -> tuple[int, ...]:
    """What changes when ALMA is installed anew; nothing where it is gone."""
    try:
        seen = os.stat(alma_cli.__file__)
    except OSError:
        return ()
    return seen.st_ino, seen.st_mtime_ns, seen.st_size
