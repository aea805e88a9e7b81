"""The host: does a run of an agent. Lets its guest in, answers its knocks at the door, and tells of every step."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tektra_models.starter.agent_prompts import TOOL_SYSTEM, prompt_templates
from tektrad.agents.agents import Agents
from tektrad.agents.allowance import Allowance
from tektrad.agents.door import Door
from tektrad.agents.fitting import Fitted, left_out
from tektrad.agents.guest import Guest
from tektrad.agents.knocks import EndKnock, Knock, ModelKnock, StepKnock, Task, ToolKnock
from tektrad.agents.spare import Guests
from tektrad.agents.toolbox import Toolbox
from tektrad.agents.visitor import Visitor
from tektrad.agents.workspaces import Workspaces
from tektrad.clock import Clock
from tektrad.errors import GuestFailed, InvalidRequest, LimitReached, RunDiverged, TektraError
from tektrad.runs.runner import Doing
from tektrad.sandbox.sandbox import Sandbox

KIND = "agent"
TOLD_AFTER, STOPPED_AFTER = 3, 5


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a run: which version of which agent, to do what, where."""

    agent: str
    version: str
    task: str
    folder: str
    in_place: bool = False
    """Whether its tools change the folder itself, and no copy of it."""


class Turning:
    """Notices an agent that goes in circles: the same call with the same result again and again."""

    def __init__(self) -> None:
        self._last: tuple[bytes, bytes] | None = None
        self._times = 0

    def seen(self, knock: ToolKnock, said: dict[str, Any]) -> dict[str, Any]:
        """What the agent is told: after the third time, that it repeats itself. Raises GuestFailed after the fifth."""
        now = (_canonical([knock.name, knock.arguments]), _canonical(said))
        self._times = self._times + 1 if now == self._last else 1
        self._last = now
        if self._times >= STOPPED_AFTER:
            raise GuestFailed(f"it called {knock.name} {self._times} times in a row, always with the same result")
        if self._times < TOLD_AFTER:
            return said
        return {"error": f"You have called {knock.name} {self._times} times with the same result. Do something else."}


class Host:
    """How runs of agents are done."""

    def __init__(
        self,
        agents: Agents,
        toolbox: Toolbox,
        door: Door,
        sandbox: Sandbox,
        workspaces: Workspaces,
        guests: Guests,
        clock: Clock,
    ) -> None:
        self._agents = agents
        self._toolbox = toolbox
        self._door = door
        self._sandbox = sandbox
        self._workspaces = workspaces
        self._guests = guests
        self._clock = clock

    async def __call__(self, doing: Doing) -> Any:
        """Do one, from its beginning or once again; its result is the agent's answer and what it took."""
        spec = msgspec.convert(doing.run.spec, Spec)
        agent = (await self._agents.version(doing.run.uid, spec.agent, spec.version)).agent
        if agent.kind != "tools":
            raise InvalidRequest("this version runs agents that call tools, and none that write code")
        given, missing = await self._toolbox.given(doing.run.uid, agent)
        if missing:
            await doing.tell("missing", "note", {"text": f"it does not have {', '.join(missing)}"})
        folder = Path(spec.folder)
        steps = {name.partition(":")[0] for name in doing.inherited}
        async with self._workspaces.working(doing.run, folder, steps, in_place=spec.in_place) as working:
            level = (await self._sandbox.footing()).level
            visitor = Visitor(doing, agent, folder, working, given, level, Allowance(agent.limits, self._clock))
            self._check_inherited(visitor)
            done = await self._with_guest(visitor, spec.task)
            return {**done, "has_changes": await working.end()}

    def _check_inherited(self, visitor: Visitor) -> None:
        """Raise InvalidRequest where the files are not what the steps that were taken over made of them."""
        run, names = visitor.doing.run, visitor.doing.inherited
        used = (visitor.tool(name.partition(":tool:")[2]) for name in names)
        is_changed = any(tool is not None and tool.writes for tool in used)
        if run.inherits is not None and not run.attempt and is_changed and visitor.working.workspace is None:
            raise InvalidRequest(
                f"the private copy of run {run.inherits.run} is gone, since it was applied or dropped",
                "Do it from the beginning: tektra runs retry without --from.",
            )

    async def _with_guest(self, visitor: Visitor, task: str) -> dict[str, Any]:
        """Let a guest in, and do what it asks for until it comes to its end."""
        agent = visitor.agent
        async with self._guests.entered() as mind:
            await mind.begin(
                Task(
                    kind=agent.kind,
                    task=task,
                    instructions=agent.instructions,
                    tools=[tool.declared for tool in visitor.tools],
                    steps=agent.limits.steps,
                    templates=prompt_templates(TOOL_SYSTEM),
                )
            )
            return await self._done(visitor.doing, visitor, mind)

    async def _done(self, doing: Doing, visitor: Visitor, mind: Guest) -> dict[str, Any]:
        allowance, turning, fitted = visitor.allowance, Turning(), Fitted()
        while True:
            async with allowance.ticking():
                knock = await mind.knock()
            key = f"/{knock.number}"
            match knock:
                case EndKnock():
                    if knock.state == "failed":
                        raise GuestFailed(str(knock.answer))
                    if knock.state == "steps":
                        raise allowance.over("steps", words=knock.answer)
                    return {"answer": knock.answer, "state": knock.state, **allowance.took}
                case StepKnock():
                    allowance.took["steps"] = knock.step
                    told = {"step": knock.step, "said": knock.said, "observed": knock.observed, "error": knock.error}
                    told["took"] = dict(allowance.took)
                    await doing.tell(key, "step", told)
                    await self._answered(mind, allowance, knock, {})
                case ModelKnock():
                    allowance.check()
                    work = partial(self._door.model, visitor, knock, key, fitted)
                    said = await self._once(doing, allowance, f"{key}:model", knock, work)
                    before, fitted = fitted, msgspec.convert(said.get("fitted", fitted), Fitted)
                    if fitted.cut != before.cut:
                        gone = left_out(knock.messages, before.cut, fitted.cut)
                        await doing.tell(f"{key}/left_out", "left_out", msgspec.to_builtins(gone))
                    allowance.said(said.get("result") or {})
                    await self._answered(mind, allowance, knock, said)
                case ToolKnock():
                    allowance.check()
                    await doing.tell(key, "tool", {"tool": knock.name, "arguments": knock.arguments})
                    work = partial(self._tool, visitor, knock, key)
                    said = await self._once(doing, allowance, f"{key}:tool:{knock.name}", knock, work)
                    await doing.tell(f"{key}/done", "result", said)
                    await self._answered(mind, allowance, knock, turning.seen(knock, said))
                case _:
                    await self._answered(mind, allowance, knock, {"error": "this version cannot do that"})

    async def _tool(self, visitor: Visitor, knock: ToolKnock, key: str) -> dict[str, Any]:
        """Call a tool; what it left in the copy is kept with what it said, or all that it did is undone."""
        working, found, asked = visitor.working, visitor.tool(knock.name), _digest(knock)
        before = working.said(key)
        if before is not None and before["asked"] == asked:
            return dict(before["said"])
        said = await self._door.tool(visitor, knock, key)
        if found is not None and found.writes:
            try:
                await working.keep(key, {"asked": asked, "said": said})
            except (TektraError, OSError) as error:
                await working.put_back()
                return {"error": f"what {knock.name} did was undone, for it could not be kept: {error}"}
        return said

    async def _once(
        self, doing: Doing, allowance: Allowance, name: str, knock: Knock, work: Callable[[], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """As a step, within the time that is left; raises LimitReached.

        Raises RunDiverged where the journal knows it as the answer to another knock.
        """
        asked = _digest(knock)
        is_new = False

        async def step() -> dict[str, Any]:
            nonlocal is_new
            is_new = True
            try:
                async with allowance.ticking():
                    said = await work()
            except LimitReached as error:
                said = {"over": error.message, "what": "seconds"}
            return {"asked": asked, "said": said, "seconds": allowance.seconds}

        kept: dict[str, Any] = await doing.step(name, step)
        if kept["asked"] != asked:
            raise RunDiverged("the run did something else than the first time, so that it cannot go on")
        if not is_new:
            allowance.was(kept["seconds"])
        found: dict[str, Any] = kept["said"]
        if "over" in found:
            raise allowance.over(found["what"], found["over"])
        return found

    async def _answered(self, mind: Guest, allowance: Allowance, knock: Knock, said: dict[str, Any]) -> None:
        async with allowance.ticking():  # a guest may leave its answers unread
            await mind.answer(knock, said.get("result"), said.get("error"))


def _digest(knock: Knock) -> str:
    return hashlib.sha256(_canonical(knock)).hexdigest()


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
