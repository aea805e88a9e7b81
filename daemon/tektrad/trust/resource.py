"""Paths, hosts, commands and names in their one normal form, so that two ways to write the same are the same. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

import idna

from tektrad.errors import InvalidRequest

MOST_BYTES = 4096
"""Of a path, as Linux has it."""
MOST_ARGUMENT_BYTES = 1 << 17
MOST_WORDS = 4096
MOST_COMMAND_BYTES = 1 << 20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}")
NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like these makes a URL's host an address, in whatever notation."""


def path(text: str, param: str = "resource") -> str:
    """Return an absolute path without empty and single-dot parts; ".." is refused, for links change where it leads."""
    _encodable(text, MOST_BYTES, "path", param)
    if not text.startswith("/"):
        raise InvalidRequest(f'"{shown(text)}" is not an absolute path', "Begin it with a slash.", param=param)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidRequest(f'"{shown(text)}" goes up by ".."', "Name the folder that is meant.", param=param)
    return "/" + "/".join(parts)


def beneath(inner: str, outer: str) -> bool:
    """Whether a normal path is another one or lies beneath it."""
    return inner == outer or outer == "/" or inner.startswith(outer + "/")


def above(inner: str) -> Iterator[str]:
    """The path itself and every folder above it."""
    yield inner
    while inner != "/":
        inner = inner.rpartition("/")[0] or "/"
        yield inner


def host(text: str, param: str = "resource") -> str:
    """Return a host in lower case and ASCII, or an address in its usual form; without a port, without the last dot."""
    _encodable(text, 1024, "host", param)
    refusal = InvalidRequest(f'"{shown(text)}" is no host', "Give a name or an address, without port.", param=param)
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        return _address(bare, refusal)
    if bare != text:
        raise refusal
    try:
        name = idna.encode(bare.removesuffix("."), uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise refusal from error
    # One form only: what a resolver may take as an address in another notation (127.1, 0x7f.1) is refused.
    return _address(name, refusal) if NUMERIC.fullmatch(name.rpartition(".")[2]) else name


def _address(text: str, refusal: InvalidRequest) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise refusal from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise refusal
        return str(address.ipv4_mapped or address)
    return str(address)


def domains(name: str) -> Iterator[str]:
    """Every domain that a host is a part of, without itself; none of an address."""
    if ":" in name or NUMERIC.fullmatch(name.rpartition(".")[2]):
        return
    while "." in name:
        name = name.partition(".")[2]
        yield name


def command(words: Sequence[str], param: str = "resource") -> tuple[str, ...]:
    """Return the words of a command that the kernel could run."""
    if not 0 < len(words) <= MOST_WORDS or not words[0]:
        raise InvalidRequest("a command needs a program, and has a few thousand words at most", param=param)
    for word in words:
        if word:
            _encodable(word, MOST_ARGUMENT_BYTES, "argument", param)
    if sum(len(word) for word in words) > MOST_COMMAND_BYTES:
        raise InvalidRequest("the command is longer than a mebibyte", param=param)
    return tuple(words)


def name(text: str, param: str = "resource") -> str:
    """Return the name of a tool, secret, model, setting or log: ASCII, so that no two look alike."""
    if not NAME.fullmatch(text):
        hint = "Letters, digits and . _ : / @ + - in it."
        raise InvalidRequest(f'"{shown(text)}" is no name that can be ruled about', hint, param=param)
    return text


def shown(text: str) -> str:
    """A piece of text from outside as a message may quote it."""
    return (text if len(text) <= 200 else text[:200] + "…").encode("utf-8", "replace").decode()


def _encodable(text: str, most: int, what: str, param: str) -> None:
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f'the {what} "{shown(text)}" is not UTF-8', param=param) from error
    if b"\0" in encoded:
        raise InvalidRequest(f"the {what} holds a zero byte", param=param)
    if not 0 < len(encoded) <= most:
        raise InvalidRequest(f"the {what} has {len(encoded)} bytes, and may have 1 to {most}", param=param)
