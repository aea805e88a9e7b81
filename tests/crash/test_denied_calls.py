"""A program whose daemon is killed while it makes calls that are denied."""

from __future__ import annotations

import base64
import errno
import shutil
import tempfile
from pathlib import Path

import httpx2
import pytest

from tests.harness import Tektra

MAKES_CALLS = """
import os
said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
def make():
    try: os.chroot("/")
    except OSError as error: os.write(said, b"%d " % error.errno)
    else: os.write(said, b"made ")
make()
print("begun", flush=True)
while True: make()
"""


def test_a_program_whose_daemon_is_killed_is_refused_to_its_end_and_that_comes_at_once(tektra: Tektra) -> None:
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    body = {
        "arguments": ["-"],
        "stdin": base64.b64encode(MAKES_CALLS.encode()).decode(),
        "folder": str(folder),
    }
    try:
        with tektra.start().client() as client:
            if client.get("/api/sandbox").json()["level"] == "C":
                pytest.skip("nothing confines programs here")
            with client.stream("POST", "/api/sandbox/run", json=body) as answer:
                lines = answer.iter_lines()
                assert "output" in next(lines)
                tektra.kill()  # which waits for the end of all that the daemon had started
                with pytest.raises(httpx2.TransportError):
                    list(lines)
        said = set((folder / "said").read_text().split())
        assert str(errno.EPERM) in said
        assert said <= {str(errno.EPERM), str(errno.ENOSYS)}
    finally:
        shutil.rmtree(folder)
