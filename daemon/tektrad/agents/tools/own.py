"""A tool of somebody's own as agents call it: a fresh confined process each time, with the working folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.own_tools import OwnTool, OwnTools
from tektrad.agents.tool import Here, Result, Tool, ToolFailed, Wish, parsed
from tektrad.agents.tool_source import Schema
from tektrad.agents.tools.confined import ENDINGS
from tektrad.errors import ToolNotFound
from tektrad.sandbox.confinement import Limits, Stream
from tektrad.sandbox.extent import FOLDER_BYTES
from tektrad.sandbox.frames import BadFrame, framed
from tektrad.sandbox.identity import python
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.speaking import Speaker
from tektrad.sandbox.tool_module import INSTALL
from tektrad.sandbox.uninterrupted import uninterrupted

INSIDE = Path(__file__).with_name("own_inside.py").read_text()
PRINTED_BYTES = 4 << 20
"""On both streams; what prints more is ended."""
SHOWN_BYTES = 2_000
"""Of the end of each stream, where a call failed."""
TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
}


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    value: Any
    error: str | None


class Own:
    """One tool, pinned to its source."""

    writes = True
    is_repeatable = True

    def __init__(self, sandbox: Sandbox, own: OwnTools, uid: int, found: OwnTool) -> None:
        self._sandbox, self._own, self._uid, self._found = sandbox, own, uid, found
        self._arguments = _shape(found.tool)

    @property
    def declared(self) -> Declared:
        """As its source says it."""
        tool = self._found.tool
        return Declared(name=tool.name, description=tool.description, inputs=tool.inputs, output_type=tool.output_type)

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To call it, which changes nothing but the private copy of the folder."""
        tool = self._found.tool
        given = parsed(tool.name, self._arguments, arguments)
        said = {name: getattr(given, name) for name in tool.inputs}
        kept = {name: value for name, value in said.items() if value is not msgspec.UNSET}
        preview = json.dumps(kept, ensure_ascii=False, indent=2)
        return Wish(dict.fromkeys(tool.filled) | kept, "call", f"file:{tool.name}", "inside", preview)

    async def work(self, here: Here, said: Any) -> Result:
        """Call it, once more where it failed and may be tried again."""
        tool = self._found.tool
        source = await self._source()
        tries = 1 + tool.retries
        for number in range(1, tries + 1):
            try:
                result = await self._called(here, source, said)
            except ToolFailed as error:
                if number == tries:
                    times = f"{tool.name} failed {tries} times; the last time: " if tries > 1 else f"{tool.name}: "
                    raise ToolFailed(f"{times}{error}") from error
            else:
                if number == 1:
                    return result
                return replace(result, text=f"{result.text}\n[it worked at try {number} of {tries}]")
        raise AssertionError("a tool is tried once at least")

    async def _source(self) -> str:
        """What it is pinned to, if it still is and may be used: who disables a tool means runs that go on, too."""
        try:
            now = await self._own.find(self._uid, self._found.tool.name)
        except ToolNotFound as error:
            raise ToolFailed(f"the tool {self._found.tool.name} was removed") from error
        if not now.enabled:
            raise ToolFailed(f"the tool {now.tool.name} is disabled")
        if now.sha256 != self._found.sha256:
            raise ToolFailed(f"the tool {now.tool.name} was changed since this run began, and waits for the next one")
        return await self._own.source(self._uid, now.sha256)

    async def _called(self, here: Here, source: str, arguments: Mapping[str, Any]) -> Result:
        tool = self._found.tool
        request = {"install": INSTALL, "source": source, "name": tool.name, "arguments": arguments}
        try:
            frame = framed(request)
        except ValueError as error:
            raise ToolFailed(f"the arguments cannot be sent: {error}") from error
        limits = Limits(
            seconds=tool.timeout_s + 5,
            memory_bytes=here.agent.limits.memory_bytes,
            cpus=here.agent.limits.cpus,
            folder_bytes=FOLDER_BYTES,
        )
        call = _Call(self._sandbox, here.root, limits)
        try:
            answer = await call.answer(frame, tool.timeout_s)
        finally:
            await uninterrupted(call.stop())
        if answer.error is not None:
            raise ToolFailed(answer.error + call.printed())
        text = answer.value if isinstance(answer.value, str) else json.dumps(answer.value, ensure_ascii=False)
        alarms = {"denied_call": {"calls": call.denied}} if call.denied else {}
        return Result("it gave nothing" if answer.value is None else text, data=answer.value, alarms=alarms)


class _Call:
    """One process, for one call."""

    def __init__(self, sandbox: Sandbox, folder: Path, limits: Limits) -> None:
        self._answer: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        self._ends: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._said = 0
        self._speaker: Speaker[_Answer] = Speaker(
            sandbox.run,
            (python(), "-I", "-c", INSIDE),
            folder,
            limits,
            _Answer,
            lambda: not self._answer.done(),
            self._took,
            self._heard,
            self._over,
        )

    async def answer(self, frame: bytes, seconds: float) -> _Answer:
        """Send the call and wait for what comes of it; raises ToolFailed where nothing does."""
        answer = None
        try:
            async with asyncio.timeout(seconds):
                await self._speaker.send(frame)
                answer = await self._answer
        except TimeoutError:
            self._speaker.drain()
            raise ToolFailed(f"it took more than {seconds:g} seconds{self.printed()}") from None
        self._speaker.drain()
        if answer is not None:
            return answer
        await asyncio.wait([self._speaker.task])
        if self._speaker.why == "frames":
            raise ToolFailed(f"what it answered is no answer{self.printed()}")
        if self._speaker.why is not None:
            raise ToolFailed(f"{ENDINGS.get(self._speaker.why, self._speaker.why)}{self.printed()}")
        ended = self._speaker.task.result()
        why = ENDINGS.get(ended.ended_by, f"its process ended without a result (code {ended.code})")
        raise ToolFailed(f"{why}{self.printed()}")

    def printed(self) -> str:
        """What it printed last, as a part of the words about its failure."""
        texts = ((name, bytes(end).decode("utf-8", "replace").strip()) for name, end in self._ends.items())
        return "".join(f"\n{name}: {text}" for name, text in texts if text)

    @property
    def denied(self) -> dict[str, int]:
        """The system calls that were denied to it, by their names."""
        return dict(self._speaker.denied)

    async def stop(self) -> None:
        """End it, and all that it started."""
        await self._speaker.stop()

    def _took(self, answer: _Answer) -> None:
        if self._answer.done():
            raise BadFrame("it answers twice")
        self._answer.set_result(answer)

    def _heard(self, stream: Stream, data: bytes) -> None:
        self._said += len(data)
        end = self._ends[stream]
        end += data
        del end[:-SHOWN_BYTES]
        if self._said > PRINTED_BYTES:
            self._speaker.end("output")

    def _over(self) -> None:
        """Nobody is left who could answer."""
        if not self._answer.done():
            self._answer.set_result(None)


def _shape(tool: Schema) -> type[Any]:
    """A strict shape of a tool's arguments: what a model gives otherwise is told what is wrong."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, schema in tool.inputs.items():
        kind = Literal[tuple(schema["enum"])] if "enum" in schema else TYPES[schema["type"]]
        fields.append((name, kind | msgspec.UnsetType, msgspec.UNSET) if schema.get("nullable") else (name, kind))
    return msgspec.defstruct(f"Of_{tool.name}", fields, kw_only=True, forbid_unknown_fields=True)


async def given(sandbox: Sandbox, own: OwnTools, uid: int, name: str) -> list[Tool]:
    """The tool that an agent of somebody has by that name, if there is one that may be used."""
    try:
        found = await own.find(uid, name)
    except ToolNotFound:
        return []
    return [Own(sandbox, own, uid, found)] if found.enabled else []
