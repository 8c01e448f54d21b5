"""Known-item search over the standard library's docstrings: what is committed as data/docstrings.ndjson.

    python -m tests.benchmarks.make_docstrings > tests/benchmarks/data/docstrings.ndjson

As is usual for such sets, the summary of a docstring is the query and the rest of it the document; the names of the
object and of its module are struck out of both, so that the answer can't be read off. Sources are parsed, not imported.
What is committed was made with Python 3.11.7 (other versions document other things), whose docstrings are under the
Python Software Foundation License.
"""

import ast
import inspect
import json
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

LEAST_QUERY_WORDS, LEAST_DOCUMENT_WORDS = 4, 12
MOST_CHARACTERS = 600
LEFT_OUT = {"idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests", "turtledemo", "__pycache__"}


def main() -> None:
    found = [pair for path in sources() for pair in pairs(path)]
    queries = [query.lower() for query, _ in found]
    documents = [document.lower() for _, document in found]
    unique = [
        pair
        for pair, query, document in zip(found, queries, documents, strict=True)
        if queries.count(query) == 1 and documents.count(document) == 1
    ]
    for query, document in unique:
        sys.stdout.write(json.dumps({"task": query, "text": document}) + "\n")


def sources() -> list[Path]:
    """Every module of the standard library, in a fixed order."""
    root = Path(sysconfig.get_path("stdlib"))
    return sorted(path for path in root.rglob("*.py") if LEFT_OUT.isdisjoint(path.relative_to(root).parts))


def pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Summary and rest of each public docstring that has enough of both."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        text = ast.get_docstring(node)
        if not text:
            continue
        summary, _, rest = inspect.cleandoc(text).partition("\n\n")
        query, document = (without_names(part, [node.name, path.stem]) for part in (summary, rest))
        document = document[:MOST_CHARACTERS]
        if len(query.split()) >= LEAST_QUERY_WORDS and len(document.split()) >= LEAST_DOCUMENT_WORDS:
            yield query, document


def without_names(text: str, names: list[str]) -> str:
    """The text on one line, without these names, and without what a call of them looks like at the start."""
    for name in names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)(\([^)\n]*\)( ->)?)?", " ", text, flags=re.IGNORECASE)
    return " ".join(text.split())


if __name__ == "__main__":
    main()
