"""Policy files: looking at one, and changing it, which asks for a second factor's code where there is one."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms
from tektrad.errors import PolicyNotFound
from tektrad.trust.policy_changes import digests

router = APIRouter(prefix="/api/policies")


@router.get("", dependencies=needs.permissions)
async def list_policies(rooms: Rooms) -> Response:
    """The policy files by name, with their digests, and where they lie."""
    found = digests(await asyncio.to_thread(rooms.policies.files.sources))
    files = [{"name": name, "sha256": digest} for name, digest in sorted(found.items())]
    return json_response({"schema": "tektra.policies/1", "folder": str(rooms.policies.files.folder), "files": files})


@router.get("/{name}", dependencies=needs.permissions)
async def show_policy(rooms: Rooms, name: str) -> Response:
    """What one file says."""
    for source in await asyncio.to_thread(rooms.policies.files.sources):
        if source.name == name and not source.problem:
            told = {"name": name, "text": source.text, "sha256": digests([source]).get(name)}
            return json_response({"schema": "tektra.policy/1"} | told)
    raise PolicyNotFound(f'there is no policy file "{name}" that can be read', "tektra permissions files lists them.")


@router.post("/{name}", dependencies=needs.permissions)
async def change_policy(rooms: Rooms, asker: Asker, name: str, body: shapes.PolicyText) -> Response:
    """Write a file, or remove it: in force from the next decision on, if it can be taken; else nothing is changed."""
    await rooms.mfa.require(asker.uid, body.code)
    digest = await rooms.policies.make(name, body.text, body.was, asker.uid)
    rules = [rule for rule in (await rooms.judge.rulebook()).rules if rule.source == name]
    told = {"name": name, "sha256": digest, "rules": len(rules)}
    return json_response({"schema": "tektra.policy-changed/1"} | told)
