"""The door: the only way in which an agent does anything. Decide, ask, say that it begins, do it, say how it ended.

Each of its answers is a step of the run, so that what was done is not done again after a crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from tektra_models import frames
from tektra_models.errors import ContextExceeded, Unsupported
from tektra_models.generation import Delta, Finish, Form, Prompt, Sampling, ToolCall, Usage
from tektrad.agents import fitting
from tektrad.agents.agent import RECALL, Agent
from tektrad.agents.fitting import Fitted
from tektrad.agents.knocks import ModelKnock, ToolKnock
from tektrad.agents.pinning import Noted
from tektrad.agents.results import Results, kept_number
from tektrad.agents.tool import Result, Tool, ToolFailed, Wish, heard
from tektrad.agents.toolbox import MOST_CHARACTERS, cut
from tektrad.agents.tools.look import READ, lines_wanted
from tektrad.agents.visitor import Visitor
from tektrad.chat.calls import call, ended, sampler
from tektrad.errors import TektraError
from tektrad.memory.note import opening, share
from tektrad.memory.notes import Notes
from tektrad.pool.lease import Lease
from tektrad.pool.party import Party
from tektrad.pool.pool import Pool
from tektrad.runs.run import Run
from tektrad.trust.act import Act
from tektrad.trust.ask import Ask, Request
from tektrad.trust.audit import AuditLog, Telling
from tektrad.trust.consent import Consent, Must
from tektrad.trust.entry import Entry
from tektrad.trust.judge import Judge
from tektrad.trust.policy import DEFAULT, Decision

QUESTION = Must("question", "the agent asks you something")
ALWAYS = Must(DEFAULT, "this agent asks before everything that has an effect", unless_granted=True)
AGAIN = Must("again", "it was begun before the daemon ended, and may have been done already")
CODE = ("python", "-")
"""What is asked about before an agent's own code is run."""
MOST_SHOWN = 16_000
"""Characters of it."""
THINKING = 4
"""How many times as long an answer may be that is thought about."""
EFFECTS = frozenset({"write", "run", "fetch"})


class Denied(Exception):
    """It may not be done; in words for the agent."""


class Door:
    """Answers knocks; an answer is JSON: `result`, or the words of an `error` for the agent to see.

    `over` is neither: the words with which the run ends.
    """

    def __init__(
        self,
        pool: Pool,
        judge: Judge,
        consent: Consent,
        audit: AuditLog,
        results: Results,
        notes: Notes,
        default_model: str,
        answer_wait: float,
    ) -> None:
        """`answer_wait`: the seconds that a person has to answer."""
        self._pool = pool
        self._judge = judge
        self._consent = consent
        self._audit = audit
        self._results = results
        self._notes = notes
        self._default_model = default_model
        self._answer_wait = answer_wait

    async def tool(self, visitor: Visitor, knock: ToolKnock, key: str) -> dict[str, Any]:
        """Call a tool, if the policy or a person allows it; `key` says at which place of the run."""
        found = visitor.tool(knock.name)
        if found is None:
            return {"error": f"there is no tool {knock.name}"}
        kept = kept_number(knock.arguments.get("path")) if knock.name == READ else None
        if kept is not None:
            return await self._read_on(visitor, knock, kept)
        try:
            wish = await self._wish(visitor, found, knock, key)
            act = self._act(visitor, wish)
            entry = _called(visitor, knock, {"resource": act.text})
            if act.kind == "Path" and act.effect == "outside":
                await self._audit.record(msgspec.structs.replace(entry, outcome="denied"))
                return {"error": f"{act.text} lies outside of the folder, and the tools stay in it"}
            if act.action == "run":
                entry = msgspec.structs.replace(entry, confinement=_confinement(visitor))
            must, begins = await self._must(visitor, found, wish, key), self._audit.beginning(entry)
            answer = await self._sought(visitor, act, wish, key, must, begins)
            async with self._audit.ending([begins]) as (telling,):
                try:
                    if found.writes:
                        await self.private(visitor)
                    result = await found.work(visitor.here(key, answer), wish.said)
                except ToolFailed as error:
                    telling.end({"error": str(error)}, "failed")
                    raise
                for kind, told in result.alarms.items():
                    telling.alarm(kind, told)
                told = {"characters": len(result.text), **result.details}
                telling.end(told, "ok" if result.ok else "failed")
        except (Denied, ToolFailed, TektraError) as error:
            return {"error": heard(error)}
        is_long = len(result.text) > MOST_CHARACTERS and visitor.reads
        number = await self._results.keep(visitor.run, visitor.here(key).key, result.text) if is_long else None
        return _answered(result, number)

    async def _wish(self, visitor: Visitor, tool: Tool, knock: ToolKnock, key: str) -> Wish:
        """What a call would do; one that cannot be is in the log, too. Raises ToolFailed."""
        try:
            return await asyncio.to_thread(tool.wish, visitor.here(key), knock.arguments)
        except ToolFailed as error:
            entry = _called(visitor, knock, {"error": str(error)})
            await self._audit.record(msgspec.structs.replace(entry, outcome="failed"))
            raise

    async def _read_on(self, visitor: Visitor, knock: ToolKnock, number: int) -> dict[str, Any]:
        """Read in a result of the same run: about one's own results nobody is asked."""
        try:
            async with self._audit.telling(_called(visitor, knock, {"resource": f"result:{number}"})) as telling:
                try:
                    said = lines_wanted(knock.arguments)
                    text = await self._results.read(visitor.run, number, said.first, said.count, MOST_CHARACTERS)
                except ToolFailed as error:
                    telling.end({"error": str(error)}, "failed")
                    raise
                telling.end({"characters": len(text)}, "ok")
        except (ToolFailed, TektraError) as error:
            return {"error": heard(error)}
        return {"result": text}

    async def notes(self, run: Run, agent: Agent, folder: Path) -> Noted:
        """What an agent is shown of its notes when it begins, if it may recall any; nobody is asked for that."""
        every = await self._notes.all(run.uid, agent.name)
        text, found = opening(every, share(self._pool.context(agent.model or self._default_model)))
        if not found:
            return Noted()
        principal = self._judge.principal(run.uid, agent.name)
        act = Act(principal=principal, action="call", resource=RECALL, workspace=str(folder), effect="none", run=run.id)
        shown = {"notes": [note.id for note in found]}
        entry = Entry(kind="note.show", uid=run.uid, agent=agent.name, run=run.id, details=shown)
        decision = await self._consent.decided(act, begins=entry)
        if decision.outcome != "allow":
            return Noted(told=f"is not shown its notes: {decision.refusal(act)}")
        return Noted(text=text, told=f"is shown its notes of earlier runs: {len(found)} of {len(every)}")

    async def may_run(self, visitor: Visitor, code: str, key: str) -> None:
        """Raise ToolFailed where an agent's code may not be run."""
        wish = Wish(None, "run", CODE, "inside", code[:MOST_SHOWN])
        must = ALWAYS if visitor.agent.human == "always" else None
        try:
            await self._sought(visitor, self._act(visitor, wish), wish, key, must)
        except Denied as error:
            raise ToolFailed(str(error)) from error

    def running(self, visitor: Visitor, code: str) -> contextlib.AbstractAsyncContextManager[Telling]:
        """What the log says around an agent's code."""
        details = {"arguments": CODE, "stdin_sha256": hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()}
        entry = _entry(visitor, "sandbox.run", details)
        return self._audit.telling(msgspec.structs.replace(entry, confinement=_confinement(visitor)))

    async def private(self, visitor: Visitor) -> None:
        """Have the private copy, and say what is not in it."""
        for each in await visitor.working.private():
            await visitor.doing.tell(f"left-out/{each.path}", "note", {"text": f"not copied: {each.path}, {each.why}"})

    async def _must(self, visitor: Visitor, tool: Tool, wish: Wish, key: str) -> Must | None:
        """Why a person is asked whatever the policy says, if so."""
        if wish.is_question:
            return QUESTION
        is_repeatable = tool.is_repeatable and not (tool.writes and visitor.working.in_place)
        if not is_repeatable and not await visitor.doing.tell(f"{key}/begun", "begun", {"tool": tool.declared.name}):
            return AGAIN
        is_effect = wish.action in EFFECTS or wish.effect != "none"
        return ALWAYS if visitor.agent.human == "always" and is_effect else None

    async def _sought(
        self, visitor: Visitor, act: Act, wish: Wish, key: str, must: Must | None, begins: Entry | None = None
    ) -> str:
        """The words of whoever allowed it, if somebody was asked; raises Denied.

        What is allowed begins with `begins` in the log.
        """
        if visitor.agent.human == "never":
            decision = await self._consent.decided(act, must, begins)
            if decision.outcome != "allow":
                raise Denied(decision.refusal(act))
            return ""
        doing, waiting = visitor.doing, contextlib.AsyncExitStack()

        async def opened(ask: Ask) -> None:
            told = {
                "ask": ask.id,
                "action": act.action,
                "resource": act.text,
                "rule": ask.rule,
                "why": ask.why,
                "preview": ask.request.preview,
                "expires_at": ask.expires_at,
                "findings": msgspec.to_builtins(ask.findings),
                "is_question": wish.is_question,
            }
            await doing.tell(f"{key}/ask/{ask.id}", "ask", told)
            waiting.enter_context(visitor.allowance.waiting_for_somebody())
            await waiting.enter_async_context(doing.waiting())

        async with waiting:
            wanted, seconds = Request.of(act, preview=wish.preview), self._answer_wait
            hosts = visitor.agent.limits.network
            verdict = await self._consent.seek(
                act, wanted, seconds, seconds + 1, must=must, opened=opened, begins=begins, hosts=hosts
            )
        if verdict.ask is not None:
            told = {"ask": verdict.ask.id, "outcome": verdict.outcome, "why": verdict.why}
            await doing.tell(f"{key}/answer/{verdict.ask.id}", "answer", told)
        if verdict.outcome != "allow":
            raise Denied(Decision(verdict.outcome, verdict.rule, verdict.why, "").refusal(act))
        return verdict.why

    async def model(self, visitor: Visitor, knock: ModelKnock, key: str, before: Fitted) -> dict[str, Any]:
        """Ask the agent's model; where it has tools and can be held to a form, it answers with calls of them.

        `before` is how its last prompt was fitted into the context; `fitted` says it of this one.
        """
        agent = visitor.agent
        tools = [dict(tool) for tool in knock.tools]

        def prompt(messages: list[dict[str, Any]]) -> Prompt:
            return Prompt(messages=messages, tools=tools or None, think=agent.thinking or None, batch=True)

        most = fitting.ANSWER_TOKENS * (THINKING if agent.thinking else 1)
        free = Sampling(temperature=0.0, stop=() if tools else tuple(knock.stop), max_tokens=most)
        party = Party(visitor.uid, agent.name)
        async with self._pool.lease(agent.model or self._default_model, party, batch=True) as lease:
            wish = Wish(None, "generate", lease.model.name)
            try:
                await self._sought(visitor, self._act(visitor, wish), wish, key, None)
            except Denied as error:
                return {"error": str(error)}

            async def count(messages: list[dict[str, Any]]) -> int:
                return await lease.worker.count(prompt(messages))

            async def said(fitted: Fitted) -> dict[str, Any]:
                asked = prompt(fitting.shown(knock.messages, fitted.cut))
                found = await self._held(visitor, lease, asked, free)
                kept = msgspec.structs.replace(fitted, tokens=found["prompt_tokens"])
                return {"result": found, "fitted": msgspec.to_builtins(kept), "model": lease.model.name}

            try:
                fitted = await fitting.fit(knock.messages, before, count, lease.context)
                try:
                    return await said(fitted)
                except ContextExceeded:
                    fitted = await fitting.fit(knock.messages, fitted, count, lease.context, harder=True)
                    return await said(fitted)
            except fitting.TooLong as error:
                message = f"the task needs more context than {lease.model.name} has: {error}"
                return {"over": message, "what": "context"}

    async def _held(self, visitor: Visitor, lease: Lease, prompt: Prompt, free: Sampling) -> dict[str, Any]:
        """An answer held to calls, where there is something to call and the model can be held."""
        if prompt.tools:
            try:
                held = msgspec.structs.replace(free, form=Form(kind="call"))
                return await self._said(visitor, lease, prompt, held)
            except Unsupported:
                pass
        return await self._said(visitor, lease, prompt, free)

    async def _said(self, visitor: Visitor, lease: Lease, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        """One answer of a model, as the guest takes it."""
        text: list[str] = []
        calls: list[dict[str, Any]] = []
        usage = Usage()
        async with contextlib.aclosing(lease.generate(prompt, sampling)) as stream:
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
            confinement=visitor.confinement,
            run=visitor.run,
        )


def _entry(visitor: Visitor, kind: str, details: dict[str, Any]) -> Entry:
    """What the log has of something that this agent does in this run."""
    return Entry(kind=kind, uid=visitor.uid, agent=visitor.agent.name, run=visitor.run, details=details)


def _called(visitor: Visitor, knock: ToolKnock, more: dict[str, Any]) -> Entry:
    return _entry(visitor, "tool.call", {"tool": knock.name, "arguments": dict(knock.arguments), **more})


def _confinement(visitor: Visitor) -> Literal["none", "A", "B"]:
    """What holds its programs, as the log names it."""
    level = visitor.confinement
    return level if level == "A" or level == "B" else "none"


def _answered(result: Result, kept: int | None) -> dict[str, Any]:
    """As the guest gets it, and the journal keeps it."""
    said: dict[str, Any] = {"result" if result.ok else "error": cut(result.text, kept)}
    return said if result.data is None else said | {"data": result.data}


def _call(place: int, made: ToolCall) -> dict[str, Any]:
    return {"id": f"call_{place + 1:02}", "name": made.name, "arguments": json.loads(made.arguments)}
