"""Who may learn what."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.scopes.scope import (
    Domain,
    MemoryScope,
    check,
    choose_domain,
    recognise,
    scope_for,
    subjects,
    validate_agent_name,
    validate_domain_name,
)
from alma_cli.errors import InvalidInput, ScopeViolation
from tests.core.record_examples import outcome

HELENA = MemoryScope(
    agent="helena",
    can_learn=["testing_strategies", "selector_patterns", "ui_patterns"],
    cannot_learn=["backend_logic"],
)
VICTOR = MemoryScope(agent="victor", can_learn=["api_testing", "database_validation"], cannot_learn=["frontend_logic"])

DOMAINS = ["a", "b", "general"]
AGENTS = ["x", "y", "_project"]
domain_lists = st.lists(st.sampled_from(DOMAINS), max_size=3)
agent_lists = st.lists(st.sampled_from([*AGENTS, "*"]), max_size=2)


def scopes(agent):
    return st.builds(
        MemoryScope,
        agent=st.just(agent),
        can_learn=domain_lists,
        cannot_learn=domain_lists,
        inherit_from=agent_lists,
        share_with=agent_lists,
    )


# What a scope is


def test_domains_may_be_plain_names_or_described():
    described = Domain("ui", description="buttons", keywords=["css"])
    scope = MemoryScope("a", can_learn=["api", described])
    assert (Domain("api"), described) == scope.can_learn
    assert described.keywords == ("css",)


def test_a_domain_named_twice_counts_once_as_first_given():
    described = Domain("ui", description="buttons")
    scope = MemoryScope("a", can_learn=[described, "ui", "api"], inherit_from=["b", "b"])
    assert (described, Domain("api")) == scope.can_learn
    assert scope.inherit_from == ("b",)


def test_a_scope_is_a_value():
    again = replace(HELENA, agent="helena")
    assert (again, hash(again)) == (HELENA, hash(HELENA))
    assert replace(HELENA, agent="ada").cannot_learn == HELENA.cannot_learn
    with pytest.raises(FrozenInstanceError):
        HELENA.agent = "victor"


@pytest.mark.parametrize("key", ["can_learn", "cannot_learn", "inherit_from", "share_with"])
def test_one_name_instead_of_a_list_is_refused(key):
    with pytest.raises(InvalidInput, match=f"{key} must be a list") as caught:
        MemoryScope("a", **{key: "testing"})
    assert caught.value.hint == 'write ["testing"]'


def test_one_keyword_instead_of_a_list_is_refused():
    with pytest.raises(InvalidInput, match="the keywords of ui must be a list"):
        Domain("ui", keywords="css")


def test_a_threshold_below_one_is_refused():
    with pytest.raises(InvalidInput, match="min_occurrences_for_heuristic is 0; it is at least 1"):
        MemoryScope("a", min_occurrences_for_heuristic=0)


# Learning


@given(scopes("x"), st.sampled_from([*DOMAINS, "c"]))
def test_the_rules_of_learning(scope, domain):
    allowed = [item.name for item in scope.can_learn]
    if domain in [item.name for item in scope.cannot_learn]:
        expected = False
    else:
        expected = domain == "general" or not allowed or domain in allowed
    assert expected == scope.may_learn(domain)


@given(scopes("x"), st.sampled_from([*DOMAINS, "c"]))
def test_check_refuses_exactly_what_may_not_be_learned(scope, domain):
    try:
        check(scope, domain)
        refused = False
    except ScopeViolation:
        refused = True
    assert scope.may_learn(domain) != refused


def test_a_forbidden_domain_is_refused_with_the_rule_and_what_is_allowed():
    with pytest.raises(ScopeViolation) as caught:
        check(HELENA, "backend_logic")
    assert caught.value.message == "helena may not learn backend_logic: its cannot_learn names it"
    assert caught.value.hint == "helena may learn testing_strategies, selector_patterns, ui_patterns, general"


def test_a_domain_that_is_not_listed_is_refused_with_the_nearest_one():
    with pytest.raises(ScopeViolation) as caught:
        check(HELENA, "testing_strategy")
    assert caught.value.message == "helena may not learn testing_strategy: its can_learn doesn't name it"
    assert caught.value.hint.endswith("; did you mean testing_strategies?")


def test_an_open_scope_says_what_it_excludes():
    with pytest.raises(ScopeViolation) as caught:
        check(MemoryScope("ada", cannot_learn=["payroll"]), "payroll")
    assert caught.value.hint == "ada may learn anything but payroll"


def test_a_scope_may_allow_nothing():
    with pytest.raises(ScopeViolation) as caught:
        check(MemoryScope("ada", can_learn=["api"], cannot_learn=["api", "general"]), "api")
    assert caught.value.hint == "ada may learn nothing"


def test_a_domain_in_a_message_is_short_and_printable():
    with pytest.raises(ScopeViolation) as caught:
        check(HELENA, "\x1b[31m" + "x" * 100)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 120


# Recognising


@pytest.mark.parametrize(
    ("scope", "text", "domain"),
    [
        (HELENA, "Test login form", "testing_strategies"),
        (HELENA, "Tested the login form validation", "testing_strategies"),
        (HELENA, "Find a stable selector for the menu", "selector_patterns"),
        (HELENA, "restyle the UI", "ui_patterns"),
        (HELENA, "Improve UI selectors", "general"),  # a tie
        (HELENA, "Write patterns", "general"),  # suits any domain
        (HELENA, "Apply business logic", "general"),
        (HELENA, "", "general"),
        (VICTOR, "Test the API", "api_testing"),
        (VICTOR, "API endpoint times out", "api_testing"),
        (VICTOR, "Validate rows in the databases", "database_validation"),
        (VICTOR, "Test login form", "general"),  # not about an API
        (VICTOR, "Validate the login form", "general"),  # not about a database
        (VICTOR, "restyle the frontend of the API docs", "general"),  # speaks of a forbidden domain too
        (VICTOR, "add_api_pagination", "api_testing"),
    ],
)
def test_a_domain_is_recognised_by_what_its_name_is_about(scope, text, domain):
    assert domain == recognise(text, scope).domain


def test_a_forbidden_domain_is_certain_if_nothing_speaks_for_an_allowed_one():
    recognised = recognise("Restart the backend after the patterns changed", HELENA)
    assert (recognised.domain, recognised.certain, recognised.words) == ("backend_logic", True, ("backend",))


def test_a_word_for_an_allowed_domain_outweighs_a_forbidden_one():
    recognised = recognise("Tested the backend logic of the payment queue", HELENA)
    assert (recognised.domain, recognised.certain) == ("testing_strategies", False)


def test_half_a_forbidden_name_is_not_certain():
    scope = MemoryScope("a", cannot_learn=["api_testing"])
    assert recognise("Add an API endpoint", scope).domain == "general"
    assert recognise("Test the API endpoint", scope).domain == "api_testing"


def test_two_forbidden_domains_alike_are_not_certain():
    scope = MemoryScope("a", cannot_learn=["backend_logic", "payroll"])
    assert recognise("the payroll backend", scope).domain == "general"


def test_a_keyword_or_phrase_means_its_domain():
    scope = MemoryScope("a", can_learn=[Domain("speed", keywords=["slow query", "C++", ""]), "api"])
    assert recognise("Fixed slow queries", scope).domain == "speed"
    assert recognise("port it to c++", scope).domain == "speed"
    assert recognise("port it to c", scope).domain == "general"
    assert recognise("slow the query down to a slow crawl", scope).domain == "general"


def test_two_words_of_a_description_are_enough_and_one_is_not():
    scope = MemoryScope("a", can_learn=[Domain("e2e", description="the checkout and login journeys in the browser")])
    assert recognise("login fails in one browser", scope).domain == "e2e"
    assert recognise("login fails", scope).domain == "general"


def test_a_description_alone_never_refuses():
    scope = MemoryScope("a", cannot_learn=[Domain("billing", description="invoices and payment")])
    assert recognise("payment of invoices", scope).domain == "general"


def test_general_is_never_recognised_by_its_name():
    assert recognise("general housekeeping", MemoryScope("a", can_learn=["general", "api"])).domain == "general"


@given(scopes("x"), st.text(alphabet="ab general", max_size=12))
def test_recognition_is_never_a_guess_at_something_forbidden(scope, text):
    recognised = recognise(text, scope)
    assert recognised == recognise(text, scope)
    if not recognised.certain:
        assert recognised.domain == "general" or scope.may_learn(recognised.domain)


# Choosing


def test_a_given_domain_is_checked_and_wins_over_the_text():
    assert choose_domain(HELENA, "Restart the backend", domain="ui_patterns").domain == "ui_patterns"
    with pytest.raises(ScopeViolation, match="cannot_learn names it"):
        choose_domain(HELENA, "Test login form", domain="backend_logic")


def test_a_given_domain_must_be_a_name():
    with pytest.raises(InvalidInput, match="can't name a domain"):
        choose_domain(HELENA, "Test login form", domain="a/b")


def test_a_refusal_by_recognition_says_what_it_saw_and_how_to_overrule_it():
    with pytest.raises(ScopeViolation) as caught:
        choose_domain(HELENA, "Optimise the Backend")
    assert (
        caught.value.message
        == "helena may not learn this: the task speaks of 'Backend', so it was taken to be about backend_logic"
    )
    assert (
        caught.value.hint == "if it is about something else, name it with --domain; "
        "helena may learn testing_strategies, selector_patterns, ui_patterns, general"
    )


def test_what_is_not_recognised_is_refused_only_where_general_is_forbidden():
    assert choose_domain(HELENA, "Sweep the floor").domain == "general"
    strict = MemoryScope("ada", can_learn=["api"], cannot_learn=["general"])
    with pytest.raises(
        ScopeViolation, match="no domain was recognised in the task, and general is in its cannot_learn"
    ):
        choose_domain(strict, "Sweep the floor")


def test_the_general_words_decide_so_that_one_lesson_is_not_split_over_domains():
    tasks = ["Test the login form", "Make the modal of the UI open", "Sweep the floor"]
    found = {choose_domain(HELENA, "an element appears late in a test", task).domain for task in tasks}
    assert found == {"testing_strategies"}
    assert {choose_domain(HELENA, "an element appears late", task).domain for task in tasks} == {"general"}


def test_general_words_refuse_nothing_that_the_task_allows_and_allow_nothing_that_both_forbid():
    assert choose_domain(HELENA, "the backend is slow", "Test the login form").domain == "testing_strategies"
    with pytest.raises(ScopeViolation, match="the task speaks of 'Backend'"):
        choose_domain(HELENA, "an answer is slow", "Optimise the Backend")
    strict = MemoryScope("ada", can_learn=["api"], cannot_learn=["general"])
    assert choose_domain(strict, "an answer is slow", "Call the API again").domain == "api"


# Finding a scope


def test_an_agent_has_its_own_scope_else_the_default_one():
    agents = {"helena": HELENA, "*": MemoryScope("*", cannot_learn=["payroll"])}
    assert scope_for("helena", agents) == HELENA
    assert MemoryScope("ada", cannot_learn=["payroll"]) == scope_for("ada", agents)


def test_an_unknown_agent_is_an_error_with_the_nearest_name():
    with pytest.raises(InvalidInput) as caught:
        scope_for("Helna", {"helena": HELENA, "victor": VICTOR})
    assert caught.value.message == "there is no agent Helna"
    assert caught.value.hint == "the configuration names helena, victor; did you mean helena?"


def test_an_agent_like_none_gets_no_suggestion():
    with pytest.raises(InvalidInput) as caught:
        scope_for("zzz", {"helena": HELENA})
    assert caught.value.hint == "the configuration names helena"


def test_the_project_itself_needs_no_entry_and_may_have_one():
    assert MemoryScope("_project") == scope_for("_project", {"helena": HELENA})
    narrow = MemoryScope("_project", can_learn=["api"])
    assert narrow == scope_for("_project", {"_project": narrow})


# Names


@pytest.mark.parametrize("name", ["helena", "Zoë", "test agent", "a.b-c_d", "日本", "x" * 128, "_project"])
def test_an_agent_may_be_called(name):
    assert name == validate_agent_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "'' can't name an agent: it is empty"),
        ("x" * 129, f"'{'x' * 40}'... can't name an agent: it has 129 characters; 128 are allowed"),
        (" a", "' a' can't name an agent: it starts or ends with a space"),
        ("a\u2003", "'a\\u2003' can't name an agent: it starts or ends with a space"),
        ("a\x1b[0m", "'a\\x1b[0m' can't name an agent: it has a control or invisible character"),
        ("é\u202e", "'\\xe9\\u202e' can't name an agent: it has a control or invisible character"),
        ("a\ud800", "'a\\ud800' can't name an agent: it has a control or invisible character"),
        ("a/b", "'a/b' can't name an agent: it has /"),
        ("a?b#c\\", "'a?b#c\\\\' can't name an agent: it has # and ? and \\"),
        ("_me", "'_me' can't name an agent: it starts with _, which is reserved (_project is the whole project)"),
        ("*", "'*' can't name an agent: * stands for every agent"),
    ],
)
def test_an_agent_may_not_be_called(name, message):
    with pytest.raises(InvalidInput) as caught:
        validate_agent_name(name)
    assert message == caught.value.message
    assert caught.value.message.isprintable()


def test_a_domain_may_not_start_with_an_underscore():
    assert validate_domain_name("testing_strategies") == "testing_strategies"
    with pytest.raises(InvalidInput, match="'_project' can't name a domain: it starts with _, which is reserved"):
        validate_domain_name("_project")


def test_the_general_words_are_looked_at_before_the_task():
    assert ("a test is slow", "Fix it") == subjects(outcome(task="Fix it", when="a test is slow"))
    assert ("Fix it",) == subjects(outcome(task="Fix it", when=""))


@pytest.mark.parametrize("validate", [validate_agent_name, validate_domain_name])
@pytest.mark.parametrize("name", [5, None, b"helena", ["helena"]])
def test_what_is_no_text_names_nothing(validate, name):
    with pytest.raises(InvalidInput, match=r"^(agent|domain): expected text, got"):
        validate(name)
