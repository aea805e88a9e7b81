"""Every route names what it needs, and gives nothing to whom the policy refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from tektrad.api.app import ROUTERS
from tektrad.api.needs import Need
from tests.harness import Tektra, installation

FORBID_ALL = '@id("nothing") @why("a test") forbid (principal, action, resource);\n'
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
OPEN = {
    "GET /healthz", "GET /readyz", "GET /api/status",
    "GET /api/models", "GET /api/models/{name}", "GET /api/models/{name}/estimate", "GET /api/devices", "GET /api/ps",
    "GET /api/history",
    "GET /api/tuned", "GET /v1/models", "GET /v1/models/{name}", "GET /api/sandbox",
    "GET /api/conversations", "GET /api/conversations/search", "GET /api/conversations/{reference}",
    "DELETE /api/conversations/{reference}", "POST /api/conversations/{reference}",
    "POST /api/conversations/{reference}/branch",
    "GET /api/permissions", "POST /api/permissions/test", "POST /api/permissions/ask",
    "GET /api/approvals", "GET /api/approvals/{reference}", "POST /api/approvals/{reference}",
    "GET /api/secrets", "POST /api/secrets", "DELETE /api/secrets/{name}", "POST /api/secrets/{name}/show",
    "GET /api/events", "GET /api/events/latest",
    "GET /api/runs", "GET /api/runs/{reference}", "GET /api/runs/{reference}/events",
    "GET /api/runs/{reference}/prompt",
    "POST /api/runs/{reference}/cancel",
    "GET /api/agents", "POST /api/agents", "GET /api/agents/{name}", "POST /api/agents/{name}",
    "DELETE /api/agents/{name}", "GET /api/agents/{name}/versions", "GET /api/agents/{name}/versions/{version}",
    "POST /api/agents/{name}/rollback", "GET /api/agents/{name}/notes", "POST /api/agents/{name}/notes/forget",
    "GET /api/tools", "POST /api/tools", "GET /api/tools/{name}", "DELETE /api/tools/{name}",
    "POST /api/tools/{name}/enable", "POST /api/tools/{name}/disable",
    "GET /api/mcp", "GET /api/mcp/{name}", "POST /api/mcp/{name}/approve", "DELETE /api/mcp/{name}",
    "GET /api/mfa", "POST /api/mfa/enroll", "POST /api/mfa/confirm", "POST /api/mfa/disable",
}  # fmt: skip
"""What everybody may know who may connect at all, and what is only ever one's own."""


def named(route: APIRoute) -> str:
    return f"{next(iter(route.methods))} {route.path}"


def needs_of(route: APIRoute) -> list[str]:
    return [each.dependency.name for each in route.dependencies if isinstance(each.dependency, Need)]


@pytest.fixture(scope="module")
def strict() -> Iterator[Tektra]:
    with installation() as tektra:
        policies = tektra.home / "config" / "tektra" / "policies"
        policies.mkdir(parents=True, mode=0o700)
        (policies / "mine.cedar").write_text(FORBID_ALL)
        (policies / "mine.cedar").chmod(0o600)
        yield tektra.start()


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_route_names_what_it_needs(route: APIRoute) -> None:
    assert len(needs_of(route)) == 1
    assert (needs_of(route) == ["nothing"]) == (named(route) in OPEN)


@pytest.mark.parametrize("route", [route for route in ROUTES if named(route) not in OPEN], ids=named)
def test_a_route_gives_nothing_to_whom_the_policy_refuses_what_it_needs(strict: Tektra, route: APIRoute) -> None:
    path = re.sub(r"{name}", "tektra-starter", route.path)
    path = re.sub(r"{\w+}", "1", path)
    (method,) = route.methods
    with strict.client() as client:
        answer = client.request(method, path, json=None if method == "GET" else {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert "by rule mine.cedar#nothing" in answer.json()["error"]["message"]
