"""What is allowed: rules and grants, granting, revoking, and trying what would be decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tektrad.api import shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.errors import Forbidden
from tektrad.pool.party import Party
from tektrad.trust import resource
from tektrad.trust.act import Act, Principal
from tektrad.trust.ask import Request as Wanted
from tektrad.trust.grant import Conditions, Grant, Pattern
from tektrad.trust.grants import Wish

router = APIRouter(prefix="/api/permissions")
SETTING = "permissions"


@router.get("")
async def list_permissions(rooms: Rooms, all: bool = False) -> Response:
    """The grants that hold, or all that ever were; and the rules of all policy files."""
    book = await rooms.judge.rulebook()
    grants = await (rooms.grants.all() if all else rooms.grants.holding())
    now = rooms.clock.now()
    return json_response(
        {
            "schema": "tektra.permissions/1",
            "grants": [_told(grant, now) for grant in grants],
            "rules": [asdict(rule) for rule in book.rules],
            "problem": None if book.problem is None else asdict(book.problem),
        }
    )


@router.post("")
async def grant(rooms: Rooms, asker: Asker, body: shapes.NewGrant) -> Response:
    """Allow, deny, or be asked about something from now on."""
    wish = Wish(
        decision=body.decision,
        uid=asker.uid,
        agent=body.agent,
        action=body.action,
        pattern=Pattern.of(body.action, body.resource),
        conditions=_conditions(body.conditions),
        scope=body.scope,
        bound_to=body.bound_to,
        seconds=body.expires_s,
        uses=body.uses,
        why=body.why,
    )
    by = await _configuring(rooms, asker)
    if wish.decision == "allow" and wish.scope == "always":
        await rooms.mfa.require(asker.uid, body.code)
    made = await rooms.grants.grant(wish, by)
    return json_response({"schema": "tektra.permission/1", "grant": _told(made, rooms.clock.now())}, 201)


@router.delete("/{reference}")
async def revoke(rooms: Rooms, asker: Asker, reference: str) -> Response:
    """End a grant."""
    ended = await rooms.grants.revoke(reference, await _configuring(rooms, asker))
    return json_response({"schema": "tektra.permission-revoked/1", "grant": _told(ended, rooms.clock.now())})


@router.post("/test")
async def test(rooms: Rooms, asker: Asker, body: shapes.TestedAct) -> Response:
    """What would be decided about an act, and by which rule; nothing is done, and no use is spent."""
    act = _act(rooms, asker, body)
    decision = await rooms.judge.test(act)
    told = {"outcome": decision.outcome, "rule": decision.rule, "source": decision.source, "why": decision.why}
    return json_response({"schema": "tektra.permission-test/1", "action": act.action, "resource": act.text} | told)


@router.post("/ask")
async def ask(rooms: Rooms, asker: Asker, request: Request, body: shapes.SoughtAct) -> Response:
    """Whether an act may be done now, once; where the policy wants it a person is asked, and waited for."""
    act = _act(rooms, asker, body)
    wanted = Wanted.of(act, body.folder, body.environment, body.preview)
    verdict = await while_connected(request, rooms.consent.seek(act, wanted, body.expires_s, body.wait_s))
    told = {"outcome": verdict.outcome, "rule": verdict.rule, "why": verdict.why}
    return json_response({"schema": "tektra.permission-asked/1"} | told | {"ask": verdict.ask})


def _act(rooms: Services, asker: Party, body: shapes.TestedAct) -> Act:
    return Act(
        principal=rooms.judge.principal(asker.uid, body.agent),
        action=body.action,
        resource=body.resource if isinstance(body.resource, str) else tuple(body.resource),
        workspace=body.workspace,
        effect=body.effect,
        confinement=body.confinement,
        cost=body.cost,
        run=body.run,
        session=body.session,
    )


async def _configuring(rooms: Services, asker: Party) -> Principal:
    """Who asks, if they may change what is allowed; raises Forbidden."""
    principal = rooms.judge.principal(asker.uid, asker.agent)
    try:
        await rooms.judge.require(Act(principal=principal, action="configure", resource=SETTING))
    except Forbidden as error:
        await rooms.alarms.sound("refused", asker.uid, {"what": "permissions", "why": error.message})
        raise
    return principal


def _conditions(said: shapes.GrantConditions) -> Conditions:
    workspace = None if said.workspace is None else resource.path(said.workspace, "conditions.workspace")
    return Conditions(confinement=said.confinement, cost=said.cost, workspace=workspace)


def _told(grant: Grant, now: str) -> dict[str, Any]:
    """A grant as clients see it: its pattern as people write it, and whether it holds."""
    fields: dict[str, Any] = msgspec.to_builtins(grant)
    return fields | {"resource": grant.pattern.shown, "rule": grant.rule, "holds": grant.holds(now)}
