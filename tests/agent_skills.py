"""The rules for an Agent Skill: of https://agentskills.io/specification, as its own validator checks them."""

import re

import yaml

_FIELDS = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}


def front_matter(text):
    """The fields at the top of a page, and what stands below them."""
    assert text.startswith("---\n")
    top, found, body = text.removeprefix("---\n").partition("\n---\n")
    assert found
    fields = yaml.safe_load(top)
    assert isinstance(fields, dict)
    return fields, body


def check_skill(path):
    """Fail unless the file is a valid skill; give its fields, and what stands below them."""
    fields, body = front_matter(path.read_text("utf-8"))
    assert "SKILL.md" == path.name
    assert {"name", "description"} <= fields.keys() <= _FIELDS
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert len(fields["name"]) <= 64
    assert fields["name"] == path.parent.name
    assert fields["description"].strip()
    assert len(fields["description"]) <= 1024
    assert 1 <= len(fields.get("compatibility", "-")) <= 500
    assert len(body.splitlines()) < 500
    assert body.strip()
    return fields, body
