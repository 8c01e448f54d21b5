"""Makes the scripts by which bash, zsh and fish complete the words of `alma`, from the commands themselves.

A script knows all commands and options; it asks `alma completion --values` only for what a project knows. Values are
data: no shell ever evaluates one, and bash, which puts them on the line as they are, gets them quoted.
"""

# ruff: noqa: INP001  # a script, not a package

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import typer.main

from alma_cli.cli.app import command_app
from alma_cli.cli.commands import COMMANDS
from alma_cli.cli.options import KIND_NAMES
from alma_cli.config import KEYS
from alma_cli.core.records import RESULT_VALUES
from alma_cli.hooks.install.setup import INSTALL_TARGETS, SETUP_TARGETS

FILE, FOLDER = "<file>", "<dir>"
KINDS = ",".join(KIND_NAMES)
VALUES = {
    "agent": "@agents",
    "domain": "@domains",
    "label": "@labels",
    "user": "@users",
    "id": "@ids",
    "ids": "@ids",
    "used": "@ids",
    "followed": "@ids",
    "kind": KINDS,
    "outcome": ",".join(RESULT_VALUES),
    "directory": FOLDER,
}
"""What may stand for a parameter of this name: `@` and a kind that ALMA is asked for, a list, or files."""

METAVARS = {
    "FILE": FILE,
    "FILE|-": FILE,
    "DIR": FOLDER,
    "KEY": ",".join(sorted(key.path for key in KEYS)),
    "TARGET": ",".join(INSTALL_TARGETS),
    "[TARGET ...]": ",".join(SETUP_TARGETS),
    "-- COMMAND...": FILE,
}
"""What may stand where this is wanted, for parameters of other names."""

HEADER = "# Written by `make docs` from the commands themselves: see docs/completion.py.\n"


class Option(NamedTuple):
    """An option's names, what follows it ("" for a flag, None for a text that nobody can know), and its help."""

    names: tuple[str, ...]
    value: str | None
    help: str
    is_flag: bool
    repeats: bool


class Page(NamedTuple):
    """A command as it is written, its help, its options, and what its words may be."""

    path: str
    help: str
    options: tuple[Option, ...]
    words: str


def pages() -> list[Page]:
    """Every command and subcommand, after the root."""
    first = (
        Option(("--dir",), FOLDER, "the folder of the project", is_flag=False, repeats=False),
        Option(("--verbose",), "", "tell on stderr what happens", is_flag=True, repeats=False),
        Option(("--version",), "", "show the version", is_flag=True, repeats=False),
        _HELP,
    )
    found = [Page("", "", first, ",".join(COMMANDS))]
    for name, command in COMMANDS.items():
        own = command._replace(subcommands=()) if command.alone else command
        found.append(_page(name, command.summary, typer.main.get_command(command_app(own)), command.subcommands))
        group: Any = typer.main.get_command(command_app(command))
        for subcommand in command.subcommands:
            inner = group.commands[subcommand]
            summary = (
                inspect.cleandoc(inner.help or "").partition("\n")[0].partition(". ")[0].partition(": ")[0].rstrip(".")
            )
            found.append(_page(f"{name} {subcommand}", summary, inner, ()))
    return found


_HELP = Option(("--help", "-h"), "", "show help", is_flag=True, repeats=False)


def _page(path: str, help_: str, command: Any, subcommands: Sequence[str]) -> Page:
    parameters = [each for each in command.params if each.name != "help"]
    options = [_option(each) for each in parameters if each.param_type_name == "option" and not each.hidden]
    words = [_value(each) for each in parameters if each.param_type_name == "argument"]
    known = ",".join(subcommands) or next(filter(None, words), "")
    return Page(path, _plain(help_), (*options, _HELP), known)


def _option(parameter: Any) -> Option:
    return Option(
        names=tuple(parameter.opts),
        value="" if parameter.is_flag else _value(parameter),
        help=_plain((parameter.help or "").partition(". ")[0].partition(" [")[0].rstrip(".")),
        is_flag=parameter.is_flag,
        repeats=parameter.multiple,
    )


def _value(parameter: Any) -> str | None:
    """What may stand for a parameter; None for a text."""
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return ",".join(str(getattr(choice, "value", choice)) for choice in choices)
    if parameter.metavar == "FORMAT":
        return "prompt,json"
    named = VALUES.get(parameter.name)
    if named or (parameter.metavar == "KEY" and parameter.param_type_name == "option"):
        return named
    return METAVARS.get(parameter.metavar or "")


def _plain(text: str) -> str:
    """A help text that needs no quoting in any shell."""
    text = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}").replace(": ", ", ")
    return " ".join("".join(" " if sign in '"`$\\[]:' else sign for sign in text).split())


def bash() -> str:
    """The script for bash."""
    cases = []
    for page in pages():
        options = " ".join(name for option in page.options for name in option.names)
        follows = " ".join(
            f"{name}={option.value or '-'}" for option in page.options if not option.is_flag for name in option.names
        )
        cases.append(f"    '{page.path}') options='{options}' follows='{follows}' words='{page.words or '-'}' ;;")
    return HEADER + _BASH.replace("@CASES@", "\n".join(cases))


def zsh() -> str:
    """The script for zsh."""
    root, *commands = pages()
    groups = {page.path for page in commands if COMMANDS.get(page.path, COMMANDS["init"]).subcommands}
    cases = []
    for page in commands:
        rest = [] if page.path in groups else [_zsh_words(page)]
        specs = [*(_zsh_option(option) for option in page.options), *filter(None, rest)]
        cases.append(
            f"    '{page.path}')\n        specs=(\n            {(chr(10) + ' ' * 12).join(specs)}\n        ) ;;"
        )
    names = "\n".join(f"    '{page.path}:{page.help}'" for page in commands if " " not in page.path)
    inner = "\n".join(f"    {group}) names=({' '.join(_quoted_names(group, commands))}) ;;" for group in sorted(groups))
    first = "\n".join(f"        {_zsh_option(option)} \\" for option in root.options)
    return (
        "#compdef alma\n"
        + HEADER
        + (
            _ZSH.replace("@CASES@", "\n".join(cases))
            .replace("@NAMES@", names)
            .replace("@GROUPS@", inner)
            .replace("@FIRST@", first)
        )
    )


def _quoted_names(group: str, commands: Sequence[Page]) -> Iterator[str]:
    for page in commands:
        if page.path.startswith(f"{group} "):
            yield f"'{page.path.partition(' ')[2]}:{page.help}'"


def _zsh_option(option: Option) -> str:
    only = "" if option.repeats else f"({' '.join(option.names)})"
    star = "*" if option.repeats else ""
    after = "" if option.is_flag else f":{option.names[0].lstrip('-')}:{_zsh_action(option.value)}"
    names = option.names[0] if len(option.names) == 1 else f"{{{','.join(option.names)}}}"
    if len(option.names) == 1:
        return f"'{only}{star}{names}[{option.help}]{after}'"
    return f"'{only}{star}'{names}'[{option.help}]{after}'"


def _zsh_words(page: Page) -> str:
    return f"'*:{page.path}:{_zsh_action(page.words)}'" if page.words else "'*: :'"


def _zsh_action(value: str | None) -> str:
    if not value:
        return " "
    if value.startswith("@"):
        return f" _alma_values {value[1:]}"
    return {FILE: "_files", FOLDER: "_files -/"}.get(value) or f"({value.replace(',', ' ')})"


def fish() -> str:
    """The script for fish."""
    lines = []
    for page in pages():
        at = f"-n '__alma_at \"{page.path}\"'"
        if page.path == "" or COMMANDS.get(page.path, COMMANDS["init"]).subcommands:
            inner = [each for each in pages() if each.path and each.path.rpartition(" ")[0] == page.path]
            lines += [f"complete -c alma {at} -a '{each.path.rpartition(' ')[2]}' -d '{each.help}'" for each in inner]
        elif page.words:
            lines.append(f"complete -c alma {at} {_fish_values(page.words)}")
        for option in page.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            takes = "" if option.is_flag else f" -r {_fish_values(option.value)}"
            lines.append(f"complete -c alma {at} {names}{takes} -d '{option.help}'")
    options = [option for page in pages() for option in page.options]
    followed = {name for option in options if not option.is_flag for name in option.names}
    if both := followed.intersection(name for option in options if option.is_flag for name in option.names):
        raise SystemExit(f"{', '.join(both)} takes a value in some commands only: fish can't tell the words after it")
    paths = " ".join(f"'{page.path}'" for page in pages() if page.path)
    lists = f"set -g __alma_paths {paths}\nset -g __alma_followed {' '.join(sorted(followed))}\n"
    return HEADER + lists + _FISH + "\n".join(line.replace("  ", " ") for line in lines) + "\n"


def _fish_values(value: str | None) -> str:
    if not value:
        return "-f"
    if value.startswith("@"):
        return f"-f -a '(__alma_values {value[1:]})'"
    if value == FILE:
        return "-F"
    return f"-f -a '{'(__fish_complete_directories)' if value == FOLDER else value.replace(',', ' ')}'"


_BASH = r"""
# For the command $1: its options, what follows which ("-" for a text that nobody knows), and what its words may be.
_alma_about() {
    case $1 in
@CASES@
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
"""

_ZSH = r"""
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
@NAMES@
    )
    _describe command names
}

_alma() {
    local curcontext=$curcontext state line context at
    local -a specs names
    typeset -A opt_args
    _arguments -C \
@FIRST@
        '1:command:_alma_commands' \
        '*::argument:->inside' && return
    [[ $state == inside ]] || return
    at=$words[1]
    names=()
    case $at in
@GROUPS@
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
@CASES@
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
"""

_FISH = r"""
# True where the words so far, without options and what follows those, are this command.
function __alma_at
    set -l path
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case '--*=*'
            case '-*'
                contains -- $word $__alma_followed; and set skip 1
            case '*'
                contains -- (string join ' ' -- $path $word) $__alma_paths; and set -a path $word
        end
    end
    test "$path" = "$argv[1]"
end

function __alma_values
    set -l word (commandline -ct)
    command alma completion --values $argv[1] (string replace -r '^--?[\w-]+=' '' -- $word) 2>/dev/null
end

complete -c alma -e
complete -c alma -f
"""
