"""Documents that cannot lie: what they name exists, and what exists is named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from tektra_models.errors import ModelError
from tektrad.api.app import ROUTERS
from tektrad.api.render import STATUS
from tektrad.config import NOT_SETTINGS, Settings
from tektrad.errors import TektraError
from tektrad.trust.cedar import Source
from tektrad.trust.policy import Rulebook
from tektrad.trust.policy_files import shipped

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs/design/api.md").read_text()
PACKAGES = ("tektra_cli", "daemon/tektrad", "models/tektra_models")


def all_kinds(kind: type) -> set[type]:
    return {kind}.union(*(all_kinds(sub) for sub in kind.__subclasses__()))


def test_every_setting_and_variable_is_documented() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    for name, field in Settings.model_fields.items():
        assert f"`{name}` | `TEKTRA_{name.upper()}`" in text
        assert field.description in text
    for variable in NOT_SETTINGS:
        assert f"`{variable}`" in text


def test_every_route_is_documented() -> None:
    found = re.findall(r"^\| `(GET|POST|DELETE) ([^`?]+)", API, re.MULTILINE)
    assert len(found) == len(set(found)), "each has one row"
    documented = set(re.findall(r"`(GET|POST|DELETE) ([^`?]+)", API))
    routes = {
        (method, route.path.replace("{reference}", "{id}"))
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert routes == documented


def test_every_error_code_has_a_status_and_is_documented() -> None:
    codes = {kind.code for root in (TektraError, ModelError) for kind in all_kinds(root)}  # type: ignore[attr-defined]
    assert codes <= set(STATUS)
    documented = set(re.findall(r"`(\w+)`", API.split("## Streams")[0]))
    internal = {"model_error", "bad_frame", "cannot_start", "already_running"}  # never on a healthy daemon's wire
    assert codes - internal <= documented


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_names_every_file_and_no_other(package: str) -> None:
    text = (ROOT / "docs/map.md").read_text()
    section = text.split(f"## {package}/")[1].split("\n## ")[0]
    named = set(re.findall(r"`([\w/]+\.py)`", section))
    files = {str(path.relative_to(ROOT / package)) for path in (ROOT / package).rglob("*.py")}
    folders = {name.rstrip("/") for name in re.findall(r"`([\w/]+/)`", section)}
    covered = {f for f in files if f.endswith("__init__.py") or any(f.startswith(folder + "/") for folder in folders)}
    known = named | {f"{Path(a).parent}/{b}" for a in named if "/" in a for b in named if "/" not in b}
    assert {name for name in named if "/" in name} <= files
    assert files - covered <= known


def test_policies_in_documents_are_policies() -> None:
    blocks = re.findall(r"```cedar\n(.*?)```", (ROOT / "docs/design/trust.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert Rulebook(shipped("schema.cedarschema"), [Source("trust.md", block)]).problem is None


def test_links_in_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} → {target}"


def test_the_daemon_loads_no_engine_and_no_command_line() -> None:
    probe = "import tektrad.__main__, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "tektrad" in loaded
    assert not loaded & {"llama_cpp", "torch", "transformers", "smolagents", "tektra_cli", "numpy", "httpx2"}
