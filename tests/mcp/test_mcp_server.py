"""The MCP server, as the official client sees it over a real pipe."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.memory import create_connected_server_and_client_session

import alma_cli
from alma_cli import ALMA
from alma_cli.errors import AlmaError
from alma_cli.hooks.claude import answer_event, learn_turn
from alma_cli.mcp_server import SessionCalls, build_server
from alma_cli.mcp_server.memory import ServedMemory

READING = {"retrieve", "search", "reflect", "show", "stats"}
WRITING = {"learn", "apply_reflection", "add", "feedback", "forget", "hook"}


@asynccontextmanager
async def over_a_pipe(agent):
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "alma_cli", "mcp", *(["--agent", agent] if agent else [])],
        env=dict(os.environ),
        cwd=os.getcwd(),
    )
    async with stdio_client(parameters) as (reading, writing), ClientSession(reading, writing) as client:
        initialized = await client.initialize()
        assert ("alma", alma_cli.__version__) == (initialized.serverInfo.name, initialized.serverInfo.version)
        assert "not instructions" in initialized.instructions
        yield client


@asynccontextmanager
async def in_memory(agent):
    async with create_connected_server_and_client_session(
        build_server(ALMA.find(), agent, SessionCalls(answer_event, learn_turn))
    ) as client:
        yield client


@pytest.fixture(params=[over_a_pipe, in_memory], ids=lambda connect: connect.__name__)
def with_client(request, project):
    """Run a coroutine with a client of a server of its own, a process or (whose lines are seen) in this one."""

    def run(work, agent=None):
        async def session():
            async with request.param(agent) as client:
                return await work(client)

        return asyncio.run(session())

    return run


async def call(client, tool, **arguments):
    """The structured result of a tool, which has succeeded."""
    result = await client.call_tool(tool, arguments)
    assert not result.isError, result.content
    assert json.loads(result.content[0].text) == result.structuredContent
    return result.structuredContent


async def refused(client, tool, **arguments):
    """What a tool says when it fails."""
    result = await client.call_tool(tool, arguments)
    assert result.isError, result
    return result.content[0].text


def test_the_hosts_hooks_are_answered_as_by_the_command(with_client):
    async def host(client):
        told = "Waited.\n\nAlma-Outcome: success; when a browser test is flaky; do wait for the element"
        for event, more in (
            ("session-start", {"source": "resume"}),
            ("user-prompt-submit", {"prompt": "Fix the flaky login test in the browser", "command": ""}),
            ("post-tool-use", {"tool_name": "Bash", "command": "npm test", "output": "3 passed"}),
            ("stop", {"message": told}),
        ):
            assert "" == (await client.call_tool("hook", {"event": event, "session_id": "a", **more})).content[0].text
        asked = {
            "event": "user-prompt-submit",
            "prompt": "The checkout test is flaky in the browser",
            "session_id": "b",
        }
        (given,) = (await client.call_tool("hook", asked)).content
        specific = json.loads(given.text)["hookSpecificOutput"]
        assert '"a browser test is flaky": "wait for the element" worked' in specific["additionalContext"]
        assert "event" in await refused(client, "hook", event="nonsense")

    with_client(host)


def test_the_present_turn_of_the_session_that_the_hooks_told_of_is_reported(with_client):
    async def host(client):
        learning = {"task": "Fix the login test", "outcome": "failure", "strategy": "Slept", "turn": True}
        assert "no session is on here" in await refused(client, "learn", **learning)
        for session in ("other", "mine"):
            await client.call_tool(
                "hook", {"event": "user-prompt-submit", "session_id": session, "prompt": "Fix it all"}
            )
        failed = {"tool_name": "Bash", "command": "npm test", "error": "Exit code 1\nKeyError: 'depot'"}
        await client.call_tool("hook", {"event": "post-tool-use-failure", "session_id": "mine", **failed})
        learned = await call(client, "learn", **learning)
        stop = {"event": "stop", "session_id": "mine", "message": "Done.\n\nAlma-Outcome: success"}
        await client.call_tool("hook", stop)
        assert {"outcome": 1} == (await call(client, "stats"))["by_kind"]
        shown = (await call(client, "show", id=learned["id"]))["memory"]
        assert ("Fix the login test", "KeyError: 'depot'", "failure") == (
            shown["task"],
            shown["error"],
            shown["outcome"],
        )

    with_client(host)


def test_a_scripted_agent_is_given_for_its_second_task_what_the_first_taught(with_client):
    async def agent(client):
        first = await call(client, "retrieve", task="Test the login form")
        assert ("", []) == (first["prompt"], first["memories"])
        learned = await call(
            client, "learn", task="Test the login form", outcome="failure", strategy="Slept 2 s", error="flaky on CI"
        )
        second = await call(client, "retrieve", task="Test the form for logging in")
        assert [learned["id"]] == [memory["id"] for memory in second["memories"]]
        assert '"Slept 2 s"; error: "flaky on CI"' in second["prompt"]
        for _ in range(3):
            learned = await call(
                client, "learn", task="Test the login form", outcome="success", strategy="Waited for the button",
                retrieval_id=second["retrieval_id"],
            )  # fmt: skip
        assert learned["derived"] == ["created: When Test the login form: Waited for the button"]
        third = await call(client, "retrieve", task="Test the form for logging in")
        assert "### What works" in third["prompt"]
        fourth = await call(client, "retrieve", task="Friday's outage", when="Test the form for logging in")
        assert "### What works" in fourth["prompt"]
        learned = await call(
            client, "learn", task="Friday's outage", outcome="success", strategy="Waited for the button",
            retrieval_id=fourth["retrieval_id"],
        )  # fmt: skip
        shown = await call(client, "show", id=learned["id"])
        assert "Test the form for logging in" in json.dumps(shown)
        return first["retrieval_id"]

    assert 32 == len(with_client(agent))


def test_every_tool_has_a_schema_and_says_what_it_does_to_the_memory(with_client):
    async def look(client):
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in with_client(look)}
    assert READING | WRITING == set(tools)
    for name, tool in tools.items():
        assert (name in READING) == tool.annotations.readOnlyHint
        assert tool.description
        assert name == "hook" or "object" == tool.outputSchema["type"]  # a host reads a hook's text as it stands
        for parameter in tool.inputSchema["properties"].values():
            assert parameter["description"]
        assert tool.inputSchema["additionalProperties"] is False
    assert tools["forget"].annotations.destructiveHint
    assert not tools["learn"].annotations.destructiveHint
    assert ["task", "outcome"] == tools["learn"].inputSchema["required"]


def test_each_tool_is_a_call_of_the_api(with_client, run_json):
    async def use(client):
        fact = await call(client, "add", kind="knowledge", text="CI has two cores", source="wiki", project_wide=True)
        again = await call(client, "add", kind="knowledge", text="CI has two cores", project_wide=True)
        assert (True, False, fact["id"]) == (fact["is_new"], again["is_new"], again["id"])
        rule = await call(client, "add", kind="heuristic", text="a selector breaks", strategy="use data-testid")
        bad = await call(
            client, "add", kind="anti_pattern", text="fixed sleeps", why_bad="flaky", better_alternative="wait"
        )
        taste = await call(client, "add", kind="preference", text="Write in English", as_agent="victor")
        assert {"ids": [rule["id"]]} == await call(client, "feedback", id=rule["id"][:8], helped=True)
        assert 1 == (await call(client, "stats"))["by_kind"]["credit"]
        assert {"ids": [bad["id"]]} == await call(client, "forget", ids=[bad["id"]])
        return fact["id"], rule["id"], taste["id"]

    fact, rule, taste = with_client(use, "helena")
    assert ("_project", "wiki") == tuple(run_json("show", fact)["data"][key] for key in ("agent", "source"))
    assert ("helena", "use data-testid") == tuple(run_json("show", rule)["data"][key] for key in ("agent", "strategy"))
    assert "victor" == run_json("show", taste)["data"]["agent"]


def test_a_remedy_is_told_in_words_of_tools(scoped_project, with_client):
    async def fail(client):
        unclear = "invalid_input: no agent given (give `as_agent` (helena, victor))"
        assert [unclear] * 2 == [
            await refused(client, "learn", task="T", outcome="success"),
            await refused(client, "retrieve", task="T"),
        ]
        assert "(the tool `search` shows the ids)" in await refused(client, "show", id="zz")
        assert "(the tool `search` shows the ids)" in await refused(client, "forget", ids=["ffff"])
        told = await refused(client, "add", kind="heuristic", text="T", as_agent="helena")
        assert "say what works with strategy" in told
        assert "words: empty (say what to look for)" in await refused(client, "search", words=" ", as_agent="helena")
        stale = await refused(client, "apply_reflection", answer='{"sheet": "0"}', as_agent="helena")
        assert "answer a new one (the tool `reflect`), or give ids" in stale
        words = {"task": "T", "outcome": "success", "as_agent": "helena", "domain": "ui_patterns"}
        learned = await call(client, "learn", **words, followed="ffff", retrieval_id="zz")
        assert not [warning for warning in learned["warnings"] if "--" in warning]
        assert "(the tools are" in await refused(client, "correct", id="ffff"), "forgetting is nothing like it"

    with_client(fail)


def test_errors_are_told_with_their_remedy(scoped_project, with_client):
    async def fail(client):
        told = await refused(client, "learn", task="T", outcome="success", domain="backend_logic")
        assert "scope_violation: helena may not learn backend_logic" in told
        assert "no memory" in await refused(client, "feedback", id="ffffffff", helped=True)
        assert "task: empty (say in a few words what is to be done)" in await refused(client, "retrieve", task=" ")
        assert "an id is empty" in await refused(client, "forget", ids=[" "])
        assert "there is no agent helga" in await refused(client, "retrieve", task="T", as_agent="helga")
        assert "outcome" in await refused(client, "learn", task="T", outcome="great")
        await call(client, "stats")  # and it goes on answering

    with_client(fail, "helena")


def test_a_search_finds_what_the_agent_sees(with_client, configure):
    configure("alma:\n  project_id: shop\n  agents: {helena: {}, victor: {}}\n")

    async def use(client):
        for agent in ("helena", "victor"):
            await call(client, "learn", task=f"Test the login form as {agent}", outcome="success", as_agent=agent)
        await call(client, "add", kind="knowledge", text="The login form has two fields", as_agent="helena")
        return [
            await call(client, "search", words="login form", as_agent="helena"),
            await call(client, "search", words="login form", kind="outcomes", outcome="success", as_agent="victor"),
            await call(client, "search", words="gin form", learned_by="victor", as_agent="helena"),
            await refused(client, "search", words="", as_agent="helena"),
            await refused(client, "search", words="x", since="soon", as_agent="helena"),
        ]

    both, outcomes, none, empty, soon = with_client(use)
    assert {"knowledge", "outcome"} == {memory["kind"] for memory in both["memories"]}
    assert {"helena"} == {memory["agent"] for memory in both["memories"]}
    assert ["victor"] == [memory["agent"] for memory in outcomes["memories"]]
    assert (True, False) == (outcomes["sure"], outcomes["more"])
    assert [] == none["memories"]
    assert empty.startswith("invalid_input: words: empty")
    assert soon.startswith("invalid_input: since: expected a day")


def test_a_memory_that_an_agent_does_not_see_is_neither_shown_judged_nor_forgotten_by_its_id(with_client, configure):
    configure("alma:\n  project_id: shop\n  agents: {helena: {share_with: [lena]}, victor: {}, lena: {}}\n")

    async def use(client):
        learned = await call(client, "learn", task="Test the form", outcome="success", as_agent="helena")
        for asks in ({}, {"as_agent": "victor"}):
            for tool, given in (
                ("show", {"id": learned["id"]}),
                ("feedback", {"id": learned["id"], "helped": False}),
                ("forget", {"ids": [learned["id"]]}),
            ):
                said = await refused(client, tool, **given, **asks)
                assert said.startswith(f"not_found: victor doesn't see {learned['id'][:8]}"), said
        await call(client, "show", id=learned["id"], as_agent="lena")
        await call(client, "forget", ids=[learned["id"]], as_agent="helena")

    with_client(use, agent="victor")


def test_an_argument_that_a_tool_does_not_take_is_refused_with_the_nearest_name(with_client, run_json):
    async def fail(client):
        told = [
            await refused(client, "learn", task="Ship", outcome="success", agent="victor", key="k1"),
            await refused(client, "learn", task="Ship", outcome="success", stratgy="lost words"),
            await refused(client, "retrieve", task="Ship", limit=3),
            await refused(client, "stats", task="Ship"),
            await refused(client, "lern", task="Ship"),
        ]
        assert [
            "invalid_input: agent: not an argument of learn (did you mean as_agent?)",
            "invalid_input: stratgy: not an argument of learn (did you mean strategy?)",
            "invalid_input: limit: not an argument of retrieve (the arguments are task, when, as_agent, top_k, max_tokens, user, strict)",
            "invalid_input: task: not an argument of stats (it takes none)",
            "invalid_input: there is no tool lern (did you mean learn?)",
        ] == told
        with pytest.raises(McpError, match=r"invalid_input: tsk: not an argument of with_memories \(did you mean task"):
            await client.get_prompt("with_memories", {"task": "Ship", "tsk": "Ship"})
        with pytest.raises(McpError, match="invalid_input: task: missing"):
            await client.get_prompt("with_memories", {})

    with_client(fail)
    assert [] == run_json("list")["data"]["memories"]


def test_null_empty_and_absent_are_one_for_what_is_optional(with_client, run_json):
    async def learn(client, **optional):
        learned = await call(client, "learn", task="Ship the release", outcome="success", **optional)
        return learned["id"]

    async def use(client):
        names = (await client.list_tools()).tools
        optional = {
            tool.name: set(tool.inputSchema["properties"]) - set(tool.inputSchema.get("required", ())) for tool in names
        }
        ids = [await learn(client, **dict.fromkeys(optional["learn"], value)) for value in (None, "", " ")]
        ids.append(await learn(client))
        for value in (None, ""):
            await call(client, "retrieve", task="Ship", **dict.fromkeys(optional["retrieve"], value))
            await call(client, "reflect", **dict.fromkeys(optional["reflect"], value))
            await call(
                client, "add", kind="knowledge", text="CI has two cores", **dict.fromkeys(optional["add"], value)
            )
        return ids

    records = [run_json("show", id)["data"] for id in with_client(use)]
    own = dict.fromkeys(("id", "at", "created_at", "updated_at"))
    assert [{**records[0], **own}] * 4 == [{**record, **own} for record in records]


def test_what_an_argument_takes_is_told_in_our_own_words(with_client):
    async def fail(client):
        given = {"task": "T", "outcome": "success"}
        told = [
            await refused(client, "learn", outcome="success"),
            await refused(client, "learn", task=None, outcome="success"),
            await refused(client, "learn", task="T", outcome="great"),
            await refused(client, "learn", **given, strategy=["a"]),
            await refused(client, "learn", **given, when="x" * 300),
            await refused(client, "learn", **given, used="abc"),
            await refused(client, "retrieve", task="T", top_k=0),
            await refused(client, "retrieve", task="T", max_tokens="many"),
            await refused(client, "feedback", id="abc", helped="perhaps"),
            await refused(client, "forget", ids=[]),
        ]
        expected = [
            "task: missing (give a text)",
            "task: missing (give a text)",
            "outcome: expected success, failure or partial, got 'great'",
            "strategy: expected a text, got ['a']",
            f"when: expected a text of at most 200 characters, got '{'x' * 59}\u2026'",
            "used: expected a list of texts, got 'abc'",
            "top_k: expected a whole number from 1 to 100, got 0",
            "max_tokens: expected a whole number of at least 1, got 'many'",
            "helped: expected true or false, got 'perhaps'",
            "ids: expected a list of texts, one at least, got []",
        ]
        assert [f"invalid_input: {words}" for words in expected] == told

    with_client(fail)


def test_a_scope_that_is_tightened_while_the_server_runs_is_kept(with_client, configure):
    async def work(client):
        rotate = {"task": "Rotate", "outcome": "success", "domain": "secrets_handling"}
        await call(client, "learn", **rotate)
        configure(
            "alma:\n  project_id: shop\n  agents:\n    me: {can_learn: [testing], cannot_learn: [secrets_handling]}\n"
        )
        told = await refused(client, "learn", **rotate)
        assert "scope_violation: me may not learn secrets_handling" in told
        configure("alma: [")
        assert "invalid_config" in await refused(client, "learn", **rotate)
        configure("alma:\n  project_id: shop\n")
        await call(client, "learn", **rotate)

    with_client(work)


def test_a_project_that_was_removed_is_an_error_of_every_tool_and_nothing_is_made(with_client, project):
    async def work(client):
        await call(client, "learn", task="Ship", outcome="success")
        shutil.rmtree(project / ".alma")
        for tool, given in [
            ("learn", {"task": "Ship", "outcome": "success"}),
            ("retrieve", {"task": "Ship"}),
            ("add", {"kind": "knowledge", "text": "CI has two cores"}),
            ("stats", {}),
        ]:
            assert "no_project" in await refused(client, tool, **given)
        assert not (project / ".alma").exists()

    with_client(work)


def test_a_server_of_an_alma_that_was_replaced_says_so_and_mixes_no_versions(project, tmp_path, monkeypatch):
    memory = ServedMemory(ALMA.find())
    memory.now()
    (tmp_path / "__init__.py").write_text("newer")
    for path in (tmp_path / "__init__.py", tmp_path / "gone.py"):
        monkeypatch.setattr("alma_cli.__file__", str(path))
        with pytest.raises(AlmaError, match="ALMA was upgraded or removed since this server started"):
            memory.now()


def test_a_memory_is_shown_with_the_outcomes_it_grew_from(with_client, run_json):
    async def look(client):
        for _ in range(3):
            learned = await call(client, "learn", task="Test the form", outcome="success", strategy="Waited")
        (rule,) = [line["id"] for line in run_json("list", "--kind", "heuristic")["data"]["memories"]]
        return (
            rule,
            learned["id"],
            await call(client, "show", id=rule[:8]),
            await call(client, "show", id=learned["id"]),
        )

    rule, last, shown, outcome = with_client(look)
    as_command = run_json("show", rule)["data"]
    assert (as_command.pop("evidence"), as_command) == (shown["evidence"], shown["memory"])
    assert (3, last) == (len(shown["evidence"]), shown["evidence"][0]["id"])
    assert ("Waited", []) == (outcome["memory"]["strategy"], outcome["evidence"])


def test_credentials_are_redacted_with_a_warning(with_client, project):
    secret = "gh" + "p_" + "a1" * 18

    async def tell(client):
        return await call(client, "learn", task=f"Push with {secret}", outcome="failure", error=secret)

    assert ["redacted what looks like a credential: github token"] == with_client(tell)["warnings"]
    assert [] == [path for path in project.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_the_slice_is_a_resource_and_a_prompt(with_client):
    async def look(client):
        await call(client, "learn", task="Test the login form", outcome="success", strategy="Waited for the button")
        (template,) = (await client.list_resource_templates()).resourceTemplates
        assert ("alma://slice/{task}", "text/markdown") == (template.uriTemplate, template.mimeType)
        (content,) = (await client.read_resource("alma://slice/Test%20the%20login%20form")).contents
        assert "Waited for the button" in content.text
        (nothing,) = (await client.read_resource("alma://slice/Bake%20a%20cake")).contents
        assert "" == nothing.text
        (prompt,) = (await client.list_prompts()).prompts
        assert "with_memories" == prompt.name
        (message,) = (await client.get_prompt("with_memories", {"task": "Test the login form"})).messages
        assert "Waited for the button" in message.content.text
        assert message.content.text.endswith("\nTest the login form")
        (message,) = (await client.get_prompt("with_memories", {"task": "Bake a cake"})).messages
        assert "Bake a cake" == message.content.text
        with pytest.raises(McpError):
            await client.get_prompt("nonsense")

    with_client(look)


def test_what_is_refused_is_told_to_the_client_in_our_words_and_leaves_no_trace_on_stderr(with_client, capfd):
    async def fail(client):
        with pytest.raises(McpError, match=r"invalid_input: there is no prompt nonsense \(there is with_memories\)"):
            await client.get_prompt("nonsense")
        with pytest.raises(McpError, match="invalid_input: task: empty"):
            await client.get_prompt("with_memories", {"task": " "})
        with pytest.raises(McpError, match="Unknown resource"):
            await client.read_resource("alma://nonsense/x")

    with_client(fail)
    assert "" == capfd.readouterr().err


def test_nothing_but_the_protocol_is_on_stdout(project):
    asked = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "stats", "arguments": {}}},
    ]  # fmt: skip
    code = (
        "import os, sys, alma_cli.mcp_server as m; from alma_cli import ALMA; s = m.build_server(ALMA.find(), None, m.SessionCalls(print, print))\n"
        "s.tool(name='noisy')(lambda: print('noise') or os.system('echo noise') and 0)\nm.serve(s)"
    )
    asked.append({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "noisy", "arguments": {}}})
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    answers = []
    for message in asked:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        if "id" in message:
            answers.append(json.loads(process.stdout.readline()))
    left, told = process.communicate()
    assert ([1, 2, 3], "", 0) == ([answer["id"] for answer in answers], left, process.returncode)
    assert 2 == told.count("noise")


@pytest.mark.parametrize("broken", ["alma: [", ""])
def test_a_project_that_cannot_be_used_is_an_error_before_the_protocol_begins(broken, configure, alma_process):
    configure(broken)
    finished = alma_process("mcp")
    assert (3, b"") == (finished.returncode, finished.stdout)
    assert b"config.yaml" in finished.stderr


def test_without_the_extra_the_error_says_how_to_install_it(run_alma, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server.fastmcp", None)
    finished = run_alma("mcp")
    assert (1, "") == (finished.code, finished.out)
    assert "the MCP server needs the extra `mcp`" in finished.err
    assert "[mcp]" in finished.err
