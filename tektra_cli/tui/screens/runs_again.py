"""Ending a run, and doing it again: each asks first, and says what is lost and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tektra_cli.tui.gateway import address
from tektra_cli.tui.widgets.confirm import Confirm

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

Run = Mapping[str, Any]


async def cancelled(place: Place, run: Run) -> bool:
    """Whether it was ended now."""
    if run["ended_at"] is not None:
        place.notify(f"it had ended already: {run['state']}", markup=False)
        return False
    question = f"End run {run['id']} of {run['spec'].get('agent', '-')} now?"
    lost = "It ends in the middle of its step. What its finished steps changed stays in its copy, and u resumes it."
    if not await place.app.push_screen_wait(Confirm(question, lost, yes="End it", no="Let it run")):
        return False
    await place.gateway.post(f"{address('runs', run['id'])}/cancel")
    return True


async def retried(place: Place, run: Run, step: int) -> Run | None:
    """Once more, as another run: from a step on, or from the beginning; that run, or None."""
    agent = run["spec"].get("agent", "-")
    if step > 1:
        question = f"Do it once more from step {step} on, as another run of {agent}?"
        lost = f"Its {step - 1} steps before that are taken over, with the files as they were then."
    else:
        question = f"Do it once more from the beginning, as another run of {agent}?"
        lost = "All steps are done again, with the files of now. This run and what it changed stay as they are."
    if not await place.app.push_screen_wait(Confirm(question, lost, yes="Do it", no="Not now")):
        return None
    body = {"from_step": step} if step > 1 else {}
    begun: Run = (await place.gateway.post(f"{address('runs', run['id'])}/retry", body))["run"]
    return begun
