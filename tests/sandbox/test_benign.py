"""What ordinary programs need works confined."""

from __future__ import annotations

import pytest

from tektrad.sandbox.confinement import Outcome
from tests.sandbox.benign import BENIGN, ONLY_A
from tests.sandbox.conftest import Confined


def run(confined: Confined, code: str) -> tuple[Outcome, str]:
    """Run a shell script or Python code in a folder that holds a file."""
    with confined.folder() as folder:
        (folder / "given.txt").write_text("given")
        (folder / "given.txt").chmod(0o644)
        if code.startswith("#!/bin/sh"):
            return confined.run(("/bin/sh", "-c", code), folder)
        return confined.python(code, folder)


@pytest.mark.parametrize(("code", "expected"), BENIGN.values(), ids=BENIGN.keys())
def test_ordinary_programs_work(confined: Confined, code: str, expected: str) -> None:
    outcome, said = run(confined, code)
    assert (said.strip(), outcome.code, outcome.ended_by) == (expected, 0, "itself")
    assert outcome.denied == {}


@pytest.mark.parametrize(("code", "expected"), ONLY_A.values(), ids=ONLY_A.keys())
def test_what_level_b_cannot_give_works_on_level_a(confined: Confined, code: str, expected: str) -> None:
    outcome, said = run(confined, code)
    assert (said.strip() == expected and outcome.code == 0) == (confined.level == "A")
    assert outcome.denied == {}
