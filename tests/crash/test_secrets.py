"""Whatever moment a new key is cut off at, every secret opens afterwards: with the old key or with the new one."""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from tests.harness import Tektra

MANY = 60


def test_a_kill_at_any_line_of_a_rotation_leaves_every_secret_readable(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.rotation_killed", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    killed, old, new = map(int, done.stdout.split())
    assert killed > 80, "the rotation has hardly been killed"
    assert min(old, new) > 5, "it was always killed on the same side of the commit"
    assert killed == old + new


@pytest.mark.parametrize("moment", ["when the new key comes", "when the old key has gone"])
def test_a_daemon_killed_while_it_seals_anew_starts_again_with_every_secret(tektra: Tektra, moment: str) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        for number in range(MANY):
            value = base64.b64encode(f"value number {number}".encode()).decode()
            client.post("/api/secrets", json={"name": f"S{number}", "value": value})
    folder = tektra.home / "data" / "tektra" / "keys"
    (old,) = folder.glob("secrets-*")
    asking = threading.Thread(target=_rotate, args=(tektra,))
    asking.start()
    while old.exists() if "gone" in moment else set(folder.glob("secrets-*")) == {old}:
        pass
    tektra.kill()
    asking.join()
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        for number in range(MANY):
            shown = client.post(f"/api/secrets/S{number}/show", json={}).json()
            assert base64.b64decode(shown["value"]) == f"value number {number}".encode()
    assert len(list(folder.glob("secrets-*"))) == 1


def _rotate(tektra: Tektra) -> None:
    try:
        with tektra.client() as client:
            client.post("/api/secrets/rotate", json={})
    except httpx2.HTTPError:
        pass  # its daemon was killed
