"""Tools that run programs, confined, in the working folder: shell, python."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, ToolFailed, Wish, parameter, parsed
from tektrad.agents.tools.confined import ENDINGS
from tektrad.sandbox.confinement import Limits, Outcome, Program
from tektrad.sandbox.extent import FOLDER_BYTES
from tektrad.sandbox.identity import python
from tektrad.sandbox.sandbox import Sandbox

USUAL_S, LONGEST_S = 120, 1800
KEPT_BYTES = 1 << 20
"""Of what a program prints."""
PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:@%+,^ -]*")
"""A command line that a shell takes as the very words that stand there."""


class _Shell(msgspec.Struct, forbid_unknown_fields=True):
    command: str
    seconds: int = USUAL_S


class _Python(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    seconds: int = USUAL_S


@dataclass(frozen=True, slots=True)
class Running:
    """A tool that starts one program and says what it printed, and how it ended."""

    sandbox: Sandbox
    name: Literal["shell", "python"]
    writes: bool = True
    is_repeatable: bool = True

    @property
    def declared(self) -> Declared:
        """As a guest and its model know it."""
        what = "Run a command in a shell" if self.name == "shell" else "Run a program of Python, and see what it prints"
        text = parameter("string", "The command line" if self.name == "shell" else "The program")
        seconds = parameter("integer", f"How long it may take; {USUAL_S} as it comes", optional=True)
        inputs = {"command" if self.name == "shell" else "code": text, "seconds": seconds}
        return Declared(name=self.name, description=f"{what}, in the folder", inputs=inputs, output_type="string")

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To run it; a command of plain words is asked about as these, anything else as the shell's."""
        said: _Shell | _Python
        if self.name == "python":
            said = parsed(self.name, _Python, arguments)
            words: tuple[str, ...] = ("python", "-c", said.code)
        else:
            said = parsed(self.name, _Shell, arguments)
            plain = PLAIN.fullmatch(said.command)
            words = tuple(said.command.split()) if plain else ("sh", "-c", said.command)
        if not words[-1].strip():
            raise ToolFailed(f"{self.name}: there is nothing to run")
        if not 1 <= said.seconds <= LONGEST_S:
            raise ToolFailed(f"{self.name}: seconds is 1 at least and {LONGEST_S} at most")
        return Wish(said, "run", words, "inside")

    async def work(self, here: Here, said: Any) -> Result:
        """Run it."""
        bounds = here.agent.limits
        limits = Limits(
            seconds=min(said.seconds, bounds.seconds),
            memory_bytes=bounds.memory_bytes,
            cpus=bounds.cpus,
            folder_bytes=FOLDER_BYTES,
        )
        if isinstance(said, _Python):
            program = Program((python(), "-"), here.root, said.code.encode("utf-8", "replace"))
        else:
            program = Program(("/bin/sh", "-c", said.command), here.root)
        printed, denied = _Printed(), Counter[str]()
        outcome = await self.sandbox.run(program, limits, lambda _, data: printed.take(data), denied)
        return _result(outcome, printed.text(), limits)


class _Printed:
    """What a program printed, the beginning and the end of it."""

    def __init__(self) -> None:
        self._head, self._tail, self._count = bytearray(), bytearray(), 0

    def take(self, data: bytes) -> None:
        """Take what it just said."""
        room = KEPT_BYTES // 2 - len(self._head)
        self._head += data[:room] if room > 0 else b""
        self._tail += data[max(room, 0) :]
        del self._tail[: -KEPT_BYTES // 2]
        self._count += len(data)

    def text(self) -> str:
        """All of it, or that something is missing."""
        missing = self._count - len(self._head) - len(self._tail)
        gap = f"\n[{missing} bytes are left out here]\n".encode() if missing else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", "replace")


def _result(outcome: Outcome, printed: str, limits: Limits) -> Result:
    notes = []
    if outcome.ended_by != "itself":
        limit = {"time": f" ({limits.seconds:g} s)", "memory": f" ({limits.memory_bytes >> 20} MiB)"}
        notes.append(f"it was stopped: {ENDINGS[outcome.ended_by]}{limit.get(outcome.ended_by, '')}")
    elif outcome.code:
        notes.append(f"it ended with exit code {outcome.code}")
    if outcome.denied:
        calls = ", ".join(sorted(outcome.denied))
        notes.append(f"it was denied what nothing in the sandbox may do: {calls}")
    if not printed and not notes:
        notes.append("it printed nothing")
    text = "\n".join([*([printed.rstrip("\n")] if printed else []), *(f"[{note}]" for note in notes)])
    told = {"code": outcome.code, "ended_by": outcome.ended_by, "peak_bytes": outcome.peak_bytes}
    alarms: dict[str, dict[str, Any]] = {}
    if outcome.denied:
        alarms["denied_call"] = {"calls": dict(outcome.denied)}
    if outcome.ended_by != "itself":
        alarms["limit"] = {"limit": outcome.ended_by}
    is_well = outcome.code == 0 and outcome.ended_by == "itself"
    return replace(Result(text, is_well), details=told, alarms=alarms)


def tools(sandbox: Sandbox) -> tuple[Running, Running]:
    """Both."""
    return Running(sandbox, "shell"), Running(sandbox, "python")
