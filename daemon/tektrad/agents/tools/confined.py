"""A small program of Tektra's own takes hostile bytes apart, in confinement; what it says of them is hostile too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from tektrad.agents.tool import ToolFailed
from tektrad.sandbox.confinement import Limits, Program, Stream
from tektrad.sandbox.identity import python
from tektrad.sandbox.sandbox import Sandbox

S = TypeVar("S")
ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "time": "it took too long",
        "memory": "it took more memory than it may have",
        "tasks": "it started more processes and threads than it may have",
        "output": "it printed too much",
        "folder": "it wrote more than it may",
    }
)
"""What ended a program, in words that an agent can act on."""


async def told(
    sandbox: Sandbox,
    what: str,
    source: str,
    arguments: Sequence[str],
    folder: Path,
    stdin: bytes,
    limits: Limits,
    shape: type[S],
) -> S:
    """What such a program writes, in one strict shape; raises ToolFailed about `what` where it is none."""
    heard: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
    program = Program((python(), "-I", "-S", "-c", source, *arguments), folder, stdin)
    ended = await sandbox.run(program, limits, lambda stream, data: heard[stream].extend(data))
    if ended.ended_by != "itself":
        raise ToolFailed(f"{what}: {ENDINGS[ended.ended_by]}")
    try:
        return msgspec.json.decode(bytes(heard["stdout"]), type=shape)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        last = bytes(heard["stderr"][-500:]).decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ToolFailed(": ".join([what, f"it could not be taken apart (code {ended.code})", *last])) from error
