"""Pure: paths as text that can be shown and sent anywhere, and back again."""

from __future__ import annotations

import os
import re

from tektrad.errors import InvalidRequest

_ESCAPE = re.compile(r"\\(?:\\|x([0-9a-f]{2}))")


def shown(path: str) -> str:
    """A path of the file system as text: bytes of what cannot be printed, and of what is no text, become `\\x1b`.

    A backslash is doubled, so that `meant` gives back the very same path.
    """
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(map(_shown, path))


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def meant(text: str) -> str:
    """The path that `shown` made a text of, with surrogates for bytes that are no text; raises InvalidRequest."""
    if "\\" in _ESCAPE.sub("", text):
        raise InvalidRequest(f"{text!r} is no path", "Write a backslash as \\\\, and a byte as \\x1b.")
    try:
        parts, end = [], 0
        for match in _ESCAPE.finditer(text):
            parts.append(text[end : match.start()].encode())
            parts.append(bytes.fromhex(match[1]) if match[1] else b"\\")
            end = match.end()
        parts.append(text[end:].encode())
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"{text!r} is no path", "Write bytes that are no text as \\xff.") from error
    return os.fsdecode(b"".join(parts))
