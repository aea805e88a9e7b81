"""Ratios of servers that were measured in turn, as the benchmark reports them."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.bench.comparison import FLOOR, OURS, Row, table
from tests.bench.plot import bars

PEER, OTHER = "peer", "other"
SECONDS = Row("call", "call_s", "a call", "s", PEER, 0.5)
SPEED = Row("write", "tokens_per_s", "writing", "tokens/s", PEER, 1.5, more=True)
SHARE = Row("call", "valid_share", "valid ones", "", PEER, 1.0, more=True, absolute=True)


def test_a_ratio_is_of_two_runs_of_one_pair_and_the_median_of_all_pairs_counts() -> None:
    runs = {OURS: [{"call_s": 1}, {"call_s": 8}, {"call_s": 2}], PEER: [{"call_s": 2}, {"call_s": 8}, {"call_s": 8}]}
    row = SECONDS.compare(runs)
    assert row["ratios"] == [0.5, 1.0, 0.25]
    assert (row["ratio"], row["aim"], row["met"]) == (0.5, "≤ 0.5", True)
    assert row["medians"] == {OURS: 2, PEER: 8}


def test_where_more_is_better_less_than_the_aim_misses_it() -> None:
    assert SPEED.compare({OURS: [{"tokens_per_s": 14}], PEER: [{"tokens_per_s": 10}]})["met"] is False
    assert SPEED.compare({OURS: [{"tokens_per_s": 15}], PEER: [{"tokens_per_s": 10}]})["met"] is True


def test_an_absolute_aim_does_not_follow_a_peer_that_misses_it_too() -> None:
    row = SHARE.compare({OURS: [{"valid_share": 0.5}], PEER: [{"valid_share": 0.5}]})
    assert (row["ratio"], row["met"]) == (1.0, False)
    assert SHARE.compare({OURS: [{"valid_share": 1.0}], PEER: [{"valid_share": 0.0}]})["met"] is True


def test_what_was_not_measured_has_no_ratio_and_no_verdict() -> None:
    row = SECONDS.compare({OURS: [], PEER: [], FLOOR: [{"first_token_s": 1}]})
    assert (row["ratio"], row["ratios"], row["met"], row["medians"]) == (None, [], None, {})
    assert SECONDS.compare({})["ratio"] is None


def test_the_table_has_every_server_in_its_column_and_a_dash_where_nothing_was_measured() -> None:
    runs = {server: [{"call_s": value}] for server, value in ((OURS, 1), (PEER, 4), (OTHER, 8))}
    line = table([SECONDS.compare(runs)], OTHER).splitlines()[-1]
    assert line == "| a call | s | 1 | 4 | **0.25** (0.25 to 0.25) | ≤ 0.5 | 8 | – |"
    assert table([SECONDS.compare({})], OTHER).splitlines()[-1] == "| a call | s | – | – | – | ≤ 0.5 | – | – |"


def test_bars_go_to_the_right_where_we_are_better_whatever_the_figure() -> None:
    faster = SPEED.compare({OURS: [{"tokens_per_s": 20}], PEER: [{"tokens_per_s": 10}]})
    slower = SECONDS.compare({OURS: [{"call_s": 4}], PEER: [{"call_s": 1}]})
    picture = ElementTree.fromstring(bars([faster, slower], "ours < theirs & others"))
    _, right, left = [float(bar.get("x", 0)) for bar in picture.findall("{*}rect")]
    (axis,) = picture.findall("{*}path")
    middle = float(axis.get("d", "").removeprefix("M").split()[0])
    assert left < middle == right
    assert "2 (aim ≥ 1.5)" in [text.text for text in picture.findall("{*}text")]
