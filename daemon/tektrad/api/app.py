"""Builds the application: one list of routers, one outer layer, errors rendered in one place."""

from __future__ import annotations

import time

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tektra_models.errors import ModelError
from tektrad.api import (
    agents,
    approvals,
    audit,
    chat,
    conversations,
    events,
    health,
    history,
    mcp,
    metrics,
    mfa,
    models,
    permissions,
    policies,
    run_again,
    run_changes,
    run_prompts,
    runs,
    sandbox,
    secrets,
    tools,
    tuning,
    users,
    v1_chat,
    v1_completions,
    v1_embeddings,
    v1_rerank,
)
from tektrad.api.render import error_response
from tektrad.api.server import PEER_UID
from tektrad.api.services import Services
from tektrad.errors import Draining, Forbidden, InvalidRequest, NotFound, StoreFailed, TektraError
from tektrad.trust.users import Users

MAX_BODY = 32 << 20
MAX_DIGITS = 18
CLIENT_GONE = 499
ROUTERS = (
    health.router,
    metrics.router,
    history.router,
    models.router,
    tuning.router,
    chat.router,
    conversations.router,
    sandbox.router,
    mcp.router,
    tools.router,
    audit.router,
    events.router,
    permissions.router,
    policies.router,
    run_again.router,
    runs.router,
    run_changes.router,
    run_prompts.router,
    agents.router,
    approvals.router,
    secrets.router,
    mfa.router,
    users.router,
    v1_chat.router,
    v1_completions.router,
    v1_embeddings.router,
    v1_rerank.router,
)

log = structlog.get_logger()


class MethodNotAllowed(TektraError):
    """The route exists, the method does not."""

    code = "method_not_allowed"


class RequestTooLarge(TektraError):
    """The body is larger than any request needs to be."""

    code = "request_too_large"


def create_app(services: Services) -> ASGIApp:
    """Return the whole application; only peers whom `services.users` knows are served."""
    app = FastAPI(title="Tektra", version=services.version, docs_url=None, redoc_url=None, openapi_url="/api/openapi")
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    for kind in (TektraError, ModelError, RequestValidationError, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(kind, _render)
    return Gate(app, services)


async def _render(request: Request, error: Exception) -> Response:
    if isinstance(error, ClientDisconnect):
        return Response(status_code=CLIENT_GONE)  # nobody reads it
    if isinstance(error.__cause__, TektraError) and isinstance(error, HTTPException):
        return error_response(error.__cause__)  # FastAPI wraps what happens while it reads a body
    if isinstance(error, RequestValidationError):
        return error_response(_invalid(error))
    if isinstance(error, HTTPException):
        path = request.url.path
        if error.status_code == 405:
            return error_response(MethodNotAllowed(f"{request.method} is not possible on {path}"))
        if error.status_code == 404:
            return error_response(NotFound(f"there is nothing at {path}", "docs/design/api.md lists all routes."))
        return error_response(InvalidRequest(str(error.detail)))
    return error_response(error)


def _invalid(error: RequestValidationError) -> InvalidRequest:
    # Of the branches of a union, the one that got furthest is the one that was meant.
    first = max(error.errors(), key=lambda each: len(each["loc"]))
    if first["type"] == "json_invalid":
        return InvalidRequest(f"the body is not valid JSON: {first.get('ctx', {}).get('error', first['msg'])}")
    param = ".".join(str(part) for part in first["loc"][1:])
    return InvalidRequest(f"{param or 'the body'}: {first['msg']}", param=param or None)


class Gate:
    """The outer layer of every request: who asks, is there still time, how large is it, what became of it."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request_id = self._services.clock.new_id()
        structlog.contextvars.bind_contextvars(request=request_id)
        started, status = time.monotonic(), 0

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        self._services.enter()
        try:
            refusal = await self._refusal(scope)
            if refusal is not None:
                await error_response(refusal)(scope, receive, reply)
            else:
                await self._app(scope, _bounded(receive), reply)
        except Exception:
            if not status:
                raise  # else it was rendered and logged, and the connection can go on
        finally:
            self._services.leave()
            took = round((time.monotonic() - started) * 1000, 1)
            log.debug("request", method=scope["method"], path=scope["path"], status=status, ms=took)
            structlog.contextvars.clear_contextvars()

    async def _refusal(self, scope: Scope) -> TektraError | None:
        peer = scope.get("extensions", {}).get(PEER_UID, {}).get("uid")
        try:
            role = await self._services.users.welcome(peer)
        except StoreFailed as error:
            return error
        if role is None:
            said = {"method": scope["method"], "path": scope["path"]}
            await self._services.alarms.sound("peer_refused", peer, said)
            return _stranger(self._services.users, peer)
        if self._services.state != "ready" and scope["method"] not in ("GET", "HEAD"):
            return Draining("the daemon is stopping", "Ask again in a moment.", retry_after=2)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or len(length) > MAX_DIGITS or int(length) > MAX_BODY:
            return _too_large()
        return None


def _stranger(users: Users, peer: int | None) -> Forbidden:
    if users.shared:
        hint = f"Ask its owner to add you: tektra users add {peer} --role user"
        return Forbidden(f"this daemon is uid {users.owner}'s, who has not added you (uid {peer})", hint)
    return Forbidden(f"this daemon serves uid {users.owner} only, and you are {peer}", "Start one of your own.")


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(f"the body is larger than {MAX_BODY >> 20} MiB", "Send less text.")


def _bounded(receive: Receive) -> Receive:
    """Stop reading a body of unknown length at the limit."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            raise _too_large()
        return message

    return bounded
