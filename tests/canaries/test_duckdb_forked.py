"""What `store/database/instance.py` does about DuckDB in a forked child. A failure says what to mend there."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

LEFT = """
import weakref
from alma_cli.store.database import instance
with instance.instance("/tmp/none") as connection:
    seen = weakref.ref(connection)
    connection.execute("ATTACH ':memory:' AS store")
del connection
assert seen() is not None
instance._leave_to_parent()
assert not instance._idle
assert seen() is not None, "it was destroyed, which waits for threads that a child doesn't have"
"""


def test_a_connection_that_a_child_leaves_to_its_parent_is_never_destroyed():
    """`_leave_to_parent` raises the count of references by ctypes' `Py_IncRef`: does that still keep it?"""
    done = subprocess.run([sys.executable, "-c", LEFT], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (0, "") == (done.returncode, done.stderr)
