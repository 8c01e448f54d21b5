"""The repository is a plugin of Claude Code and the marketplace that lists it, as the published schemas want them.

The schemas here say what those of https://json.schemastore.org (claude-code-plugin-manifest, claude-code-marketplace,
of 2026-04-23) say of the fields that are used; a field that they don't name is a mistake.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

import alma_cli.hooks.install
from alma_cli import __version__
from alma_cli.cli import main
from alma_cli.cli.commands import COMMANDS
from alma_cli.hooks.events import AGENT_EVENTS
from alma_cli.hooks.install.claude import plan_claude
from alma_cli.hooks.install.parts import ConnectedProject
from alma_cli.project import Project
from tests.agent_skills import check_skill, front_matter

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / ".claude-plugin"
SKILL = PLUGIN / "skills/alma/SKILL.md"
COMMAND_PAGES = sorted((PLUGIN / "commands").glob("*.md"))

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "email": {"type": "string"}, "url": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
PATH = {"type": "string", "pattern": r"^\./.*"}
JSON_PATH = {"type": "string", "pattern": r"^\./.*\.json$"}
ABOUT = {
    "$schema": {"type": "string"},
    "name": {"type": "string", "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$"},
    "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
    "description": {"type": "string", "minLength": 1},
    "author": PERSON,
    "license": {"type": "string"},
    "keywords": {"type": "array", "items": {"type": "string"}},
}
MANIFEST = {
    "type": "object",
    "properties": {**ABOUT, "hooks": JSON_PATH, "mcpServers": JSON_PATH, "skills": PATH, "commands": PATH},
    "required": ["name", "version", "description", "author"],
    "additionalProperties": False,
}
MARKETPLACE = {
    "type": "object",
    "properties": {
        "$schema": {"type": "string"},
        "name": ABOUT["name"],
        "description": {"type": "string"},
        "owner": PERSON,
        "plugins": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {**ABOUT, "source": PATH},
                "required": ["name", "source"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["name", "owner", "plugins"],
    "additionalProperties": False,
}
HOOKS = {
    "type": "object",
    "properties": {
        "description": {"type": "string"},
        "hooks": {
            "type": "object",
            "propertyNames": {"enum": list(AGENT_EVENTS.values())},
            "additionalProperties": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "matcher": {"type": "string"},
                        "hooks": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "properties": {
                                    "type": {"const": "command"},
                                    "command": {"type": "string"},
                                    "timeout": {"type": "number", "exclusiveMinimum": 0},
                                },
                                "required": ["type", "command"],
                                "additionalProperties": False,
                            },
                        },
                    },
                    "required": ["hooks"],
                    "additionalProperties": False,
                },
            },
        },
    },
    "required": ["hooks"],
    "additionalProperties": False,
}
SERVERS = {
    "type": "object",
    "properties": {
        "mcpServers": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "command": {"type": "string", "minLength": 1},
                    "args": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["command"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["mcpServers"],
    "additionalProperties": False,
}


def read(path):
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("plugin.json", MANIFEST),
        ("marketplace.json", MARKETPLACE),
        ("hooks/hooks.json", HOOKS),
        (".mcp.json", SERVERS),
    ],
)
def test_each_file_of_the_plugin_is_what_its_schema_wants(name, schema):
    Draft7Validator.check_schema(schema)
    assert [] == [error.message for error in Draft7Validator(schema).iter_errors(read(PLUGIN / name))]


def test_the_marketplace_lists_the_plugin_of_this_repository():
    (entry,) = read(PLUGIN / "marketplace.json")["plugins"]
    manifest = read(PLUGIN / "plugin.json")
    assert (manifest["name"], manifest["description"]) == (entry["name"], entry["description"])
    assert ROOT == (ROOT / entry["source"]).resolve()
    assert __version__ == manifest["version"]


@pytest.mark.parametrize("field", ["hooks", "skills", "commands", "mcpServers"])
def test_each_path_of_the_manifest_leads_into_the_folder_of_the_plugin(field):
    path = ROOT / read(PLUGIN / "plugin.json")[field]
    assert path.exists()
    assert path.resolve().is_relative_to(PLUGIN)


def test_the_plugin_has_the_hooks_of_alma_install_with_the_alma_of_the_path(tmp_path):
    (change,) = plan_claude(ConnectedProject(Project(tmp_path, tmp_path, tmp_path))).changes
    installed = json.loads(change.content)["hooks"]
    found = read(PLUGIN / "hooks/hooks.json")["hooks"]
    for event, name in AGENT_EVENTS.items():
        (group,) = installed[name]
        group["hooks"][0]["command"] = f"alma hook {event} 2>/dev/null || : # alma hook"
    assert installed == found


@pytest.mark.slow
@pytest.mark.parametrize("event", AGENT_EVENTS.values())
def test_a_hook_of_the_plugin_is_silent_where_alma_is_missing(event, tmp_path):
    (group,) = read(PLUGIN / "hooks/hooks.json")["hooks"][event]
    done = subprocess.run(
        ["/bin/sh", "-c", group["hooks"][0]["command"]],
        input=b"{}",
        env={"PATH": os.fspath(tmp_path)},
        capture_output=True,
    )
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_the_server_of_the_plugin_is_alma_mcp():
    assert {"alma": {"command": "alma", "args": ["mcp"]}} == read(PLUGIN / ".mcp.json")["mcpServers"]
    assert "mcp" in COMMANDS


def test_the_skill_keeps_the_rules_of_agent_skills_and_is_short():
    fields, _ = check_skill(SKILL)
    assert "Use it when" in fields["description"]
    assert len(SKILL.read_text("utf-8").splitlines()) < 120


def test_the_skill_of_the_plugin_is_the_one_in_the_package():
    package = Path(alma_cli.hooks.install.__file__).with_name("SKILL.md")
    assert package.read_bytes() == SKILL.read_bytes()


@pytest.mark.parametrize("page", COMMAND_PAGES, ids=lambda page: page.stem)
def test_a_command_of_the_plugin_says_what_it_does_and_may_run_alma_only(page):
    fields, body = front_matter(page.read_text("utf-8"))
    assert {"description", "allowed-tools"} == fields.keys()
    allowed = fields["allowed-tools"].split(", ")
    assert all(re.fullmatch(r"Bash\(alma [a-z]+:\*\)", tool) for tool in allowed)
    assert {tool.split()[1].partition(":")[0] for tool in allowed} == set(re.findall(r"`alma ([a-z]+)", body))


def test_the_commands_of_the_plugin_are_these():
    assert ["publish", "reflect", "status"] == [page.stem for page in COMMAND_PAGES]


@pytest.mark.parametrize("page", [SKILL, *COMMAND_PAGES], ids=lambda page: page.parent.name + "/" + page.stem)
def test_each_command_and_option_that_agents_are_told_of_is_there(page, capsys):
    text = page.read_text("utf-8").replace("\\\n", " ")
    told = re.findall(r"(?:^|`)alma ([a-z]+)([^`\n]*)", text, re.MULTILINE)
    assert told
    for name, rest in told:
        words = [name]
        if COMMANDS[name].subcommands:
            words.append(rest.split()[0])
        assert main(["help", *words]) == 0
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r'"[^"]*"', "", rest)))
        assert options <= set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)), name
