"""Making the store and the shared copy converge: gather, let `core.plan` decide, apply, acknowledge last.

report.py     what a sync is asked for, and what it answers
agreement.py  the marker: whether this store and that remote belong together
incoming.py   documents as they came, read or set aside
pulling.py    the remote's changes, page by page, each with its checkpoint
pushing.py    what is pending, conditionally, and what readers without a store need besides
run.py        one sync from beginning to end
preview.py    the same decisions, carried out by nobody
"""
