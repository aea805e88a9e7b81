"""Looking at tools before they are used, over HTTP: by reading, and by a run in confinement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon.test_audit import entries
from tests.harness import Tektra

TRIES = """
import socket, subprocess
def attempt(f):
    try:
        f()
    except OSError as error:
        print(error)
attempt(lambda: open("/etc/shadow").read())
attempt(lambda: open("/etc/planted", "w"))
attempt(lambda: open("mine.txt", "w").write("x"))
attempt(lambda: socket.create_connection(("192.0.2.1", 80), 1))
attempt(lambda: subprocess.run(["/bin/true"]))
"""

FORGES = """
import os
for number in range(3, 20):
    try:
        os.write(number, b"{}")
    except OSError:
        pass
"""


def checked(tektra: Tektra, source: str, **fields: Any) -> dict[str, Any]:
    with tektra.client() as client:
        if client.get("/api/sandbox").json()["level"] == "C":
            pytest.skip("nothing confines programs here")
        answer = client.post("/api/tools/check", json={"source": source} | fields)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_what_a_tool_tries_is_told_with_what_the_confinement_denies(shared: Tektra) -> None:
    found = checked(shared, TRIES)
    assert {finding["kind"] for finding in found["findings"]} == {"network", "program", "files"}
    tried = {(act["event"], act["what"]): act["denied"] for act in found["dry_run"]["acts"]}
    assert tried["read", "/etc/shadow"]
    assert tried["write", "/etc/planted"]
    assert not tried["write", "mine.txt"]
    assert tried["socket.connect", "('192.0.2.1', 80)"]
    assert not tried["subprocess.Popen", "['/bin/true']"]
    assert found["dry_run"]["error"] == ""
    last = entries(shared, kind="tool.check")[-1]
    assert last["confinement"] == found["dry_run"]["level"]
    assert "read /etc/shadow" in last["details"]["denied"]


def test_system_calls_that_a_tool_is_denied_are_told_and_raise_an_alert(shared: Tektra) -> None:
    found = checked(shared, "import os\nfor each in range(2):\n  try: os.chroot('/')\n  except OSError: pass")
    with shared.client() as client:
        if client.get("/api/sandbox").json()["unseen"]:
            pytest.skip("denied calls are not seen here")
    assert found["dry_run"]["denied"] == {"chroot": 2}
    last = entries(shared, kind="tool.check")[-1]
    alarm = entries(shared, kind="security.denied_call")[-1]
    level = found["dry_run"]["level"]
    assert alarm["details"] == {"calls": {"chroot": 2}, "confinement": level, "act": last["act"]}


@pytest.mark.parametrize(
    ("source", "error", "ended_by"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero", "itself"),
        ("def f(:", "SyntaxError", "itself"),
        ("import os\nos._exit(3)", "it ended before", "itself"),
        ("while True: pass", "it ended before", "time"),
        ("x = '\\ud83d'", "", "itself"),
        (FORGES, "it ended before", "itself"),
        ("raise SystemExit", "SystemExit", "itself"),
    ],
)
def test_a_tool_that_does_not_end_well_is_told_so(shared: Tektra, source: str, error: str, ended_by: str) -> None:
    run = checked(shared, source)["dry_run"]
    assert run["error"].startswith(error) if error else run["error"] == ""
    assert run["ended_by"] == ended_by


def test_nothing_is_run_where_nobody_wants_it(shared: Tektra) -> None:
    assert checked(shared, "1 / 0", dry_run=False)["dry_run"] is None
    with shared.client() as client:
        assert client.post("/api/tools/check", json={"source": "x" * (2 << 20)}).status_code == 400
