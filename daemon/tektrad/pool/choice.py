"""Which settings a load uses, and who chose them: the request, the settings, a tuning, or nobody. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Origin = Literal["request", "settings", "tuned", "default"]
NAMES = ("threads", "micro_batch", "flash_attention", "kv_type")
"""The settings that are chosen so; each is a field of Spec and of Settings."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of every setting, and whose it is."""

    values: Mapping[str, Any]
    origins: Mapping[str, Origin]

    def shown(self) -> dict[str, Any]:
        """For people to see: every setting with who chose it."""
        return {name: {"value": self.values[name], "by": self.origins[name]} for name in self.values}


def choose(
    wished: Mapping[str, Any], configured: Mapping[str, Any], tuned: Mapping[str, Any], usual: Mapping[str, Any]
) -> Choice:
    """For every setting the value of the first that has one; None and a missing name are no value.

    Cells in fewer bits need flash attention, so a tuning that is against it gives way to whoever wants them.
    """
    layers: list[tuple[Origin, Mapping[str, Any]]] = [
        ("request", wished), ("settings", configured), ("tuned", tuned), ("default", usual)
    ]  # fmt: skip
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in NAMES:
        origins[name], values[name] = next(
            (origin, layer[name]) for origin, layer in layers if layer.get(name) is not None
        )
    if values.get("kv_type") != "f16" and origins.get("flash_attention") == "tuned":
        values["flash_attention"], origins["flash_attention"] = usual["flash_attention"], "default"
    return Choice(values, origins)
