"""How an MCP server is reached: a confined program, an ordinary one, or an address; as a checked value. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from tektrad.errors import InvalidRequest
from tektrad.trust import resource
from tektrad.trust.act import Effect
from tektrad.trust.secrets import NAME as VARIABLE

NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}")
HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
OWN_HEADERS = frozenset({"host", "content-length", "content-type", "accept", "connection", "transfer-encoding"})
MOST_VALUES = 32
MOST_VALUE = 4096
MOST_URL = 2000
SECONDS, MOST_SECONDS = 60.0, 600.0

Kind = Literal["confined", "ordinary", "http"]


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """One server; `secrets` are variables, and `headers` headers, whose values are secrets of those names.

    `network`: it runs as an ordinary program of the user, confined by nothing.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    folder: str = ""
    network: bool = False
    env: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    timeout: float = SECONDS

    @property
    def kind(self) -> Kind:
        """What it is."""
        return "http" if self.url else "ordinary" if self.network else "confined"

    @property
    def effect(self) -> Effect:
        """What its tools may change, whatever it says of them itself."""
        return "none" if self.kind == "confined" and not self.folder else "outside"

    @property
    def identity(self) -> Mapping[str, Any]:
        """What a person approves of it: all but how long it may take."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        del found["timeout"]
        return found

    @property
    def host(self) -> str:
        """Of an address: whom it leads to."""
        return resource.host(urlsplit(self.url).hostname or "", "url")


def checked(said: Server) -> Server:
    """A server that can be reached as it says; raises InvalidRequest."""
    if not NAME.fullmatch(said.name):
        hint = "Up to 32 letters, digits and dashes; a letter first."
        raise InvalidRequest(f'"{resource.shown(said.name)}" is no name of a server', hint, param="name")
    if bool(said.command) == bool(said.url):
        raise InvalidRequest("a server is a command or an address, and one of both", param="command")
    if not 1 <= said.timeout <= MOST_SECONDS:
        raise InvalidRequest(f"the time is 1 to {MOST_SECONDS:g} seconds", param="timeout")
    _check_values(said)
    return _address(said) if said.url else _program(said)


def _check_values(said: Server) -> None:
    for param, values in (("env", said.env), ("secrets", said.secrets), ("headers", said.headers)):
        if len(values) > MOST_VALUES:
            raise InvalidRequest(f"more than {MOST_VALUES} of them", param=param)
        for name, value in values.items():
            form = HEADER if param == "headers" else VARIABLE
            if not form.fullmatch(name) or (param == "headers" and name.lower() in OWN_HEADERS):
                raise InvalidRequest(f'"{resource.shown(name)}" cannot be set', param=param)
            if param != "env" and not VARIABLE.fullmatch(value):
                raise InvalidRequest(f'"{resource.shown(value)}" is no name of a secret', param=param)
            if len(value) > MOST_VALUE or "\0" in value or not _is_text(value):
                raise InvalidRequest(f"the value of {name} is too long, or no text", param=param)
    both = said.env.keys() & said.secrets.keys()
    if both:
        raise InvalidRequest(f"{min(both)} has two values", param="env")


def _program(said: Server) -> Server:
    if said.headers:
        raise InvalidRequest("only an address has headers", param="headers")
    if said.folder and not said.folder.startswith("/"):
        raise InvalidRequest("the folder has to be an absolute path", param="folder")
    folder = resource.path(said.folder, "folder") if said.folder else ""
    return msgspec.structs.replace(said, command=resource.command(said.command, "command"), folder=folder)


def _address(said: Server) -> Server:
    if said.folder or said.network or said.env or said.secrets:
        raise InvalidRequest("an address has no folder, network or variables of ours", param="url")
    parts = _split(said.url)
    host = resource.host(parts.hostname or "", "url")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        hint = "Only https:// is used, and http:// on this machine."
        raise InvalidRequest(f'"{resource.shown(said.url)}" would be read by others on its way', hint, param="url")
    return said


def _split(url: str) -> SplitResult:
    refusal = InvalidRequest(f'"{resource.shown(url)}" is no address', "Such as https://example.org/mcp.", param="url")
    if len(url) > MOST_URL or not re.fullmatch(r"[!-~]+", url) or "\\" in url or "#" in url:
        raise refusal
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise refusal from error
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise refusal
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
