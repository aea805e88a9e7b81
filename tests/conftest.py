"""Fixtures for all tests: a Tektra of one's own, or one that a whole module shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.harness import Tektra, installation

# A slow machine is no failure, and a test run leaves nothing behind.
settings.register_profile("tektra", deadline=None, database=None)
settings.load_profile("tektra")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the daemon does."""
    return "asyncio"


@pytest.fixture
def tektra() -> Iterator[Tektra]:
    """A fresh installation without a running daemon."""
    with installation() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def shared() -> Iterator[Tektra]:
    """One installation with a running daemon for all tests of a module."""
    with installation() as running:
        yield running.start()
