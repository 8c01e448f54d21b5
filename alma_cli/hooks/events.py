"""The events that `alma hook` answers, and what each takes."""

AGENT_EVENTS = {
    "session-start": "SessionStart",
    "user-prompt-submit": "UserPromptSubmit",
    "post-tool-use-failure": "PostToolUseFailure",
    "stop": "Stop",
}
"""What Claude Code calls the events in which JSON comes in on stdin."""

GIT_EVENTS = ("post-commit", "post-merge", "pre-push")
"""Git's hooks, of which nothing is read from stdin."""

MAX_CHARACTERS = 9000
"""Of a context that is given to an agent."""

DEADLINE_S = 2.0
"""After so many seconds a hook ends, done or not, unless `--deadline` says otherwise."""
