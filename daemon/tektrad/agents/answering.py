"""Answers the knocks of one guest, from its first to its end: each effect is a step of the run, and is told."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec

from tektra_models.errors import WorkerDied
from tektrad.agents.coding import Coding, Ended
from tektrad.agents.door import Door
from tektrad.agents.fitting import Fitted, left_out
from tektrad.agents.guest import Guest
from tektrad.agents.knocks import CodeKnock, EndKnock, Knock, ModelKnock, StepKnock, ToolKnock
from tektrad.agents.prompts import MODEL, Asked
from tektrad.agents.tools.sub_agent import SubAgent
from tektrad.agents.turning import Turning
from tektrad.agents.visitor import Visitor
from tektrad.errors import GuestFailed, LimitReached, RunDiverged, TektraError

TRIES = 3
"""How often a model is asked whose worker dies; the answer is the same each time."""
Delegate = Callable[[Visitor, SubAgent, str, str, str], Awaitable[dict[str, Any]]]
"""Has a sub-agent do a task: on whose behalf, which one, of which version, the task, and the place in the run."""
Work = Callable[[], Awaitable[dict[str, Any]]]


class Answering:
    """For one guest."""

    def __init__(self, door: Door, visitor: Visitor, mind: Guest, code: Coding | None, delegate: Delegate) -> None:
        self._door, self._visitor, self._mind, self._code, self._delegate = door, visitor, mind, code, delegate
        self._turning, self._fitted, self._asked = Turning(), Fitted(), Asked()
        self._at = ""
        """Where the model was asked last."""

    async def until_end(self) -> dict[str, Any]:
        """Its answer and what it took; raises GuestFailed, LimitReached and RunDiverged."""
        allowance = self._visitor.allowance
        while True:
            async with allowance.ticking():
                knock = await self._mind.knock()
            match knock:
                case EndKnock():
                    if knock.state == "failed":
                        raise GuestFailed(str(knock.answer))
                    if knock.state == "steps":
                        raise allowance.over("steps", words=knock.answer)
                    return {"answer": knock.answer, "state": knock.state, **allowance.took}
                case StepKnock():
                    await self._step(knock)
                    await self._answer(knock, {})
                case ModelKnock():
                    await self._answer(knock, await self._model(knock))
                case ToolKnock():
                    await self._answer(knock, await self._tool(knock))
                case CodeKnock() if self._code is not None:
                    await self._answer(knock, {"result": await self._ran(self._code, knock)})
                case _:
                    await self._answer(knock, {"error": "this version cannot do that"})

    async def _step(self, knock: StepKnock) -> None:
        allowance = self._visitor.allowance
        allowance.took["steps"] = knock.step
        told = {"step": knock.step, "said": knock.said, "observed": knock.observed, "error": knock.error}
        await self._tell(self._key(knock), "step", {**told, "took": dict(allowance.took), "at": self._at})

    async def _model(self, knock: ModelKnock) -> dict[str, Any]:
        allowance, key = self._visitor.allowance, self._key(knock)
        allowance.check()
        self._at = key

        async def work() -> dict[str, Any]:
            for left in reversed(range(TRIES)):
                try:
                    return await self._door.model(self._visitor, knock, key, self._fitted)
                except WorkerDied:
                    if not left:
                        raise
            raise AssertionError("a model is asked once at least")

        said = await self._once(f"{key}{MODEL}", knock, work, {"prompt": msgspec.to_builtins(self._asked.kept(knock))})
        before, self._fitted = self._fitted, msgspec.convert(said.get("fitted", self._fitted), Fitted)
        if self._fitted.cut != before.cut:
            gone = left_out(knock.messages, before.cut, self._fitted.cut)
            await self._tell(f"{key}/left_out", "left_out", msgspec.to_builtins(gone))
        allowance.said(said.get("result") or {})
        return said

    async def _tool(self, knock: ToolKnock, place: str = "") -> dict[str, Any]:
        """A call of a tool, by the agent itself, or by its code at a place behind the knock's."""
        self._visitor.allowance.check()
        key = self._key(knock) + place
        await self._tell(key, "tool", {"tool": knock.name, "arguments": knock.arguments})
        said = await self._once(f"{key}:tool:{knock.name}", knock, partial(self._called, knock, key))
        found = self._visitor.tool(knock.name)
        if isinstance(found, SubAgent) and "data" in said:
            version, task = said["data"]["version"], said["data"]["task"]
            said = await self._delegate(self._visitor, found, version, task, key)
        await self._tell(f"{key}/done", "result", said)
        return self._turning.seen(knock.name, knock.arguments, said)

    async def _called(self, knock: ToolKnock, key: str) -> dict[str, Any]:
        """Call a tool; what it left in the copy is kept with what it said, or all that it did is undone."""
        found = self._visitor.tool(knock.name)
        if found is None or not found.writes:
            return await self._door.tool(self._visitor, knock, key)
        return await self._kept(knock, key, partial(self._door.tool, self._visitor, knock, key))

    async def _kept(self, knock: Knock, key: str, work: Work) -> dict[str, Any]:
        """Work that may change the copy; what was kept of it and not heard by the journal is not done again."""
        working, asked = self._visitor.working, _digest(knock)
        before = working.said(key)
        if before is not None and before["asked"] == asked:
            return dict(before["said"])
        said = await work()
        try:
            await working.keep(key, {"asked": asked, "said": said})
        except (TektraError, OSError) as error:
            await working.put_back()
            return {"error": f"what this did was undone, for it could not be kept: {error}"}
        return said

    async def _ran(self, code: Coding, knock: CodeKnock) -> dict[str, Any]:
        """A piece of code, run from one call of a tool to the next; each part and each call is a step."""
        key = self._key(knock)
        self._visitor.allowance.check()
        await self._tell(key, "code", {"code": knock.code})

        async def once(place: str, work: Work) -> dict[str, Any]:
            async def kept() -> dict[str, Any]:
                said = await self._kept(knock, key + place, work)
                return msgspec.to_builtins(Ended(error=said["error"])) if set(said) == {"error"} else said

            return await self._once(f"{key}{place}", knock, kept)

        async def call(place: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            return await self._tool(ToolKnock(number=knock.number, name=name, arguments=arguments), place)

        ended = await code.run(knock, key, once, call)
        told = {"output": ended.output, "logs": ended.logs, "error": ended.error}
        await self._tell(f"{key}/done", "ran", told)
        return told | {"is_final": ended.is_final}

    async def _once(
        self, name: str, knock: Knock, work: Work, beside: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        """As a step, within the time that is left; raises LimitReached. `beside` is kept with what comes of it.

        Raises RunDiverged where the journal knows it as the answer to another knock.
        """
        allowance, asked = self._visitor.allowance, _digest(knock)
        is_new = False

        async def step() -> dict[str, Any]:
            nonlocal is_new
            is_new = True
            try:
                async with allowance.ticking():
                    said = await work()
            except LimitReached as error:
                said = {"over": error.message, "what": "seconds"}
            return {"asked": asked, "said": said, "seconds": allowance.seconds, **beside}

        kept: dict[str, Any] = await self._visitor.doing.step(name, step)
        if kept["asked"] != asked:
            raise RunDiverged("the run did something else than the first time, so that it cannot go on")
        if not is_new:
            allowance.was(kept["seconds"])
        found: dict[str, Any] = kept["said"]
        if "over" in found:
            raise allowance.over(found["what"], found["over"])
        return found

    async def _answer(self, knock: Knock, said: dict[str, Any]) -> None:
        async with self._visitor.allowance.ticking():  # a guest may leave its answers unread
            await self._mind.answer(knock, said.get("result"), said.get("error"))

    async def _tell(self, key: str, type: str, data: dict[str, Any]) -> None:
        whose = {"agent": self._visitor.agent.name} if self._visitor.place else {}
        await self._visitor.doing.tell(key, type, data | whose)

    def _key(self, knock: Knock) -> str:
        return f"{self._visitor.place}/{knock.number}"


def _digest(knock: Knock) -> str:
    return hashlib.sha256(msgspec.json.encode(knock, order="deterministic")).hexdigest()
