"""`alma cloud`: the database and container that `alma sync` shares through."""

from typing import Annotated

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Dir, Yes, option
from alma_cli.cli.output import Reply


def create(
    print_az: Annotated[
        bool, option("--print-az", "Only print the commands of `az` that do it; needs no credential.")
    ] = False,
    directory: Dir = None,
    yes: Yes = False,
) -> Reply:
    """Make the Cosmos DB database and container of the configuration, with their policies; safe to run again.

    This needs more rights than `alma sync` does: the account key, or a role that may make containers. Who has none
    gives the output of --print-az to somebody who has; it also makes the account, and grants the right to sync.

    \b
    Examples:
      alma cloud create
      alma cloud create --print-az
      ALMA_AZURE_AUTH=key alma cloud create --json
    """
    alma = open_alma(directory)
    if print_az:
        commands = alma.cloud_commands()
        return Reply(data={"commands": list(commands)}, lines=commands)
    made = alma.cloud_create()
    azure = alma.config.azure
    told = [
        f"{'made' if is_new else 'there already:'} the {what} {name}"
        for what, name, is_new in (
            ("database", azure.database, made.database_made),
            ("container", azure.container, made.container_made),
        )
    ]
    return Reply(
        data={
            "remote": made.name,
            "database": azure.database,
            "database_created": made.database_made,
            "container": azure.container,
            "container_created": made.container_made,
        },
        told=[*told, "next: alma sync"],
        warnings=made.warnings,
    )
