"""How models, memory and figures over time are drawn, without a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_cli.tui.screens.models_memory import FREE, OTHERS, PROMISED, TAKEN, Part, bar, device, ram
from tektra_cli.tui.screens.models_plots import points
from tektra_cli.tui.screens.models_rows import NAME_CELLS, PADDING, TIGHT, Moment, cells, fitting, heading, name_cells
from tektra_cli.tui.widgets.chart import drawn, in_columns

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
MODEL = {
    "name": "one", "size_bytes": 1 << 30, "quantization": "Q8_0", "parameters": 4_020_000_000, "context_train": 2048,
    "source": "linked", "added_at": "2026-11-22T15:00:00Z", "missing": False, "default": True,
}  # fmt: skip
LOADED = {
    "name": "one", "state": "ready", "running": 0, "waiting": 0, "resident_bytes": 600, "promised_bytes": 800,
    "context": 512, "tokens_per_s": 38.4, "cached_tokens": 3, "prompt_tokens": 4, "expires_in_s": 61.0, "leases": 0,
    "loaded_at": "2026-11-22T15:29:50Z", "offload": [],
}  # fmt: skip


def words(moment: Moment, model: dict[str, Any] = MODEL) -> str:
    row = cells(moment, model, fitting(200), 20, NOW)
    return " ".join(" ".join(cell.plain.split()) for cell in row)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (Moment(), "○ one default"),
        (Moment(loaded={"one": LOADED}), "● one default ready"),
        (Moment(loaded={"one": LOADED | {"running": 2}}), "● one default 2 running"),
        (Moment(loaded={"one": LOADED | {"running": 2, "waiting": 1}}), "● one default 2 run, 1 wait"),
        (Moment(loaded={"one": LOADED | {"state": "starting"}}), "◐ one default loading 10s"),
        (Moment(queue=[{"model": "one", "waited_s": 3.0}]), "◔ one default waits 3s"),
        (Moment(asked={"one": "2026-11-22T15:29:00Z"}), "◐ one default loading 1m"),
        (Moment(broken={"one": "worker_died"}), "✗ one default failed"),
    ],
)
def test_a_state_has_a_sign_and_words(moment: Moment, said: str) -> None:
    assert words(moment).startswith(said)


def test_a_loaded_model_has_its_figures_and_another_has_none() -> None:
    assert "512 38.4 75% in 1m 1s" in words(Moment(loaded={"one": LOADED}))
    assert "%" not in words(Moment())
    assert "missing" in words(Moment(), MODEL | {"missing": True})


@given(st.integers(1, 400))
def test_columns_fit_into_any_width_and_leave_room_for_names(width: int) -> None:
    names = fitting(width)
    if names != TIGHT:
        assert name_cells(names, width) >= NAME_CELLS
        taken = sum(max(len(heading(name)), 0) for name in names if name != "name") + PADDING * len(names)
        assert taken + name_cells(names, width) <= width


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 60))
def test_a_bar_has_its_length_whatever_its_parts_are(taken: int, promised: int, free: int, length: int) -> None:
    parts = [Part(taken, TAKEN, ""), Part(promised, PROMISED, ""), Part(free, FREE, "")]
    text = bar(parts, length).plain
    assert len(text) == (length if taken + promised + free else 0)
    if taken and length > 1:
        assert TAKEN in text


def test_what_others_have_of_the_budget_is_not_free() -> None:
    parts = ram({"budget_bytes": 2000, "available_bytes": 300}, [LOADED])
    assert [(part.sign, part.bytes) for part in parts] == [(TAKEN, 600), (PROMISED, 200), (FREE, 300), (OTHERS, 900)]
    over = ram({"budget_bytes": 500, "available_bytes": 300}, [LOADED | {"resident_bytes": 5000}])
    assert [part.bytes for part in over] == [5000, 0, 0, 0]


def test_of_a_device_what_others_have_is_told_apart_from_what_models_were_promised() -> None:
    parts = device({"total_bytes": 100, "free_bytes": 30, "promised_bytes": 50})
    assert [(part.sign, part.bytes) for part in parts] == [(TAKEN, 50), (OTHERS, 20), (FREE, 30)]
    parts = device({"total_bytes": 100, "free_bytes": 90, "promised_bytes": 50})
    assert [(part.sign, part.bytes) for part in parts] == [(TAKEN, 50), (OTHERS, 0), (FREE, 50)]


def test_a_chart_has_the_newest_at_the_right_and_gaps_where_nothing_is_known() -> None:
    assert in_columns([(0.0, 5.0), (9.0, 1.0), (20.0, 9.0), (4.0, None)], 10, 10.0, 1.0) == [
        None, 1.0, *[None] * 7, 5.0,
    ]  # fmt: skip


def test_a_column_shows_the_most_of_its_time_and_a_sample_fills_its_step() -> None:
    assert in_columns([(1.0, 5.0), (0.0, 7.0)], 1, 10.0, 1.0) == [7.0]
    assert in_columns([(0.0, 7.0)], 10, 10.0, 4.0) == [*[None] * 7, 7.0, 7.0, 7.0]


def test_dots_fill_columns_from_below_two_a_cell() -> None:
    assert drawn([None, 8.0, 4.0, 0.0], 2, 8.0) == ["⢸⠀", "⢸⣇"]
    assert drawn([0.0, 0.0], 1, 0.0) == ["⣀"]


@given(st.lists(st.tuples(st.floats(-10, 2000), st.none() | st.floats(0, 1e12)), max_size=50), st.integers(1, 80))
def test_a_chart_is_as_wide_and_high_as_its_room(found: list[tuple[float, float | None]], width: int) -> None:
    rows = drawn(in_columns(found, width * 2, 600.0, 2.0), 3, 1e12)
    assert [len(row) for row in rows] == [width] * 3


def test_samples_have_their_age() -> None:
    stamp = (NOW - timedelta(seconds=30)).isoformat()
    assert points([{"time": stamp, "cpu": 1.5}], "cpu", NOW) == [(30.0, 1.5)]
