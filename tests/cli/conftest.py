"""One installation with a running daemon for all tests of the command line that do not mind each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Tektra, installation


@pytest.fixture(scope="session")
def common() -> Iterator[Tektra]:
    """Tests that use it choose names of their own and remove or stop nothing of others."""
    with installation() as running:
        yield running.start()
