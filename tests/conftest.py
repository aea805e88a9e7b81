"""Fixtures for all tests: a Tektra of one's own, or one that a whole module shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.harness import Tektra, installation
from tests.hub import FILE, SOURCE, Hub

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


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with one small model."""
    from tests.ggufs import write_gguf  # what it needs is large, and most tests need no hub

    content = write_gguf(tmp_path / FILE, vocabulary=3000).read_bytes()
    with Hub({SOURCE: {FILE: content}}) as running:
        yield running


@pytest.fixture
def puller(hub: Hub) -> Iterator[Tektra]:
    """An installation whose daemon downloads from that hub."""
    with installation() as fresh:
        yield fresh.start(HF_ENDPOINT=hub.url)
