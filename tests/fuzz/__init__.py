"""Odd inputs for every way into ALMA, drawn from a seed: no crash, no hang, nothing outside of scope or folder."""

from tests.fuzz.command_line import CommandLine
from tests.fuzz.configurations import Configurations
from tests.fuzz.hook_events import HookEvents
from tests.fuzz.journal_files import JournalFiles
from tests.fuzz.mcp_requests import McpRequests
from tests.fuzz.shared_documents import SharedDocuments

DOORS = {
    "cli": CommandLine,
    "hooks": HookEvents,
    "mcp": McpRequests,
    "documents": SharedDocuments,
    "journal": JournalFiles,
    "config": Configurations,
}
