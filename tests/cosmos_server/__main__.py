"""`python -m tests.cosmos_server`: prints its address, and runs until standard input is closed."""

import argparse
import asyncio
import sys

from tests.cosmos_server.account import Account
from tests.cosmos_server.running import KEY, serve


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cosmos_server", description=__doc__)
    parser.add_argument("--ranges", type=int, default=4, help="physical ranges of each container")
    parser.add_argument("--certificate", default="", help="a PEM file with key and certificate: speak HTTPS")
    given = parser.parse_args()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)))
    account = Account(key=KEY, ranges=given.ranges)
    await serve(account, certificate=given.certificate, started=lambda address: print(address, flush=True), stop=stop)


if __name__ == "__main__":
    asyncio.run(main())
