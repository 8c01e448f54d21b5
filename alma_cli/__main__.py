"""`python -m alma_cli`, and where the `alma` command starts."""

import sys


def run() -> None:
    """Run the command line of this process and end it with its exit code."""
    from alma_cli.cli import main

    sys.exit(main(sys.argv[1:], is_alone=True))


if __name__ == "__main__":
    run()
