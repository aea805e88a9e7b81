"""Who is let in, and how the daemon begins and ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import START_SECONDS, Tektra

PROBE = """
import http.client, os, socket, sys
os.setgid(65534)
os.setuid(65534)
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
connection = http.client.HTTPConnection("tektra")
connection.sock = sock
connection.request("GET", "/api/status")
answer = connection.getresponse()
print(answer.status, answer.read().decode())
"""


HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, "-m", "tektrad"])
"""


def run_daemon(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tektrad"], env=env, capture_output=True, text=True, check=False)


def test_the_socket_is_for_its_owner_only(shared: Tektra) -> None:
    assert stat.S_IMODE(shared.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(shared.socket.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")
def test_another_user_is_refused_even_where_the_files_would_let_him_in(tektra: Tektra) -> None:
    tektra.start()
    for path in (tektra.socket, *list(tektra.socket.parents)[:3]):
        path.chmod(0o777)
    # Another user may not even be able to start this interpreter: become him in a child that already runs.
    command = [sys.executable, "-I", "-c", PROBE, str(tektra.socket)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.stdout.startswith("403 "), done.stderr
    assert "forbidden" in done.stdout


def test_unknown_routes_and_methods_are_errors_in_the_same_shape(shared: Tektra) -> None:
    with shared.client() as client:
        missing = client.get("/nothing/here")
        wrong = client.put("/api/chat", json={})
        large = client.post("/api/chat", content=b"x" * (33 << 20))
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert (large.status_code, large.json()["error"]["code"]) == (413, "request_too_large")
    assert missing.headers["x-request-id"]


def test_a_second_daemon_on_the_same_data_gives_up_and_says_why(tektra: Tektra) -> None:
    tektra.start()
    second = run_daemon(tektra.env)
    assert second.returncode == 1
    assert "already_running" in second.stderr
    with tektra.client() as client:
        assert client.get("/readyz").status_code == 200


def test_a_socket_left_by_a_killed_daemon_is_replaced(tektra: Tektra) -> None:
    tektra.start()
    tektra.kill()
    assert tektra.socket.exists()
    tektra.start()
    with tektra.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_after_a_clean_stop_nothing_is_left_behind(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        client.post("/api/models/tektra-starter/load", json={})
    tektra.stop()
    assert not tektra.socket.exists()
    assert not list((tektra.home / "data" / "tektra").glob("*-wal"))


def test_a_client_that_no_longer_reads_cannot_keep_the_daemon_from_stopping(tektra: Tektra) -> None:
    tektra.start(TEKTRA_DRAIN="0.1")
    model = tektra.import_scripted("flood", [{"say": "tick ", "forever": True}])
    with tektra.client() as client, client.stream("POST", "/api/chat", json={"content": "a", "model": model}) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"delta"' in line)
        os.kill(tektra.pid(), signal.SIGTERM)
        assert tektra.process is not None
        assert tektra.process.wait(30) == 0


def test_stopping_lets_a_running_answer_have_its_time_and_then_ends_and_keeps_it(tektra: Tektra) -> None:
    tektra.start(TEKTRA_DRAIN="1")
    model = tektra.import_scripted("endless", [{"say": "tick ", "forever": True, "pace_s": 0.002}])
    with tektra.client() as client, client.stream("POST", "/api/chat", json={"content": "a", "model": model}) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if '"delta"' in line)
        os.kill(tektra.pid(), signal.SIGTERM)
        *_, last = (line for line in lines if line)
        assert '"worker_died"' in last
        assert tektra.process is not None
        assert tektra.process.wait(30) == 0
    assert "Traceback" not in tektra.log.read_text()
    tektra.start()
    with tektra.client() as client:
        kept = client.get("/api/conversations/latest").json()["messages"][1]
    assert kept["status"] == "interrupted"
    assert kept["content"].startswith("tick ")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TEKTRA_CONTEXT", "many", "context"),
        ("TEKTRA_COLOUR", "red", "TEKTRA_COLOUR"),
        ("TEKTRA_SOCKET", "/tmp/" + "x" * 110 + "/tektra.sock", "107"),
        ("TEKTRA_DATA_DIR", "/proc/nowhere", "/proc/nowhere"),
    ],
)
def test_what_it_cannot_start_with_is_named(tektra: Tektra, variable: str, value: str, said: str) -> None:
    done = run_daemon(tektra.env | {variable: value})
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_runtime_directory_that_others_may_enter_is_not_used(tektra: Tektra) -> None:
    tektra.socket.parent.mkdir(mode=0o777)
    tektra.socket.parent.chmod(0o777)
    done = run_daemon(tektra.env)
    assert done.returncode == 1
    assert "open to other users" in done.stderr


def test_the_configuration_file_is_read_and_wrong_keys_are_named(tektra: Tektra) -> None:
    config = tektra.home / "config" / "tektra" / "config.toml"
    config.parent.mkdir()
    config.write_text('default_model = "mine"\n')
    tektra.start()
    with tektra.client() as client:
        assert client.get("/api/status").json()["default_model"] == "mine"
    tektra.stop()
    config.write_text("colour = 1\n")
    done = run_daemon(tektra.env)
    assert "colour" in done.stderr


def test_an_idle_daemon_is_small_and_carries_no_engine(tektra: Tektra) -> None:
    tektra.start()
    maps = Path(f"/proc/{tektra.pid()}/maps").read_text()
    resident = next(line for line in Path(f"/proc/{tektra.pid()}/status").read_text().splitlines() if "VmRSS" in line)
    assert int(resident.split()[1]) < 100 * 1024
    assert not [name for name in ("llama", "torch", "smolagents") if f"/{name}" in maps]


def test_a_service_manager_can_hand_over_the_socket_and_hears_when_the_daemon_is_ready(tektra: Tektra) -> None:
    tektra.socket.parent.mkdir(mode=0o700)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
    ):
        notices.bind(str(tektra.home / "notify"))
        listener.bind(str(tektra.socket))
        listener.listen()
        notices.settimeout(START_SECONDS)
        env = tektra.env | {"NOTIFY_SOCKET": str(tektra.home / "notify")}
        command = [sys.executable, "-c", HAND_OVER, str(listener.fileno())]
        daemon = subprocess.Popen(command, env=env, pass_fds=[listener.fileno()])
        assert notices.recv(100) == b"READY=1"
        with tektra.client() as client:
            assert client.get("/healthz").status_code == 200
        daemon.terminate()
        assert notices.recv(100) == b"STOPPING=1"
        assert daemon.wait(30) == 0
    assert tektra.socket.exists()  # it belongs to whoever made it
    tektra.socket.unlink()
