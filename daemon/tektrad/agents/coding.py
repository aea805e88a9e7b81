"""One run's code: pieces that an agent writes, each of which goes on in the interpreter that the ones before left.

Code stops at every call of a tool, and the way from one stop to the next is a step of the run. So the journal knows
which calls a piece made and what came of it, and after a crash nothing is run that it can tell of. The interpreter is
made anew once something has to be run: the pieces before are run again in it, their calls are answered as they were,
and what they print is dropped.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import keyword
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from tektrad.agents.door import Door
from tektrad.agents.knocks import CodeKnock
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import ToolFailed, heard
from tektrad.agents.toolbox import cut
from tektrad.agents.tools.confined import ENDINGS
from tektrad.agents.visitor import Visitor
from tektrad.errors import TektraError
from tektrad.sandbox.answers import Call
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.extent import FOLDER_BYTES
from tektrad.sandbox.interpreter import Interpreter, Result
from tektrad.sandbox.sandbox import Sandbox
from tektrad.trust.audit import Telling

SECONDS = 30.0
"""Of one piece of code, or a quarter of what the whole run has; the time that its calls take is not counted."""
MOST_CALLS = 100
"""Of one piece of code."""
DEEPEST = 64
"""Lists and tables within each other, in what a tool is given."""
FINAL = "final_answer"
PARSING = ("SyntaxError", "IndentationError", "TabError")
OVER: Mapping[str, Any] = {}
"""What code is answered that shall end."""
GONE = "What earlier code had defined is gone."
OTHERWISE = "It was interrupted in the middle, and did something else when it was done again."
ENDS: Mapping[str, str] = {**ENDINGS, "itself": "it ended its own interpreter", "frames": "it spoke out of turn"}

Once = Callable[[str, Callable[[], Awaitable[dict[str, Any]]]], Awaitable[dict[str, Any]]]
"""A step of the run: its place behind the knock's, and the work of it, where the journal does not know what came."""
Called = Callable[[str, str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""A tool is called: the call's place behind the knock's, name, arguments; out come `result` or `error`, and `data`."""
Note = Callable[[str, str], Awaitable[None]]
"""Tell whoever follows the run: a key, and words."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a piece of code ended, as the journal keeps it.

    `forgets`: what earlier pieces had defined is gone; `leaves_nothing`: what this one defined, too.
    """

    output: Any = None
    logs: str = ""
    error: str = ""
    is_final: bool = False
    forgets: bool = False
    leaves_nothing: bool = False


@dataclass
class Piece:
    """One piece of code, and its calls, each with what it was answered."""

    code: str
    calls: list[tuple[Call, Mapping[str, Any]]] = field(default_factory=list)


def in_code(tool: Declared) -> Declared:
    """A tool as code knows it: not by a name that Python has use for itself, such as list."""
    taken = hasattr(builtins, tool.name) or keyword.iskeyword(tool.name)
    return msgspec.structs.replace(tool, name=f"{tool.name}_") if taken else tool


class Coding:
    """The code of one run."""

    def __init__(self, door: Door, visitor: Visitor, sandbox: Sandbox, note: Note) -> None:
        """It works in the visitor's working folder, which is put back once an interpreter got again to where it was."""
        self._door, self._visitor, self._sandbox, self._note = door, visitor, sandbox, note
        self._tools = {in_code(tool.declared).name: tool.declared for tool in visitor.tools}
        self._seconds = min(SECONDS, visitor.agent.limits.seconds / 4)
        self._held = contextlib.AsyncExitStack()
        self._session: Interpreter | None = None
        self._act = contextlib.AsyncExitStack()
        self._telling: Telling | None = None
        self._past: list[Piece] = []
        self._key = ""
        self._is_behind = False
        """Whether the journal told of something that this interpreter has not seen."""
        self._has_forgotten = False
        """Whether the interpreter died of an earlier piece when it got to where it was."""

    async def run(self, knock: CodeKnock, key: str, once: Once, called: Called) -> Ended:
        """Have a piece of code run to its end; `key` is its place in the run."""
        self._key = key
        piece = Piece(knock.code)
        while True:
            said = await self._step(piece, once)
            if "call" not in said:
                break
            call = msgspec.convert(said["call"], Call)
            place = f"/call/{len(piece.calls) + 1}"
            came = await called(place, self._tools[call.name].name, dict(call.arguments))
            piece.calls.append((call, _reply(came)))
        ended = msgspec.convert(said, Ended)
        if ended.forgets:
            self._past.clear()
        if not ended.leaves_nothing:
            self._past.append(piece)
        return ended

    async def close(self) -> None:
        """End the interpreter, and what it was doing."""
        why = asyncio.CancelledError()
        await self._act.__aexit__(type(why), why, None)
        await self._held.aclose()

    async def _step(self, piece: Piece, once: Once) -> dict[str, Any]:
        """From one stop to the next: as the journal has it, or live."""
        is_live = False

        async def work() -> dict[str, Any]:
            nonlocal is_live
            is_live = True
            try:
                said = await self._gone_on(piece)
            except (TektraError, ToolFailed) as error:
                said = Ended(error=heard(error), leaves_nothing=True)
            found: dict[str, Any] = msgspec.to_builtins({"call": said} if isinstance(said, Call) else said)
            return found

        said = await once(f"/code/{len(piece.calls)}", work)
        self._is_behind |= not is_live
        return said

    async def _gone_on(self, piece: Piece) -> Ended | Call:
        if not piece.calls:
            await self._door.may_run(self._visitor, piece.code, self._key)
        if self._telling is None:
            self._telling = await self._act.enter_async_context(self._door.running(self._visitor, piece.code))
        try:
            stopped = await self._stopped(piece, self._telling)
        except BaseException as error:
            self._telling = None
            await self._act.__aexit__(type(error), error, error.__traceback__)
            raise
        if isinstance(stopped, Ended):
            self._telling = None
            await self._act.aclose()
        return stopped

    async def _stopped(self, piece: Piece, telling: Telling) -> Ended | Call:
        """Let the code run on, to its next call of a tool or to its end."""
        session = await self._opened()
        if self._is_behind:
            self._is_behind = False
            if not await self._rebuilt(session, piece):
                await self._drop()
                self._has_forgotten = False
                telling.end({"ended_by": "otherwise"}, "failed")
                return Ended(error=f"{OTHERWISE} {GONE}", forgets=True, leaves_nothing=True)
            session = await self._opened()  # another one, where what it did again ended it
        if piece.calls:
            said = await session.answer(piece.calls[-1][1])
        else:
            said = await session.start(piece.code, self._seconds)
        if isinstance(said, Result):
            return self._ended(said, telling)
        if said.name != FINAL and len(piece.calls) < MOST_CALLS and not _too_deep(said.arguments):
            return said
        result = await self._over(session)
        ended = self._ended(result, telling)
        if said.name == FINAL:
            return msgspec.structs.replace(ended, output=said.arguments.get("answer"), error="", is_final=True)
        why = "lists within lists too deep for a tool" if _too_deep(said.arguments) else f"more than {MOST_CALLS} calls"
        return msgspec.structs.replace(ended, error=f"The code was ended, for it made {why}. {ended.error}".strip())

    async def _over(self, session: Interpreter) -> Result:
        """End the code that waits at a call; where it does not end by that, its interpreter."""
        said = await session.answer(OVER)
        if isinstance(said, Result):
            return said
        await self._drop()
        return Result(ended_by="frames", state_lost=True)

    async def _rebuilt(self, session: Interpreter, piece: Piece) -> bool:
        """Let the interpreter get to where it was; False: the code that was under way got elsewhere."""
        if self._visitor.working.in_place:  # what the code did to the folder would be done twice
            self._has_forgotten = bool(self._past)
            return not piece.calls
        for number, past in enumerate(self._past, start=1):
            is_same, said = await self._again(session, past)
            if isinstance(said, Call):
                is_same = is_same and (said.name == FINAL or len(past.calls) >= MOST_CALLS)
                said = await self._over(session)
            if not is_same or said.ended_by is not None:
                await self._note(f"/again/{number}", f"piece {number} of the code did something else when done again")
            if said.ended_by is not None:
                self._has_forgotten = True
                break
        is_same = True
        if piece.calls and not self._has_forgotten:
            is_same, found = await self._again(session, piece, but=1)
            is_same = is_same and isinstance(found, Call) and _same(found, piece.calls[-1][0])
        await self._visitor.working.put_back()
        return is_same and not (piece.calls and self._has_forgotten)

    async def _again(self, session: Interpreter, past: Piece, but: int = 0) -> tuple[bool, Result | Call]:
        """Run a piece again and answer its calls as they were, the last ones excepted; whether it made the same."""
        said = await session.start(past.code, self._seconds)
        for call, reply in past.calls[: len(past.calls) - but]:
            if not isinstance(said, Call) or not _same(said, call):
                return False, said
            said = await session.answer(reply)
        return True, said

    def _ended(self, result: Result, telling: Telling) -> Ended:
        if self._has_forgotten:
            self._has_forgotten = False
            result = replace(result, state_lost=True)
        return _ended(result, telling)

    async def _opened(self) -> Interpreter:
        if self._session is None:
            limits = self._visitor.agent.limits
            await self._door.private(self._visitor)
            functions = {name: tuple(tool.inputs) for name, tool in self._tools.items()} | {FINAL: ("answer",)}
            self._session = await self._held.enter_async_context(
                self._sandbox.interpreter(
                    self._visitor.working.root,
                    Limits(memory_bytes=limits.memory_bytes, cpus=limits.cpus, folder_bytes=FOLDER_BYTES),
                    functions,
                )
            )
        return self._session

    async def _drop(self) -> None:
        """End the interpreter; what runs next has another one."""
        self._session = None
        await self._held.aclose()


def _reply(came: Mapping[str, Any]) -> Mapping[str, Any]:
    """What code gets of what a tool gave."""
    return {"error": came["error"]} if "error" in came else {"result": came.get("data", came.get("result"))}


def _same(one: Call, other: Call) -> bool:
    return (one.name, one.arguments) == (other.name, other.arguments)


def _too_deep(value: Any, left: int = DEEPEST) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return left == 0 or any(_too_deep(each, left - 1) for each in inner)


def _ended(result: Result, telling: Telling) -> Ended:
    """What is made of an interpreter's word, for the agent and for the log."""
    why = result.ended_by
    telling.end({"ended_by": why or "itself"}, "failed" if why or result.error else "ok")
    if result.denied:
        telling.alarm("denied_call", {"calls": result.denied})
    if why not in (None, "itself", "frames"):
        telling.alarm("limit", {"limit": why})
    logs = cut(result.stdout + result.stderr) + ("\n[more was printed, and is left out here]" if result.cut else "")
    error = ""
    if why is not None:
        error = f"The code was ended: {ENDS[why]}. What it and earlier code had defined is gone."
    elif result.error is not None:
        raised = result.error
        what = "parsing failed on" if raised.type in PARSING else "execution failed at"
        error = f"Code {what} line '{raised.line}' due to: {raised.type}: {cut(raised.message)}"
    if result.state_lost and why is None:
        logs = f"{GONE}\n{logs}"
    return Ended(output=result.value, logs=logs, error=error, forgets=result.state_lost, leaves_nothing=why is not None)
