"""How an extra is added to ALMA, for each way in which it may have been installed. No index is asked for ALMA's name."""

import json
import shlex
import sys

import pytest

from alma_cli.installation import how_to_add

METADATA = """\
Metadata-Version: 2.4
Name: alma-memory
Version: 0.1.0
Provides-Extra: azure
Requires-Dist: duckdb<1.6,>=1.5.5
Requires-Dist: azure-cosmos<5,>=4.14.5; extra == 'azure'
Requires-Dist: azure-identity<2,>=1.19; extra == "azure"
Requires-Dist: mcp<2,>=1.10; extra == 'mcp'
"""
PACKAGES = ["azure-cosmos<5,>=4.14.5", "azure-identity<2,>=1.19"]
PIP = [sys.executable, "-m", "pip", "install"]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Pretend that ALMA was installed so: the direct_url.json that installers write, and a file of the environment's."""
    monkeypatch.setattr("alma_cli.installation.find_spec", lambda name: name)

    def pretend(came=None, *, environment=""):
        made = tmp_path / "site-packages" / "alma_memory-0.1.0.dist-info"
        made.mkdir(parents=True, exist_ok=True)
        (made / "METADATA").write_text(METADATA)
        (made / "direct_url.json").unlink(missing_ok=True)
        if came is not None:
            (made / "direct_url.json").write_text(came if isinstance(came, str) else json.dumps(came))
        prefix = tmp_path / "my-alma"
        prefix.mkdir(exist_ok=True)
        if environment:
            (prefix / environment).touch()
        monkeypatch.setattr(sys, "prefix", str(prefix))
        monkeypatch.setattr(sys, "path", [str(made.parent), *sys.path])
        return shlex.split(how_to_add("azure"))

    return pretend


@pytest.fixture
def source(tmp_path):
    """A folder and its file:// URL."""
    folder = tmp_path / "src of alma"
    folder.mkdir()
    return str(folder), folder.as_uri()


def test_from_a_folder_or_a_wheel_the_extra_comes_from_there(installed, source):
    path, url = source
    assert [*PIP, f"{path}[azure]"] == installed({"url": url, "dir_info": {}})
    assert [*PIP, "--editable", f"{path}[azure]"] == installed({"url": url, "dir_info": {"editable": True}})
    assert [*PIP, f"{path}[azure]"] == installed({"url": url, "archive_info": {"hash": "sha256=00"}})


@pytest.mark.parametrize(
    ("came", "url"),
    [
        (
            {"url": "https://git.example.test/me/alma.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "git+https://git.example.test/me/alma.git@c0ffee",
        ),
        (
            {"url": "https://x.test/mono", "subdirectory": "alma", "vcs_info": {"vcs": "git", "commit_id": "c0"}},
            "git+https://x.test/mono@c0#subdirectory=alma",
        ),
        ({"url": "https://x.test/alma-0.1.0.whl", "archive_info": {}}, "https://x.test/alma-0.1.0.whl"),
    ],
)
def test_from_a_url_the_extra_comes_from_there(installed, came, url):
    assert [*PIP, f"alma-memory[azure] @ {url}"] == installed(came)


@pytest.mark.parametrize("came", [None, "{", "[]", "{}", {"url": "file:///gone/alma", "dir_info": {}}, {"url": 3}])
def test_where_its_source_is_unknown_or_gone_the_packages_are_named(installed, came):
    assert [*PIP, *PACKAGES] == installed(came)


def test_by_pipx_the_packages_are_injected_into_its_environment(installed, source):
    assert ["pipx", "inject", "my-alma", *PACKAGES] == installed(
        {"url": source[1], "dir_info": {}}, environment="pipx_metadata.json"
    )


def test_as_a_tool_of_uv_it_is_installed_again_from_its_source(installed, source):
    path, url = source
    assert ["uv", "tool", "install", f"{path}[azure]"] == installed(
        {"url": url, "dir_info": {}}, environment="uv-receipt.toml"
    )
    assert PACKAGES == installed()[-2:]


def test_without_pip_uv_is_told_of_the_environment(installed, source, monkeypatch):
    monkeypatch.setattr("alma_cli.installation.find_spec", lambda name: None)
    path, url = source
    start = ["uv", "pip", "install", "--python", sys.executable]
    assert [*start, f"{path}[azure]"] == installed({"url": url, "dir_info": {}})
    assert [*start, *PACKAGES] == installed()


def test_without_metadata_the_hint_is_in_words(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    assert "install ALMA from its source with the extra `azure`" == how_to_add("azure")
