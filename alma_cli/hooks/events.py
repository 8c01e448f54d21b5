"""The events that `alma hook` answers, and the input of each."""

AGENT_EVENTS = {
    "session-start": "SessionStart",
    "user-prompt-submit": "UserPromptSubmit",
    "post-tool-use": "PostToolUse",
    "post-tool-use-failure": "PostToolUseFailure",
    "stop": "Stop",
}
"""Claude Code's names of the events, whose payload is JSON on stdin."""

GIT_EVENTS = ("post-commit", "post-merge", "post-rewrite", "post-applypatch", "pre-push")
"""Git's hooks. Nothing is read from their stdin."""

MAX_CHARACTERS = 3000
"""The most characters of a context that is given to an agent."""

DEADLINE_S = 2.0
"""The seconds after which a hook ends, done or not, unless `--deadline` says otherwise."""
