"""What ordinary programs need works confined."""

from __future__ import annotations

import pytest

from tests.sandbox.benign import BENIGN, NEEDS_NAMESPACES
from tests.sandbox.conftest import Confined


@pytest.mark.parametrize(("code", "expected"), BENIGN.values(), ids=BENIGN.keys())
def test_ordinary_programs_work(confined: Confined, code: str, expected: str) -> None:
    with confined.folder() as folder:
        (folder / "given.txt").write_text("given")
        (folder / "given.txt").chmod(0o644)
        if code.startswith("#!/bin/sh"):
            outcome, said = confined.run(("/bin/sh", "-c", code), folder)
        else:
            outcome, said = confined.python(code, folder)
        assert (said.strip(), outcome.code, outcome.ended_by) == (expected, 0, "itself")


@pytest.mark.parametrize(("code", "expected"), NEEDS_NAMESPACES.values(), ids=NEEDS_NAMESPACES.keys())
def test_programs_with_a_network_and_locks_of_their_own_work_on_level_a(
    confined: Confined, code: str, expected: str
) -> None:
    outcome, said = confined.python(code)
    assert said.strip() == expected if confined.level == "A" else outcome.code != 0
