"""Names are compared in Unicode's NFC: a Mac types and lists them in another form."""

import json
import unicodedata

import pytest

from alma_cli import ALMA
from alma_cli.config import default_project_id

NFC, NFD = (unicodedata.normalize(form, "Jos\u00e9") for form in ("NFC", "NFD"))
FORMS = [(NFD, NFC), (NFC, NFD)]


@pytest.mark.parametrize("told, asked", FORMS)
def test_an_agent_is_the_same_in_each_form(run_json, run_alma, told, asked):
    options = ("--when", "a page is uploaded", "--do", "split it")
    for _ in range(3):
        run_json("learn", "--agent", told, "--task", "Fix the upload", "--outcome", "success", *options)
    found = run_json("retrieve", "Fix the upload", "--agent", asked)["data"]
    assert 1 == len(found["heuristics"])
    assert {NFC} == {record["agent"] for record in run_json("list", "--agent", asked)["data"]["memories"]}
    assert [NFC] == [view["agent"] for view in run_json("agents")["data"]["agents"]]
    run_json("reflect", "--agent", asked, "--review")
    first = run_json("learn", "--agent", told, "--task", "t", "--outcome", "success", "--key", "k")["data"]["id"]
    again = run_json("learn", "--agent", asked, "--task", "t", "--outcome", "success", "--key", "k")["data"]["id"]
    assert first == again


@pytest.mark.parametrize("written, asked", FORMS)
def test_an_agent_and_a_domain_of_the_configuration_are_named_in_each_form(configure, run_json, written, asked):
    configure(
        "alma:\n  project_id: shop\n  agents:\n"
        f"    {written}: {{can_learn: [{written}], share_with: [bob]}}\n    bob: {{inherit_from: [{asked}]}}\n"
    )
    run_json("learn", "--agent", asked, "--domain", asked, "--task", "Fix the upload", "--outcome", "success")
    (record,) = run_json("list", "--domain", written)["data"]["memories"]
    assert (NFC, NFC) == (record["agent"], record["domain"])
    assert 1 == len(run_json("retrieve", "Fix the upload", "--agent", "bob")["data"]["outcomes"])
    assert "the domain" not in run_json("config", "show")["warnings"]


def test_an_agent_that_is_there_in_both_forms_is_a_problem(configure, run_json):
    configure(f"alma:\n  project_id: shop\n  agents:\n    {NFC}: {{}}\n    {NFD}: {{}}\n")
    assert "is there twice" in run_json("list", code=3)["error"]["message"]


@pytest.mark.parametrize("told, asked", FORMS)
def test_a_users_preference_is_found_by_each_form_of_the_name(run_json, told, asked):
    run_json("add", "preference", "Write in English", "--user", told)
    found = run_json("retrieve", "Write in English", "--agent", "me", "--user", asked)["data"]
    assert 1 == len(found["preferences"])


@pytest.mark.parametrize("told, asked", FORMS)
def test_a_record_is_imported_for_the_same_agent_user_and_project(configure, run_json, told, asked):
    configure(f"alma:\n  project_id: {asked}\n")
    line = {"kind": "preference", "agent": told, "user_id": told, "project_id": told, "preference": "Write in English"}
    assert 1 == run_json("import", "-", stdin=json.dumps(line))["data"]["imported"]
    (record,) = run_json("list")["data"]["memories"]
    assert {NFC} == {record[key] for key in ("agent", "user_id", "project_id")}


def test_a_domain_in_another_form_is_in_scope_in_python_too(configure):
    configure(f"alma:\n  project_id: shop\n  agents:\n    {NFD}: {{can_learn: [{NFD}]}}\n")
    assert NFC == ALMA.find().learn(NFD, "Fix", "success", domain=NFD).domain
    assert NFC == ALMA.find().learn(NFC, "Fix", "success", domain=NFC).domain


def test_a_project_is_named_after_a_folder_in_each_form(tmp_path):
    for name in (NFD, NFC):
        (tmp_path / name).mkdir()
        assert NFC.lower() == default_project_id(tmp_path / name)
