"""Stands for an agent that reads: it knows by heart what the demonstration's thirteen outcomes are about.

It reads a sheet of `alma reflect --format json` on stdin, and answers as an agent would.
"""

import json
import sys

KNOWN = {
    ("a test depends on today's date", "freeze the clock"): [
        "Fix MembershipCardTest, red since 1 February",
        "renewal_reminder_test fails on the last day of a month",
        "CI is green in the morning and red late at night",
        "The 'new since yesterday' badge spec breaks depending on when it runs",
    ],
    ("a test depends on today's date", "move the expected date forward"): [
        "InvoiceDueTest broke again this morning",
        "voucher_expiry_spec: expired vouchers are rejected",
        "The birthday discount test is a day off",
    ],
    ("calls to another service time out now and then", "retry with growing pauses and a limit"): [
        "Payment provider answers 504 from time to time during checkout",
        "address lookup sometimes hangs, the import dies with it",
        "Nightly stock sync aborts when the supplier's API hiccups",
    ],
    ("calls to another service time out now and then", "raise the timeout"): [
        "KYC vendor intermittently too slow for the HTTP client",
        "Shipping quotes fail at peak hours",
        "exchange rates can't be fetched now and then",
    ],
}


def answer() -> None:
    """Write a line for each group of outcomes on the sheet."""
    codes = {outcome["task"]: outcome["code"] for outcome in json.load(sys.stdin)["outcomes"]}
    for (when, do), tasks in KNOWN.items():
        found = [codes[task] for task in tasks if task in codes]
        if found:
            sys.stdout.write(json.dumps({"when": when, "do": do, "outcomes": found}) + "\n")


if __name__ == "__main__":
    answer()
