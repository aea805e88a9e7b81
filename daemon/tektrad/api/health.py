"""Is it alive, is it ready, how does it do?"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api.render import json_response
from tektrad.api.services import Rooms
from tektrad.clock import utc
from tektrad.pool import budget

router = APIRouter()
ALERT_HOURS = 24
"""How long a security event is an alert."""


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz")
async def readyz(rooms: Rooms) -> Response:
    """It takes new work, or says why not."""
    return json_response({"status": rooms.state}, 200 if rooms.state == "ready" else 503)


@router.get("/api/status")
async def status(rooms: Rooms) -> Response:
    """One page about the daemon."""
    loaded = rooms.pool.view()
    since = utc(datetime.fromisoformat(rooms.clock.now()) - timedelta(hours=ALERT_HOURS))
    alerts, latest = await rooms.audit_reader.alerts(since)
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
            "memory": {
                "budget_bytes": rooms.pool.budget,
                "promised_bytes": rooms.pool.promised,
                "resident_bytes": budget.resident(os.getpid()) + sum(m["resident_bytes"] for m in loaded),
                "available_bytes": budget.measure().available,
            },
            "models_loaded": [model["name"] for model in loaded],
            "requests_running": rooms.requests_running - 1,  # not this one
            "conversations": await rooms.conversations.count(),
            "asks": await rooms.consent.waiting(),
            "alerts": {"count": alerts, "hours": ALERT_HOURS, "latest": latest},
        }
    )
