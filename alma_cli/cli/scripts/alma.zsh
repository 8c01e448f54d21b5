#compdef alma
# Written by `make docs` from the commands themselves: see docs/completion.py.

_alma_values() {
    local -a found
    local line
    for line in ${(f)"$(command alma completion --values $1 ${(Q)PREFIX} 2>/dev/null)"}; do
        if [[ $line == *$'\t'* ]]; then
            found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        else
            found+=("${line//:/\\:}")
        fi
    done
    _describe -V $1 found
}

_alma_commands() {
    local -a names
    names=(
    'init:make .alma/ here; safe to run again'
    'setup:connect ALMA with all hosts that are found here'
    'retrieve:what is worth knowing before doing TASK'
    'learn:record how a task went, and learn from it'
    'reflect:general words for outcomes that have none'
    'remember:keep a fact; short for add knowledge'
    'add:author one, preference, knowledge, heuristic, anti-pattern'
    'search:memories of all kinds and agents, by words and meaning'
    'list:memories, newest first'
    'show:one memory, whole'
    'edit:change a memory in your editor, all of it'
    'correct:put right what a memory says; history keeps it'
    'forget:remove memories for good'
    'review:go through what is new, a key for each'
    'undo:take back your last write, a forget too'
    'feedback:say that a memory --helped or --misled'
    'status:where this project stands; so does alma alone'
    'log:what was done, by whom, and earlier versions'
    'report:one HTML page, what was learned, and what it changed'
    'sync:reconcile with the shared copy'
    'doctor:check that everything works'
    'run:run COMMAND, and learn from how it ended'
    'install:let claude, git, pre-commit or github call ALMA'
    'uninstall:take that out again, byte for byte'
    'publish:the rules as an Agent Skill, or in AGENTS.md'
    'mcp:an MCP server on stdio, for agents’ hosts'
    'hook:what installed hooks call; JSON on stdin'
    'cloud:make the database and container to share through'
    'stats:how much is remembered'
    'agents:scopes, and what each agent learned and sees'
    'reindex:give memories vectors by the configured model'
    'config:the configuration and where it comes from; the project’s name'
    'completion:complete words in bash, zsh and fish'
    'export:all memories as NDJSON, lossless'
    'import:memories from NDJSON, or facts from Markdown'
    'demo:all of this in a temporary project, in ten seconds'
    )
    _describe command names
}

_alma() {
    local curcontext=$curcontext state line context at
    local -a specs names
    typeset -A opt_args
    _arguments -C \
        '(--dir)--dir[the folder of the project]:dir:_files -/' \
        '(--verbose)--verbose[tell on stderr what happens]' \
        '(--version)--version[show the version]' \
        '(--help -h)'{--help,-h}'[show help]' \
        '1:command:_alma_commands' \
        '*::argument:->inside' && return
    [[ $state == inside ]] || return
    at=$words[1]
    names=()
    case $at in
    add) names=('preference:Keep a user’s constraint or style' 'knowledge:Keep a fact' 'heuristic:Keep a rule' 'anti-pattern:Keep what not to do, why, and what works better instead') ;;
    cloud) names=('create:Make the Cosmos DB database and container of the configuration, with their policies; safe to run again') ;;
    config) names=('show:Show every key, its value, and where that came from' 'check:List everything that is wrong with the configuration, with file, line and key; exit 3 if anything is' 'set:Write a value into config.yaml, whose comments and layout stay; nothing is written unless all of it is right' 'rename:Give the project another id') ;;
    sync) names=('status:Show what waits to be pushed, when this store last met its shared copy, and whether that answers now') ;;
    esac
    if (( $#names )); then
        if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
            _describe command names
            return
        elif (( ${names[(I)$words[2]:*]} )); then
            at="$at $words[2]"
            shift words
            (( CURRENT-- ))
        fi
    fi
    specs=()
    case $at in
    'init')
        specs=(
            '(--project-id)--project-id[Its name in the cloud]:project-id: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'setup')
        specs=(
            '(--check)--check[Change nothing; the exit code is 1 when something is missing]'
            '(--dry-run)--dry-run[Change nothing; print what would change, as a diff]'
            '(--remove)--remove[Take everything out again, byte for byte]'
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:setup:(claude codex cursor vscode git pre-commit github agents-md skill)'
        ) ;;
    'retrieve')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--when)--when[The kind of situation, in words that fit other tasks]:when: '
            '(--top-k -k)'{--top-k,-k}'[At most so many of each kind]:top-k: '
            '(--user)--user[Whose preferences are wanted]:user: _alma_values users'
            '*--kind[Only this kind; may be repeated, outcome, heuristic, anti-pattern, preference, knowledge, rule]:kind:(outcome heuristic anti-pattern preference knowledge rule)'
            '(--min-score)--min-score[Hide what scores less]:min-score: '
            '(--max-tokens)--max-tokens[At most so many tokens together]:max-tokens: '
            '(--format)--format[table, prompt or json]:format:(table prompt json)'
            '(--strict)--strict[Only what surely fits, no maybes]'
            '(--explain)--explain[Show every term of every score, and the best that were left out]'
            '(--remote)--remote[Ask the project’s Cosmos DB; no memories are needed here]'
            '(--long -l)'{--long,-l}'[All columns, and whole texts]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'learn')
        specs=(
            '(--ok)--ok[It succeeded, this way]:ok: '
            '(--failed)--failed[It failed, this way]:failed: '
            '(--error)--error[What went wrong]:error: '
            '(--when)--when[The kind of situation, in words that fit other tasks]:when: '
            '(--do)--do[The decisive step, in words that fit other tasks]:do: '
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--task)--task[The task, if it isn’t given first]:task: '
            '(--outcome)--outcome[How it ended, success, failure or partial]:outcome:(success partial failure)'
            '(--strategy)--strategy[How it was gone about]:strategy: '
            '(--feedback)--feedback[What somebody said of it]:feedback: '
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--duration-ms)--duration-ms[How long it took]:duration-ms: '
            '(--at)--at[When, as 2026-01-31T09 30 00Z]:at: '
            '*--label[A label; may be given several times]:label: _alma_values labels'
            '*--used[A memory that guided this; several times]:used: _alma_values ids'
            '(--retrieval)--retrieval[The retrieve that guided this; its --when is used]:retrieval: '
            '(--key)--key[Reporting the same key again changes nothing]:key: '
            '(--followed)--followed[The memory whose advice was taken, its words are used]:followed: _alma_values ids'
            '(--turn)--turn[It is the present turn of this agent’s session; TASK may be left out]'
            '(--batch)--batch[Many outcomes, one JSON object a line (- is stdin)]:batch:_files'
            '(--from-git)--from-git[Reverts, fixups and trailers of these commits, HEAD, v1..HEAD]:from-git: '
            '(--dry-run)--dry-run[With --from-git, only show what would be learned]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'reflect')
        specs=(
            '(--apply)--apply[Take the answer to a sheet (- is stdin)]:apply:_files'
            '(--with)--with[Ask this program, which reads a sheet and writes the answer]:with: '
            '(--sheets)--sheets[With --with, at most so many sheets]:sheets: '
            '(--review)--review[One sheet of all general words in use]'
            '(--undo)--undo[Take the last reflection back]'
            '(--format)--format[Of a sheet, prompt or json]:format:(prompt json)'
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'remember')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--project-wide)--project-wide[For every agent of the project]'
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--source)--source[Where it comes from]:source: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'add')
        specs=(
            '(--help -h)'{--help,-h}'[show help]'
        ) ;;
    'add preference')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--project-wide)--project-wide[For every agent of the project]'
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--user)--user[Whose it is]:user: _alma_values users'
            '(--category)--category[What it is about, in a word]:category: '
            '(--source)--source[Where it comes from]:source: '
            '(--confidence)--confidence[How sure it is]:confidence: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'add knowledge')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--project-wide)--project-wide[For every agent of the project]'
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--source)--source[Where it comes from]:source: '
            '(--confidence)--confidence[How sure it is]:confidence: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'add heuristic')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--project-wide)--project-wide[For every agent of the project]'
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--strategy)--strategy[What works then]:strategy: '
            '(--confidence)--confidence[How sure it is]:confidence: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'add anti-pattern')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--project-wide)--project-wide[For every agent of the project]'
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '(--why)--why[Why it is bad]:why: '
            '(--instead)--instead[What works better]:instead: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'search')
        specs=(
            '*--kind[Only this kind; may be repeated, outcome, heuristic, anti-pattern, preference, knowledge, rule]:kind:(outcome heuristic anti-pattern preference knowledge rule)'
            '(--agent -a)'{--agent,-a}'[Only this agent’s]:agent: _alma_values agents'
            '(--domain)--domain[Only in this domain]:domain: _alma_values domains'
            '(--outcome)--outcome[Only a success, failure or partial]:outcome:(success partial failure)'
            '(--since)--since[Only from then on, 2026-01-31, 12h, 7d]:since: '
            '(--until)--until[Only until then]:until: '
            '(--source)--source[Only from there, git, run, a file]:source: '
            '*--label[Only with this label; may be repeated]:label: _alma_values labels'
            '(--user)--user[Only this user’s preferences]:user: _alma_values users'
            '(--all)--all[Also those that retrieve no longer considers]'
            '(--sort)--sort[relevance, newest or oldest]:sort:(relevance newest oldest)'
            '(--limit -n)'{--limit,-n}'[At most so many]:limit: '
            '(--offset)--offset[Leave out the first N]:offset: '
            '(--long -l)'{--long,-l}'[All columns, and whole texts]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'list')
        specs=(
            '*--kind[Only this kind; may be repeated, outcome, heuristic, anti-pattern, preference, knowledge, rule]:kind:(outcome heuristic anti-pattern preference knowledge rule)'
            '(--agent -a)'{--agent,-a}'[Only this agent’s]:agent: _alma_values agents'
            '(--domain)--domain[Only in this domain]:domain: _alma_values domains'
            '(--outcome)--outcome[Only a success, failure or partial]:outcome:(success partial failure)'
            '(--since)--since[Only from then on, 2026-01-31, 12h, 7d]:since: '
            '(--until)--until[Only until then]:until: '
            '(--source)--source[Only from there, git, run, a file]:source: '
            '*--label[Only with this label; may be repeated]:label: _alma_values labels'
            '(--user)--user[Only this user’s preferences]:user: _alma_values users'
            '(--all)--all[Also those that retrieve no longer considers]'
            '(--containing)--containing[Only those with this text, in any case]:containing: '
            '(--archived)--archived[Those that retrieve no longer considers]'
            '(--sort)--sort[newest or oldest]:sort:(newest oldest)'
            '(--limit -n)'{--limit,-n}'[At most so many]:limit: '
            '(--offset)--offset[Leave out the first N]:offset: '
            '(--long -l)'{--long,-l}'[All columns, and whole texts]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'show')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:show: _alma_values ids'
        ) ;;
    'edit')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:edit: _alma_values ids'
        ) ;;
    'correct')
        specs=(
            '(--outcome)--outcome[How it ended, success, failure or partial]:outcome:(success partial failure)'
            '(--strategy)--strategy[How it was done]:strategy: '
            '(--task)--task[What was to be done]:task: '
            '(--error)--error[What went wrong]:error: '
            '(--feedback)--feedback[What was said of it]:feedback: '
            '(--when)--when[The kind of situation, at most 200 characters]:when: '
            '(--do)--do[The decisive step, at most 200 characters]:do: '
            '(--domain)--domain[What it is about]:domain: _alma_values domains'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:correct: _alma_values ids'
        ) ;;
    'forget')
        specs=(
            '(--stale)--stale[Instead, hide what is old and never helped; it stays as evidence]'
            '(--now)--now[Erase the text at once, so that nothing undoes it; without IDs what was forgotten]'
            '(--dry-run)--dry-run[Only say what would be forgotten]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:forget: _alma_values ids'
        ) ;;
    'review')
        specs=(
            '*--kind[Only this kind; may be repeated, outcome, heuristic, anti-pattern, preference, knowledge, rule]:kind:(outcome heuristic anti-pattern preference knowledge rule)'
            '(--agent -a)'{--agent,-a}'[Only this agent’s]:agent: _alma_values agents'
            '(--limit -n)'{--limit,-n}'[At most so many]:limit: '
            '(--seen)--seen[Only note that all of them were looked at]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'undo')
        specs=(
            '(--list)--list[Only show what can be undone, newest first]'
            '(--limit -n)'{--limit,-n}'[With --list, show at most so many]:limit: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:undo: _alma_values ids'
        ) ;;
    'feedback')
        specs=(
            '(--helped)--helped[It was of use]'
            '(--misled)--misled[It led astray]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:feedback: _alma_values ids'
        ) ;;
    'status')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'log')
        specs=(
            '(--long -l)'{--long,-l}'[All columns, and whole texts]'
            '(--limit -n)'{--limit,-n}'[At most so many]:limit: '
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:log: _alma_values ids'
        ) ;;
    'report')
        specs=(
            '(--open)--open[Show it in the browser]'
            '(--out)--out[Where to write it, - for stdout]:out:_files'
            '(--agent -a)'{--agent,-a}'[Only what this agent learned]:agent: _alma_values agents'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'sync')
        specs=(
            '(--dry-run)--dry-run[Only show what would be done]'
            '(--push)--push[Only push]'
            '(--pull)--pull[Only pull]'
            '*'{--agent,-a}'[Push only this agent’s; several times for several]:agent: _alma_values agents'
            '(--timeout)--timeout[Stop after so long]:timeout: '
            '(--check)--check[Compare all ids, what is gone from the shared copy is pushed again]'
            '(--join)--join[Merge with a shared copy that this store, not empty, never met]'
            '(--reseed)--reseed[Fill a shared copy that was emptied; or pin this model and these rules]'
            '(--restamp)--restamp[Stamp what waits anew, after this clock was set right]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
        ) ;;
    'sync status')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'doctor')
        specs=(
            '(--report)--report[Gather what a bug report needs, without memories, and print it]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'run')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--task)--task[What it is for]:task: '
            '(--strategy)--strategy[What was done before, in your words]:strategy: '
            '(--when)--when[The kind of situation, in words that fit other tasks]:when: '
            '(--do)--do[The decisive step, in words that fit other tasks]:do: '
            '(--domain)--domain[About what]:domain: _alma_values domains'
            '*--junit[Learn from a test report, too, or those of a folder or ’pattern’; may be repeated]:junit: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:run:_files'
        ) ;;
    'install')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--check)--check[Change nothing; the exit code is 1 when something would change]'
            '(--dry-run)--dry-run[Change nothing; print what would change, as a diff]'
            '(--action)--action[For github, where ALMA’s action is]:action: '
            '(--command)--command[For github, what to run, and learn from]:command: '
            '*--junit[For github, its test reports; may be repeated]:junit: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:install:(claude git pre-commit github)'
        ) ;;
    'uninstall')
        specs=(
            '(--check)--check[Change nothing; the exit code is 1 when something would change]'
            '(--dry-run)--dry-run[Change nothing; print what would change, as a diff]'
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:uninstall:(claude git pre-commit github)'
        ) ;;
    'publish')
        specs=(
            '(--out)--out[The folder to write into]:out:_files -/'
            '(--agents-md)--agents-md[A block of AGENTS.md, in the place of a skill]'
            '(--check)--check[Change nothing; print what would change; exit code 1 if anything would]'
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'mcp')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'hook')
        specs=(
            '(--agent -a)'{--agent,-a}'[Who]:agent: _alma_values agents'
            '(--deadline)--deadline[End after so long, done or not]:deadline: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'cloud')
        specs=(
            '(--help -h)'{--help,-h}'[show help]'
        ) ;;
    'cloud create')
        specs=(
            '(--print-az)--print-az[Only print the commands of az that do it; needs no credential]'
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'stats')
        specs=(
            '(--effect)--effect[How turns ended with memories, and without (retrieval.holdout)]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'agents')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'reindex')
        specs=(
            '(--all)--all[Those that have a vector too]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'config')
        specs=(
            '(--help -h)'{--help,-h}'[show help]'
        ) ;;
    'config show')
        specs=(
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'config check')
        specs=(
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'config set')
        specs=(
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:config set:(azure.auth azure.container azure.database azure.endpoint azure.key azure.key_vault embedding.allow_download embedding.cache_dir embedding.model file.path hooks.checks hooks.learn_from_stop index learning.anti_pattern_below learning.half_life_days learning.min_occurrences_for_heuristic learning.z project_id reflect.command reflect.timeout_s retrieval.candidates retrieval.half_life_days.anti_pattern retrieval.half_life_days.heuristic retrieval.half_life_days.knowledge retrieval.half_life_days.outcome retrieval.half_life_days.preference retrieval.holdout retrieval.keyword_weight retrieval.max_tokens retrieval.min_score retrieval.min_similarity retrieval.top_k retrieval.weights.confidence retrieval.weights.credit retrieval.weights.recency retrieval.weights.similarity retrieval.weights.success secrets.keep secrets.redact storage wait_s)'
        ) ;;
    'config rename')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    'completion')
        specs=(
            '(--install)--install[Have new shells read it]'
            '(--remove)--remove[Take that out again]'
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:completion:(bash zsh fish)'
        ) ;;
    'export')
        specs=(
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:export:_files'
        ) ;;
    'import')
        specs=(
            '(--agent -a)'{--agent,-a}'[Whose the facts of Markdown are]:agent: _alma_values agents'
            '(--dry-run)--dry-run[Of Markdown, only show what would be taken]'
            '(--wait)--wait[Wait so long for other processes]:wait: '
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--yes -y)'{--yes,-y}'[Don’t ask]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*:import:_files'
        ) ;;
    'demo')
        specs=(
            '(--dir)--dir[The project’s folder]:dir:_files -/'
            '(--verbose)--verbose[Tell on stderr what happens, step by step]'
            '(--json)--json[Print one JSON object]'
            '(--help -h)'{--help,-h}'[show help]'
            '*: :'
        ) ;;
    esac
    (( $#specs )) && _arguments -s $specs
}

# sourced from .zshrc, or found by compinit in $fpath
if [[ ${funcstack[1]} == _alma ]]; then
    _alma "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }
    compdef _alma alma
fi
