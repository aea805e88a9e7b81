"""A daemon killed again and again while an agent notes one thing after the other: each is noted once."""

from __future__ import annotations

import os

from tests.daemon.test_notes import noted
from tests.daemon.test_runs import agent, begun, call, ended
from tests.guests import needs_guests
from tests.harness import Tektra

pytestmark = needs_guests
NOTES = 6
KILLS = int(os.environ.get("TEKTRA_KILLS", "2"))


def test_each_note_is_kept_once_however_often_everything_is_killed(tektra: Tektra) -> None:
    said = [call("remember", text=f"note {number} of many") for number in range(1, NOTES + 1)]
    replies = [{"say": each} for each in (*said, call("final_answer", answer="done"))]
    roomy = {"TEKTRA_CONTEXT": "65536"}
    script = {"in_turn": True, "context": 65536}
    agent(tektra.start(**roomy), replies, memory=True, tools=[], script=script, limits={"steps": NOTES + 2})
    run = begun(tektra)
    for kill in range(1, KILLS + 1):
        with tektra.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
            calls = (line for line in stream.iter_lines() if '"type":"tool"' in line.replace(" ", ""))
            for _ in range(max(1, kill * NOTES // (KILLS + 1))):
                next(calls)  # the last of them is under way
        tektra.kill()
        tektra.start(**roomy)
    assert ended(tektra, run)[0]["result"]["answer"] == "done"
    found = [(note["id"], note["text"]) for note in noted(tektra)["notes"]]
    assert found == [(number, f"note {number} of many") for number in range(NOTES, 0, -1)]
