"""`alma stats`: how much is remembered."""

from alma_cli.cli.inputs import open_alma
from alma_cli.cli.options import Dir, Json, Verbose, Wait
from alma_cli.cli.output import Reply, Table


def stats(wait: Wait = None, directory: Dir = None, verbose: Verbose = False, json: Json = False) -> Reply:
    """Count what is remembered, by agent, domain and kind.

    \b
    Examples:
      alma stats
      alma stats --json | jq .data.total
    """
    counted = open_alma(directory, wait).stats()
    total = sum(tally.count for tally in counted.tallies)
    rows = [
        (tally.agent, tally.domain, tally.kind.replace("_", "-"), f"{tally.count:,}", f"{tally.archived:,}")
        for tally in counted.tallies
    ]
    headings = ("agent", "domain", "kind", "count", "archived")
    told = [f"{total:,} records, {counted.forgotten:,} forgotten, {counted.store_bytes / 1e6:.1f} MB"]
    if counted.waiting:
        told.append(f"{counted.waiting:,} {'write waits' if counted.waiting == 1 else 'writes wait'} in the journal")
    return Reply(
        data={
            "total": total,
            "forgotten": counted.forgotten,
            "waiting": counted.waiting,
            "store_bytes": counted.store_bytes,
            "models": dict(counted.models),
            "outcomes": {agent: dict(results) for agent, results in counted.results.items()},
            "tallies": [
                {
                    "agent": tally.agent,
                    "domain": tally.domain,
                    "kind": tally.kind,
                    "count": tally.count,
                    "archived": tally.archived,
                }
                for tally in counted.tallies
            ],
        },
        tables=[Table(headings=headings, rows=rows, flexible=[0, 1])] if rows else [],
        told=told,
        warnings=counted.warnings,
        json=json,
    )
