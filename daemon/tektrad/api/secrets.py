"""Secrets by name: set, list, remove, show to their owner; the key that seals them."""

from __future__ import annotations

import base64
import binascii

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs, shapes
from tektrad.api.render import json_response
from tektrad.api.services import Asker, Rooms, Services
from tektrad.errors import InvalidRequest, WrongPassphrase
from tektrad.trust.entry import Entry

router = APIRouter(prefix="/api/secrets")


@router.get("", dependencies=needs.open_to_all)
async def list_secrets(rooms: Rooms, asker: Asker) -> Response:
    """All of the asker's, without their values, and how the vault is."""
    found = await rooms.secrets.all(asker.uid)
    return json_response({"schema": "tektra.secrets/1", "vault": _vault(rooms), "secrets": found})


@router.post("", dependencies=needs.open_to_all)
async def set_secret(rooms: Rooms, asker: Asker, body: shapes.NewSecret) -> Response:
    """Keep a value, in the place of an earlier one of that name."""
    try:
        value = base64.b64decode(body.value.get_secret_value(), validate=True)
    except binascii.Error as error:
        raise InvalidRequest("the value is not base64", param="value") from error
    kept = await rooms.secrets.set(body.name, value, asker.uid)
    return json_response({"schema": "tektra.secret/1", "secret": kept}, 201)


@router.delete("/{name}", dependencies=needs.open_to_all)
async def remove_secret(rooms: Rooms, asker: Asker, name: str) -> Response:
    """Forget a secret."""
    await rooms.secrets.remove(name, asker.uid)
    return json_response({"schema": "tektra.secret-removed/1", "name": name})


@router.post("/{name}/show", dependencies=needs.open_to_all)
async def show_secret(rooms: Rooms, asker: Asker, name: str, body: shapes.ShowSecret) -> Response:
    """The only route that gives a value: to its owner, who also gives a code where codes are asked for."""
    found = await rooms.secrets.get(name, asker.uid)
    await rooms.mfa.require(asker.uid, body.code)
    value = await rooms.secrets.reveal(name, asker.uid)
    shown = {"schema": "tektra.secret-value/1", "secret": found, "value": base64.b64encode(value).decode()}
    return json_response(shown)


@router.post("/rotate", dependencies=needs.secrets)
async def rotate(rooms: Rooms, asker: Asker, body: shapes.Rotation) -> Response:
    """Seal everything with a fresh key."""
    async with rooms.audit.telling(Entry(kind="secret.rotate", uid=asker.uid)) as telling:
        sealed = await rooms.vault.rotate(body.passphrase.get_secret_value())
        telling.end({"sealed": sealed, "place": rooms.vault.place})
    return json_response({"schema": "tektra.secrets-rotated/1", "sealed": sealed, "vault": _vault(rooms)})


@router.post("/unlock", dependencies=needs.secrets)
async def unlock(rooms: Rooms, asker: Asker, body: shapes.Passphrase) -> Response:
    """Open the vault with its passphrase, or choose the first one."""
    try:
        async with rooms.audit.telling(Entry(kind="secret.unlock", uid=asker.uid)):
            await rooms.vault.unlock(body.passphrase.get_secret_value())
    except WrongPassphrase as error:
        await rooms.alarms.sound("passphrase_refused", asker.uid, {"why": error.message})
        raise
    return json_response({"schema": "tektra.vault/1", "vault": _vault(rooms)})


@router.post("/lock", dependencies=needs.secrets)
async def lock(rooms: Rooms, asker: Asker) -> Response:
    """Forget the key until somebody gives the passphrase again."""
    async with rooms.audit.telling(Entry(kind="secret.lock", uid=asker.uid)):
        await rooms.vault.lock()
    return json_response({"schema": "tektra.vault/1", "vault": _vault(rooms)})


def _vault(rooms: Services) -> dict[str, str | None]:
    return {"state": rooms.vault.state, "place": rooms.vault.place, "next_place": rooms.vault.next_place}
