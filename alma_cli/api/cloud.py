"""The database and container in Azure: made here, or as the commands that make them elsewhere."""

from alma_cli.api.session import Session
from alma_cli.errors import InvalidConfig
from alma_cli.remote.cosmos.az import az_lines
from alma_cli.remote.cosmos.container import Made, make_container

_PATIENCE_S = 30.0
"""Making a container takes the service some seconds."""


def make(session: Session) -> Made:
    """Make the database and the container unless they are there. Raises `InvalidConfig`, `RemoteError`."""
    if session.config.storage == "file":
        raise InvalidConfig("storage: file shares through a folder, which needs no database", hint="run `alma sync`")
    return make_container(session.config.azure, dimensions=session.dimension(), patience_s=_PATIENCE_S)


def commands(session: Session) -> list[str]:
    """The commands of Azure's own tool that make it all; nothing is sent, and no credential needed."""
    return az_lines(session.config.azure, dimensions=session.dimension())
