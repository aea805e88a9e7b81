"""What programs left is copied out, and nothing that they planted leads anywhere else."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from pathlib import Path

import pytest

from tektrad.sandbox.artefacts import MOST_TOLD, Caps, Collection, collect
from tektrad.sandbox.identity import is_root
from tektrad.sandbox.tree import DEEPEST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def collected(folder: Path, caps: Caps | None = None) -> Collection:
    into = folder.parent / "copies"
    into.mkdir()
    return collect(folder, into, caps or Caps())


def texts(found: Collection) -> dict[str, bytes]:
    return {each.path: each.copy.read_bytes() for each in found.artefacts}


def test_regular_files_are_copied_with_their_digest(folder: Path) -> None:
    (folder / "a").write_text("one")
    (folder / "b").mkdir()
    (folder / "b" / "c").write_text("two")
    found = collected(folder)
    assert texts(found) == {"a": b"one", "b/c": b"two"}
    assert {each.sha256 for each in found.artefacts} == {hashlib.sha256(each).hexdigest() for each in (b"one", b"two")}
    assert (found.left_out, found.is_complete, found.size) == ({}, True, 6)


def test_links_lead_nowhere(folder: Path) -> None:
    (folder.parent / "secret").write_text("secret")
    (folder / "to a file").symlink_to(folder.parent / "secret")
    (folder / "to a folder").symlink_to(folder.parent)
    (folder / "to itself").symlink_to("to itself")
    (folder / "hard").hardlink_to(folder.parent / "secret")
    found = collected(folder)
    assert found.artefacts == []
    assert set(found.left_out) == {"to a file", "to a folder", "to itself", "hard"}


def test_what_is_no_file_is_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        found = collected(folder)
    assert found.artefacts == []
    assert set(found.left_out) == {"fifo", "socket"}


@pytest.mark.parametrize("name", [b"a\nb", b"\x1b[31mred", b"\xff\xfe", b"..\\..\\x", b"%s{0}", "ü\u202e".encode()])
def test_names_are_data(folder: Path, name: bytes) -> None:
    (folder / os.fsdecode(name)).write_text("1")
    found = collected(folder)
    assert [os.fsencode(each.path) for each in found.artefacts] == [name]
    assert [each.copy.name for each in found.artefacts] == ["0"]


def test_deep_folders_are_told_of_and_not_gone_into(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(DEEPEST + 500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("hidden", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    (folder / "shallow").write_text("1")
    found = collected(folder)
    assert texts(found) == {"shallow": b"1"}
    assert list(found.left_out.values()) == [f"more than {DEEPEST} folders lie within each other"]


@pytest.mark.skipif(is_root(), reason="nothing is closed to root")
def test_closed_folders_and_files_are_told_of(folder: Path) -> None:
    (folder / "file").touch(mode=0o000)
    (folder / "folder").mkdir(mode=0o000)
    assert set(collected(folder).left_out) == {"file", "folder"}


def test_no_more_files_and_bytes_than_it_may(folder: Path) -> None:
    for number in range(200):
        (folder / str(number)).write_bytes(b"x" * 10)
    (folder / "large").write_bytes(b"x" * 1000)
    found = collected(folder, Caps(files=50, file_bytes=100, all_bytes=205, looks=1000))
    assert (len(found.artefacts), found.size, found.left_out_count) == (20, 200, 181)
    assert len(found.left_out) == MOST_TOLD
    assert "large" not in {each.path for each in found.artefacts}


def test_no_more_files_than_it_may_and_no_more_looks(folder: Path) -> None:
    for number in range(200):
        (folder / str(number)).touch()
    found = collected(folder, Caps(files=50, looks=120))
    assert (len(found.artefacts), found.left_out_count, found.is_complete) == (50, 70, False)


def test_what_changes_meanwhile_leads_nowhere_and_takes_no_more_than_it_may(folder: Path) -> None:
    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            (folder / "same").write_bytes(b"%d" % (number % 10) * (number % 4 * 1_000_000))
            (folder / "new").write_bytes(b"")
            (folder / "link").unlink(missing_ok=True)
            (folder / "link").symlink_to("/etc/passwd")
            (folder / "new").replace(folder / "link")

    over = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    into = folder.parent / "copies"
    into.mkdir()
    try:
        for turn in range(40):
            (into / str(turn)).mkdir()
            found = collect(folder, into / str(turn), Caps(file_bytes=2_000_000))
            for each in found.artefacts:
                data = each.copy.read_bytes()
                assert (len(data), hashlib.sha256(data).hexdigest()) == (each.size, each.sha256)
                assert each.size <= 2_000_000
                assert not data.strip(b"0123456789")
            assert len(list((into / str(turn)).iterdir())) == len(found.artefacts)
    finally:
        over.set()
        writer.join()
