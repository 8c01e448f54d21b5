"""Makes the store and the shared copy converge: gather, let `core.replication.plan` decide, apply, acknowledge last.

report.py      the options of a sync, its report, and the context of its parts
agreement.py   reads the marker: do this store and that remote belong together?
pulling.py     takes in the remote's changes, portion by portion, each with its checkpoint
comparing.py   finds what no change tells of: what is gone there, and what was set aside and can be used now
exchange.py    writes portions to the remote, and stores its answers
pushing.py     pushes pending records and tombstones
publishing.py  writes what only readers without a store need
run.py         runs one sync from beginning to end
preview.py     makes the same decisions, and only shows them
moving.py      leaves word where the project was called otherwise
"""
