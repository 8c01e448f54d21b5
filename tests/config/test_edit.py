"""The project id is changed in the text of a configuration, and nothing else."""

import pytest

from alma_cli.config import with_project_id


@pytest.mark.parametrize(
    "before, after",
    [
        ("alma:\n  project_id: shop\n", 'alma:\n  project_id: "web"\n'),
        (
            "alma:\n  project_id: 'it''s' # ours\n  storage: file\n",
            'alma:\n  project_id: "web" # ours\n  storage: file\n',
        ),
        ('alma:\n\tproject_id:  "a \\" # b"', 'alma:\n\tproject_id:  "web"'),
        ("alma:\r\n  project_id: two words\r\n", 'alma:\r\n  project_id: "web"\r\n'),
        ("alma: {project_id: shop}\n", None),
        ("# project_id: shop\nalma:\n  other: 1\n", None),
    ],
)
def test_only_the_id_is_changed(before, after):
    assert with_project_id(before, "web") == after
