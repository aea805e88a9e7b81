"""`tektra users`, and the real command of other users of the machine, beside a shared daemon."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tektrad.paths import SHARED_SOCKET, UnsafePath, find_paths, shared_by
from tests.harness import Tektra
from tests.people import Workstation, workstation

ANNA, STRANGER = 61001, 61005
THIEF = """
import os, socket, sys
os.setgid(61005)
os.setuid(61005)
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[1])
sock.listen()
print("listening", flush=True)
sys.stdin.read()
"""


def becoming(uid: int, group: int) -> list[str]:
    """What goes before a command to run it as somebody else, who may read our interpreter but write nothing of ours."""
    capability = "+dac_read_search"
    return [
        "setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={group}",
        f"--inh-caps={capability}", f"--ambient-caps={capability}",
    ]  # fmt: skip


def can_become() -> bool:
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        return False
    return subprocess.run([*becoming(ANNA, ANNA), "true"], capture_output=True, check=False).returncode == 0


needs_others = pytest.mark.skipif(not can_become(), reason="needs root, and setpriv, to become other users")


@pytest.fixture(scope="module")
def place() -> Iterator[Workstation]:
    with workstation() as shared:
        shared.start()
        shared.tektra.import_scripted("parrot", [{"say": "the same to everybody"}])
        yield shared


def run_as(place: Workstation, uid: int, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The real command, of somebody with a home of their own."""
    home = place.socket.parent.parent / f"home-{uid}"
    if not home.exists():
        home.mkdir(mode=0o700)
        os.chown(home, uid, uid)
    given = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry),
        "TEKTRA_SOCKET": str(place.socket),
        "TEKTRA_SHARED_BY": "root",
    }
    command = [*becoming(uid, place.group.gr_gid), sys.executable, "-m", "tektra_cli", *words]
    return subprocess.run(command, env=given | env, capture_output=True, text=True, cwd="/", check=False)


def test_users_are_added_listed_and_removed(common: Tektra) -> None:
    added = common.run("users", "add", "61040", "--role", "auditor")
    assert (added.returncode, added.stdout) == (0, "uid 61040 may connect as auditor\n")
    assert "this daemon is not shared" in added.stderr
    named = common.json("users", "add", "daemon")
    assert (named["user"]["uid"], named["user"]["role"]) == (1, "user")
    listed = common.run("users", "list").stdout.splitlines()
    assert listed[0].split() == ["UID", "NAME", "ROLE", "ADDED", "BY"]
    assert {line.split()[2] for line in listed[1:]} == {"owner", "auditor", "user"}
    for who in ("61040", "daemon"):
        assert "may connect no more" in common.run("users", "rm", who).stdout
    again = common.run("users", "rm", "daemon")
    assert again.returncode == 4
    assert "was not added" in again.stderr


def test_a_name_that_nobody_has_is_no_user(common: Tektra) -> None:
    done = common.run("users", "add", "no such person")
    assert done.returncode == 2
    assert 'there is no user "no such person"' in done.stderr


@needs_others
def test_a_user_s_command_works_once_they_say_whom_they_trust(place: Workstation) -> None:
    anna = place.person(ANNA, role="user")
    asked = run_as(place, ANNA, "chat", "hello", "-m", "parrot", "--json")
    assert json.loads(asked.stdout)["content"] == "the same to everybody", asked.stderr
    for trusted in ("root", "0"):
        listed = run_as(place, ANNA, "conversations", "list", "--json", TEKTRA_SHARED_BY=trusted)
        assert len(json.loads(listed.stdout)["conversations"]) == 1
    assert len(anna.get("/api/conversations").body["conversations"]) == 1
    owner = place.tektra.run("conversations", "list", "--json", env={"TEKTRA_SHARED_BY": "root"})
    assert json.loads(owner.stdout)["conversations"] == []
    refused = run_as(place, ANNA, "users", "list")
    assert refused.returncode == 5
    assert "configure users is not allowed, by rule default" in refused.stderr


@needs_others
def test_a_daemon_of_somebody_else_is_refused_unless_exactly_its_owner_is_trusted(place: Workstation) -> None:
    for trusted in ("", str(STRANGER)):
        done = run_as(place, ANNA, "conversations", "list", TEKTRA_SHARED_BY=trusted)
        assert done.returncode == 1
        assert f"{place.socket.parent} belongs to uid 0" in done.stderr
    unknown = run_as(place, ANNA, "conversations", "list", TEKTRA_SHARED_BY="no-such-person")
    assert "there is no such user" in unknown.stderr
    assert "Traceback" not in unknown.stderr


@needs_others
def test_who_was_not_added_gets_nothing(place: Workstation) -> None:
    done = run_as(place, STRANGER, "conversations", "list")
    assert done.returncode == 5
    assert f"tektra users add {STRANGER}" in done.stderr
    assert place.audit(kind="security.peer_refused", uid=STRANGER)


@needs_others
def test_a_stolen_socket_is_told_nothing(place: Workstation) -> None:
    stolen = place.socket.parent / "stolen.sock"
    place.socket.parent.chmod(0o757)  # while the thief comes in
    thief = subprocess.Popen(
        [sys.executable, "-I", "-c", THIEF, str(stolen)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert thief.stdout is not None
    assert thief.stdout.readline() == "listening\n"
    stolen.chmod(0o666)
    place.socket.parent.chmod(0o750)
    with thief:
        done = run_as(place, ANNA, "chat", "hello", TEKTRA_SOCKET=str(stolen))
        thief.terminate()
    assert done.returncode == 5
    assert f"belongs to uid {STRANGER}, and the shared daemon is uid 0's" in done.stderr


@needs_others
@pytest.mark.parametrize("mode", [0o770, 0o752, 0o755])
def test_a_directory_that_others_may_write_to_or_enter_is_refused(place: Workstation, mode: int) -> None:
    place.socket.parent.chmod(mode)
    try:
        done = run_as(place, ANNA, "conversations", "list")
    finally:
        place.socket.parent.chmod(0o750)
    assert done.returncode == 1
    assert "is writable by its group or open to everybody" in done.stderr


@needs_others
@pytest.mark.parametrize("words", [("chat", "hello"), ("daemon", "start"), ("daemon", "status")])
def test_a_shared_daemon_is_never_started_by_a_user(place: Workstation, words: tuple[str, ...]) -> None:
    nothing = place.socket.parent / "nothing.sock"
    done = run_as(place, ANNA, *words, TEKTRA_SOCKET=str(nothing))
    assert done.returncode == 3
    assert "the shared daemon of uid 0 is not running" in done.stderr
    assert not nothing.exists()
    assert not (place.socket.parent.parent / f"home-{ANNA}" / ".local").exists()


@needs_others
def test_a_stopping_user_s_signal_does_not_reach_the_daemon(place: Workstation) -> None:
    done = run_as(place, ANNA, "daemon", "stop")
    assert done.returncode == 5
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place.socket))


def test_the_system_s_file_says_whom_to_trust_only_where_root_alone_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    monkeypatch.delenv("TEKTRA_SHARED_BY", raising=False)
    assert shared_by(file) is None
    file.write_text('shared_by = "root"\n')
    file.chmod(0o666)
    with pytest.raises(UnsafePath, match="others than root may write it"):
        shared_by(file)
    file.write_text("shared_by = \n")
    with pytest.raises(UnsafePath, match="cannot be read"):
        shared_by(file)
    file.write_text("slots = 4\n")
    assert shared_by(file) is None
    monkeypatch.setenv("TEKTRA_SHARED_BY", "61001")
    assert shared_by(file) == 61001


@pytest.mark.skipif(os.getuid() != 0, reason="needs a file of root's")
def test_the_environment_goes_before_the_system_s_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('shared_by = "root"\n')
    file.chmod(0o644)
    monkeypatch.delenv("TEKTRA_SHARED_BY", raising=False)
    monkeypatch.delenv("TEKTRA_SOCKET", raising=False)
    assert shared_by(file) == 0
    monkeypatch.setenv("TEKTRA_SHARED_BY", "")
    assert shared_by(file) is None
    monkeypatch.setenv("TEKTRA_SHARED_BY", "root")
    assert find_paths().socket == SHARED_SOCKET
