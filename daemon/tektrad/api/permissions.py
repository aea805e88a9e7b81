"""What is allowed: rules and grants, granting, revoking, and trying what would be decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.api.stream import while_connected
from tektrad.pool.party import Party
from tektrad.trust import resource
from tektrad.trust.act import Act
from tektrad.trust.ask import Request as Wanted
from tektrad.trust.grant import Conditions, Grant, Pattern
from tektrad.trust.grants import Wish

router = APIRouter(prefix="/api/permissions")


@router.get("", dependencies=needs.open_to_all)
async def list_permissions(rooms: Rooms, asker: Asker, all: bool = False) -> Response:
    """The grants that hold, or all that ever were, and the rules of all policy files.

    Others than the owner see the grants that are theirs.
    """
    book = await rooms.judge.rulebook()
    grants = await (rooms.grants.all() if all else rooms.grants.holding())
    if asker.uid != rooms.users.owner:
        grants = [grant for grant in grants if grant.uid == asker.uid]
    now = rooms.clock.now()
    return json_response(
        {
            "schema": "tektra.permissions/1",
            "grants": [_told(grant, now) for grant in grants],
            "rules": [asdict(rule) for rule in book.rules],
            "problem": None if book.problem is None else asdict(book.problem),
        }
    )


@router.post("", dependencies=needs.permissions)
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
    if wish.decision == "allow" and wish.scope == "always":
        await rooms.mfa.require(asker.uid, body.code)
    made = await rooms.grants.grant(wish, rooms.judge.principal(asker.uid))
    return json_response({"schema": "tektra.permission/1", "grant": _told(made, rooms.clock.now())}, 201)


@router.post("/{reference}/revoke", dependencies=needs.permissions)
async def revoke(rooms: Rooms, asker: Asker, reference: str, body: shapes.Revocation) -> Response:
    """End a grant; one that denies or asks held something back, so that its end is as sensitive as an allowance."""
    if (await rooms.grants.find(reference)).decision != "allow":
        await rooms.mfa.require(asker.uid, body.code)
    ended = await rooms.grants.revoke(reference, rooms.judge.principal(asker.uid))
    return json_response({"schema": "tektra.permission-revoked/1", "grant": _told(ended, rooms.clock.now())})


@router.post("/test", dependencies=needs.open_to_all)
async def test(rooms: Rooms, asker: Asker, body: shapes.TestedAct) -> Response:
    """What would be decided about an act, and by which rule; nothing is done, and no use is spent."""
    act = _act(rooms, asker, body)
    decision = await rooms.judge.test(act)
    told = {"outcome": decision.outcome, "rule": decision.rule, "source": decision.source, "why": decision.why}
    return json_response({"schema": "tektra.permission-test/1", "action": act.action, "resource": act.text} | told)


@router.post("/ask", dependencies=needs.open_to_all)
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


def _conditions(said: shapes.GrantConditions) -> Conditions:
    workspace = None if said.workspace is None else resource.path(said.workspace, "conditions.workspace")
    return Conditions(confinement=said.confinement, cost=said.cost, workspace=workspace)


def _told(grant: Grant, now: str) -> dict[str, Any]:
    """A grant as clients see it: its pattern as people write it, and whether it holds."""
    fields: dict[str, Any] = msgspec.to_builtins(grant)
    return fields | {"resource": grant.pattern.shown, "rule": grant.rule, "holds": grant.holds(now)}
