"""`alma publish`: rules as a skill or a block of AGENTS.md, the same bytes for the same rules, and nothing else."""

import json

import pytest

from tests.agent_skills import check_skill

WORKS = {"when": "a test depends on today's date", "do": "freeze the clock"}
FAILS = {"when": "a page loads late", "do": "sleep two seconds"}


@pytest.fixture
def rules(learn):
    """Make a rule of each kind for an agent."""

    def make(agent="me", **options):
        for number in range(3):
            learn(f"Mend test {number}", agent=agent, strategy=f"way {number}", **WORKS, **options)
            learn(f"Open page {number}", "failure", agent=agent, strategy=f"way {number}", **FAILS, **options)

    return make


@pytest.fixture
def skill(project):
    return project / ".agents/skills/shop-lessons/SKILL.md"


@pytest.fixture(params=[[], ["--agents-md"]], ids=["skill", "agents-md"])
def way(request):
    return request.param


@pytest.fixture
def page(way, project, skill):
    """The file that is written in this way."""
    return project / "AGENTS.md" if way else skill


def test_rules_become_a_skill_and_nothing_else_does(run_alma, rules, skill, project):
    rules()
    run_alma("add", "preference", "Answer in French")
    run_alma("add", "knowledge", "CI has two cores")
    assert (0, "", f"write {skill}\n2 rules\n") == run_alma("publish")
    _, body = check_skill(skill)
    listed = [line for line in body.splitlines() if line.startswith("- ")]
    assert ["- When `a test depends on today's date`: `freeze the clock` (worked 3 of 3)"] == listed[:1]
    assert listed[1].startswith("- Avoid `sleep two seconds (when: a page loads late)`")
    assert 2 == len(listed)
    assert "French" not in body
    assert "cores" not in body
    assert "Mend test" not in body
    assert [skill] == [*project.rglob("SKILL.md")]


def test_the_same_rules_give_the_same_bytes(run_alma, rules, skill):
    rules()
    run_alma("publish")
    first = skill.read_bytes()
    assert (0, "", "2 rules; nothing to change\n") == run_alma("publish")
    skill.unlink()
    run_alma("publish")
    assert first == skill.read_bytes()


def test_where_claude_is_the_skill_is_for_it_too(run_alma, rules, skill, project):
    (project / ".claude").mkdir()
    rules()
    run_alma("publish")
    assert skill.read_bytes() == (project / ".claude/skills/shop-lessons/SKILL.md").read_bytes()


def test_what_git_checked_out_with_the_line_ends_of_windows_is_current(run_alma, rules, way, page):
    rules()
    run_alma("publish", *way)
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    assert (0, "", "2 rules; nothing to change\n") == run_alma("publish", "--check", *way)
    rules()
    assert 0 == run_alma("publish", *way).code
    assert b"worked 6 of 6" in page.read_bytes()


def test_a_check_tells_what_would_change_and_changes_nothing(run_alma, run_json, rules, way, page):
    rules()
    finished = run_alma("publish", "--check", *way)
    assert 1 == finished.code
    assert "+- When `a test depends on today's date`: `freeze the clock` (worked 3 of 3)\n" in finished.out
    assert f"would write {page}\n2 rules\nerror: what is published is not current\nhint: alma publish\n" == finished.err
    assert not page.exists()
    run_alma("publish", *way)
    assert (0, "", "2 rules; nothing to change\n") == run_alma("publish", "--check", *way)
    rules()
    data = run_json("publish", "--check", *way, code=1)["data"]
    assert ([{"path": str(page), "change": "write"}], False) == (data["changes"], data["changed"])


def test_a_block_of_agents_md_leaves_what_is_around_it(run_alma, rules, project, skill):
    page = project / "AGENTS.md"
    page.write_text("# For agents\n", "utf-8")
    rules()
    assert (0, "", f"write {page}\n2 rules\n") == run_alma("publish", "--agents-md")
    text = page.read_text("utf-8")
    assert text.startswith("# For agents\n\n<!-- >>> alma lessons >>> -->\n## Lessons of past work\n")
    page.write_text(text + "\n## After\n", "utf-8")
    rules()
    run_alma("publish", "--agents-md")
    assert text.replace("of 3", "of 6").replace("worked 3", "worked 6") + "\n## After\n" == page.read_text("utf-8")
    assert not skill.exists()


def test_lessons_under_the_projects_earlier_name_go_with_the_next_publish(run_alma, rules, skill, project):
    rules()
    run_alma("publish")
    copied = project / ".agents/skills/of-others-lessons/SKILL.md"
    copied.parent.mkdir()
    copied.write_bytes(skill.read_bytes())
    assert 0 == run_alma("config", "rename", "store").code
    assert 1 == run_alma("publish", "--check").code
    assert f"remove {skill}" in run_alma("publish").err
    assert {"of-others-lessons", "store-lessons"} == {path.name for path in skill.parent.parent.iterdir()}
    assert 0 == run_alma("publish", "--check").code


def test_another_folder_may_be_named(run_alma, rules, project, skill):
    rules()
    run_alma("publish", "--out", "pages")
    run_alma("publish", "--out", "pages", "--agents-md")
    check_skill(project / "pages/shop-lessons/SKILL.md")
    assert (project / "pages/AGENTS.md").exists()
    assert not skill.exists()


def test_only_what_the_agent_sees_is_published(scoped_project, run_alma, run_json, rules, skill):
    rules("helena", domain="testing_strategies")
    rules("victor", domain="api_testing")
    ids = run_json("publish", "--agent", "victor")["data"]["rules"]
    assert 2 == len(ids)
    assert "testing_strategies" not in skill.read_text("utf-8")
    assert 2 == run_alma("publish").code
    assert ids == run_json("publish", "--agent", "victor")["data"]["rules"]


def test_somebody_elses_skill_of_that_name_is_left_alone(run_alma, rules, skill):
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: shop-lessons\ndescription: mine\n---\nMine\n", "utf-8")
    rules()
    finished = run_alma("publish")
    assert (1, f"error: {skill} is not ALMA's") == (finished.code, finished.err.splitlines()[0])
    assert skill.read_text("utf-8").endswith("Mine\n")


def test_without_rules_nothing_is_written_and_nothing_is_lost(run_alma, run_json, rules, way, page):
    assert 0 == run_alma("publish", *way).code
    assert run_alma("publish", *way).err.startswith("there are no rules yet")
    assert not page.exists()
    rules()
    run_alma("publish", *way)
    before = page.read_bytes()
    for memory in run_json("list", "--kind", "outcome")["data"]["memories"]:
        run_alma("forget", memory["id"], "--yes")
    for check in ([], ["--check"]):
        finished = run_alma("publish", *way, *check)
        assert (1, f"error: {page} has lessons, and no rule is known here") == (
            finished.code,
            finished.err.splitlines()[0],
        )
    assert before == page.read_bytes()


def test_of_many_rules_the_surest_are_told_of(run_alma):
    made = [
        {
            "kind": "heuristic",
            "agent": "me",
            "domain": "general",
            "condition": f"case {n}",
            "strategy": "x",
            "confidence": n / 100,
        }
        for n in range(52)
    ]
    run_alma("import", "-", stdin="\n".join(map(json.dumps, made)))
    assert run_alma("publish").err.endswith("the surest 50 rules of 52\n")
