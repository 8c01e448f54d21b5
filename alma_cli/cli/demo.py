"""`alma demo`: the whole loop, in a temporary project."""

from alma_cli.cli.options import Dir, Json
from alma_cli.cli.output import Reply
from alma_cli.files import kept_temporarily


def demo(directory: Dir = None, json: Json = False) -> Reply:
    """Show what ALMA does: outcomes in natural words become rules, in a temporary project that is gone at the end.

    Its output is that of the commands it runs; with --json only whether they ended as they should.

    \b
    Examples:
      alma demo
      NO_COLOR=1 alma demo | less
    """
    from alma_cli.demo import demonstrate

    if json:
        import os
        from contextlib import redirect_stdout

        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            kept_temporarily("the demonstration"),
        ):
            code = demonstrate()
        return Reply(data={"ended_well": code == 0}, json=True, exit_code=code)
    with kept_temporarily("the demonstration"):
        return Reply(exit_code=demonstrate())
