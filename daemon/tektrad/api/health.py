"""Is it alive, is it ready, how does it do?"""

from __future__ import annotations

import os

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.clock import later
from tektrad.pool import budget
from tektrad.trust.act import Act

router = APIRouter()
ALERT_HOURS = 24
"""How long a security event is an alert."""


@router.get("/healthz", dependencies=needs.open_to_all)
async def healthz() -> Response:
    """The process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", dependencies=needs.open_to_all)
async def readyz(rooms: Rooms) -> Response:
    """It takes new work, or says why not."""
    return json_response({"status": rooms.state}, 200 if rooms.state == "ready" else 503)


@router.get("/api/status", dependencies=needs.open_to_all)
async def status(rooms: Rooms, asker: Asker) -> Response:
    """One page about the daemon; its alerts are for those who may read the log they stand in."""
    loaded = rooms.pool.view()
    since = later(rooms.clock.now(), -3600 * ALERT_HOURS)
    auditing = Act(principal=rooms.judge.principal(asker.uid), action="audit", resource="log")
    allowed = await rooms.judge.allows(auditing)
    alerts, latest = await rooms.audit_reader.alerts(since) if allowed else (0, None)
    return json_response(
        {
            "schema": "tektra.status/1",
            "version": rooms.version,
            "pid": os.getpid(),
            "state": rooms.state,
            "started_at": rooms.started_at,
            "uptime_s": round(rooms.clock.monotonic() - rooms.started, 3),
            "socket": str(rooms.paths.socket),
            "data_dir": str(rooms.paths.data_dir),
            "log_file": str(rooms.paths.log_file),
            "default_model": rooms.default_model,
            "role": rooms.users.role(asker.uid),
            "memory": {
                "budget_bytes": rooms.pool.budget,
                "promised_bytes": rooms.pool.promised,
                "resident_bytes": budget.resident(os.getpid()) + sum(m["resident_bytes"] for m in loaded),
                "available_bytes": budget.measure().available,
            },
            "models_loaded": [model["name"] for model in loaded],
            "requests_running": rooms.requests_running - 1,  # not this one
            "conversations": await rooms.conversations.count(asker.uid),
            "asks": await rooms.consent.waiting(rooms.judge.principal(asker.uid)),
            "alerts": {"count": alerts, "hours": ALERT_HOURS, "latest": latest},
        }
    )
