"""Starting, stopping and watching the daemon, and what happens when it cannot start."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cli.screen import Terminal
from tests.harness import Tektra


def test_start_says_where_it_is_and_a_second_start_changes_nothing(tektra: Tektra) -> None:
    first, second = tektra.json("daemon", "start"), tektra.json("daemon", "start")
    assert first == {
        "schema": "tektra.daemon-started/1",
        "pid": tektra.pid(),
        "socket": str(tektra.socket),
        "started": True,
    }
    assert second == first | {"started": False}
    told = tektra.run("daemon", "start").stdout
    assert told == f"the daemon runs already (pid {first['pid']}, socket {tektra.socket})\n"


def test_the_daemon_that_a_command_starts_stands_on_its_own(tektra: Tektra) -> None:
    assert tektra.run("models", "list").returncode == 0
    daemon = psutil.Process(tektra.pid())
    assert daemon.cwd() == "/"
    assert os.getsid(daemon.pid) == daemon.pid
    log = tektra.home / "state" / "tektra" / "daemon.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    streams = [Path(f"/proc/{daemon.pid}/fd/{number}").readlink() for number in (0, 1, 2)]
    assert streams == [Path("/dev/null"), log, log]


def test_ten_commands_at_once_start_one_daemon(tektra: Tektra) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "tektra_cli", "daemon", "start", "--json"],
            env=tektra.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    documents = [json.loads(command.communicate(timeout=90)[0]) for command in commands]
    assert [command.returncode for command in commands] == [0] * 10
    assert sum(document["started"] for document in documents) == 1
    assert {document["pid"] for document in documents} == {tektra.pid()}


def test_stop_waits_for_the_end_and_is_no_error_twice(tektra: Tektra) -> None:
    tektra.run("daemon", "start")
    daemon = psutil.Process(tektra.pid())
    assert tektra.run("daemon", "stop").stdout == f"the daemon has ended (pid {daemon.pid})\n"
    assert daemon.status() == psutil.STATUS_ZOMBIE, "ended, and not yet buried by its parent, this test"
    daemon.wait()
    assert tektra.run("daemon", "stop").stdout == "the daemon was not running\n"
    assert tektra.json("daemon", "stop") == {"schema": "tektra.daemon-stopped/1", "pid": None, "stopped": False}


def test_status_describes_the_daemon(common: Tektra) -> None:
    document = common.json("daemon", "status")
    assert document["schema"] == "tektra.status/1"
    assert document["pid"] == common.pid()
    told = common.run("daemon", "status").stdout
    assert f"\nsocket            {common.socket}\n" in told


def test_status_without_a_daemon_says_so_and_starts_none(tektra: Tektra) -> None:
    done = tektra.run("daemon", "status")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "tektra: the daemon is not running\nStart it with: tektra daemon start\n"
    done = tektra.run("daemon", "status", "--json")
    assert json.loads(done.stdout) == {
        "error": {
            "code": "daemon_unreachable",
            "message": "the daemon is not running",
            "hint": "Start it with: tektra daemon start",
        }
    }
    assert done.stderr == ""
    assert not tektra.socket.exists()


def test_starting_by_itself_can_be_forbidden(tektra: Tektra) -> None:
    done = tektra.run("models", "list", env={"TEKTRA_NO_AUTOSTART": "1"})
    assert (done.returncode, done.stdout) == (3, "")
    assert "tektra daemon start" in done.stderr


def test_a_stale_socket_is_no_obstacle(tektra: Tektra) -> None:
    tektra.start()
    tektra.kill()
    assert tektra.socket.exists()
    assert tektra.run("daemon", "status").returncode == 3
    assert tektra.run("models", "list").returncode == 0


def test_the_start_is_shown_on_a_terminal_and_leaves_no_trace(tektra: Tektra) -> None:
    with Terminal(tektra, "models", "list") as terminal:
        assert terminal.end() == 0
        assert "starting the daemon" in terminal.sent
        assert "starting the daemon" not in terminal.screen.text
        assert terminal.screen.text.startswith("NAME")


def test_a_socket_path_that_is_too_long_is_told_with_both_numbers(tektra: Tektra) -> None:
    long = str(tektra.home / ("x" * 120) / "tektra.sock")
    for command in (["daemon", "start"], ["daemon", "status"], ["chat", "hi"]):
        done = tektra.run(*command, env={"TEKTRA_SOCKET": long})
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"tektra: the socket path is {len(long)} bytes long and the kernel allows 107: ")
        assert "Set TEKTRA_SOCKET or XDG_RUNTIME_DIR to a shorter path." in done.stderr


def test_a_directory_that_is_open_to_others_is_not_used(tektra: Tektra) -> None:
    directory = tektra.home / "run" / "tektra"
    directory.mkdir()
    directory.chmod(0o755)
    done = tektra.run("models", "list", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "unsafe_path")
    assert "is open to other users (mode 0755)" in error["message"]


@pytest.mark.parametrize("variable", ["TEKTRA_DATA_DIR", "TEKTRA_STATE_DIR"])
def test_a_home_that_cannot_be_written_to_is_told(tektra: Tektra, variable: str) -> None:
    (tektra.home / "file").write_text("")
    done = tektra.run("models", "list", env={variable: str(tektra.home / "file" / "tektra")})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tektra: ")
    assert str(tektra.home / "file") in done.stderr
    assert "this is a bug" not in done.stderr


def test_a_data_directory_that_another_daemon_holds_is_an_error_and_not_a_wait_for_ever(tektra: Tektra) -> None:
    tektra.start()
    other = str(tektra.home / "other" / "tektra.sock")
    done = tektra.run("models", "list", env={"TEKTRA_SOCKET": other, "TEKTRA_START_TIMEOUT": "2"})
    (waiting,) = (each for each in psutil.process_iter() if socket_of(each) == other)
    waiting.kill()  # else it would take over when the first one ends
    assert (done.returncode, done.stdout) == (7, "")
    assert "no daemon was ready within 2 s" in done.stderr


def socket_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("TEKTRA_SOCKET")
    except psutil.Error:
        return None


def test_a_daemon_that_ends_without_a_word_is_shown_by_its_log(tektra: Tektra) -> None:
    broken = tektra.home / "broken" / "tektrad"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("")
    (broken / "__main__.py").write_text("raise SystemExit('the moon is in the wrong place')")
    (broken / "paths.py").symlink_to(paths_module())
    done = tektra.run("models", "list", env={"PYTHONPATH": str(broken.parent)})
    assert (done.returncode, done.stdout) == (3, "")
    assert "the daemon ended while it started\nthe moon is in the wrong place\n" in done.stderr
    assert str(tektra.home / "state" / "tektra" / "daemon.log") in done.stderr


def paths_module() -> str:
    import tektrad.paths

    return str(tektrad.paths.__file__)


def test_logs_are_raw_lines_in_a_pipe_and_readable_on_a_terminal(tektra: Tektra) -> None:
    assert tektra.run("daemon", "logs").returncode == 4
    tektra.run("daemon", "start")
    lines = tektra.run("daemon", "logs").stdout.splitlines()
    assert "ready" in [json.loads(line)["event"] for line in lines]
    document = tektra.json("daemon", "logs", "--lines", "1")
    assert document["schema"] == "tektra.logs/1"
    assert document["lines"] == [json.loads(lines[-1])]
    with Terminal(tektra, "daemon", "logs", columns=200) as terminal:
        assert terminal.end() == 0
        assert f" info ready pid={tektra.pid()} " in terminal.screen.text


def test_logs_can_be_followed_until_an_interrupt(tektra: Tektra) -> None:
    tektra.run("daemon", "start")
    with Terminal(tektra, "daemon", "logs", "--follow", "--lines", "0", columns=200) as terminal:
        tektra.run("chat", "hi")
        terminal.until("model loaded").type("\x03")
        assert terminal.end() == 130
    assert tektra.run("daemon", "logs", "--follow", "--json").returncode == 2


def test_a_daemon_that_does_not_end_in_time_is_a_timeout(tektra: Tektra) -> None:
    tektra.run("daemon", "start")
    daemon = psutil.Process(tektra.pid())
    daemon.suspend()
    try:
        done = tektra.run("daemon", "stop", "--timeout", "0.1")
    finally:
        daemon.resume()
    assert (done.returncode, done.stdout) == (7, "")
    assert f"kill -9 {daemon.pid}" in done.stderr
    daemon.wait(30)


def test_a_long_log_is_put_aside_when_a_daemon_starts(tektra: Tektra) -> None:
    log = tektra.home / "state" / "tektra" / "daemon.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"old\n" * (3 << 20))
    assert tektra.run("daemon", "start").returncode == 0
    assert log.stat().st_size < 10_000
    assert log.with_name("daemon.log.1").read_bytes().startswith(b"old\n")
