"""Errors → HTTP: the only place that knows statuses and bodies."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import structlog
from starlette.responses import Response

from tektra_models.errors import ModelError
from tektrad.errors import TektraError

STATUS = {
    "agent_changed": 409,
    "agent_exists": 409,
    "agent_not_found": 404,
    "already_answered": 409,
    "policy_changed": 409,
    "ask_not_found": 404,
    "bad_frame": 400,
    "bad_model_file": 400,
    "bad_model_name": 400,
    "bad_request": 400,
    "busy": 429,
    "built_in_model": 409,
    "cannot_start": 500,
    "code_needed": 403,
    "context_length_exceeded": 400,
    "conversation_busy": 409,
    "conversation_not_found": 404,
    "digest_mismatch": 502,
    "disk_full": 507,
    "draining": 503,
    "already_running": 409,
    "forbidden": 403,
    "grant_not_found": 404,
    "run_not_found": 404,
    "no_workspace": 404,
    "policy_not_found": 404,
    "permission_denied": 403,
    "hub_refused": 502,
    "hub_unreachable": 502,
    "internal": 500,
    "invalid_request": 400,
    "load_failed": 500,
    "mcp_changed": 409,
    "mcp_exists": 409,
    "mcp_failed": 502,
    "mcp_not_found": 404,
    "method_not_allowed": 405,
    "model_error": 500,
    "model_exists": 409,
    "model_in_use": 409,
    "model_missing": 404,
    "model_not_found": 404,
    "guest_failed": 500,
    "run_diverged": 500,
    "limit_reached": 500,
    "run_not_ended": 409,
    "keeps_failing": 503,
    "key_unusable": 500,
    "keyring_failed": 500,
    "no_memory": 503,
    "not_found": 404,
    "note_not_found": 404,
    "pull_failed": 502,
    "request_too_large": 413,
    "secret_damaged": 500,
    "secret_not_found": 404,
    "store_failed": 500,
    "template_failed": 400,
    "too_many_tries": 429,
    "tool_not_found": 404,
    "unconfined": 403,
    "user_not_found": 404,
    "verify_failed": 500,
    "timeout": 504,
    "unsupported": 400,
    "vault_locked": 403,
    "worker_died": 502,
    "wrong_code": 403,
    "wrong_passphrase": 403,
    "workspace_conflict": 409,
    "workspace_too_large": 413,
}
RETRY_AFTER = {429: 5, 503: 5}
_TYPES = {403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}

log = structlog.get_logger()


def describe(error: Exception) -> dict[str, Any]:
    """Return the `error` object of a body; what is not one of our errors is a bug and says only that."""
    if isinstance(error, TektraError | ModelError):
        code, message, hint = error.code, error.message, error.hint
    else:
        log.error("a bug", exc_info=error)
        request = structlog.contextvars.get_contextvars().get("request", "unknown")
        code, message = "internal", f"something broke inside the daemon ({type(error).__name__}, request {request})"
        hint = "This is a bug; tektra daemon logs shows where."
    status = STATUS.get(code, 500)
    details = getattr(error, "details", None)
    return {
        "message": message,
        "type": _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error"),
        "param": getattr(error, "param", None),
        "code": code,
        "hint": hint,
    } | ({"details": details} if details else {})


def error_response(error: Exception) -> Response:
    """Return the whole response for an error."""
    body = describe(error)
    status = STATUS.get(body["code"], 500)
    headers = {}
    wait = getattr(error, "retry_after", None) or RETRY_AFTER.get(status)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    return Response(encode({"error": body}), status, headers, "application/json")


def json_response(document: object, status: int = 200) -> Response:
    """Return a document as JSON, exactly as given."""
    return Response(encode(document), status, media_type="application/json")


def encode(document: object) -> bytes:
    """JSON in UTF-8; lone surrogates, which a client may have sent, go back the way they came, escaped."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(document)).encode()
