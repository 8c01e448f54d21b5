"""The file that `alma init` writes."""

import os
import re

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
