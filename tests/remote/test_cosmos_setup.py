"""The container of the documentation's Bicep file is the one that `alma cloud create` makes."""

import re
from pathlib import Path

from alma_cli.remote.cosmos.az import DATA_CONTRIBUTOR
from alma_cli.remote.cosmos.container import definition

BICEP = (Path(__file__).parents[2] / "docs/guides/azure.bicep").read_text(encoding="utf-8")


def paths(section):
    """The paths between the brackets after a name."""
    found = re.search(section + r": \[(.*?)\]", BICEP, re.DOTALL)
    return [{"path": path} for path in re.findall(r"path: '([^']+)'", found[1])]


def test_it_has_the_same_policies():
    wanted = definition("memories", dimensions=384)
    assert paths("includedPaths") == wanted["indexingPolicy"]["includedPaths"]
    assert paths("excludedPaths") == wanted["indexingPolicy"]["excludedPaths"]
    assert paths("vectorIndexes") == [{"path": "/embedding"}]
    assert "{ paths: ['/project_id', '/agent'], kind: 'MultiHash', version: 2 }" in BICEP
    [embedding] = wanted["vectorEmbeddingPolicy"]["vectorEmbeddings"]
    assert f"distanceFunction: '{embedding['distanceFunction']}', dimensions: dimensions" in BICEP
    assert f"param dimensions int = {embedding['dimensions']}" in BICEP


def test_it_gives_the_right_to_data_only():
    assert DATA_CONTRIBUTOR in BICEP
