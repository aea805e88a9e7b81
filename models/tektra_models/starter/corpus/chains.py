"""Tasks of several calls in an ordinary conversation: the episodes of the agents, with plain words at the end."""

from __future__ import annotations

from tektra_models.starter.corpus.agent_writing import called, common_tools, toolbox
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.episodes import agent_episode
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
    while True:
        episode = agent_episode(chance)
        shapes, rounds = common_tools(episode, native=False)
        needed = [*shapes.values(), *episode.extra]
        if rounds and len({shape.name for shape in needed}) == len(needed):
            break
    families = frozenset(act.shape.task.family for calls in rounds for act in calls)
    tools = [shape.tool for shape in toolbox(chance, needed, families)]
    messages: Messages = [say("user", roughen(chance, episode.request))]
    for act in (act for calls in rounds for act in calls):
        messages += [called(act.shape.name, act.arguments), say("tool", act.result.strip())]
    answer = episode.answer
    if not answer.endswith((".", "!", "?")) and " " not in answer.strip():
        answer = chance.pick(SENTENCES).replace("{v}", answer)
    messages.append(say("assistant", answer, Check("result", episode.facts)))
    return Dialogue("chain", messages, tools)
