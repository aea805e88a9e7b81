"""What the wheel carries: the three packages, the built-in model, the migrations, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
NEEDED = {
    "tektra_models/starter/tektra-starter.gguf",
    "tektra_models/starter/MODEL_CARD.md",
    "tektra_models/starter/chat_template.jinja",
    "tektrad/store/migrations/0001_conversations.sql",
    "tektrad/trust/base.cedar",
    "tektrad/agents/shipped/files.toml",
    "tektrad/trust/schema.cedarschema",
    "tektra_cli/py.typed",
    "tektrad/py.typed",
    "tektra_models/py.typed",
}


def test_the_wheel_has_three_packages_and_what_they_need(tmp_path: Path) -> None:
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
        metadata = next(wheel.read(name).decode() for name in names if name.endswith("/METADATA"))
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tektra_cli", "tektrad", "tektra_models"}
    assert names >= NEEDED
    assert not [name for name in names if "__pycache__" in name or "tests" in name.split("/")]
    core = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert not [line for line in core if "torch" in line or "transformers" in line]
