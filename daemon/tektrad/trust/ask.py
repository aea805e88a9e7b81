"""Pure: what a person is asked about, word for word, and what ties the answer to exactly that."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from tektrad.errors import InvalidRequest
from tektrad.trust.act import Act
from tektrad.trust.finding import Finding

State = Literal["pending", "allowed", "denied", "expired"]
MOST_PREVIEW = 64 * 1024
MOST_ENVIRONMENT = 256


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what would be done: the act, and what a person should see of it before (a diff, a message)."""

    action: str
    resource: str | tuple[str, ...]
    workspace: str = ""
    effect: str = "outside"
    confinement: str = ""
    cost: int = 0
    run: str = ""
    session: str = ""
    folder: str = ""
    environment: dict[str, str] = {}
    preview: str = ""

    @classmethod
    def of(cls, act: Act, folder: str = "", environment: dict[str, str] | None = None, preview: str = "") -> Request:
        """An act with what belongs to it; raises InvalidRequest where it is too much to be read."""
        if len(preview.encode("utf-8", "surrogatepass")) > MOST_PREVIEW or len(environment or {}) > MOST_ENVIRONMENT:
            raise InvalidRequest(
                "this is more than anybody would read before an answer", "Show less of it.", param="preview"
            )
        return cls(
            action=act.action,
            resource=act.resource,
            workspace=act.workspace,
            effect=act.effect,
            confinement=act.confinement,
            cost=act.cost,
            run=act.run,
            session=act.session,
            folder=folder,
            environment=environment or {},
            preview=preview,
        )

    def digest(self, uid: int, agent: str) -> str:
        """What an answer is bound to: the whole request, and who asks."""
        whole = msgspec.json.encode([uid, agent, self], order="deterministic")
        return hashlib.sha256(whole).hexdigest()


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a person, and the answer to it."""

    id: str
    uid: int
    agent: str
    request: Request
    digest: str
    rule: str
    why: str
    state: State
    asked_at: str
    expires_at: str
    answered_at: str | None
    answered_by: int | None
    scope: str
    reason: str
    used_at: str | None
    findings: tuple[Finding, ...] = ()
    """What was told beside it, from its beginning; the digest, and so the answer, has nothing to do with them."""
