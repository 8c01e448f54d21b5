"""Fail when a part of ALMA is less covered by tests than promised: core 100% by branches, all else over 90%."""

import io
import sys
from collections import defaultdict

from coverage import Coverage

FLOORS = {"alma_cli/core": 100.0}
OTHERS = 90.0


def main() -> int:
    coverage = Coverage()
    coverage.load()
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path in sorted(coverage.get_data().measured_files()):
        numbers = coverage._analyze(path).numbers
        part = "/".join(path[path.rindex("/alma_cli/") + 1 :].split("/")[:-1][:2])
        done, possible = numbers.ratio_covered
        counted[part][0] += done
        counted[part][1] += possible
    failed = False
    for part, (done, possible) in sorted(counted.items()):
        percent = 100.0 * done / possible if possible else 100.0
        floor = FLOORS.get(part, OTHERS)
        if percent < floor:
            failed = True
            print(f"{part}: {percent:.1f}% covered by tests, {floor:g}% promised", file=sys.stderr)
    if failed:
        report = io.StringIO()
        coverage.report(show_missing=True, skip_covered=True, file=report)
        print(report.getvalue(), file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
