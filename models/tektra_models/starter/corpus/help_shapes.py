"""The two shapes of what the built-in model knows about Tektra."""

from __future__ import annotations

from dataclasses import dataclass

from tektra_models.starter.corpus.words import barred


@dataclass(frozen=True)
class Fact:
    """One command (or command with a flag), what it does, and how people ask for it.

    A purpose is a bare verb phrase that fits into frames such as "How do I {p}?"; a question is asked as it stands.
    """

    command: str
    does: str
    purposes: tuple[str, ...]
    also: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Background:
    """Something about Tektra that is no command: how people ask, and what is true.

    Every answer holds all of `facts`. `absent` names commands whose coming would make the answers untrue.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    facts: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def phrasings(text: str) -> tuple[str, ...]:
    """The entries of a text with a bar or a new line between them."""
    return tuple(barred(text))
