"""The rooms that routes may enter, handed to the application by daemon.py."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tektra_models.catalog import Catalog
from tektrad.agents.agents import Agents
from tektrad.agents.leftovers import Leftovers
from tektrad.agents.own_tools import OwnTools
from tektrad.agents.toolbox import Toolbox
from tektrad.api.server import PEER_UID
from tektrad.chat.conversations import Conversations
from tektrad.chat.turn import Turns
from tektrad.clock import Clock
from tektrad.events import Events
from tektrad.history import History
from tektrad.mcp.mcp import Mcp
from tektrad.memory.notes import Notes
from tektrad.paths import Paths
from tektrad.pool.party import Party
from tektrad.pool.pool import Pool
from tektrad.pool.tuned import Tuned
from tektrad.runs.runner import Runner
from tektrad.runs.runs import Runs
from tektrad.sandbox.sandbox import Sandbox
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import AuditLog
from tektrad.trust.consent import Consent
from tektrad.trust.grants import Grants
from tektrad.trust.judge import Judge
from tektrad.trust.mfa import Mfa
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.reading import AuditReader
from tektrad.trust.secrets import Secrets
from tektrad.trust.users import Users
from tektrad.trust.vault import Vault


@dataclass(slots=True)
class Services:
    """Everything a route may need; `state` is ready or draining."""

    version: str
    paths: Paths
    clock: Clock
    events: Events
    catalog: Catalog
    pool: Pool
    history: History
    tuned: Tuned
    conversations: Conversations
    agents: Agents
    notes: Notes
    own_tools: OwnTools
    toolbox: Toolbox
    turns: Turns
    sandbox: Sandbox
    mcp: Mcp
    audit: AuditLog
    audit_reader: AuditReader
    alarms: Alarms
    grants: Grants
    judge: Judge
    policies: PolicyChanges
    runs: Runs
    runner: Runner
    leftovers: Leftovers
    consent: Consent
    vault: Vault
    secrets: Secrets
    mfa: Mfa
    users: Users
    default_model: str
    started_at: str
    started: float
    state: str = "ready"
    requests_running: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self) -> None:
        """Count a request that begins."""
        self.requests_running += 1
        self.idle.clear()

    def leave(self) -> None:
        """Count a request that ended."""
        self.requests_running -= 1
        if self.requests_running == 0:
            self.idle.set()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Do not count a request that only listens: the daemon does not wait for it when it stops."""
        self.leave()
        try:
            yield
        finally:
            self.enter()


def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def _peer(request: Request) -> Party:
    return Party(uid=request.scope["extensions"][PEER_UID]["uid"])


Rooms = Annotated[Services, Depends(_services)]
Asker = Annotated[Party, Depends(_peer)]
"""Who asks, by the kernel's word; never by what the request says (OpenAI's `user`, a header)."""
