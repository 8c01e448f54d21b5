"""Tells how to add an extra to the ALMA that is running, in the way in which it was installed.

On the public package index ALMA's name is another project's. So no command here has an index look for that name: it
gives the place that ALMA came from, or names only the packages that are missing.
"""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

_NAME = "alma-memory"


def how_to_add(extra: str) -> str:
    """The command that adds the packages of an extra to this installation."""
    try:
        installed = distribution(_NAME)
    except PackageNotFoundError:
        return f"install ALMA from its source with the extra `{extra}`"
    packages = _packages(installed, extra)
    source = _source(installed, extra)
    if os.path.isfile(os.path.join(sys.prefix, "pipx_metadata.json")):
        return _line("pipx", "inject", os.path.basename(sys.prefix), *packages)
    if source and os.path.isfile(os.path.join(sys.prefix, "uv-receipt.toml")):
        return _line("uv", "tool", "install", *source)
    pip = ("-m", "pip", "install") if find_spec("pip") else ()
    start = (sys.executable, *pip) if pip else ("uv", "pip", "install", "--python", sys.executable)
    return _line(*start, *(source or packages))


def _line(*words: str) -> str:
    return " ".join(map(shlex.quote, words))


def _packages(installed: Distribution, extra: str) -> list[str]:
    """The packages of an extra, as an installer takes them."""
    found = [one.partition(";") for one in installed.requires or ()]
    return [package.strip() for package, _, condition in found if f'"{extra}"' in condition.replace("'", '"')]


def _source(installed: Distribution, extra: str) -> Sequence[str]:
    """The words that have an installer take ALMA from where it came, with an extra; none when that is unknown or gone.

    The form is that of https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        came = json.loads(installed.read_text("direct_url.json") or "")
        url, folder, vcs = str(came["url"]), came.get("dir_info", {}), came.get("vcs_info", {})
        within = f"#subdirectory={came['subdirectory']}" if "subdirectory" in came else ""
        if url.startswith("file:") and not vcs:
            path = unquote(urlsplit(url).path)
            editable = ["--editable"] if folder.get("editable") else []
            return [*editable, f"{path}[{extra}]"] if os.path.exists(path) else ()
        if "://" not in url:
            return ()
        if vcs:
            url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    return [f"{_NAME}[{extra}] @ {url}{within}"]
