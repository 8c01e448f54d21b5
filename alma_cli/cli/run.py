"""`alma run`: run a command, and learn from how it ended."""

from typing import Annotated

from alma_cli.cli.options import Agent, Dir, Do, DomainOption, When, argument, option
from alma_cli.cli.output import Reply, tell
from alma_cli.core.text import one_line
from alma_cli.hooks.run import NotStarted, end_alike, run_through


def run(
    command: Annotated[list[str], argument("-- COMMAND...", "What to run.")],
    agent: Agent = None,
    task: Annotated[str, option("--task TEXT", "What it is for [the command itself].")] = "",
    strategy: Annotated[str, option("--strategy TEXT", "What was done before, in your words [nothing].")] = "",
    when: When = "",
    do: Do = "",
    domain: DomainOption = None,
    junit: Annotated[
        list[str] | None,
        option("--junit PATH", "Learn from a test report, too, or those of a folder or 'pattern'; may be repeated."),
    ] = None,
    directory: Dir = None,
) -> Reply:
    """Run a command as if ALMA weren't there, and learn from how it ended.

    Its stdin, stdout, stderr, signals and exit code are its own. A failure is recorded with its exit status and
    the error line that tells most (none on a terminal), a success with its duration; one that Ctrl-C stopped is not
    recorded. Trouble with recording is told in one line on stderr and changes nothing else.

    The command is no strategy: it says how the work went, not how to do it. Say that by --strategy,
    and in general words by --when and --do.

    Each test that changed since its last report is an outcome, too. A report that this run didn't write is not read.

    \b
    Examples:
      alma run --agent helena --task "Test the login form" -- npm test
      alma run --agent helena --task "Speed up the search" \\
          --strategy "Cached the embeddings" -- make test
      alma run --agent helena --when "a test waits for a page" \\
          --do "wait for the element, not for a time" -- make test
      alma run --junit report.xml -- pytest --junitxml=report.xml
      alma run --junit '**/surefire-reports/*.xml' -- mvn verify
    """
    reports = None
    if places := [place for place in junit or () if place]:
        from alma_cli.hooks.junit.files import Reports

        reports = Reports(places)
    try:
        ended = run_through(command)
    except NotStarted as error:
        is_spread = reports and command[0].endswith(".xml")  # the shell made many paths of a pattern
        tell(f"alma run: {one_line(str(error))}{'; put the pattern after --junit in quotes' if is_spread else ''}")
        return Reply(exit_code=error.code)
    try:
        from alma_cli.hooks.learn_from_run import Ran, learn_from

        ran = Ran(command=command, agent=agent, task=task, strategy=strategy, when=when, do=do, domain=domain)
        trouble = "; ".join(learn_from(ran, ended, directory=directory, reports=reports))
    except (Exception, KeyboardInterrupt) as error:  # whatever it is, it is not the command's
        trouble = f"not recorded: {getattr(error, 'told', error)}"
    if trouble:
        tell(f"alma run: {one_line(trouble, 600)}")
    return Reply(exit_code=end_alike(ended))
