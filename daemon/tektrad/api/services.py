"""The rooms that routes may enter, handed to the application by daemon.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from tektra_models.catalog import Catalog

from tektrad.chat.conversations import Conversations
from tektrad.chat.turn import Turns
from tektrad.clock import Clock
from tektrad.paths import Paths
from tektrad.pool.pool import Pool


@dataclass(slots=True)
class Services:
    """Everything a route may need; `state` is ready or draining."""

    version: str
    paths: Paths
    clock: Clock
    catalog: Catalog
    pool: Pool
    conversations: Conversations
    turns: Turns
    default_model: str
    started_at: str
    started: float
    state: str = "ready"
    requests_running: int = 0


def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


Rooms = Annotated[Services, Depends(_services)]
