"""Pure: findings about commands, by their programs and words."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tektrad.trust import code_findings, shell, text_findings
from tektrad.trust.finding import Finding, Level
from tektrad.trust.known_programs import (
    BEFORE,
    DATABASES,
    DECODES,
    DISK,
    GETS,
    INSTALLS,
    INTERPRETERS,
    LOADED,
    PROGRAMS,
    READERS,
    ROOT,
    SHELLS,
    SUBCOMMANDS,
    VALUED,
)
from tektrad.trust.shell import Command

MOST_CHARACTERS = 16_384
"""Of a command line that are looked at."""
DEEPEST = 4
"""Command lines inside of command lines."""
CODE_FLAGS = frozenset({"-e", "-E", "--eval", "-r", "-p", "-pe", "-ne", "-c", "-Command"})
PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
EVERYTHING = re.compile(r"(?:/|~|\$\{?HOME\}?|\.|\.\.|\*|\.\*)(?:/+\*?|\*)?")


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the commands: the folder, and the hosts that the asker may reach (None: nobody said)."""

    workspace: str = ""
    hosts: Collection[str] | None = None
    depth: int = 0

    @property
    def deeper(self) -> Around:
        """One command line further in."""
        return Around(self.workspace, self.hosts, self.depth + 1)


def of_text(text: str, around: Around) -> Iterator[Finding]:
    """Of what a shell is given to run."""
    if around.depth > DEEPEST:
        yield Finding("caution", "is a command inside of commands inside of commands, further in than was looked", text)
        return
    looked_at = text[:MOST_CHARACTERS]
    if len(looked_at) < len(text):
        yield Finding(
            "caution", f"is long: only {MOST_CHARACTERS:,} of its {len(text):,} characters were looked at", text
        )
    yield from text_findings.hidden(looked_at, "")
    yield from text_findings.alike(looked_at, "")
    try:
        found = shell.commands(looked_at)
    except shell.Unreadable as error:
        yield Finding("caution", f"cannot be read to its end: {error}", looked_at)
        found = error.found
    yield from _bomb(found)
    for each in found:
        yield from of_command(each, around)


def of_words(words: Sequence[str], around: Around) -> Iterator[Finding]:
    """Of one command, by its words."""
    looked_at, left = [], MOST_CHARACTERS
    for word in words:
        looked_at.append(word[:left])
        left -= len(word)
        if left <= 0:
            yield Finding(
                "caution", f"is long: only {MOST_CHARACTERS:,} of its characters were looked at", _part(words)
            )
            break
    for word in looked_at:
        if "\n" not in word:
            yield from text_findings.alike(word, "")
        yield from text_findings.hidden(word, "")
    yield from of_command(Command(words=list(looked_at)), around)


def of_command(command: Command, around: Around) -> Iterator[Finding]:
    """Of one command among others."""
    part = _part(command.words)
    for text in command.texts:
        yield from of_text(text, around.deeper)
    for name in command.assigned:
        if name in LOADED:
            yield Finding("caution", f"changes what programs load or run: {name}", part or name)
    for path in command.writes:
        yield from text_findings.written(path, around.workspace, part)
        if _is_hosted(path):
            yield Finding("danger", "hands its input and output to another machine", part)
    for path in command.reads:
        yield from text_findings.read(path, part)
    words = command.words
    for _ in range(8):  # as many programs before programs as anybody writes
        if not words:
            return
        name = words[0].rpartition("/")[2]
        yield from _program(name, words, command, around)
        inner = _behind(name, words)
        if inner is None:
            return
        words = inner


def _program(name: str, words: list[str], command: Command, around: Around) -> Iterator[Finding]:
    part, rest = _part(words), words[1:]
    yield from _fed(name, rest, command, part, around)
    if name in ROOT:
        yield Finding("danger", f"asks for the rights of somebody else, usually root: {name}", part)
    if name in PROGRAMS:
        yield Finding(*PROGRAMS[name], part)
    if name.startswith("mkfs"):
        yield Finding(*DISK, part)
    if name == "env" and not [word for word in rest if not word.startswith("-")]:
        yield Finding("caution", "prints the environment, which may hold secrets", part)
    yield from _subcommand(name, rest, part)
    special = SPECIAL.get(name)
    if special is not None:
        yield from special(rest, part, around)
    yield from _code(name, rest, command, part, around)
    if name in READERS:
        for word in rest:
            yield from text_findings.read(word.lstrip("@"), part)
    if name not in BEFORE and name not in SHELLS and not PYTHON.fullmatch(name):
        yield from text_findings.urls("\n".join(rest), around.hosts, part)


def _behind(name: str, words: list[str]) -> list[str] | None:
    """The command that a program is told to run."""
    if name == "find":
        at = next((place for place, word in enumerate(words) if word in ("-exec", "-execdir", "-ok", "-okdir")), None)
        return None if at is None else list(itertools.takewhile(lambda word: word not in (";", "+"), words[at + 1 :]))
    if name not in BEFORE:
        return None
    rest = words[1:]
    while rest and (rest[0].startswith("-") or "=" in rest[0].partition("/")[0]):
        rest = rest[2:] if rest[0] in VALUED else rest[1:]
    if name == "timeout":
        rest = rest[1:]
    return rest


def _fed(name: str, rest: list[str], command: Command, part: str, around: Around) -> Iterator[Finding]:
    """What comes to an interpreter from elsewhere is run, and nobody has read it."""
    if not _runs_what_it_is_given(name, rest):
        return
    before = [*command.fed_by, *(each for text in command.texts for each in _readable(text, around))]
    names = [_name(each) for each in before]
    what = " | ".join([*(_part(each.words) for each in before[-2:] if each.words), part])
    kind = "a shell" if name in (*SHELLS, "eval", "source", ".") else name
    if GETS & set(names):
        yield Finding("danger", f"pipes a download into {kind}", what)
    elif DECODES & set(names):
        yield Finding("danger", f"runs text that was hidden by an encoding, in {kind}", what)
    elif name in SHELLS and names and names[-1] not in ("", "echo", "printf", "cat", "find", "ls"):
        yield Finding("caution", "lets a shell run what another program says", what)


def _runs_what_it_is_given(name: str, rest: list[str]) -> bool:
    """Whether what comes from elsewhere is its program, and not what its program works on."""
    if name in ("eval", "source", "."):
        return True
    is_python = PYTHON.fullmatch(name) is not None
    if not (name in SHELLS or is_python or name in INTERPRETERS - {"awk", "gawk"}):
        return False
    at = next((place for place, word in enumerate(rest) if _is_code_flag(name, word)), None)
    if at is not None:
        return rest[at + 1 : at + 2] != [] and rest[at + 1].startswith(("$(", "`"))
    files = [word for word in rest if not word.startswith("-")]
    return not files or (name in SHELLS and "-s" in rest) or (is_python and rest[0] == "-")


def _is_code_flag(name: str, word: str) -> bool:
    if name in SHELLS:
        return re.fullmatch(r"-[a-z]*c[a-z]*", word) is not None
    return (
        word in CODE_FLAGS
        or (word == "-m" and name not in INTERPRETERS)
        or re.fullmatch(r"-[A-Za-z]*c", word) is not None
    )


def _readable(text: str, around: Around) -> list[Command]:
    try:
        return shell.commands(text[:MOST_CHARACTERS]) if around.depth <= DEEPEST else []
    except shell.Unreadable as error:
        return error.found


def _subcommand(name: str, rest: list[str], part: str) -> Iterator[Finding]:
    name = "pip" if re.fullmatch(r"pip[\d.]*", name) else name
    first = next((word for word in rest if not word.startswith("-") or name == "history"), "")
    if (name, first) in SUBCOMMANDS:
        yield Finding(*SUBCOMMANDS[name, first], part)


def _code(name: str, rest: list[str], command: Command, part: str, around: Around) -> Iterator[Finding]:
    """What is run that stands in the words, or in a here-document."""
    if name in SHELLS:
        at = next((place for place, word in enumerate(rest) if re.fullmatch(r"-[a-z]*c[a-z]*", word)), None)
        if at is not None and at + 1 < len(rest):
            yield from of_text(rest[at + 1], around.deeper)
        elif command.given:
            yield from of_text(command.given, around.deeper)
    elif name == "eval":
        yield Finding("caution", "runs text as a command: eval", part)
        yield from of_text(" ".join(rest), around.deeper)
    elif name in ("ssh", "watch") and rest:
        yield from of_text(rest[-1], around.deeper)
    elif PYTHON.fullmatch(name):
        at = next((place for place, word in enumerate(rest) if re.fullmatch(r"-[A-Za-z]*c", word)), None)
        code = rest[at + 1] if at is not None and at + 1 < len(rest) else command.given
        if code:
            yield from code_findings.of_python(code, around.hosts)
        if rest[:3] == ["-m", "pip", "install"]:
            yield Finding(*INSTALLS, part)
        if rest[:2] == ["-m", "http.server"]:
            yield Finding("caution", "shows a folder to the network", part)
    elif name in INTERPRETERS and any(word in CODE_FLAGS for word in rest):
        yield Finding("note", f"runs code that nobody looked at here: {name}", part)
    if name in DATABASES:
        yield from text_findings.sql(";".join([*(word for word in rest if " " in word), command.given]), part)


def _rm(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    flags, paths = _split(rest)
    is_tree = any(flag == "--recursive" or re.fullmatch(r"-[a-zA-Z]*[rR][a-zA-Z]*", flag) for flag in flags)
    if "--no-preserve-root" in flags:
        yield Finding("danger", "removes everything, also the root", part)
    found: dict[tuple[Level, str, str], list[str]] = {}
    for path in paths:
        if path != "{}":
            found.setdefault(_removal(path, around, is_tree=is_tree), []).append(path)
    for (level, one, many), which in found.items():
        yield Finding(level, f"{one if len(which) == 1 else many}: {', '.join(which)}", part)
    if paths in ([], ["{}"]):
        what = "every directory tree" if is_tree else "every file"
        yield Finding("caution", f"removes {what} that it is given the name of", part)


def _removal(path: str, around: Around, *, is_tree: bool) -> tuple[Level, str, str]:
    """How bad it is that a path is removed, and the words for one and for more."""
    broad = EVERYTHING.fullmatch(path) is not None or re.fullmatch(r"/[^/]*/?\*?", path) is not None
    if is_tree and (broad or path.rstrip("/").endswith(".git")):
        return "danger", "removes a whole directory tree", "removes whole directory trees"
    if text_findings.outside(path, around.workspace):
        return "danger", "removes what lies outside of the folder", "removes what lies outside of the folder"
    if is_tree:
        return "caution", "removes a directory tree", "removes directory trees"
    if broad or "*" in path:
        return "caution", "removes all files that are like", "removes all files that are like"
    return "note", "removes a file", "removes files"


def _find(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    if "-delete" in rest:
        yield Finding("caution", "removes every file that is found", part)


def _dd(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    for word in rest:
        if word.startswith("of="):
            found = list(text_findings.written(word[3:], around.workspace, part))
            yield from found or [Finding("caution", f"overwrites a file: {word[3:]}", part)]


def _chmod(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    flags, words = _split([word for word in rest if not re.fullmatch(r"-[rwxst]+", word)])
    mode, paths = (words[0] if words else ""), " ".join(words[1:])
    if _recursive(flags):
        yield Finding("caution", f"changes permissions recursively: {paths}", part)
    if re.fullmatch(r"0?[4267][0-7]{3}", mode) or re.search(r"[ug]?\+[rwx]*s", mode):
        yield Finding("danger", f"lets a program run with its owner's rights: {paths}", part)
    elif re.fullmatch(r"[01]?[0-7]{2}[2367]", mode) or re.search(
        r"(?:^|,)[ugoa]*[oa][ugoa]*[+=][rx]*w|^\+[rx]*w", mode
    ):
        yield Finding("caution", f"lets everybody on the machine change it: {paths}", part)


def _chown(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    how = " recursively" if _recursive(_split(rest)[0]) else ""
    yield Finding("caution", f"changes whose files they are{how}", part)


def _recursive(flags: list[str]) -> bool:
    return any(flag == "--recursive" or re.fullmatch(r"-[a-zA-Z]*R[a-zA-Z]*", flag) for flag in flags)


def _writing(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    """Programs that change a file which their words name: which of them, depends on too much, so all are looked at."""
    for word in _split(rest)[1]:
        for found in text_findings.written(word, around.workspace, part):
            if not found.what.startswith("changes a file"):
                yield found


def _last(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    """Programs whose last word says where to."""
    paths = _split(rest)[1]
    if any(re.match(r"[\w.@-]+:", path) for path in paths):
        yield Finding("caution", "copies files from or to another machine", part)
    elif paths:
        yield from _writing(paths[-1:], part, around)


def _sed(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    if any(re.fullmatch(r"-[a-zA-Z]*i.*|--in-place.*", word) for word in rest):
        yield from _writing(rest[1:], part, around)


def _tar(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    for place, word in enumerate(rest[:-1]):
        if word in ("-C", "--directory", "-d"):
            yield from _writing([rest[place + 1]], part, around)
    if any(word.startswith(("--to-command", "--checkpoint-action", "--use-compress-program")) for word in rest):
        yield Finding("danger", "lets an archive run a program", part)


def _curl(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    for place, word in enumerate(rest):
        flag, _, value = word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
        if flag in SENDS:
            what = value or (rest[place + 1] if place + 1 < len(rest) else "")
            file = what.rpartition("@")[2] if "@" in what else what if flag in SENDS_FILES else ""
            level: Level = "danger" if file and text_findings.secret(file) else "caution"
            yield Finding(level, f"sends data out: {flag} {what}".rstrip(), part)
        elif flag in ("-k", "--insecure", "--no-check-certificate"):
            yield Finding("caution", "does not check with whom it speaks", part)
        elif flag in ("-X", "--request", "--method"):
            method = (value or (rest[place + 1] if place + 1 < len(rest) else "")).upper()
            if method not in ("GET", "HEAD", ""):
                yield Finding("caution", f"asks another machine to change something: {method}", part)
        elif flag in ("-o", "--output", "-O", "--output-document") and (value or place + 1 < len(rest)):
            yield from text_findings.written(value or rest[place + 1], around.workspace, part)


SENDS_FILES = frozenset({"-T", "--upload-file", "--post-file", "--body-file"})
SENDS = SENDS_FILES | {
    "-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "-F", "--form", "--post-data", "--body-data",
    "--json",
}  # fmt: skip


def _git(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    words = list(rest)
    while words and words[0].startswith("-"):
        if words[0] == "-c" and len(words) > 1:
            yield Finding("caution", f"changes how git behaves, which may run programs: {words[1]}", part)
        words = words[2:] if words[0] in ("-c", "-C") else words[1:]
    if not words:
        return
    verb, flags, paths = words[0], *_split(words[1:])
    match verb:
        case "push":
            where = paths[0] if paths else "its usual place"
            is_forced = any(re.fullmatch(r"-[a-z]*f[a-z]*|--force.*|--mirror", flag) for flag in flags)
            if is_forced or any(path.startswith("+") for path in paths):
                yield Finding("danger", f"overwrites what others may have: git push --force to {where}", part)
            elif "--delete" in flags or "-d" in flags or any(path.startswith(":") for path in paths):
                yield Finding("danger", f"removes a branch or tag on a server: {where}", part)
            else:
                yield Finding("caution", f"sends commits to another machine: {where}", part)
        case "reset" if "--hard" in flags:
            yield Finding("caution", "throws away changes that are not committed", part)
        case "checkout" | "restore" | "switch" if "." in paths or "-f" in flags or "--" in words or verb == "restore":
            yield Finding("caution", "throws away changes that are not committed", part)
        case "stash" if paths[:1] in (["drop"], ["clear"]):
            yield Finding("caution", "throws away changes that were put aside", part)
        case "branch" if "-D" in flags:
            yield Finding("caution", "removes a branch, also where nobody else has its commits", part)
        case "reflog" | "gc" if "expire" in paths or any(flag.startswith("--prune") for flag in flags):
            yield Finding("caution", "forgets commits that could still be brought back", part)
        case "remote" if paths[:1] in (["add"], ["set-url"]):
            yield Finding("caution", f"changes where commits go: {' '.join(paths[1:3])}", part)
        case "commit" | "push" | "merge" if "--no-verify" in flags or "-n" in flags:
            yield Finding("caution", "goes past the checks before a commit", part)
        case _:
            pass


def _docker(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    joined = " ".join(rest)
    if "--privileged" in rest or re.search(r"(?:-v|--volume)[ =]/(?::|var/run/docker)|--pid[= ]host", joined):
        yield Finding("danger", "lets a container have the whole machine", part)


def _kill(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    if "-1" in rest[1:] or rest[-2:] == ["--", "-1"]:
        yield Finding("danger", "ends all of your processes", part)


def _netcat(rest: list[str], part: str, around: Around) -> Iterator[Finding]:
    if any(re.fullmatch(r"-[a-z]*[ec]", word) or word.lower().startswith("exec:") for word in rest):
        yield Finding("danger", "hands a shell to another machine", part)


Special = Callable[[list[str], str, Around], Iterator[Finding]]
SPECIAL: Mapping[str, Special] = {
    "rm": _rm, "rmdir": _rm, "unlink": _rm, "find": _find, "dd": _dd, "chmod": _chmod, "chown": _chown, "chgrp": _chown,
    "tee": _writing, "touch": _writing, "mkdir": _writing, "truncate": _writing,
    "cp": _last, "mv": _last, "ln": _last, "install": _last, "rsync": _last,
    "sed": _sed, "tar": _tar, "unzip": _tar, "curl": _curl, "wget": _curl, "git": _git,
    "docker": _docker, "podman": _docker, "kill": _kill,
    "nc": _netcat, "ncat": _netcat, "netcat": _netcat, "socat": _netcat,
}  # fmt: skip


def _bomb(found: Sequence[Command]) -> Iterator[Finding]:
    """A function that calls itself twice fills the machine with processes."""
    functions = {_name(each) for each in found if each.is_function}
    for each in found:
        name = _name(each)
        if name in functions and not each.is_function and any(_name(before) == name for before in each.fed_by):
            yield Finding(
                "danger", "starts itself again and again, until the machine can do nothing else (a fork bomb)", name
            )
            return


def _split(rest: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options, and all else."""
    if "--" in rest:
        at = list(rest).index("--")
        flags, paths = _split(rest[:at])
        return flags, [*paths, *rest[at + 1 :]]
    return [word for word in rest if word.startswith("-")], [word for word in rest if not word.startswith("-")]


def _is_hosted(path: str) -> bool:
    return path.startswith(("/dev/tcp/", "/dev/udp/"))


def _name(command: Command) -> str:
    """Its program, behind those that only run another one."""
    words: list[str] | None = command.words
    for _ in range(8):
        if not words:
            return ""
        name = words[0].rpartition("/")[2]
        words = _behind(name, words) if name in BEFORE else None
        if words is None:
            return name
    return ""


def _part(words: Sequence[str]) -> str:
    return shlex.join(words[:40])[:300]
