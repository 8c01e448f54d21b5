"""The memory that a server serves: that of one project, by the configuration as it is when a call comes."""

import os

from alma_cli.api import ALMA
from alma_cli.errors import ProjectNotFound


class ServedMemory:
    """The memory of a project whose configuration may change, or vanish, while the server runs."""

    def __init__(self, alma: ALMA) -> None:
        self._alma = alma
        self._version: tuple[int, ...] = ()

    def now(self) -> ALMA:
        """The memory by the configuration of this moment. Raises `ProjectNotFound` or `InvalidConfig`."""
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
