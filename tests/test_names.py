"""A public class has a name that no other one has, so that a name in a message, a test or a page means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import alma_cli

PACKAGE = Path(alma_cli.__file__).parent


SAYING_NOTHING = {"ahead", "beside", "kept", "remembered", "arrivals", "likeness"}


def test_no_module_class_or_function_has_a_name_that_says_nothing():
    names = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        names[path.stem].append(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                names[node.name.strip("_").lower()].append(f"{path}:{node.lineno}")

    assert len(names) > 1000
    assert {} == {name: names[name] for name in SAYING_NOTHING & names.keys()}


def test_no_two_public_classes_share_a_name():
    homes = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(PACKAGE)))

    assert len(homes) > 100
    assert {} == {name: found for name, found in homes.items() if len(found) > 1}
