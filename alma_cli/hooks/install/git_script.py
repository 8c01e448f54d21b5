"""The lines of shell that git's hooks run for ALMA: they find out what is to be done, note it, and start one `alma`.

While git is in the middle of a rebase or an am they do nothing; the hook at its end tells of all its commits. In a
range of cherry-picks or reverts they note what teaches, for the next that starts one: it may have been given up.
`.alma/commits` has a line for each thing to do: ID, ID..ID, or OLD...NEW for a commit that took another's place.
`.alma/commits.awaited` is there while an `alma` that hasn't looked into it yet is on its way, so that no other one is
started.
"""

import os
import re
import shlex
from collections.abc import Mapping

from alma_cli.hooks.install.program import agent_words
from alma_cli.project import CONFIG, FOLDER
from alma_cli.worktrees import shared_folder

_PROJECT = re.compile(r"^ *for_project (.+?)\r?$", re.MULTILINE)
_QUICKLY = {
    **dict.fromkeys(("post-commit", "post-merge", "pre-push"), '[ -d "${GIT_DIR:-.git}/rebase-merge" ] || '),
    "post-applypatch": '[ -f "${GIT_DIR:-.git}/rebase-apply/rebasing" ] || ',
}
"""A test that spares a shell of its own for each commit of a rebase."""

_NOT_AMIDST = '[ ! -d "$dir/rebase-merge" ] && [ ! -d "$dir/rebase-apply" ] || exit 0'
_COMMITS = {
    "post-commit": (
        _NOT_AMIDST,
        'if [ -f "$dir/sequencer/todo" ]; then',
        '  if { read -r next && read -r next; } <"$dir/sequencer/todo"; then',
        '    read -r safe <"$dir/sequencer/abort-safety"',
        '    [ "$safe" != "$(git rev-parse -q --verify HEAD^)" ] || later=1',
        '  else read -r from <"$dir/sequencer/head"; fi',
        "fi",
    ),
    "post-merge": (_NOT_AMIDST, "from=ORIG_HEAD"),
    "post-rewrite": (
        "list=$dir/rebase-merge; since=ORIG_HEAD",
        "case ${1:-${PRE_COMMIT_REWRITE_COMMAND:-}} in",
        f"  amend) {_NOT_AMIDST}; since=HEAD@{{1}};;",
        '  rebase) from=$since; [ ! -f "$list/orig-head" ] || read -r from <"$list/orig-head"; since=$from;;',
        "  *) exit 0;;",
        "esac",
        'if git log -400 --format=%B "$since...HEAD" -- | grep -Eiq ^alma-outcome; then',
        '  [ ! "$from" ] && rewritten=$(git rev-parse -q --verify "$since")...$(git rev-parse -q --verify HEAD) ||',
        '    rewritten=$(sed "s/ /.../" "$list/rewritten-list" || sed "s/ /.../" "$dir/rebase-apply/rewritten")',
        "fi",
    ),
    "post-applypatch": (
        '[ -f "$dir/rebase-apply/applying" ] || exit 0',
        'read -r next <"$dir/rebase-apply/next"; read -r last <"$dir/rebase-apply/last"',
        '[ "$next" = "$last" ] || exit 0',
        "from=ORIG_HEAD",
    ),
}
"""For each event, the lines that exit amidst something longer, and set `from` where HEAD isn't the only new commit."""

_REVERTS = "(revert(s|ed)?|back(s|ed)? out):?"
_FIND = (
    f'teaches="^[*_ ]*alma[-_ ]outcome|{_REVERTS} ((the )?(commit|changeset)|[^ ]?{"[0-9a-f]" * 7})"',
    'teaches="$teaches|original commit changeset|this reverts merge request |^revert[^ ]*: "',
    'teaches="$teaches|^[[:space:]]*reverts [^ ]*[#!][0-9]"',
    'if [ "$from" ]; then set -- -200 "$from..HEAD"; else set -- -1 HEAD; fi',
    'if git log --format=%B "$@" -- | grep -Eiq "$teaches"; then',
    '  commits=${from:+$(git rev-parse -q --verify "$from")..}$(git rev-parse -q --verify HEAD)',
    "fi",
)
_NOTE = (
    "for_project() {",
    '  project=$1; shift; [ -f "$project/.alma/config.yaml" ] || project=${dir%/*/worktrees/*}/$project',
    '  [ -f "$project/.alma/config.yaml" ] || return 0',
    '  waits=$project/.alma/commits; awaited=$waits.awaited; [ ! -L "$waits" ] || return 0',
    '  [ ! "$later" ] || [ "$commits" ] || return 0',
    '  [ "$commits$rewritten${ALMA_STORAGE:-}" ] || [ -s "$waits" ] ||',
    '    grep -Eq "storage.*(azure|file)" "$project/.alma/config.yaml" || return 0',
    '  printf "%s\\n" "$commits" $rewritten >>"$waits"',
    '  [ ! "$later" ] || return 0',
    '  [ ! "$awaited" -nt "$waits" ] && [ -z "$(find "$awaited" -mmin +10)" ] || rm -f "$awaited"',
    '  (set -C; : >"$awaited") || return 0',
)
_DEADLINE_S = 600


def script(event: str, projects: Mapping[str, str | None], *programs: str) -> list[str]:
    """The lines for an event: for each project (relative to the worktree's top) with its agent.

    The programs are quoted for the shell; where one can't start, the next is tried.
    """
    asked = [f'{program} "$@"' for program in programs]
    finding = (*_COMMITS[event], *_FIND) if event in _COMMITS else (_NOT_AMIDST,)
    return [
        _QUICKLY.get(event, "") + '( dir=${GIT_DIR:-.git}; [ -d "$dir" ] || dir=$(git rev-parse --git-dir) || exit 0',
        "  from= commits= rewritten= later=; unset PYTHONHOME",  # a program that brings its own Python sets it
        *(f"  {line}" for line in (*finding, *_NOTE)),
        f'    set -- hook {event} --dir "$project" "$@" --deadline {_DEADLINE_S}',
        f'    {{ {" || ".join(asked)} || rm -f "$awaited"; }} &',
        "  }",
        *(f"  for_project {shlex.quote(path)}{agent_words(agent)}" for path, agent in projects.items()),
        ") </dev/null >/dev/null 2>&1 || :",
    ]


def projects_in(text: str) -> dict[str, str | None]:
    """The projects that a script serves, with their agents; empty for a script of another form."""
    found: dict[str, str | None] = {}
    for line in _PROJECT.findall(text):
        path, *agent = shlex.split(line)
        found[path] = agent[-1] if agent else None
    return found


def others_in(projects: Mapping[str, str | None], here: str, top: str) -> dict[str, str | None]:
    """The projects beside the one here that a script serves, without those that are gone from the repository."""
    tops = (top, shared_folder(top) or top)
    return {
        path: agent
        for path, agent in projects.items()
        if path != here and any(os.path.isfile(os.path.join(each, path, FOLDER, CONFIG)) for each in tops)
    }
