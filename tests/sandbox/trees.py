"""Folders as values: made, looked at, compared, changed at random."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tektrad.sandbox.identity import is_root

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where nothing waits for a disk."""
Node = tuple[Any, ...]
"""("file", bytes, executable), ("folder",) or ("link", target)."""
NAMES = ("a", "b", "c", "d e", "\udcff\n", "\x1b[31m", "..\\x", ".gitignore")
CONTENTS = (b"", b"one\n", b"one\ntwo\n", b"\xff\x00", b"a/\n", b"x" * 5000, b"two\r\nlines")
TARGETS = ("a", "b/c", "../a", "..", "/etc/passwd", "../../x", "a/..", "nowhere")

names = st.sampled_from(NAMES)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
nodes: st.SearchStrategy[Node] = st.one_of(
    st.tuples(st.just("file"), st.sampled_from(CONTENTS), st.booleans()),
    st.tuples(st.just("file"), st.sampled_from(CONTENTS), st.booleans()),
    st.just(("folder",)),
    st.tuples(st.just("link"), st.sampled_from(TARGETS)),
)
edits = st.lists(st.tuples(paths, st.none() | nodes), max_size=12)
"""What is put at paths, one after the other; None is nothing."""


def make(folder: Path, tree: Mapping[str, Node]) -> Path:
    """A folder that holds this."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, node in tree.items():
        put(folder, path, node)
    return folder


def put(folder: Path, path: str, node: Node | None) -> None:
    """Put something at a path, in place of whatever is in the way."""
    *above, name = path.split("/")
    at = folder
    for each in above:
        at = at / each
        if at.is_symlink() or (at.exists() and not at.is_dir()):
            at.unlink()
        at.mkdir(exist_ok=True)
    place = at / name
    if place.is_dir() and not place.is_symlink():
        if node == ("folder",):
            return
        shutil.rmtree(place)
    elif os.path.lexists(place):
        place.unlink()
    if node is None:
        return
    if node[0] == "folder":
        place.mkdir()
    elif node[0] == "link":
        place.symlink_to(node[1])
    else:
        place.write_bytes(node[1])
        place.chmod(0o755 if node[2] else 0o644)


def look(folder: Path) -> dict[str, Node]:
    """What a folder holds."""
    found: dict[str, Node] = {}
    for place in folder.rglob("*"):
        mode = place.lstat().st_mode
        path = str(place.relative_to(folder))
        if stat.S_ISLNK(mode):
            found[path] = ("link", str(place.readlink()))
        elif stat.S_ISDIR(mode):
            found[path] = ("folder",)
        elif stat.S_ISREG(mode):
            found[path] = ("file", place.read_bytes(), bool(mode & 0o100))
        else:
            found[path] = ("other",)
    return found


def in_child(work: Any, user: int | None = None) -> int:
    """Do something in a process of its own, as another user if that is said: its exit code, or minus its signal."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            if user is not None and is_root():
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            code = _told(work)
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _told(work: Any) -> int:
    try:
        work()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
        raise
    return 0
