"""Tasks of several calls in an ordinary conversation: the episodes of the agents, with plain words at the end."""

from __future__ import annotations

from tektra_models.starter.corpus.agent_writing import acted, equipped
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.noise import roughen
from tektra_models.starter.corpus.talking import Check, Dialogue, Messages, say

SENTENCES = (
    "{v}",
    "It is {v}.",
    "The answer is {v}.",
    "I found it: {v}.",
    "Here it is: {v}.",
)


def chain_dialogue(chance: Chance) -> Dialogue:
    """A request, the calls with their results, and the answer in a sentence."""
    episode, rounds, tools = equipped(chance, native=False, acting=True)
    messages: Messages = [say("user", roughen(chance, episode.request)), *acted(rounds)]
    answer = episode.answer
    if not answer.endswith((".", "!", "?")) and " " not in answer.strip():
        answer = chance.pick(SENTENCES).replace("{v}", answer)
    messages.append(say("assistant", answer, Check("result", episode.facts)))
    return Dialogue("chain", messages, tools)
