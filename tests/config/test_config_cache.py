"""The kept tree of a configuration is used for the very same text only, and never trusted."""

import json
import os
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.config import load_config
from alma_cli.config.cache import NAME, _plain, _tree, parse_cached
from alma_cli.config.tree import Mapping, Scalar, Sequence
from alma_cli.errors import InvalidConfig

TEXT = "alma:\n  project_id: shop\n  agents: {helena: {can_learn: [ui]}}\n"

scalars = st.builds(Scalar, st.integers(1, 3), st.sampled_from(["", "a", "null", "5", "é"]), st.booleans())
nodes = st.recursive(
    scalars,
    lambda inner: (
        st.builds(Sequence, st.just(1), st.lists(inner, max_size=2).map(tuple))
        | st.builds(Mapping, st.just(2), st.lists(st.tuples(scalars, inner), max_size=2).map(tuple))
    ),
    max_leaves=5,
)


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / ".alma"
    folder.mkdir()
    (folder / "config.yaml").write_text(TEXT)
    (folder / ".gitignore").write_text("*\n")
    return folder / "config.yaml"


@given(nodes)
def test_a_tree_comes_back_as_it_was(node):
    assert node == _tree(json.loads(json.dumps(_plain(node))))


def test_the_second_time_nothing_is_parsed(file, monkeypatch):
    first = load_config(file, {})
    monkeypatch.setitem(sys.modules, "yaml", None)  # whoever imports it now fails
    assert first == load_config(file, {})
    assert stat.S_IMODE(os.stat(file.with_name(NAME)).st_mode) == 0o600


def test_where_git_would_commit_it_nothing_is_kept(file):
    file.with_name(".gitignore").unlink()
    load_config(file, {})
    assert ["config.yaml"] == os.listdir(file.parent)


def test_a_changed_file_is_parsed_again(file):
    load_config(file, {})
    file.write_text(TEXT.replace("shop", "farm"))
    assert "farm" == load_config(file, {}).project_id


def test_errors_keep_their_lines(file):
    file.write_text(TEXT + "  storge: local\n")
    for _ in range(2):
        with pytest.raises(InvalidConfig, match=r"config\.yaml:4"):
            load_config(file, {})


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000, '{"format": 1}'])
@pytest.mark.parametrize("tree", ["[]", '[1, "alma"]', '[2, [[[1, []], 5]], "mapping"]', "7"])
def test_what_is_not_ours_is_passed_over(file, content, tree):
    for kept in (content, f'{{"format": 1, "text": {json.dumps(TEXT)}, "tree": {tree}}}'):
        file.with_name(NAME).write_text(kept)
        assert "shop" == load_config(file, {}).project_id


def test_where_nothing_can_be_written_nothing_is_kept(file):
    file.with_name(NAME).mkdir()
    assert "shop" == load_config(file, {}).project_id
    assert [".gitignore", "config.cache", "config.yaml"] == sorted(path.name for path in file.parent.iterdir())


def test_outside_a_project_nothing_is_kept(tmp_path):
    parse_cached(TEXT, str(tmp_path / "config.yaml"))
    assert [] == list(tmp_path.iterdir())
