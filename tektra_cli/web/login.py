"""Who may see the dashboard in a browser: who brings the token that stood in the terminal, and then the cookie."""

from __future__ import annotations

import secrets
from collections.abc import Callable

TRIES = 5
"""Wrong tokens, and then the right one is worth nothing either."""


class Login:
    """One token, good for one exchange; one cookie, good for as long as the server lives.

    A browser sends a host's cookies to each of its ports, and another port of this machine may be somebody else's. So
    the cookie is bound to a path that nobody else knows.
    """

    def __init__(self, chance: Callable[[int], str] = secrets.token_urlsafe) -> None:
        self.token: str | None = chance(32)
        """None once it was used, or guessed at too often."""
        self.room = chance(16)
        """The path beneath which everything lies."""
        self.cookie_name = f"tektra-{chance(6)}"
        self.cookie = chance(32)
        self.wrong = 0

    def take(self, token: str) -> bool:
        """Whether it is the token, which is used up then."""
        if self.token is None:
            return False
        if _same(token, self.token):
            self.token = None
            return True
        self.wrong += 1
        if self.wrong >= TRIES:
            self.token = None
        return False

    def knows(self, cookie: str | None) -> bool:
        """Whether a request comes from where the token was exchanged."""
        return cookie is not None and _same(cookie, self.cookie)


def _same(given: str, right: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())
