"""The environment variables that ALMA reads: one for each key, and a few others."""

from collections.abc import Iterator, Mapping

from alma_cli.config.model import KEYS, Config, Key, KeyFromEnvironment

OTHER_VARIABLES: Mapping[str, str] = {
    "ALMA_DIR": "the project's folder, or its .alma/; as --dir",
    "ALMA_AGENT": "the agent, where --agent isn't given",
    "ALMA_USER": "the user whose preferences are shown, where --user isn't given",
    "ALMA_DEBUG": "1 tells in detail on stderr what happens, as --verbose does in short",
    "ALMA_PAGER": "the program that shows what is longer than the screen, before PAGER; empty is none",
    "ALMA_COSMOS_KEY": "the Cosmos DB account key, for azure.auth: key",
}
"""The variables that override no key, and what they mean."""


def overrides(environ: Mapping[str, str]) -> Iterator[tuple[Key, str]]:
    """The keys that the environment overrides. An empty variable counts as unset, since CI sets unknown ones so."""
    for key in KEYS:
        if text := environ.get(key.variable, "").strip():
            yield key, text


def unknown_variables(environ: Mapping[str, str], config: Config | None = None) -> tuple[str, ...]:
    """The variables that look like ALMA's but aren't, sorted; the one that `azure.key` names is ALMA's."""
    known = {key.variable for key in KEYS} | OTHER_VARIABLES.keys()
    if config is not None and isinstance(config.azure.key_reference, KeyFromEnvironment):
        known.add(config.azure.key_reference.variable)
    return tuple(sorted(name for name in environ if name.startswith("ALMA_") and name not in known))
