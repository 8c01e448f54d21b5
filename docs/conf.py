"""The documentation site, which `make site` builds with Sphinx from the same Markdown that is read in the repository.

The source folder is the repository, so that relative links mean the same in both places. Warnings are errors: a link or
an anchor that leads nowhere, or a page that the navigation doesn't reach, fails the build.
"""

# ruff: noqa: INP001  # a script, not a package

import shutil
from pathlib import Path
from typing import ClassVar

from pygments.lexer import RegexLexer, using
from pygments.lexers import BashLexer
from pygments.token import Generic
from sphinx.application import Sphinx

from alma_cli import __version__

project = "ALMA"
version = release = __version__
language = "en"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md"]
myst_heading_anchors = 6
html_theme = "furo"
html_title = f"ALMA {__version__}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_theme_options = {"light_css_variables": {"code-font-size": "75%"}}
pygments_style = "default"
html_copy_source = False
html_show_copyright = False
smartquotes = False

NAVIGATION = {
    "README": {
        "Begin": ["What to read </docs/README>", "/docs/guides/getting-started", "/docs/guides/agents-in-shells"],
        "Where agents live": ["/docs/guides/claude-code", "/docs/guides/git", "/docs/guides/run", "/docs/guides/mcp"],
        "Guides": [
            "/docs/guides/report",
            "/docs/guides/scopes",
            "/docs/guides/durability",
            "/docs/guides/secrets",
            "/docs/guides/import-export",
            "/docs/guides/azure",
            "/docs/guides/troubleshooting",
        ],
        "Look up": ["/docs/cli/README", "/docs/configuration", "/docs/api/python"],
        "Understand": ["/docs/learning", "/docs/sync", "/docs/benchmarks", "/docs/comparison"],
        "Take part": [
            "/docs/architecture/architecture",
            "/docs/architecture/PRD",
            "/CONTRIBUTING",
            "/SECURITY",
            "For agents </AGENTS>",
            "/CHANGELOG",
        ],
    },
    "docs/cli/README": {"Commands": ["/docs/cli/*"]},
}
"""The pages below a page, by caption. Markdown has no word for this, so it stands here."""


def add_navigation(_: Sphinx, name: str, source: list[str]) -> None:
    """Put the table of contents at the end of a page's source."""
    for caption, pages in NAVIGATION.get(name, {}).items():
        lines = ["```{toctree}", f":caption: {caption}", ":hidden:", ":glob:", *pages, "```"]
        source[0] += "\n" + "\n".join(lines) + "\n"


class ConsoleLexer(RegexLexer):
    """Commands after `$ `, with what they print. Pygments' own takes Markdown that is printed for prompts."""

    name = "console"
    aliases = ("console",)
    tokens: ClassVar = {
        "root": [(r"\$ ", Generic.Prompt, "command"), (r".*\n", Generic.Output)],
        "command": [(r"(?:\\\n|.)+\n", using(BashLexer), "#pop")],
    }


def add_indexes(app: Sphinx, error: Exception | None) -> None:
    """Let a folder's README also be what a server shows for the folder."""
    if not error:
        for page in Path(app.outdir).rglob("README.html"):
            shutil.copyfile(page, page.with_name("index.html"))


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.add_lexer("console", ConsoleLexer)
    app.connect("source-read", add_navigation)
    app.connect("build-finished", add_indexes)
