"""Command tree → completion scripts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tektra_cli.completion import Flag, Node

_HEAD = "# Generated from the command tree by: python -m tektra_cli.completion completions/\n"

_BASH = """# bash completion for tektra; load it with: source tektra.bash
%(head)s
_tektra() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local path="" word kind="" words="" flags=""
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$path $word" in
            %(paths)s) path="$path $word" ;;
        esac
    done
    case "$path:$previous" in
%(values)s
        *)
            case "$path" in
%(nodes)s
            esac
            if [[ $current == -* ]]; then words="$flags" kind=""; fi ;;
    esac
    case "$kind" in
        files) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        ?*) words="$words $(tektra __complete "$kind" 2>/dev/null)" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _tektra tektra
"""


def bash(tree: Sequence[Node]) -> str:
    """One function that finds the command among the words typed so far, then offers what may follow it."""
    parts = {
        "head": _HEAD.rstrip(),
        "paths": "|".join(f'"{_path(node)}"' for node in tree if node.words),
        "values": "\n".join(_bash_value(node, flag) for node in tree for flag in node.flags if flag.takes_value),
        "nodes": "\n".join(_bash_node(node) for node in tree),
    }
    return _BASH % parts


def _path(node: Node) -> str:
    return "".join(f" {word}" for word in node.words)


def _bash_value(node: Node, flag: Flag) -> str:
    pattern = "|".join(f'"{_path(node)}:{name}"' for name in flag.names)
    return f'        {pattern}) words="{" ".join(flag.choices)}" kind="{flag.kind}" ;;'


def _bash_node(node: Node) -> str:
    flags = " ".join(name for flag in node.flags for name in flag.names if name.startswith("--"))
    words = " ".join(name for name, _ in node.commands)
    return f'                "{_path(node)}") words="{words}" kind="{node.argument}" flags="{flags}" ;;'


def zsh(tree: Sequence[Node]) -> str:
    """One function a command; groups hand on to the function of the word that follows."""
    functions = "\n".join(_zsh_group(node) if node.commands else _zsh_command(node) for node in tree)
    return f'#compdef tektra\n{_HEAD}\n{_ZSH_NAMES}\n{functions}\n_tektra "$@"\n'


_ZSH_NAMES = """_tektra_names() {
    local -a names
    names=(${(f)"$(tektra __complete $1 2>/dev/null)"})
    compadd -a names
}
"""


def _zsh_function(node: Node) -> str:
    return "_".join(("_tektra", *node.words))


def _zsh_group(node: Node) -> str:
    names = "\n".join(f"        {_quoted(f'{name}:{summary}')}" for name, summary in node.commands)
    calls = "\n".join(f"                {name}) {_zsh_function(node)}_{name} ;;" for name, _ in node.commands)
    flags = " ".join(_zsh_flag(flag) for flag in node.flags)
    return f"""{_zsh_function(node)}() {{
    local state
    local -a commands
    commands=(
{names}
    )
    _arguments -C {flags} '1: :->command' '*:: :->rest'
    case $state in
        command) _describe command commands ;;
        rest)
            case $words[1] in
{calls}
            esac ;;
    esac
}}
"""


def _zsh_command(node: Node) -> str:
    parts = [_zsh_flag(flag) for flag in node.flags]
    if node.argument:
        parts.append(f"'*: :{_zsh_action(node.argument)}'")
    lines = " \\\n        ".join(parts)
    return f"{_zsh_function(node)}() {{\n    _arguments \\\n        {lines}\n}}\n"


def _zsh_flag(flag: Flag) -> str:
    summary = flag.help.rstrip(".").replace("[", "(").replace("]", ")").replace(":", "\\:")
    action = f"({' '.join(flag.choices)})" if flag.choices else _zsh_action(flag.kind)
    meaning = _quoted(f"[{summary}]" + (f":value:{action}" if flag.takes_value else ""))
    spelt = f"{{{','.join(flag.names)}}}" if len(flag.names) > 1 else flag.names[0]
    return ("'*'" if flag.repeatable else _quoted(f"({' '.join(flag.names)})")) + spelt + meaning


def _zsh_action(kind: str) -> str:
    return {"": "", "files": "_files"}.get(kind, f"_tektra_names {kind}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def fish(tree: Sequence[Node]) -> str:
    """One line a word that may follow."""
    lines = [_HEAD.rstrip(), "complete -c tektra -f"]
    for node in tree:
        lines += [_fish(node, f"-a {name}", summary) for name, summary in node.commands]
        lines += [_fish(node, _fish_flag(flag), flag.help) for flag in node.flags]
        if node.argument:
            lines.append(_fish(node, _fish_values(node.argument), ""))
    return "\n".join(lines) + "\n"


def _fish(node: Node, what: str, summary: str) -> str:
    description = f" -d {_quoted(summary.rstrip('.'))}" if summary else ""
    return f"complete -c tektra -n {_quoted(_fish_condition(node))} {what}{description}"


def _fish_condition(node: Node) -> str:
    if not node.words:
        return "__fish_use_subcommand"
    seen = [f"__fish_seen_subcommand_from {word}" for word in node.words]
    if node.commands:
        seen.append(f"not __fish_seen_subcommand_from {' '.join(name for name, _ in node.commands)}")
    return "; and ".join(seen)


def _fish_flag(flag: Flag) -> str:
    spelt = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names)
    if not flag.takes_value:
        return spelt
    if flag.choices:
        return f"{spelt} -x -a {_quoted(' '.join(flag.choices))}"
    return f"{spelt} -r {_fish_values(flag.kind)}".rstrip()


def _fish_values(kind: str) -> str:
    return {"": "", "files": "-F"}.get(kind, f"-x -a '(tektra __complete {kind} 2>/dev/null)'")
