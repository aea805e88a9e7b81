"""How people really type: politeness, lower case, lost punctuation, typos; never inside a fenced value."""

from __future__ import annotations

import re
from collections.abc import Callable

from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import FENCE_CLOSE, FENCE_OPEN, unfence

FENCED = re.compile(f"({FENCE_OPEN}[^{FENCE_CLOSE}]*{FENCE_CLOSE})")
BEFORE = (
    "please ",
    "Please ",
    "hey, ",
    "Hi! ",
    "ok, ",
    "now ",
    "can you ",
    "could you ",
    "Could you please ",
    "I want you to ",
    "hello, please ",
    "would you ",
    "I'd like you to ",
    "next, ",
    "and now ",
    "be so kind and ",
    "quick: ",
    "I need you to ",
)
AFTER = (
    " please",
    ", please",
    " thanks",
    ", thank you",
    " now",
    "!",
    " for me",
    " quickly",
    " ...",
    ", ok?",
    " pls",
    " if you can",
)


def polite(chance: Chance, request: str) -> str:
    """The imperative request with a polite word before or after it, now and then."""
    if chance.odds(0.35):
        request = chance.phrasing(BEFORE) + request[:1].lower() + request[1:]
    if chance.odds(0.15):
        request = request.rstrip(".") + chance.phrasing(AFTER)
    return request


def typo(chance: Chance, text: str) -> str:
    """One slip of the fingers somewhere in the text."""
    spots = [place for place in range(1, len(text) - 1) if text[place - 1 : place + 2].isalpha()]
    if not spots:
        return text
    at = chance.random.choice(spots)
    slip = chance.random.randrange(3)
    if slip == 0:
        return text[:at] + text[at + 1 :]
    if slip == 1:
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def outside(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to everything but fenced values."""
    return "".join(part if part.startswith(FENCE_OPEN) else change(part) for part in FENCED.split(text))


def roughen(chance: Chance, text: str) -> str:
    """The text as somebody might type it, with the fences taken away."""
    if chance.odds(0.25):
        text = outside(text, str.lower)
    if chance.odds(0.2) and text[-1:] in ".?!":
        text = text[:-1]
    if chance.odds(0.12):
        text = outside(text, lambda part: typo(chance, part))
    if chance.odds(0.01):
        text = outside(text, str.upper)
    return unfence(text).strip() or unfence(text)
