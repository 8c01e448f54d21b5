"""The file that `alma init` writes, and the table of all keys in the documentation."""

import os
import re

from alma_cli.config.model import AGENT_KEYS, KEYS, Key, display
from alma_cli.core.text import composed

_TEMPLATE = """\
# The memory of this project's agents. `alma config show` lists every key and where its value came from.
alma:
  project_id: "{project_id}"   # names the project's memories in the cloud; the same for everyone
  storage: local               # on this machine

  # Who may learn what. "*" is any agent, and {{}} is any domain. To name agents instead:
  #   helena:
  #     can_learn: [testing_strategies, selector_patterns]   # empty or missing: any domain
  #     cannot_learn: [backend_logic]                        # beats can_learn
  #     share_with: [victor]                                 # who else sees her memories
  agents:
    "*": {{}}

  # azure:
  #   endpoint: https://NAME.documents.azure.com:443/        # or set ALMA_AZURE_ENDPOINT
  #   auth: default                                          # or "key", read from ALMA_COSMOS_KEY
"""


def template(project_id: str) -> str:
    """A first `config.yaml`, with comments that teach."""
    escaped = project_id.replace("\\", "\\\\").replace('"', '\\"')
    return _TEMPLATE.format(project_id=escaped)


def default_project_id(folder: str | os.PathLike[str]) -> str:
    """A project id from a folder's name: letters, digits, `.`, `_` and `-`."""
    name = composed(os.path.basename(os.path.realpath(folder))).lower()
    return re.sub(r"[^\w.-]+", "-", name).strip("-_.")[:128] or "my-project"


def reference() -> str:
    """Every key as a Markdown table, with what it takes, its default, its variable and its meaning."""
    lines = ["| key | takes | default | variable | meaning |", "|---|---|---|---|---|"]
    lines += [_row(key, f"`{key.variable}`") for key in KEYS]
    lines += [_row(key, "") for key in AGENT_KEYS]
    return "\n".join(lines) + "\n"


def _row(key: Key, variable: str) -> str:
    cells = [f"`{key.path}`", key.takes, _default(key), variable, key.meaning]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _default(key: Key) -> str:
    if key.default is None:
        return "required"
    return f"`{display(key.default)}`" if key.default not in ("", ()) else ""
