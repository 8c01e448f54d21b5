"""`alma doctor`: check that everything works."""

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Dir, Json, Wait
from alma_cli.cli.output import Reply, Table
from alma_cli.errors import AlmaError


def doctor(wait: Wait = None, directory: Dir = None, json: Json = False) -> Reply:
    """Check the configuration, the store, the embedding model and, in a store of its own, that memories come back.

    Nothing in the project is changed. The exit code is 1 when something is wrong.

    \b
    Examples:
      alma doctor
      alma doctor --json
    """
    checks = list(open_alma(directory, wait).examine())
    failed = [check for check in checks if not check.ok]
    rows = [("ok" if check.ok else "FAILED", check.name, check.found) for check in checks]
    count = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
    return Reply(
        data={"checks": [check.to_json() for check in checks]},
        tables=[Table(headings=("", "check", "found"), rows=rows, flexible=[2])],
        told=[f"{check.name}: {check.hint}" for check in failed if check.hint],
        error=AlmaError(f"{count} failed", hint=failed[0].hint) if failed else None,
        json=json,
    )
