"""How busy the daemon was: four charts of what it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal

from tektra_cli import wording
from tektra_cli.tui.widgets.chart import Chart, Point

SPANS = {"10m": (600.0, "10 minutes"), "24h": (86400.0, "24 hours")}
FIGURES = {
    "speed": ("tokens/s", "tokens_per_s", "$primary", lambda value: f"{value:,.1f}"),
    "first": ("first token", "first_token_s", "$accent", lambda value: f"{value:.2f} s"),
    "memory": ("memory", "memory_bytes", "$secondary", lambda value: wording.size(int(value))),
    "cpu": ("cores busy", "cpu", "$success", lambda value: f"{value:.1f}"),
}
DEVICE = ("GPU memory", "device_bytes", "$warning", lambda value: wording.size(int(value)))


def points(samples: Sequence[Mapping[str, Any]], field: str, now: datetime) -> list[Point]:
    """One figure of the samples, by its age."""
    return [((now - datetime.fromisoformat(each["time"])).total_seconds(), each[field]) for each in samples]


class Plots(Horizontal):
    """The charts beside each other; in a narrow terminal the two that say most."""

    DEFAULT_CSS = """
    Plots { height: 6; }
    """

    def compose(self) -> ComposeResult:
        """One a figure; that of devices only where there are some."""
        for name, (title, _, colour, words) in FIGURES.items():
            yield Chart(title, colour, words, id=f"plot-{name}")
        device = Chart(DEVICE[0], DEVICE[2], DEVICE[3], id="plot-device")
        device.display = False
        yield device

    def show(
        self,
        samples: Sequence[Mapping[str, Any]],
        span: str,
        step_s: float,
        now: datetime,
        budget: float,
        devices: bool,
    ) -> None:
        """Draw these."""
        span_s, ago = SPANS[span]
        for name, (_, field, _, _) in FIGURES.items():
            chart = self.query_one(f"#plot-{name}", Chart)
            chart.show(points(samples, field, now), span_s, step_s, ago, budget if name == "memory" else 0.0)
        device = self.query_one("#plot-device", Chart)
        device.display = devices
        device.show(points(samples, DEVICE[1], now), span_s, step_s, ago)
