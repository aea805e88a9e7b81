"""`tektra users`: who may use a shared daemon, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, second_factor, wording
from tektra_cli.flags import Code, Json


class Role(Enum):
    """As what somebody may connect; the owner is whose daemon it is."""

    operator = "operator"
    user = "user"
    auditor = "auditor"


Who = Annotated[str, typer.Argument(help="A user's name, or a uid.", metavar="NAME|UID")]


def list_users(json: Json = False) -> None:
    """List who may connect, and as what."""
    output.show(launch.ensured().get("/api/users"), json, _table)


def _table(document: Mapping[str, Any]) -> None:
    owner = document["owner"]
    rows = [(str(owner), wording.name(owner) or "-", "owner", "-", "-")]
    rows += [
        (
            str(user["uid"]),
            wording.name(user["uid"]) or "-",
            user["role"],
            wording.when(user["added_at"]),
            str(user["added_by"]),
        )
        for user in document["users"]
    ]
    output.table(("UID", "NAME", "ROLE", "ADDED", "BY"), rows)
    _note(document)


def _note(document: Mapping[str, Any]) -> None:
    if not document["shared"]:
        errors.note("this daemon is not shared, and lets in its owner only: set shared_group (docs/configuration.md)")


def add(
    who: Who,
    role: Annotated[Role, typer.Option("--role", help="As what.")] = Role.user,
    code: Code = None,
    json: Json = False,
) -> None:
    """Let somebody connect, or change their role.

    An operator looks after models and reads the audit log, a user asks models, an auditor reads the audit log.
    """
    body = {"uid": wording.uid(who), "role": role.value}
    document = second_factor.posted(launch.ensured(), "/api/users", body, code, no_input=json)
    output.show(document, json, _added)


def _added(document: Mapping[str, Any]) -> None:
    user = document["user"]
    output.text(f"{_shown(user['uid'])} may connect as {user['role']}")
    _note(document)


def remove(who: Who, json: Json = False) -> None:
    """Let somebody connect no more; their conversations stay theirs."""
    document = launch.ensured().delete(f"/api/users/{wording.uid(who)}")
    output.show(document, json, lambda gone: output.text(f"{_shown(gone['user']['uid'])} may connect no more"))


def _shown(uid: int) -> str:
    name = wording.name(uid)
    return f"uid {uid}" if name is None else f"{name} (uid {uid})"
