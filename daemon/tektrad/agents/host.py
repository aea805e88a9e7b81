"""The host: does a run of an agent. Lets its guest in, answers its knocks at the door, and tells of every step."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import structlog

from tektra_models.starter.agent_prompts import CODE_SYSTEM, TOOL_SYSTEM, prompt_templates
from tektrad.agents.agent import Agent
from tektrad.agents.agents import Agents
from tektrad.agents.allowance import Allowance
from tektrad.agents.answering import Answering
from tektrad.agents.coding import Coding, in_code
from tektrad.agents.door import Door
from tektrad.agents.knocks import Task
from tektrad.agents.pinning import Noted, Pin, pins, restored
from tektrad.agents.spare import Guests
from tektrad.agents.tool import Tool
from tektrad.agents.toolbox import Toolbox
from tektrad.agents.tools.sub_agent import SubAgent
from tektrad.agents.visitor import Visitor
from tektrad.agents.workspaces import Workspaces
from tektrad.clock import Clock
from tektrad.errors import GuestDied, GuestFailed, InvalidRequest, LimitReached
from tektrad.runs.runner import Doing
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import uninterrupted

KIND = "agent"
TRIES = 3
"""How many guests do one task, each where the one before died."""
BENEATH, DEEPEST = "/agent", 3
"""What the places of a sub-agent's knocks begin with, behind the call's; and how often, within each other."""

log = structlog.get_logger()


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a run: which version of which agent, to do what, where."""

    agent: str
    version: str
    task: str
    folder: str
    in_place: bool = False
    """Whether its tools change the folder itself, and no copy of it."""


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
        folder = Path(spec.folder)
        given, notes = await self._given(doing, agent, folder)
        steps = {name.partition(":")[0] for name in doing.inherited}
        async with self._workspaces.working(doing.run, folder, steps, in_place=spec.in_place) as working:
            level = (await self._sandbox.footing()).level
            allowance = Allowance(agent.limits, self._clock)
            visitor = Visitor(doing, agent, folder, working, given, level, allowance, notes=notes)
            self._check_inherited(visitor)
            done = await self._worked(visitor, spec.task)
            return {**done, "has_changes": await working.end()}

    async def _given(self, doing: Doing, agent: Agent, folder: Path, place: str = "") -> tuple[list[Tool], str]:
        """The tools and notes that an agent had when it began, however often that is: its prompts tell of them."""
        now, missing = await self._toolbox.given(doing.run.uid, agent)

        async def pinned() -> dict[str, Any]:
            found = {"tools": msgspec.to_builtins(pins(now)), "missing": missing}
            if agent.memory:
                found["notes"] = msgspec.to_builtins(await self._door.notes(doing.run, agent, folder))
            return found

        kept = await doing.step(f"{place}/tools", pinned)
        noted = msgspec.convert(kept.get("notes", {}), Noted)
        if noted.told:
            await doing.tell(f"{place}/notes", "note", {"text": f"{agent.name if place else 'it'} {noted.told}"})
        if kept["missing"]:
            who = agent.name if place else "it"
            await doing.tell(f"{place}/missing", "note", {"text": f"{who} does not have {', '.join(kept['missing'])}"})
        return restored(msgspec.convert(kept["tools"], list[Pin]), now, self._agents), noted.text

    def _check_inherited(self, visitor: Visitor) -> None:
        """Raise InvalidRequest where the files are not what the steps that were taken over made of them."""
        run, names = visitor.doing.run, visitor.doing.inherited
        used = (visitor.tool(name.partition(":tool:")[2]) for name in names)
        is_changed = any(tool is not None and tool.writes for tool in used) or any("/code/" in name for name in names)
        if run.inherits is not None and not run.attempt and is_changed and visitor.working.workspace is None:
            raise InvalidRequest(
                f"the private copy of run {run.inherits.run} is gone, since it was applied or dropped",
                "Do it from the beginning: tektra runs retry without --from.",
            )

    async def _worked(self, visitor: Visitor, task: str) -> dict[str, Any]:
        """Have the agent do its task; where its process dies, another one goes on with what was answered so far."""
        for left in reversed(range(TRIES)):
            try:
                return await self._with_guest(visitor, task)
            except GuestDied as error:
                if not left:
                    raise
                log.warning("an agent's process died", run=visitor.run, why=error.message)
                visitor = replace(visitor, allowance=Allowance(visitor.agent.limits, self._clock))
        raise AssertionError("a task is tried once at least")

    async def _with_guest(self, visitor: Visitor, task: str) -> dict[str, Any]:
        """Let a guest in, and do what it asks for until it comes to its end."""
        agent = visitor.agent
        async with contextlib.AsyncExitStack() as held:
            mind = await held.enter_async_context(self._guests.entered())
            code = await held.enter_async_context(self._code(visitor)) if agent.kind == "code" else None
            await mind.begin(
                Task(
                    kind=agent.kind,
                    task=task,
                    instructions=agent.instructions,
                    tools=[in_code(tool.declared) if code else tool.declared for tool in visitor.tools],
                    steps=agent.limits.steps,
                    templates=prompt_templates(CODE_SYSTEM if code else TOOL_SYSTEM),
                    notes=visitor.notes,
                )
            )
            return await Answering(self._door, visitor, mind, code, self._delegated).until_end()

    @contextlib.asynccontextmanager
    async def _code(self, visitor: Visitor) -> AsyncIterator[Coding]:
        """What runs its code, in the working folder."""

        async def note(key: str, text: str) -> None:
            await visitor.doing.tell(f"{visitor.place}{key}", "note", {"text": text})

        code = Coding(self._door, visitor, self._sandbox, note)
        try:
            yield code
        finally:
            await uninterrupted(code.close())

    async def _delegated(self, visitor: Visitor, sub: SubAgent, version: str, task: str, key: str) -> dict[str, Any]:
        """Have another agent do a task in the same run and folder; what it took counts for whoever asked it."""
        if key.count(BENEATH) >= DEEPEST:
            return {"error": f"{sub.name} cannot be asked: agents ask each other {DEEPEST} levels deep at most"}
        agent, place = (await self._agents.version(visitor.uid, sub.name, version)).agent, f"{key}{BENEATH}"
        given, notes = await self._given(visitor.doing, agent, visitor.folder, place)
        allowance = Allowance(agent.limits, self._clock)
        inner = replace(visitor, agent=agent, tools=given, allowance=allowance, place=place, notes=notes)
        try:
            done = await self._worked(inner, task)
        except (GuestFailed, LimitReached) as error:
            visitor.allowance.said(inner.allowance.took)
            return {"error": f"{sub.name} failed: {error.message}"}
        visitor.allowance.said(done)
        return {"result": done["answer"] if isinstance(done["answer"], str) else json.dumps(done["answer"])}
