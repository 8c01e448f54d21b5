# Written by `make docs` from the commands themselves: see docs/completion.py.

# For the command $1: its options, what follows which ("-" for a text that nobody knows), and what its words may be.
_alma_about() {
    case $1 in
    '') options='--dir --verbose --version --help -h' follows='--dir=<dir>' words='init,setup,retrieve,learn,reflect,remember,add,search,list,show,edit,correct,forget,review,undo,feedback,status,log,report,sync,doctor,run,install,uninstall,publish,mcp,hook,cloud,stats,agents,reindex,config,completion,export,import,demo' ;;
    'init') options='--project-id --dir --verbose --yes -y --json --help -h' follows='--project-id=- --dir=<dir>' words='-' ;;
    'setup') options='--check --dry-run --remove --agent -a --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --dir=<dir>' words='claude,codex,cursor,vscode,git,pre-commit,github,agents-md,skill' ;;
    'retrieve') options='--agent -a --when --top-k -k --user --kind --min-score --max-tokens --format --strict --explain --remote --long -l --wait --dir --verbose --json --help -h' follows='--agent=@agents -a=@agents --when=- --top-k=- -k=- --user=@users --kind=outcome,heuristic,anti-pattern,preference,knowledge,rule --min-score=- --max-tokens=- --format=table,prompt,json --wait=- --dir=<dir>' words='-' ;;
    'learn') options='--ok --failed --error --when --do --agent -a --task --outcome --strategy --feedback --domain --duration-ms --at --label --used --retrieval --key --followed --turn --batch --from-git --dry-run --wait --dir --verbose --yes -y --json --help -h' follows='--ok=- --failed=- --error=- --when=- --do=- --agent=@agents -a=@agents --task=- --outcome=success,partial,failure --strategy=- --feedback=- --domain=@domains --duration-ms=- --at=- --label=@labels --used=@ids --retrieval=- --key=- --followed=@ids --batch=<file> --from-git=- --wait=- --dir=<dir>' words='-' ;;
    'reflect') options='--apply --with --sheets --review --undo --format --agent -a --domain --wait --dir --verbose --yes -y --json --help -h' follows='--apply=<file> --with=- --sheets=- --format=prompt,json --agent=@agents -a=@agents --domain=@domains --wait=- --dir=<dir>' words='-' ;;
    'remember') options='--agent -a --project-wide --domain --source --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --domain=@domains --source=- --wait=- --dir=<dir>' words='-' ;;
    'add') options='--help -h' follows='' words='preference,knowledge,heuristic,anti-pattern' ;;
    'add preference') options='--agent -a --project-wide --domain --user --category --source --confidence --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --domain=@domains --user=@users --category=- --source=- --confidence=- --wait=- --dir=<dir>' words='-' ;;
    'add knowledge') options='--agent -a --project-wide --domain --source --confidence --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --domain=@domains --source=- --confidence=- --wait=- --dir=<dir>' words='-' ;;
    'add heuristic') options='--agent -a --project-wide --domain --strategy --confidence --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --domain=@domains --strategy=- --confidence=- --wait=- --dir=<dir>' words='-' ;;
    'add anti-pattern') options='--agent -a --project-wide --domain --why --instead --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --domain=@domains --why=- --instead=- --wait=- --dir=<dir>' words='-' ;;
    'search') options='--kind --agent -a --domain --outcome --since --until --source --label --user --all --sort --limit -n --offset --long -l --wait --dir --verbose --json --help -h' follows='--kind=outcome,heuristic,anti-pattern,preference,knowledge,rule --agent=@agents -a=@agents --domain=@domains --outcome=success,partial,failure --since=- --until=- --source=- --label=@labels --user=@users --sort=relevance,newest,oldest --limit=- -n=- --offset=- --wait=- --dir=<dir>' words='-' ;;
    'list') options='--kind --agent -a --domain --outcome --since --until --source --label --user --all --containing --archived --sort --limit -n --offset --long -l --wait --dir --verbose --json --help -h' follows='--kind=outcome,heuristic,anti-pattern,preference,knowledge,rule --agent=@agents -a=@agents --domain=@domains --outcome=success,partial,failure --since=- --until=- --source=- --label=@labels --user=@users --containing=- --sort=newest,oldest --limit=- -n=- --offset=- --wait=- --dir=<dir>' words='-' ;;
    'show') options='--wait --dir --verbose --json --help -h' follows='--wait=- --dir=<dir>' words='@ids' ;;
    'edit') options='--wait --dir --verbose --yes -y --json --help -h' follows='--wait=- --dir=<dir>' words='@ids' ;;
    'correct') options='--outcome --strategy --task --error --feedback --when --do --domain --wait --dir --verbose --yes -y --json --help -h' follows='--outcome=success,partial,failure --strategy=- --task=- --error=- --feedback=- --when=- --do=- --domain=@domains --wait=- --dir=<dir>' words='@ids' ;;
    'forget') options='--stale --now --dry-run --wait --dir --verbose --yes -y --json --help -h' follows='--wait=- --dir=<dir>' words='@ids' ;;
    'review') options='--kind --agent -a --limit -n --seen --wait --dir --verbose --yes -y --json --help -h' follows='--kind=outcome,heuristic,anti-pattern,preference,knowledge,rule --agent=@agents -a=@agents --limit=- -n=- --wait=- --dir=<dir>' words='-' ;;
    'undo') options='--list --limit -n --wait --dir --verbose --yes -y --json --help -h' follows='--limit=- -n=- --wait=- --dir=<dir>' words='@ids' ;;
    'feedback') options='--helped --misled --wait --dir --verbose --yes -y --json --help -h' follows='--wait=- --dir=<dir>' words='@ids' ;;
    'status') options='--wait --dir --verbose --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'log') options='--long -l --limit -n --wait --dir --verbose --json --help -h' follows='--limit=- -n=- --wait=- --dir=<dir>' words='@ids' ;;
    'report') options='--open --out --agent -a --wait --dir --verbose --json --help -h' follows='--out=<file> --agent=@agents -a=@agents --wait=- --dir=<dir>' words='-' ;;
    'sync') options='--dry-run --push --pull --agent -a --timeout --check --join --reseed --restamp --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --timeout=- --wait=- --dir=<dir>' words='status' ;;
    'sync status') options='--wait --dir --verbose --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'doctor') options='--report --wait --dir --verbose --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'run') options='--agent -a --task --strategy --when --do --domain --junit --dir --verbose --help -h' follows='--agent=@agents -a=@agents --task=- --strategy=- --when=- --do=- --domain=@domains --junit=- --dir=<dir>' words='<file>' ;;
    'install') options='--agent -a --check --dry-run --action --command --junit --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --action=- --command=- --junit=- --dir=<dir>' words='claude,git,pre-commit,github' ;;
    'uninstall') options='--check --dry-run --dir --verbose --yes -y --json --help -h' follows='--dir=<dir>' words='claude,git,pre-commit,github' ;;
    'publish') options='--out --agents-md --check --agent -a --wait --dir --verbose --yes -y --json --help -h' follows='--out=<dir> --agent=@agents -a=@agents --wait=- --dir=<dir>' words='-' ;;
    'mcp') options='--agent -a --wait --dir --verbose --help -h' follows='--agent=@agents -a=@agents --wait=- --dir=<dir>' words='-' ;;
    'hook') options='--agent -a --deadline --dir --verbose --help -h' follows='--agent=@agents -a=@agents --deadline=- --dir=<dir>' words='-' ;;
    'cloud') options='--help -h' follows='' words='create' ;;
    'cloud create') options='--print-az --dir --verbose --yes -y --json --help -h' follows='--dir=<dir>' words='-' ;;
    'stats') options='--effect --wait --dir --verbose --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'agents') options='--wait --dir --verbose --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'reindex') options='--all --wait --dir --verbose --yes -y --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'config') options='--help -h' follows='' words='show,check,set,rename' ;;
    'config show') options='--dir --verbose --json --help -h' follows='--dir=<dir>' words='-' ;;
    'config check') options='--dir --verbose --json --help -h' follows='--dir=<dir>' words='-' ;;
    'config set') options='--dir --verbose --yes -y --json --help -h' follows='--dir=<dir>' words='azure.auth,azure.container,azure.database,azure.endpoint,azure.key,azure.key_vault,embedding.allow_download,embedding.cache_dir,embedding.model,file.path,hooks.checks,hooks.learn_from_stop,index,learning.anti_pattern_below,learning.half_life_days,learning.min_occurrences_for_heuristic,learning.z,project_id,reflect.command,reflect.timeout_s,retrieval.candidates,retrieval.half_life_days.anti_pattern,retrieval.half_life_days.heuristic,retrieval.half_life_days.knowledge,retrieval.half_life_days.outcome,retrieval.half_life_days.preference,retrieval.holdout,retrieval.keyword_weight,retrieval.max_tokens,retrieval.min_score,retrieval.min_similarity,retrieval.top_k,retrieval.weights.confidence,retrieval.weights.credit,retrieval.weights.recency,retrieval.weights.similarity,retrieval.weights.success,secrets.keep,secrets.redact,storage,wait_s' ;;
    'config rename') options='--wait --dir --verbose --yes -y --json --help -h' follows='--wait=- --dir=<dir>' words='-' ;;
    'completion') options='--install --remove --dir --verbose --yes -y --json --help -h' follows='--dir=<dir>' words='bash,zsh,fish' ;;
    'export') options='--wait --dir --verbose --help -h' follows='--wait=- --dir=<dir>' words='<file>' ;;
    'import') options='--agent -a --dry-run --wait --dir --verbose --yes -y --json --help -h' follows='--agent=@agents -a=@agents --wait=- --dir=<dir>' words='<file>' ;;
    'demo') options='--dir --verbose --json --help -h' follows='--dir=<dir>' words='-' ;;
    *) options='' follows='' words='-' ;;
    esac
}

_alma() {
    local IFS=$' \t\n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} stem='' path=''
    local options follows words wanted='' word pair value text i
    # bash takes `--label key=value` for four words, `--option=value` for three
    if [[ $cur == = ]]; then cur=''; prev='='; i=$((COMP_CWORD-1)); else i=$((COMP_CWORD-2)); fi
    if [[ $prev == = ]]; then
        prev=${COMP_WORDS[i]}
        if [[ $prev != -* ]]; then stem="$prev="; cur="$stem$cur"; prev=${COMP_WORDS[i-1]}; fi
        if [[ $prev == = ]]; then prev=${COMP_WORDS[i-2]}; fi
    fi
    _alma_about ''
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == -- ]]; then wanted='<file>'; break; fi
        for pair in $follows; do
            [[ $word != "${pair%%=*}" || ${COMP_WORDS[i+1]} == = ]] || { i=$((i+1)); continue 2; }
        done
        [[ $word == = ]] && { i=$((i+1)); continue; }
        [[ $word != -* ]] || continue
        case ,$words,$path in *",$word,"* | *,) path="${path:+$path }$word"; _alma_about "$path" ;; esac
    done
    COMPREPLY=()
    if [[ -z $wanted ]]; then
        wanted=$words
        [[ $cur != -* ]] || wanted=${options// /,}
        for pair in $follows; do [[ $prev != "${pair%%=*}" ]] || wanted=${pair#*=}; done
    fi
    local -a texts=()
    while IFS=$'\t' read -r value text; do
        [[ -n $value && $value == "$cur"* ]] || continue
        [[ $wanted != @* ]] || printf -v value %q "$value"
        COMPREPLY+=("${value#"$stem"}")
        texts+=("$text")
    done < <(
        case $wanted in
        -) ;;
        @*) command alma completion --values "${wanted#@}" "$cur" 2>/dev/null ;;
        \<*) ;;
        *) printf '%s\n' "${wanted//,/$'\n'}" ;;
        esac
    )
    case $wanted in
    # bash's own way, which knows ~ and what is quoted
    '<file>') compopt -o default 2>/dev/null ;;
    '<dir>') compopt -o filenames -o dirnames 2>/dev/null ;;
    @ids)
        compopt -o nosort 2>/dev/null
        # where bash lists them, and doesn't put them on the line, each with what it says
        if [[ ${#COMPREPLY[@]} -gt 1 && ${COMP_TYPE:-9} != 37 && ${COMP_TYPE:-9} != 42 ]]; then
            for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]="${COMPREPLY[i]}  ${texts[i]}"; done
        fi ;;
    esac
}

complete -F _alma alma
