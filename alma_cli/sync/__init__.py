"""Making the store and the shared copy converge: gather, let `core.replication.plan` decide, apply, acknowledge last.

report.py      what a sync is asked for and what it answers, and the context of its parts
agreement.py   the marker: whether this store and that remote belong together
pulling.py     the remote's changes, portion by portion, each with its checkpoint
exchange.py    portions written to the remote, and its answers stored
pushing.py     what is pending
publishing.py  what readers without a store need besides
run.py         one sync from beginning to end
preview.py     the same decisions, only shown
"""
