"""A public class has a name that no other one has, so that a name in a message, a test or a page means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import alma_cli

PACKAGE = Path(alma_cli.__file__).parent


def test_no_two_public_classes_share_a_name():
    homes = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(PACKAGE)))

    assert len(homes) > 100
    assert {} == {name: found for name, found in homes.items() if len(found) > 1}
