"""Pure: findings about names and texts, whatever they are in: characters, paths, hosts, statements of SQL."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from tektrad.errors import InvalidRequest
from tektrad.trust import resource
from tektrad.trust.finding import Finding, Level
from tektrad.trust.grant import Pattern
from tektrad.trust.tool_lint import INVISIBLE

SECRET = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example|sample|template|dist)[\w-]+)?|\.netrc|\.pgpass|\.npmrc|\.pypirc|\.git-credentials"
    r"|\.htpasswd|\.vault-token|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|credentials(?:\.json)?|secrets?\.(?:ya?ml|json|toml)"
    r"|service-account[\w-]*\.json|g?shadow|sudoers|[\w.-]+\.(?:pem|key|p12|pfx|kdbx|keystore|jks)|Cookies|Login Data"
    r"|logins\.json|key[34]\.db|environ)$|(?:^|/)\.(?:ssh|aws|gnupg|kube|azure|docker|password-store)(?:/(?!known_hosts)"
    r"|$)|(?:^|/)gcloud/|(?:^|/)keyrings?/"
)
HISTORY = re.compile(r"(?:^|/)\.?(?:bash|zsh|python|psql|sqlite|mysql|node_repl)_history$")
BY_ITSELF = re.compile(
    r"(?:^|/)(?:\.git/(?:hooks/[^/]+|config)|\.(?:bash|zsh)(?:rc|_profile|_login|_logout|env)|\.profile|\.z(?:shenv|profile)"
    r"|\.envrc|\.gitconfig|authorized_keys|crontab|\.pre-commit-config\.yaml|\.gitlab-ci\.yml|sitecustomize\.py"
    r"|[\w.-]+\.pth|\.vscode/(?:tasks|settings)\.json)$"
    r"|(?:^|/)(?:\.github/workflows|cron\.[a-z]+|cron\.d|init\.d|profile\.d|systemd/(?:user|system)|autostart|LaunchAgents"
    r"|LaunchDaemons)/"
)
SYSTEM = re.compile(r"/(?:etc|usr|bin|sbin|lib\w*|boot|sys|proc|root|opt|var/lib|System|Library)(?:/|$)")
DEVICE = re.compile(r"/dev/(?!null$|zero$|u?random$|std(?:in|out|err)$|tty$|fd/|tcp/|udp/|shm/)")
URL = re.compile(r"\b(?:https?|ftps?|wss?|ssh|git)://[^\s'\"<>|;)]{1,2000}")
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
"""Scripts that share shapes of letters."""
MOST_HIDDEN = 3
STATEMENT = re.compile(r"'(?:[^']|'')*+'?|\"[^\"]*+\"?|--[^\n]*|/\*(?:.*?\*/|.*)|;|[\w.$*]+", re.DOTALL)
MOST_STATEMENTS = 200
CHANGES = re.compile(
    r"\s*(?:(?:drop|alter|create)\s+(?:table|database|schema|index|view|user|role|trigger)|truncate\s+table|delete\s+from"
    r"|update\s+\S+\s+set|insert\s+into|grant\s+\S+\s+on)\b",
    re.IGNORECASE,
)
LONG_QUERY = 300


def hidden(text: str, part: str) -> Iterator[Finding]:
    """Characters that are not seen, or that turn what is read."""
    seen = {character for character in text if _is_hidden(character)}
    for character in sorted(seen)[:MOST_HIDDEN]:
        name = unicodedata.name(character, "") or f"U+{ord(character):04X}"
        yield Finding("danger", f"holds a character that is not seen: {name}", part)


def alike(text: str, part: str) -> Iterator[Finding]:
    """Words that mix letters of which some look like others."""
    for word in re.findall(r"[^\W\d_]+", text):
        if not word.isascii() and len(found := _scripts(word)) > 1:
            yield Finding("caution", f"mixes letters that look alike ({' and '.join(found)}): {word}", part)
            return


def _is_hidden(character: str) -> bool:
    if character in "\n\t\r" or " " <= character <= "~":
        return False
    return character in INVISIBLE or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _scripts(word: str) -> list[str]:
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in word[:200])
    return sorted({name.title() for name in names if name in SCRIPTS})


def secret(path: str) -> bool:
    """Whether a file of that name usually holds something that is not for others."""
    return SECRET.search(path[:4096]) is not None or HISTORY.search(path[:4096]) is not None


def read(path: str, part: str) -> Iterator[Finding]:
    """Of a file that is looked at."""
    if secret(path):
        yield Finding("caution", f"reads a file that looks like a secret: {path}", part)


def written(path: str, workspace: str, part: str) -> Iterator[Finding]:
    """Of a file that is given another content, by what it is and where it lies."""
    if DEVICE.match(path):
        yield Finding("danger", f"writes onto a device: {path}", part)
    elif path.startswith(("/dev/tcp/", "/dev/udp/")):
        yield Finding("danger", f"sends to another machine by the shell itself: {path}", part)
    elif path.startswith("/dev/"):
        return
    elif BY_ITSELF.search(path[:4096]):
        yield Finding("danger", f"changes what is run or let in by itself later: {path}", part)
    elif secret(path):
        yield Finding("caution", f"changes a file that looks like a secret: {path}", part)
    elif SYSTEM.match(path):
        yield Finding("danger", f"changes the system: {path}", part)
    elif outside(path, workspace):
        yield Finding("caution", f"writes outside of the folder: {path}", part)


def outside(path: str, workspace: str) -> bool:
    """Whether it leads out of the folder, as far as its text tells; temporary files are nobody's."""
    if path.startswith("/"):
        if path.startswith(("/tmp/", "/var/tmp/")):  # noqa: S108  nothing is written here
            return False
        return not workspace or not resource.beneath(path.rstrip("/") or "/", workspace) or ".." in path.split("/")
    return path.startswith(("~", "$HOME", "${HOME}")) or ".." in path.split("/")


def urls(text: str, hosts: Collection[str] | None, part: str) -> Iterator[Finding]:
    """Of the addresses in it; `hosts` are those that the asker may reach, None: nobody said."""
    for address in dict.fromkeys(URL.findall(text)):
        yield from url(address, hosts, part)


def url(address: str, hosts: Collection[str] | None, part: str) -> Iterator[Finding]:
    """Of one address."""
    try:
        split = urlsplit(address)
        named, query = split.hostname or "", split.query
        login = split.username is not None
    except ValueError:
        yield Finding("caution", f"has an address that cannot be understood: {address}", part)
        return
    yield from host(named, hosts, part)
    if login:
        yield Finding("caution", "has a user's name or a password in an address", part)
    if len(query) > LONG_QUERY:
        yield Finding("caution", f"sends {len(query):,} characters in an address", part)
    if split.scheme in ("http", "ftp", "ws") and named not in ("localhost", "127.0.0.1", "::1"):
        yield Finding("note", f"reaches {named} without encryption", part)


def host(named: str, hosts: Collection[str] | None, part: str) -> Iterator[Finding]:
    """Of a host that is reached."""
    if named in ("", "localhost", "127.0.0.1", "::1"):
        return
    try:
        normal = resource.host(named)
    except InvalidRequest:
        yield Finding("caution", f"reaches a host that cannot be understood: {named}", part)
        return
    if "xn--" in normal or not named.isascii():
        yield Finding("caution", f"reaches a host whose letters are not the usual ones: {named}", part)
    if hosts is None:
        yield Finding("note", f"reaches another machine: {normal}", part)
    elif not any(_means(each, normal) for each in hosts):
        yield Finding("caution", f"reaches a host that is not on the agent's list: {normal}", part)


def _means(said: str, normal: str) -> bool:
    allowed = Pattern.of("fetch", said)
    return (
        allowed.kind == "any"
        or (allowed.kind == "host" and allowed.text == normal)
        or (allowed.kind == "subdomains" and allowed.text in resource.domains(normal))
    )


def sql(text: str, part: str) -> Iterator[Finding]:
    """Of statements, by their words; texts and comments in them are nothing that is done."""
    for words in _statements(text):
        found = _statement([word.lower() for word in words], words)
        if found is not None:
            yield Finding(*found, part)


def is_sql(text: str) -> bool:
    """Whether a text begins as a statement that changes something does."""
    return CHANGES.match(text) is not None


def _statements(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    count = 0
    for found in STATEMENT.finditer(text):
        word = found[0]
        if word == ";":
            if words:
                yield words
                count += 1
            if count >= MOST_STATEMENTS:
                return
            words = []
        elif not word.startswith(("--", "/*", "'")):
            words.append(word)
    if words:
        yield words


def _statement(lower: list[str], words: list[str]) -> tuple[Level, str] | None:
    looked_for = CHANGING - {"select"} if lower[0] == "with" else CHANGING
    at = next((place for place, word in enumerate(lower) if word in looked_for), None)
    if at is None:
        return None
    verb, rest = lower[at], lower[at + 1 :]
    what = " ".join(words[at : at + 4])
    named = next((word for word in words[at + 1 :] if word.lower() not in BESIDE), "")
    match verb:
        case "drop" | "truncate":
            return "danger", f"removes what a database holds: {what}"
        case "delete" | "update" if "where" not in rest:
            done = "removes" if verb == "delete" else "changes"
            return "danger", f"{done} every row of {named or 'a table'}"
        case "copy" | "select" | "load" if not {"program", "outfile", "dumpfile", "load_extension", "infile"} & set(
            rest
        ):
            return None
        case "copy" | "select" | "load" | "attach" | "xp_cmdshell":
            return "danger", f"lets a database reach files or programs: {what}"
        case "grant" | "revoke":
            return "caution", f"changes who may do what in a database: {what}"
        case _:
            return "caution", f"changes a database: {what}"


CHANGING = frozenset(
    {"drop", "truncate", "delete", "update", "insert", "replace", "alter", "create", "merge", "upsert", "grant",
     "revoke", "copy", "select", "load", "attach", "vacuum", "reindex", "xp_cmdshell"}
)  # fmt: skip
BESIDE = frozenset({"from", "or", "only", "into", "table", "ignore", "rollback", "abort", "fail", "replace", "set"})
