"""The configuration: `config.yaml` and the environment become one frozen `Config`, or an error that says where.

Each key is described once, in `model.py`; checking, showing, overriding and documenting follow from there.
"""

from alma_cli.config.edit import Changed, set_value, with_value, write_text
from alma_cli.config.environment import OTHER_VARIABLES, unknown_variables
from alma_cli.config.load import check_config, load_config
from alma_cli.config.model import (
    AGENT_KEYS,
    KEYS,
    Azure,
    Config,
    Key,
    KeyFromEnvironment,
    KeyFromVault,
    Setting,
    display,
)
from alma_cli.config.template import default_project_id, template
from alma_cli.config.tree import Mapping, Node, Scalar, parse_yaml
