"""The arguments of a tool's call: as strict as a command's options, and refused in ALMA's own words."""

from typing import TYPE_CHECKING, Any

from alma_cli.core.text import did_you_mean, one_line, shown
from alma_cli.errors import InvalidInput

if TYPE_CHECKING:
    from mcp.server.fastmcp.tools import Tool


def arguments_of(tool: "Tool", given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the tool's function. For what is optional, null and an empty text are as good as absent.

    Raises `InvalidInput`, naming the argument.
    """
    from pydantic import ValidationError

    known, required = tool.parameters["properties"], tool.parameters.get("required", [])
    refuse_unknown(given, known, tool.name)
    meant = {
        name: value for name, value in given.items() if value is not None and (name in required or not _empty(value))
    }
    for name in required:
        if name not in meant:
            raise InvalidInput(f"{name}: missing", hint=f"give {takes(known[name])}")
    model = tool.fn_metadata
    try:
        return model.arg_model.model_validate(model.pre_parse_json(meant)).model_dump_one_level()
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise InvalidInput(f"{name}: expected {takes(known[name])}, got {shown(meant[name])}") from None


def refuse_unknown(given: dict[str, Any], known: list[str] | dict[str, Any], where: str) -> None:
    """Raise `InvalidInput` for an argument that isn't known, with the one most like it."""
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or (f"the arguments are {', '.join(known)}" if known else "it takes none")
            raise InvalidInput(f"{one_line(name, 60)}: not an argument of {where}", hint=hint)


def takes(schema: dict[str, Any]) -> str:
    """The values that an argument with this JSON schema takes, as a message says it."""
    if "anyOf" in schema:
        return takes(next(option for option in schema["anyOf"] if option.get("type") != "null") | _limits(schema))
    if "enum" in schema:
        *others, last = schema["enum"]
        return f"{', '.join(others)} or {last}"
    match schema.get("type"):
        case "string":
            return f"a text of at most {schema['maxLength']} characters" if "maxLength" in schema else "a text"
        case "boolean":
            return "true or false"
        case "array":
            return "a list of texts" + (", one at least" if schema.get("minItems") else "")
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"a whole number from {low} to {high}" if high is not None else f"a whole number of at least {low}"


def _limits(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key in ("minimum", "maximum", "maxLength", "minItems")}


def _empty(value: object) -> bool:
    return isinstance(value, str) and not value.strip()
