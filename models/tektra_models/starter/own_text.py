"""A text of the built-in model's own kind: dialogues that its training cannot contain, written out by its template."""

from __future__ import annotations

from itertools import islice

from tektra_models.starter.corpus.dialogues import dialogues
from tektra_models.starter.rendering import pieces, render

SEED = "own text"
COUNT = 40


def own_text() -> list[tuple[str, bool]]:
    """Always the same dialogues in parts, each with whether the model says it: what others say it need not foretell."""
    made = islice(dialogues(SEED, held_out=True), COUNT)
    return [part for each in made for part in pieces(render(each.messages, each.tools))]
