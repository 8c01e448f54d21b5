"""Words that developers use, for benchmarks that make up tasks."""

WORDS = [
    "login",
    "form",
    "page",
    "selector",
    "timeout",
    "retry",
    "database",
    "query",
    "index",
    "migration",
    "deploy",
    "container",
    "token",
    "session",
    "cache",
    "upload",
    "image",
    "parser",
    "queue",
    "worker",
    "payment",
    "invoice",
]
MORE_WORDS = [*WORDS, "search", "filter", "export", "report", "websocket", "proxy", "header", "cookie"]
