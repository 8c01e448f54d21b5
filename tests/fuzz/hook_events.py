"""The hooks: events of a session with odd payloads, through the function that answers them and through the guard."""

import json
import subprocess

from alma_cli.errors import AlmaError
from alma_cli.hooks.claude import answer_event
from alma_cli.hooks.events import AGENT_EVENTS, GIT_EVENTS, MAX_CHARACTERS
from alma_cli.hooks.git import answer_git
from alma_cli.hooks.guard import parsed
from tests.fuzz import drawing
from tests.fuzz.doors import HARMFUL, Door, Fault

PAYLOAD = {
    "session_id": "s1", "prompt": "Test the login form", "source": "startup", "tool_name": "Bash", "tool_input": {"command": "npm test"},
    "tool_response": {"stdout": "5 passed", "stderr": ""}, "error": "Error: Timed out", "is_interrupt": False, "cwd": ".",
    "last_assistant_message": "Tested empty fields.\n\nAlma-Outcome: success; when a form is tested; do test empty fields",
    "hook_event_name": "Stop", "transcript_path": "/nowhere", "stop_hook_active": True,
}  # fmt: skip
COMMANDS = [
    "npm test",
    "pytest -q",
    "git checkout .",
    "alma learn x",
    "make lint && false",
    "cd x; cargo test",
    "ls",
    "git reset --hard",
]


class HookEvents(Door):
    name = "hooks"

    def begin(self):
        for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Begin\n\nAlma-Outcome: success"]):
            subprocess.run(["git", "-c", "user.name=f", "-c", "user.email=f@x", *words], check=True)
        self.head = subprocess.run(
            ["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        ).stdout.strip()

    def one(self, chance):
        event = chance.choice(list(AGENT_EVENTS))
        payload = PAYLOAD | {
            "session_id": chance.choice(["s1", "s2"]),
            "tool_input": {"command": chance.choice(COMMANDS)},
        }
        content = drawing.damaged(chance, drawing.written(chance, drawing.broken(chance, payload)), 0.15)
        self.given = event, content
        way = chance.random()
        if way < 0.03:
            self.check_answer(self.of_guard(event, content))
        elif way < 0.05:
            self.tell_git(chance)
        else:
            try:
                self.check_answer(
                    answer_event(self.place.alma(), event, chance.choice(["helena", "victor"]), parsed(content))
                )
            except AlmaError:
                pass  # the guard notes it

    def of_guard(self, event, content):
        ended = self.place.run("hook", event, "--agent", "helena", stdin=content)
        if ended.code or ended.err:
            raise Fault(f"a hook that shows itself: {ended}")
        return ended.out

    def tell_git(self, chance):
        event, commits = (
            chance.choice(list(GIT_EVENTS)),
            chance.choice([self.head, f"{self.head}..{self.head}", drawing.text(chance)]),
        )
        noted = "\n".join(chance.choice([self.head, drawing.text(chance), "0" * 40]) for _ in range(3))
        self.given = event, commits, noted
        with open(".alma/commits", "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(noted)
        try:
            answer_git(self.place.alma(), event, "helena", commits)
        except AlmaError:
            pass

    def check_answer(self, answer):
        if not answer:
            return
        context = json.loads(answer)["hookSpecificOutput"]["additionalContext"]
        if not 0 < len(context) <= MAX_CHARACTERS or HARMFUL.search(context):
            raise Fault(f"a context that may not be given: {answer!r}")
