"""A private copy of a folder: what is in it, what is said of it, and what comes back of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tektrad.clock import SystemClock
from tektrad.errors import Busy, Forbidden, InvalidRequest, StoreFull, WorkspaceConflict, WorkspaceTooLarge
from tektrad.sandbox.applying import Applied
from tektrad.sandbox.changes import Change, Changes
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.identity import SANDBOX_ID, is_root
from tektrad.sandbox.naming import meant, shown
from tektrad.sandbox.place import Journal, Place
from tektrad.sandbox.plan import Conflict, Conflicting, Operation
from tektrad.sandbox.snapshot import Side
from tektrad.sandbox.workspace import Workspace
from tests.crash.test_answers import small_disk
from tests.sandbox.conftest import Confined
from tests.sandbox.trees import MEMORY, Node, in_child, look, make

SOMEBODY = 65_533
STEPS = {"open", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}
T = TypeVar("T")


class Room:
    """A folder, and its workspace."""

    def __init__(self, folder: Path, extent: Extent | None = None) -> None:
        self.original = folder / "original"
        self.place = folder / "place"
        self.extent = extent or Extent()
        self._workspace: Workspace | None = None

    def open(self) -> Room:
        """The copy is made."""
        self._workspace = self.do(lambda: Workspace.open(self.original, self.place, self.extent, SystemClock()))
        return self

    @property
    def workspace(self) -> Workspace:
        """Once it is open."""
        assert self._workspace is not None
        return self._workspace

    @property
    def work(self) -> Path:
        """What programs change."""
        return self.workspace.work

    def do(self, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for it."""
        return asyncio.run(act())

    def changes(self) -> Changes:
        return self.do(self.workspace.changes)

    def change(self, path: str) -> Change:
        (found,) = (each for each in self.changes().changes if each.path == path)
        return found

    def apply(self, *paths: str, **more: Any) -> Applied:
        return self.do(lambda: self.workspace.apply(paths or None, **more))

    def conflicts(self, *paths: str, **more: Any) -> tuple[Conflict, ...]:
        """What is in the way; nothing was written."""
        before = look(self.original)
        with pytest.raises(Conflicting) as refused:
            self.apply(*paths, **more)
        assert look(self.original) == before
        return refused.value.conflicts

    def restore(self) -> None:
        self.do(self.workspace.restore)

    def why(self) -> dict[str, str]:
        """What is not in the copy."""
        return {each.path: each.why for each in self.workspace.left_out}


@pytest.fixture
def room() -> Iterator[Room]:
    """A place that any user may reach, with an empty original."""
    with tempfile.TemporaryDirectory(dir=MEMORY or "/var/tmp") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "original").mkdir()
        yield Room(Path(folder))


def text(content: str) -> Node:
    return ("file", content.encode(), False)


# What is in the copy


def test_the_copy_is_another_one_and_the_original_stays_as_it_was(room: Room) -> None:
    make(room.original, {"a": text("one"), "f/g": text("two"), "l": ("link", "f/g"), "run": ("file", b"", True)})
    room.open()
    assert look(room.work) == look(room.original)
    (room.work / "a").write_text("changed")
    assert (room.original / "a").read_text() == "one"


@pytest.mark.skipif(not is_root(), reason="programs are the user's own")
def test_as_root_the_copy_belongs_to_confined_programs_and_nobody_else_gets_at_it(room: Room) -> None:
    make(room.original, {"a": text("one"), "f/g": text("two"), "l": ("link", "a")})
    (room.original / "a").chmod(0o600)
    room.open()
    assert {path.lstat().st_uid for path in (room.work, *room.work.rglob("*"))} == {SANDBOX_ID}

    def look_in() -> None:
        assert os.listdir(room.place)  # noqa: PTH208
        for closed in (room.place / "base", room.work, room.place / "beginning.json"):
            with pytest.raises(PermissionError):
                closed.read_bytes() if closed.is_file() else os.listdir(closed)  # noqa: PTH208

    assert in_child(look_in, SOMEBODY) == 0


def test_a_confined_program_works_in_it_and_cannot_reach_the_start(confined: Confined, room: Room) -> None:
    make(room.original, {"a": text("one")})
    room.open()
    said = "cat a; echo two > b; ls ../base; cat ../base/a; ls " + str(room.place / "base")
    outcome, heard = confined.run(("/bin/sh", "-c", said), room.work)
    assert heard.startswith("one")
    assert "a\n" not in heard
    assert outcome.code != 0
    assert [each.path for each in room.changes().changes] == ["b"]
    assert room.apply().done == ["b"]
    assert (room.original / "b").read_text() == "two\n"


def test_git_works_in_the_copy_and_nothing_of_its_own_comes_back(room: Room) -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git here")

    def git(folder: Path, *arguments: str) -> str:
        line = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "safe.directory=*", *arguments]
        return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True).stdout

    git(room.original, "init", "-q", "-b", "main")
    (room.original / "a").write_text("one\n")
    git(room.original, "add", "a")
    git(room.original, "commit", "-qm", "first")
    before = look(room.original / ".git")
    room.open()
    (room.work / "a").write_text("two\n")
    assert "-one\n+two" in git(room.work, "diff")
    git(room.work, "commit", "-qam", "second")
    assert git(room.work, "log", "--format=%s") == "second\nfirst\n"
    refused = [each for each in room.changes().changes if each.path.startswith(".git/")]
    assert refused
    assert {each.refused for each in refused} == {"what lies in .git is left out"}
    assert room.apply().done == ["a"]
    assert look(room.original / ".git") == before
    with pytest.raises(InvalidRequest, match=r"never applied"):
        room.apply(refused[0].path)


@pytest.mark.parametrize("name", [".GIT/config", "sub/.git/hooks/pre-commit", ".git"])
def test_no_repository_is_written_into_wherever_it_lies(room: Room, name: str) -> None:
    room.open()
    make(room.work, {name: text("hostile")})
    room.apply()
    assert not any(path.name.lower() == ".git" for path in room.original.rglob("*"))


def test_what_is_no_file_folder_or_link_is_left_out_and_said(room: Room) -> None:
    os.mkfifo(room.original / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(room.original / "socket"))
        room.open()
    assert look(room.work) == {}
    assert set(room.why()) == {"fifo", "socket"}
    os.mkfifo(room.work / "theirs")
    assert room.change("theirs").refused == "it is neither a file, a folder nor a link"
    assert room.apply().done == []


def test_several_names_of_a_file_become_several_files(room: Room) -> None:
    (room.original / "a").write_text("one")
    (room.original / "b").hardlink_to(room.original / "a")
    room.open()
    (room.work / "a").write_text("two")
    assert (room.work / "b").read_text() == "one"
    assert room.apply().done == ["a"]
    assert (room.original / "b").read_text() == "one"


def test_holes_stay_holes(room: Room) -> None:
    with (room.original / "sparse").open("wb") as file:
        file.seek(64 << 20)
        file.write(b"end")
    room.open()
    for path in (room.place / "base" / "sparse", room.work / "sparse"):
        assert path.stat().st_size == (64 << 20) + 3
        assert path.stat().st_blocks * 512 < 1 << 20
    assert room.changes().changes == []


def test_odd_bits_do_not_come_into_the_copy_nor_back(room: Room) -> None:
    make(room.original, {"mine": ("file", b"x", True), "theirs": text("x")})
    (room.original / "mine").chmod(0o4755)
    room.open()
    assert (room.work / "mine").stat().st_mode & 0o7777 == 0o755
    (room.work / "theirs").chmod(0o6755)
    (room.work / "mine").chmod(0o4755)
    assert room.change("mine").refused == "its set-uid or set-gid bit is left out"
    assert room.change("theirs").note == "its set-uid or set-gid bit is left out"
    assert room.apply().done == ["theirs"]
    assert (room.original / "theirs").stat().st_mode & 0o7777 == 0o755


def test_whether_its_owner_may_write_a_file_is_kept(room: Room) -> None:
    make(room.original, {"closed": text("x"), "open": text("x")})
    (room.original / "closed").chmod(0o444)
    room.open()
    assert (room.work / "closed").stat().st_mode & 0o777 == 0o444
    assert (room.work / "open").stat().st_mode & 0o777 == 0o644


# What fits


def test_what_git_ignores_is_copied_as_long_as_it_fits(room: Room) -> None:
    make(room.original, {".gitignore": text("out/\n*.log\n"), "a": text("a"), "out/big": text("x" * 100)})
    room.open()
    assert look(room.work) == look(room.original)
    make(room.work, {"out/big": text("changed"), "b.log": text("new"), "b": text("new")})
    assert {each.path: each.is_ignored for each in room.changes().changes} == {
        "out/big": True, "b.log": True, "b": False,
    }  # fmt: skip
    assert room.apply().done == ["b"]
    assert room.apply("out/big").done == ["out/big"]
    assert room.apply(with_ignored=True).done == ["b.log"]


def test_what_a_program_says_that_git_is_to_ignore_is_not_hidden(room: Room) -> None:
    make(room.original, {"a": text("a")})
    room.open()
    make(room.work, {".gitignore": text("*\n"), "a": text("changed")})
    assert not room.change("a").is_ignored


def test_the_largest_that_git_ignores_stays_out_first(room: Room) -> None:
    make(room.original, {".gitignore": text("large/\nsmall/\n")})
    make(room.original, {"a": text("a" * 100), "large/x": text("x" * 5000), "small/x": text("x" * 100)})
    room.extent = Extent(bytes=1000)
    room.open()
    assert set(look(room.work)) == {".gitignore", "a", "small", "small/x"}
    assert "git ignores it" in room.why()["large"]
    make(room.work, {"large/x": text("mine")})
    (conflict, *_) = room.conflicts("large/x")
    assert "came meanwhile" in conflict.why
    (room.work / "large" / "x").unlink()
    (room.work / "large").rmdir()
    assert room.apply().done == []
    assert (room.original / "large" / "x").exists()


@pytest.mark.parametrize("rule", ["*" + "a*" * 40 + "b", "[z-a]", "[[:alpha:]]x", "\\", "/" * 150, "!"])
def test_hostile_rules_hold_nobody_up(room: Room, rule: str) -> None:
    make(room.original, {".gitignore": text(f"{rule}\n*.log\n"), "a" * 250: text("x"), "x.log": text("x")})
    room.open()
    make(room.work, {"a" * 250: text("changed"), "x.log": text("changed")})
    assert [each.path for each in room.changes().changes if each.is_ignored] == ["x.log"]


def test_rules_that_are_too_many_are_not_followed_and_that_is_said(room: Room) -> None:
    make(
        room.original,
        {".gitignore": text("x*\n" * 2000), "f/.gitignore": text("y*\n"), "x": text("x"), "f/y": text("y")},
    )
    room.open()
    assert "there are more than" in room.why()[".gitignore"]
    make(room.work, {"x": text("changed"), "f/y": text("changed")})
    assert {each.path: each.is_ignored for each in room.changes().changes} == {"x": False, "f/y": True}


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        (Extent(bytes=1000), ["MiB", "large", ".gitignore"]),
        (Extent(names=3), ["5 names", "hold", "in 3"]),
        (Extent(levels=2), ["more than 2 folders deep"]),
        (Extent(names=0), ["more than 0 names"]),
    ],
)
def test_what_is_too_large_is_refused_with_the_numbers_and_what_would_help(
    room: Room, extent: Extent, words: list[str]
) -> None:
    make(room.original, {"large": text("x" * 5000), "a/b/c": text("x"), "d": text("x")})
    room.extent = extent
    with pytest.raises(WorkspaceTooLarge) as refused:
        room.open()
    for word in words:
        assert word in f"{refused.value.message} {refused.value.hint}"
    assert not room.place.exists()


def test_a_workspace_that_was_blown_up_is_not_looked_through(room: Room) -> None:
    room.extent = Extent(names=10)
    room.open()
    for number in range(30):
        (room.work / str(number)).touch()
    with pytest.raises(WorkspaceTooLarge):
        room.changes()
    room.restore()
    assert room.changes().changes == []


def test_a_file_that_never_stops_changing_is_refused(room: Room) -> None:
    def write() -> None:
        with (room.original / "log").open("r+b") as file:
            while not over.is_set():
                file.seek(0)
                file.write(os.urandom(64))
                file.flush()

    (room.original / "log").write_bytes(b"x" * (32 << 20))
    over = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(Busy, match="log changed each time"):
            room.open()
        assert not room.place.exists()
    finally:
        over.set()
        writer.join()
    assert (room.open().work / "log").read_bytes() == (room.original / "log").read_bytes()


def test_a_place_that_holds_something_else_is_left_alone(room: Room) -> None:
    make(room.place, {"precious": text("x")})
    with pytest.raises(InvalidRequest, match="holds something else"):
        room.open()
    assert set(look(room.place)) == {"precious"}


@pytest.mark.parametrize("where", ["original/place", "."])
def test_a_place_in_the_original_or_around_it_is_refused(room: Room, where: str) -> None:
    room.place = (room.original.parent / where).resolve()
    with pytest.raises(InvalidRequest):
        room.open()


# What differs


def test_every_change_is_told_with_sizes_lines_and_its_diff(room: Room) -> None:
    make(room.original, {"a": text("1\n2\n3\n"), "gone": text("x\n"), "run": text("x"), "l": ("link", "a")})
    room.open()
    make(room.work, {"a": text("1\nzwei\n3\n"), "new": text("y\nz\n"), "picture": ("file", b"\x89\0", False)})
    (room.work / "l").unlink()
    (room.work / "l").symlink_to("run")
    (room.work / "gone").unlink()
    (room.work / "run").chmod(0o755)
    found = {each.path: each for each in room.changes().changes}
    assert {path: each.change for path, each in found.items()} == {
        "a": "changed", "gone": "removed", "l": "changed", "new": "added", "picture": "added", "run": "changed",
    }  # fmt: skip
    assert found["a"].diff == "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+zwei\n 3\n"
    assert (found["new"].lines_added, found["gone"].lines_removed) == (2, 1)
    assert (found["picture"].is_text, found["picture"].after.size) == (False, 2)
    assert (found["run"].diff, found["run"].before.executable, found["run"].after.executable) == ("", False, True)
    assert (found["l"].before.target, found["l"].after.target) == ("a", "run")


def test_a_file_that_was_moved_says_from_where(room: Room) -> None:
    make(room.original, {"a": text("one\n"), "b": text("")})
    room.open()
    (room.work / "a").rename(room.work / "c")
    assert room.change("c").moved_from == "a"


def test_many_long_diffs_are_cut_and_say_so(room: Room) -> None:
    room.open()
    for number in range(80):
        (room.work / str(number)).write_text("".join(f"{number} {line}\n" for line in range(20_000)))
    changes = room.changes()
    assert all(each.is_cut for each in changes.changes)
    assert changes.lines_added == 80 * 20_000
    assert sum(len(each.diff) for each in changes.changes) <= 4 << 20


@pytest.mark.parametrize("name", [b"a\nb", b"\x1b[31mred", b"\xff\xfe", b"..\\..\\x", b"%s{0}", "ü\u202e".encode()])
def test_names_are_data_and_come_back_as_they_are(room: Room, name: bytes) -> None:
    room.open()
    (room.work / os.fsdecode(name)).write_text("one\n")
    changes = room.changes()
    (change,) = msgspec.json.decode(msgspec.json.encode(changes), type=Changes).changes
    assert change.path.isprintable()
    assert os.fsencode(meant(change.path)) == name
    assert room.apply(change.path).done == [change.path]
    assert [os.fsencode(path.name) for path in room.original.iterdir()] == [name]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("../../etc/passwd", "leads out"),
        ("..", ""),
        ("../x", ""),
        ("x/../..", "down and up"),
        ("../out/passwd", "another link"),
        ("link", "without an end"),
    ],
)
def test_links_that_lead_out_are_never_made(room: Room, target: str, why: str) -> None:
    make(room.original, {"out": ("link", "/etc"), "f/x": text("x")})
    room.open()
    (room.work / "f" / "link").symlink_to(target)
    change = room.change("f/link")
    assert why in change.refused
    assert bool(change.refused) == bool(why)
    assert room.apply().done == ([] if why else ["f/link"])
    assert os.path.lexists(room.original / "f" / "link") != bool(why)


def test_a_folder_stays_where_what_took_its_place_is_refused(room: Room) -> None:
    make(room.original, {"f/x": text("x")})
    room.open()
    (room.work / "f" / "x").unlink()
    (room.work / "f").rmdir()
    (room.work / "f").symlink_to("/etc")
    assert room.apply().done == []
    assert (room.original / "f" / "x").exists()


# What comes back


def test_only_what_was_chosen_comes_back_with_the_folders_that_it_needs(room: Room) -> None:
    make(room.original, {"a": text("one")})
    room.open()
    make(room.work, {"a": text("two"), "new/deep/file": text("x"), "new/other": text("x")})
    assert set(room.apply("new/deep/file").done) == {"new", "new/deep", "new/deep/file"}
    assert set(look(room.original)) == {"a", "new", "new/deep", "new/deep/file"}
    assert set(room.apply("new").done) == {"new/other"}
    with pytest.raises(InvalidRequest, match="has not changed"):
        room.apply("nothing")


def test_files_keep_their_modes_and_new_ones_get_the_usual_ones(room: Room) -> None:
    make(room.original, {"secret": text("one"), "script": text("one")})
    (room.original / "secret").chmod(0o640)
    (room.original / "script").chmod(0o640)
    room.open()
    make(room.work, {"secret": text("two"), "script": ("file", b"two", True), "new": text("x"), "f/n": text("x")})
    before = os.umask(0o027)
    try:
        room.apply()
    finally:
        os.umask(before)
    modes = {path: (room.original / path).stat().st_mode & 0o7777 for path in look(room.original)}
    assert modes == {"secret": 0o640, "script": 0o750, "new": 0o640, "f": 0o750, "f/n": 0o640}


@pytest.mark.skipif(not is_root(), reason="only root may give files away")
def test_as_root_files_stay_whose_they_are_and_new_ones_are_the_folders_owner(room: Room) -> None:
    make(room.original, {"a": text("one"), "root's": text("one")})
    for path in (room.original, room.original / "a"):
        os.chown(path, SOMEBODY, SOMEBODY)
    room.open()
    make(room.work, {"a": text("two"), "root's": text("two"), "new/file": text("x"), "new/link": ("link", "file")})
    assert room.apply().kept == []
    owners = {path: (room.original / path).lstat().st_uid for path in look(room.original)}
    assert owners == dict.fromkeys(("a", "new", "new/file", "new/link"), SOMEBODY) | {"root's": 0}


def test_what_was_looked_at_is_what_is_applied(room: Room) -> None:
    room.open()
    make(room.work, {"a": text("one")})
    seen = room.changes().digest
    make(room.work, {"a": text("two")})
    with pytest.raises(WorkspaceConflict, match="not what was looked at"):
        room.apply(seen=seen)
    assert look(room.original) == {}


def test_a_change_on_both_sides_is_explained_and_nothing_is_written(room: Room) -> None:
    make(room.original, {"a": text("one\n"), "b": text("one\n")})
    room.open()
    make(room.work, {"a": text("ours\n"), "b": text("ours\n")})
    make(room.original, {"a": text("theirs\n")})
    (conflict,) = room.conflicts()
    assert (conflict.path, conflict.why) == ("a", "its content is not what it was")
    assert "-one\n+theirs" in conflict.theirs
    assert "-one\n+ours" in conflict.ours
    assert msgspec.json.encode(conflict)
    assert room.apply(choices={"a": "theirs"}).done == ["b"]
    assert (room.original / "a").read_text() == "theirs\n"
    assert room.apply(choices={"a": "ours"}).done == ["a"]
    assert (room.original / "a").read_text() == "ours\n"


def test_the_same_change_on_both_sides_is_none(room: Room) -> None:
    make(room.original, {"a": text("one"), "gone": text("x")})
    room.open()
    for folder in (room.work, room.original):
        make(folder, {"a": text("two"), "new/file": text("x")})
        (folder / "gone").unlink()
    applied = room.apply()
    assert (applied.done, set(applied.already)) == ([], {"a", "gone", "new", "new/file"})


@pytest.mark.parametrize(
    ("theirs", "why", "can_be_ours"),
    [
        (None, "not there any more", True),
        (("link", "b"), "it was a file, and is a link now", True),
        (("folder",), "it is a folder now", False),
    ],
)
def test_what_took_its_place_is_told(room: Room, theirs: Node | None, why: str, can_be_ours: bool) -> None:
    make(room.original, {"f/a": text("one")})
    room.open()
    make(room.work, {"f/a": text("two")})
    (room.original / "f" / "a").unlink()
    if theirs:
        make(room.original, {})
        (room.original / "f" / "a").symlink_to("b") if theirs[0] == "link" else (room.original / "f" / "a").mkdir()
    (conflict,) = room.conflicts()
    assert why in conflict.why
    assert ("ours" in conflict.can_take) == can_be_ours
    if can_be_ours:
        room.apply(choices={"f/a": "ours"})
        assert look(room.original)["f/a"] == text("two")
    else:
        room.conflicts(choices={"f/a": "ours"})


def test_a_folder_that_vanished_can_be_made_again(room: Room) -> None:
    make(room.original, {"f/g/a": text("one")})
    room.open()
    make(room.work, {"f/g/a": text("two")})
    (room.original / "f" / "g" / "a").unlink()
    (room.original / "f" / "g").rmdir()
    (room.original / "f").rmdir()
    (conflict,) = room.conflicts()
    assert "the folder f is not there any more" in conflict.why
    room.apply(choices={"f/g/a": "ours"})
    assert (room.original / "f" / "g" / "a").read_text() == "two"


def test_nothing_is_written_through_a_link_that_came_meanwhile(room: Room) -> None:
    elsewhere = make(room.original.parent / "elsewhere", {"a": text("one")})
    make(room.original, {"f/a": text("one")})
    room.open()
    make(room.work, {"f/a": text("two"), "f/new": text("x")})
    (room.original / "f" / "a").unlink()
    (room.original / "f").rmdir()
    (room.original / "f").symlink_to(elsewhere)
    conflicts = room.conflicts(choices={"f/a": "ours", "f/new": "ours"})
    assert {each.path: each.can_take for each in conflicts} == {"f/a": ("theirs",), "f/new": ("theirs",)}
    assert look(elsewhere) == {"a": text("one")}


def test_nothing_is_written_where_a_link_came_into_the_way_to_the_original(room: Room) -> None:
    elsewhere = make(room.original.parent / "elsewhere", {})
    room.open()
    make(room.work, {"new": text("x")})
    room.original.rmdir()
    room.original.symlink_to(elsewhere)
    with pytest.raises(InvalidRequest, match="has a link in it"):
        room.apply()
    assert look(elsewhere) == {}


def test_a_folder_that_is_to_be_a_file_keeps_what_nobody_knew_of(room: Room) -> None:
    make(room.original, {"f/a": text("one")})
    room.open()
    (room.work / "f" / "a").unlink()
    (room.work / "f").rmdir()
    (room.work / "f").write_text("a file")
    make(room.original, {"f/theirs": text("x")})
    (conflict,) = room.conflicts(choices={"f": "ours"})
    assert "it holds f/theirs" in conflict.why
    applied = room.apply(choices={"f": "theirs"})
    assert applied.done == []
    assert set(look(room.original)) == {"f", "f/a", "f/theirs"}


def test_a_removed_folder_stays_where_something_else_lies_in_it(room: Room) -> None:
    make(room.original, {"f/a": text("one")})
    room.open()
    (room.work / "f" / "a").unlink()
    (room.work / "f").rmdir()
    make(room.original, {"f/theirs": text("x")})
    applied = room.apply()
    assert [(each.path, each.why) for each in applied.kept] == [("f", "it still holds something")]
    assert set(look(room.original)) == {"f", "f/theirs"}


def test_a_link_swapped_in_at_any_step_of_applying_leads_nowhere(room: Room) -> None:
    """Before each step in turn somebody exchanges the folder for a link to another one, which is never written into."""
    elsewhere = make(room.original.parent / "elsewhere", {"a": text("one")})
    make(room.original, {"f/a": text("one"), "f/gone": text("one")})
    room.open()
    make(room.work, {"f/a": text("two"), "f/new": text("two"), "f/deep/new": text("two")})
    (room.work / "f" / "gone").unlink()
    aside = room.original / "aside"

    def apply_swapped(number: int) -> None:
        steps = itertools.count(1)

        def hear(event: str, _: Any) -> None:
            if event in STEPS and next(steps) == number and not aside.exists():
                (room.original / "f").rename(aside)
                (room.original / "f").symlink_to(elsewhere)

        sys.addaudithook(hear)
        with contextlib.suppress(WorkspaceConflict, Busy, InvalidRequest):
            room.apply()

    for number in itertools.count(1):
        assert in_child(lambda number=number: apply_swapped(number)) == 0
        assert look(elsewhere) == {"a": text("one")}, f"written into at step {number}"
        if not aside.exists():
            break
        shutil.rmtree(aside)
        for path in room.original.iterdir():
            path.unlink()
        make(room.original, {"f/a": text("one"), "f/gone": text("one")})
    assert number > 60
    assert look(room.original) == look(room.work)


# What is in the way


def test_closed_and_deep_folders_are_restored_and_looked_through(room: Room) -> None:
    make(room.original, {"f/a": text("one")})
    os.chown(room.original.parent, SOMEBODY if is_root() else os.getuid(), -1)

    def work() -> None:
        room.open()
        (room.work / "f" / "a").write_text("two")
        (room.work / "f" / "a").chmod(0)
        (room.work / "f").chmod(0)
        (room.work / "empty").mkdir(mode=0)
        (room.work / "readable").mkdir()
        (room.work / "readable" / "file").touch()
        (room.work / "readable").chmod(0o400)
        assert {each.path: each.refused for each in room.changes().changes} == dict.fromkeys(
            ("f/a", "empty", "readable", "readable/file"), ""
        )
        (room.work / "f").chmod(0)
        here = os.open(room.work, os.O_RDONLY)
        for _ in range(600):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        assert any("folders lie within each other" in each.why for each in room.changes().left_out)
        room.restore()
        assert set(look(room.work)) == {"f", "f/a"}
        (room.work / "f" / "a").write_text("three")
        (room.work / "f").chmod(0)
        room.do(room.workspace.drop)
        assert not room.place.exists()

    assert in_child(work, SOMEBODY) == 0


@pytest.mark.skipif(not is_root(), reason="needs files of two users")
def test_as_an_ordinary_user_what_is_closed_is_left_out_and_what_is_others_is_not_replaced(room: Room) -> None:
    make(room.original, {"mine": text("one"), "theirs": text("one"), "closed": text("x"), "shut/a": text("x")})
    for path in (room.original.parent, room.original, room.original / "mine"):
        os.chown(path, SOMEBODY, SOMEBODY)
    (room.original / "closed").chmod(0o600)
    (room.original / "shut").chmod(0o700)

    def work() -> None:
        room.open()
        assert set(look(room.work)) == {"mine", "theirs", "shut"}
        assert set(room.why()) == {"closed", "shut"}
        make(room.work, {"mine": text("two")})
        assert room.apply().done == ["mine"]
        make(room.work, {"theirs": text("two")})
        with pytest.raises(Forbidden):
            room.apply()
        assert (room.original / "theirs").read_text() == "one"
        assert {path.name for path in room.original.iterdir()} == {"mine", "theirs", "closed", "shut"}

    assert in_child(work, SOMEBODY) == 0


@pytest.mark.skipif(not is_root(), reason="needs root to mount a small disk")
def test_a_full_disk_leaves_no_half_copy_and_no_half_change(room: Room) -> None:
    with small_disk(room.original, "4m"):
        make(room.original, {"a": text("one")})
        room.open()
        make(room.work, {"a": text("two"), "big": text("x" * (6 << 20))})
        with pytest.raises(StoreFull):
            room.apply()
        assert look(room.original) == {"a": text("one")}
        assert room.apply("a").done == ["a"]
    small = room.original.parent / "small"
    with small_disk(small, "1m"):
        make(room.original, {"big": text("x" * (6 << 20))})
        with pytest.raises(StoreFull):
            room.do(lambda: Workspace.open(room.original, small / "place", Extent(), SystemClock()))
        assert look(small) == {}


def test_a_cancelled_copy_leaves_nothing_and_a_cancelled_restore_is_done_again(room: Room) -> None:
    for number in range(2000):
        (room.original / str(number)).touch()

    async def cancelled(act: Callable[[], Coroutine[Any, Any, Any]], begun: Callable[[], bool]) -> None:
        task = asyncio.create_task(act())
        while not begun() and not task.done():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    def opening() -> Coroutine[Any, Any, Workspace]:
        return Workspace.open(room.original, room.place, room.extent, SystemClock())

    asyncio.run(cancelled(opening, (room.place / "base").exists))
    assert not room.place.exists()
    room.open()
    asyncio.run(cancelled(room.workspace.restore, lambda: not (room.place / "ready.json").exists()))
    assert room.changes().changes == []
    assert len(look(room.work)) == 2000


def test_a_cancelled_apply_has_either_written_all_or_nothing(room: Room) -> None:
    room.open()
    for number in range(300):
        (room.work / str(number)).touch()

    async def cancelled(when: Callable[[], bool]) -> None:
        task = asyncio.create_task(room.workspace.apply())
        while not when() and not task.done():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(cancelled((room.place / "preparing.json").exists))
    assert look(room.original) == {}
    assert set(os.listdir(room.place)) == {"base", "work", "beginning.json", "ready.json"}  # noqa: PTH208
    asyncio.run(cancelled((room.place / "committing.json").exists))
    assert look(room.original) == look(room.work)


def test_ten_thousand_files_are_copied_changed_and_applied(room: Room) -> None:
    for number in range(100):
        (room.original / str(number)).mkdir()
        for each in range(100):
            (room.original / str(number) / str(each)).write_text(f"{number} {each}\n")
    room.open()
    for number in range(100):
        (room.work / str(number) / "7").write_text("changed\n")
        (room.work / str(number) / "8").unlink()
    assert len(room.changes().changes) == 200
    assert len(room.apply().done) == 200
    room.restore()
    assert (room.work / "5" / "7").read_text() == "5 7\n"


def test_a_workspace_whose_original_has_gone_says_so_and_can_be_dropped(room: Room) -> None:
    room.open()
    make(room.work, {"new": text("x")})
    prepared = Journal([Operation(do="put", path="new", after=Side("file"), temporary=".tektra-x")], [])
    Place(room.place).write(room.place / "preparing.json", prepared)
    room.original.rmdir()
    for act in (room.workspace.apply, room.workspace.resume):
        with pytest.raises(InvalidRequest, match="is not a folder"):
            room.do(act)
    room.do(room.workspace.drop)
    assert not room.place.exists()


def test_notes_that_are_none_of_ours_are_refused(room: Room) -> None:
    room.open()
    (room.place / "beginning.json").write_text('{"original": 1}')
    with pytest.raises(InvalidRequest, match=r"beginning\.json cannot be read"):
        room.open()


def test_a_workspace_is_found_again_and_forgotten(room: Room) -> None:
    assert room.do(lambda: Workspace.found(room.place, SystemClock())) is None
    make(room.original, {"a": text("one")})
    room.open()
    make(room.work, {"a": text("two")})
    room.open()
    assert (room.work / "a").read_text() == "two", "opening it again has thrown the work away"
    found = room.do(lambda: Workspace.found(room.place, SystemClock()))
    assert found is not None
    assert found.original == room.original
    assert shown(str(room.place)) == str(room.place)
    room.do(found.drop)
    assert room.do(lambda: Workspace.found(room.place, SystemClock())) is None
