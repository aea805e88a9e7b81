"""The door: the only way in which an agent does anything. Decide, ask, say that it begins, do it, say how it ended.

Each of its answers is a step of the run, so that what was done is not done again after a crash.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tektra_models import frames
from tektra_models.errors import Unsupported
from tektra_models.generation import Delta, Finish, Form, Prompt, Sampling, ToolCall, Usage
from tektrad.agents.agent import Agent
from tektrad.agents.knocks import ModelKnock, ToolKnock
from tektrad.agents.tool import Here, Result, Tool, ToolFailed, Wish
from tektrad.agents.toolbox import cut
from tektrad.chat.calls import call, ended, sampler
from tektrad.errors import TektraError
from tektrad.pool.lease import Lease
from tektrad.pool.party import Party
from tektrad.pool.pool import Pool
from tektrad.trust.act import Act
from tektrad.trust.audit import AuditLog
from tektrad.trust.consent import Consent
from tektrad.trust.entry import Entry
from tektrad.trust.judge import Judge


@dataclass(frozen=True, slots=True)
class Visitor:
    """On whose behalf somebody knocks: an agent of a user, in a run, with a folder."""

    uid: int
    run: str
    agent: Agent
    folder: Path
    tools: Sequence[Tool]

    def here(self, knock: ToolKnock) -> Here:
        """Where a tool works that is called now."""
        return Here(self.uid, self.run, f"{self.run}/{knock.number}", self.agent, self.folder, self.folder)


class Door:
    """Answers knocks; an answer is JSON: `result`, or the words of an `error` for the agent to see."""

    def __init__(self, pool: Pool, judge: Judge, consent: Consent, audit: AuditLog, default_model: str) -> None:
        self._pool = pool
        self._judge = judge
        self._consent = consent
        self._audit = audit
        self._default_model = default_model

    async def tool(self, visitor: Visitor, knock: ToolKnock) -> dict[str, Any]:
        """Call a tool, if the policy or a person allows it."""
        found = {tool.declared.name: tool for tool in visitor.tools}.get(knock.name)
        if found is None:
            return {"error": f"there is no tool {knock.name}"}
        here = visitor.here(knock)
        try:
            wish = await asyncio.to_thread(found.wish, here, knock.arguments)
            act = self._act(visitor, wish)
            denied = await self._denied(act)
            if denied:
                return {"error": denied}
            details = {"tool": knock.name, "arguments": dict(knock.arguments), "resource": act.text}
            who = act.principal
            entry = Entry(kind="tool.call", uid=who.uid, agent=who.agent, run=act.run, details=details)
            async with self._audit.telling(entry) as telling:
                try:
                    result = await found.work(here, wish.said)
                except ToolFailed as error:
                    telling.end({"error": str(error)}, "failed")
                    raise
                telling.end({"characters": len(result.text)}, "ok" if result.ok else "failed")
        except (ToolFailed, TektraError) as error:
            return {"error": str(error)}
        return _answered(result)

    async def model(self, visitor: Visitor, knock: ModelKnock) -> dict[str, Any]:
        """Ask the agent's model; where it has tools and can be held to a form, it answers with calls of them."""
        agent = visitor.agent
        tools = [dict(tool) for tool in knock.tools]
        prompt = Prompt(
            messages=[dict(message) for message in knock.messages],
            tools=tools or None,
            think=agent.thinking or None,
            batch=True,
        )
        free = Sampling(temperature=0.0, stop=() if tools else tuple(knock.stop))
        party = Party(visitor.uid, agent.name)
        async with self._pool.lease(agent.model or self._default_model, party, batch=True) as lease:
            denied = await self._denied(self._act(visitor, Wish(None, "generate", lease.model.name)))
            if denied:
                return {"error": denied}
            if not tools:
                return {"result": await self._said(visitor, lease, prompt, free)}
            held = msgspec.structs.replace(free, form=Form(kind="call"))
            try:
                return {"result": await self._said(visitor, lease, prompt, held)}
            except Unsupported:
                return {"result": await self._said(visitor, lease, prompt, free)}

    async def _said(self, visitor: Visitor, lease: Lease, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        """One answer of a model, as the guest takes it."""
        text: list[str] = []
        calls: list[dict[str, Any]] = []
        usage = Usage()
        async with aclosing(lease.generate(prompt, sampling)) as stream:
            began = await anext(stream)
            assert isinstance(began, frames.Began)
            entry = call(lease, "agent", sampler=sampler(sampling), prompt_tokens=began.prompt_tokens)
            async with self._audit.telling(msgspec.structs.replace(entry, run=visitor.run)) as telling:
                async for said in stream:
                    if isinstance(said, Finish):
                        usage = said.usage
                        telling.end(ended(lease.model.name, usage, said.reason))
                    elif isinstance(said, Delta) and said.tool_call is not None:
                        calls.append(_call(len(calls), said.tool_call))
                    elif isinstance(said, Delta):
                        text.append(said.text)
        return {
            "content": "".join(text),
            "calls": calls,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
        }

    def _act(self, visitor: Visitor, wish: Wish) -> Act:
        return Act(
            principal=self._judge.principal(visitor.uid, visitor.agent.name),
            action=wish.action,
            resource=wish.resource,
            workspace=str(visitor.folder),
            effect=wish.effect,
            run=visitor.run,
        )

    async def _denied(self, act: Act) -> str:
        """Why an act may not be done; empty: it may. What a person would have to be asked about may not."""
        decision = await self._consent.decided(act)
        return "" if decision.outcome == "allow" else decision.refusal(act)


def _answered(result: Result) -> dict[str, Any]:
    """As the guest gets it, and the journal keeps it."""
    said: dict[str, Any] = {"result" if result.ok else "error": cut(result.text)}
    return said if result.data is None else said | {"data": result.data}


def _call(place: int, made: ToolCall) -> dict[str, Any]:
    return {"id": f"call_{place + 1:02}", "name": made.name, "arguments": json.loads(made.arguments)}
