"""One installation with a running daemon for all tests of the command line that do not mind each other."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from tests.harness import Tektra, installation

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="session", autouse=True)
def _bury_daemons() -> None:
    """A daemon that a command started outlives it; its parent is then this process, which sees its end at once."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.fixture(scope="session")
def common() -> Iterator[Tektra]:
    """Tests that use it choose names of their own and remove or stop nothing of others."""
    with installation() as running:
        yield running.start()
